"""Table 1 in the page: its numbers are the package's, and the usual mistakes get an answer of their own."""

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from browser import find_chromium
from figure_page import flag, press
from ssagan_lite.errors import InputError
from ssagan_lite.model.attention import SpatialSelfAttention
from ssagan_lite.model.generator import Generator, GeneratorConfig, layer_shapes
from ssagan_lite.teach import explore

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
SETTINGS = [
    GeneratorConfig(),
    GeneratorConfig(skip="add", attention="none"),
    GeneratorConfig(size=64, width=16),
    GeneratorConfig(size=64, width=8, skip="add"),
    GeneratorConfig(size=32, width=4),
]
CARD = "document.querySelector('.ssagan-card').textContent"


def turn(page, setting: str):
    page.click(f"[data-set='{setting}']")


def numbers(page, name: str):
    return json.loads(page.evaluate(flag(name)))


def type_in(page, axis: str, text: str):
    page.evaluate(f"document.querySelector('[data-axis={axis}]').focus()")
    for letter in text:
        page.key(letter)


def answer(page, shape: tuple[int, int, int], parameters: str) -> str:
    """Type an answer and commit it by keyboard; what is replied."""
    page.evaluate("document.querySelectorAll('form input').forEach(one => { one.value = ''; })")
    for axis, side in zip("THW", shape, strict=True):
        type_in(page, axis, str(side))
    page.evaluate(f"document.querySelector('[data-axis=parameters]').value = {parameters!r}")
    page.evaluate("document.querySelector('[data-axis=parameters]').focus()")
    page.key("Enter")
    return page.evaluate(CARD)


def count(stage: nn.Module) -> int:
    return sum(parameter.numel() for parameter in stage.parameters())


@pytest.mark.parametrize("config", SETTINGS, ids=str)
def test_the_rows_are_those_of_the_real_generator(opened, config):
    page = opened("table_one")
    for setting in (f"size-{config.size}", f"width-{config.width}", f"skip-{config.skip}"):
        turn(page, setting)
    turn(page, f"attention-{'true' if config.attention == 'all' else 'false'}")
    page.click("[data-do='all']")
    with torch.device("meta"):
        generator = Generator(config)
    stages = [*generator.encoder.values(), *generator.decoder.values()]
    assert numbers(page, "parameters") == [count(stage) for stage in stages]
    assert numbers(page, "shapes") == [list(shape) for shape in layer_shapes(config).values()]
    assert int(page.evaluate(flag("total"))) == count(generator)
    attention = [module for module in generator.modules() if isinstance(module, SpatialSelfAttention)]
    assert int(page.evaluate(flag("attention"))) == sum(map(count, attention))


def test_without_skips_it_is_as_large_as_with_added_ones(opened):
    page = opened("table_one")
    page.click("[data-do='all']")
    turn(page, "skip-none")
    with torch.device("meta"):
        assert int(page.evaluate(flag("total"))) == count(Generator(replace(SETTINGS[0], skip="add")))


def test_it_starts_with_the_settings_it_is_given(opened):
    page = opened("table_one_small")
    assert page.evaluate(flag("asked")) == "conv2"
    page.click("[data-do='all']")
    with torch.device("meta"):
        small = Generator(GeneratorConfig(size=64, width=8, skip="add", attention="none"))
    assert int(page.evaluate(flag("total"))) == count(small)


def test_a_right_answer_by_keyboard_shows_the_row_and_asks_the_next(opened):
    page = opened("table_one")
    assert "7,777" in answer(page, (32, 64, 64), "32*3*(3*4^2) + 3×(32² + 32) + 1")
    assert page.evaluate(flag("verdict")) == "right"
    assert page.evaluate(flag("asked")) == "conv2"
    assert page.evaluate("document.activeElement.dataset.axis") == "T", "the next row can be typed at once"
    assert numbers(page, "parameters") == [7777]


@pytest.mark.parametrize(
    ("shape", "parameters", "words"),
    [
        ((32, 64, 64), "", "Now the parameters"),
        ((30, 63, 63), "7777", "padding is missing"),
        ((31, 63, 63), "7777", "+ 1 is missing"),
        ((16, 64, 64), "7777", "stride in time"),
        ((64, 64, 32), "7777", "another order"),
        ((32, 64, 60), "7777", "W is not 60"),
        ((32, 64, 64), "7777 + 32", "no bias"),
        ((32, 64, 64), "7777 + 64", "No BatchNorm"),
        ((32, 64, 64), "4608", "attention is missing"),
        ((32, 64, 64), "7777 - 96", "biases are missing"),
        ((32, 64, 64), "7776", "Gamma is missing"),
        ((32, 64, 64), "32*3*16 + 3169", "three sides"),
        ((32, 64, 64), "4608 + 32", "no bias (bias=False). The attention is missing"),
        ((32, 64, 64), "12", "Not 12"),
        ((32, 64, 64), "many", "Not a number yet"),
        ((32, 64, 64), "3 * (4", "Not a number yet"),
    ],
)
def test_a_wrong_answer_is_told_why_and_locks_nothing(opened, shape, parameters, words):
    page = opened("table_one")
    assert words in answer(page, shape, parameters)
    assert page.evaluate(flag("verdict")) == "wrong"
    assert page.evaluate(flag("asked")) == "conv1"


@pytest.mark.parametrize(
    ("shape", "parameters", "words"),
    [
        ((4, 8, 8), "256*512*64 + 2*256 + 3*(256*256 + 256) + 1", "doubled: conv5's"),
        ((4, 8, 8), "256*1024*64 + 3*(256*256 + 256) + 1", "BatchNorm is missing"),
        ((4, 8, 8), "256*1024*64 + 256 + 3*(256*256 + 256) + 1", "one is missing"),
        ((4, 8, 8), "256*1024*64 + 4*256 + 3*(256*256 + 256) + 1", "running mean"),
        ((1, 2, 2), "16975105", "way down"),
        ((6, 10, 10), "16975105", "cut off"),
    ],
)
def test_a_row_on_the_way_up_knows_its_own_mistakes(opened, shape, parameters, words):
    page = opened("table_one")
    for _ in range(7):
        page.click("[data-do='show']")
    assert page.evaluate(flag("asked")) == "deconv2"
    assert words in answer(page, shape, parameters)


def test_added_skips_double_nothing(opened):
    page = opened("table_one")
    turn(page, "skip-add")
    for _ in range(7):
        page.click("[data-do='show']")
    assert "not doubled" in answer(page, (4, 8, 8), "256*1024*64 + 2*256 + 3*(256*256 + 256) + 1")


def test_the_drawing_grows_and_a_row_says_where_its_number_comes_from(opened):
    page = opened("table_one")
    boxes = "document.querySelectorAll('.ssagan-box[data-state=done]').length"
    assert page.evaluate(boxes) == 1, "the photo"
    page.click("[data-do='show']")
    page.click("[data-do='show']")
    assert page.evaluate(boxes) == 3
    page.evaluate("document.querySelector('[data-row=conv1]').focus()")
    page.key("Enter")
    assert "32 · 3 · 3 · 4 · 4 = 4,608 in the kernels" in page.evaluate(CARD)
    page.evaluate(press("Start again"))
    assert page.evaluate(boxes) == 1


def test_fingers_find_every_button_on_a_narrow_page(opened):
    page = opened("table_one", width=380)
    page.click("[data-do='all']")
    heights = page.evaluate("[...document.querySelectorAll('button')].map(b => b.offsetHeight).filter(Boolean)")
    assert min(heights) >= 40
    assert page.overflow() <= 0


@pytest.mark.parametrize(
    ("choice", "named"), [({"size": 16}, "size 16"), ({"width": 5}, "width 5"), ({"skip": "mul"}, "mul")]
)
def test_what_it_has_no_button_for_is_said(choice, named):
    with pytest.raises(InputError, match=named):
        explore.table_one_calculator(title="t", alt="a", **choice)
