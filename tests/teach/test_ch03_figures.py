"""The module walk as a reader uses it: by mouse, by keyboard, and what its numbers are."""

import pytest

from browser import find_chromium
from figure_page import flag, press
from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import ENCODER, GeneratorConfig
from ssagan_lite.teach import explore
from ssagan_lite.teach.explore.module import levels

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
CARD = "document.querySelector('.ssagan-card').textContent"
TEXT = "document.querySelector('.ssagan-stage').textContent"


def choose(page, what: str, value: str) -> None:
    page.click(f"[data-choice='{what} {value}']")


def number(page, name: str) -> int:
    return int(page.evaluate(flag(name)))


def test_the_buttons_lead_from_a_to_j_and_back(opened):
    page = opened("module-walk")
    seen = [page.evaluate(flag("step"))]
    while not page.evaluate("[...document.querySelectorAll('button')].at(-1).disabled"):
        page.evaluate(press("Next step"))
        seen.append(page.evaluate(flag("step")))
    assert seen == list("abcdefghij")
    page.evaluate(press("Previous step"))
    assert page.evaluate(flag("step")) == "i"


def test_a_click_on_a_box_chooses_its_step(opened):
    page = opened("module-walk")
    page.click("[data-box=f]")
    assert page.evaluate(flag("step")) == "f"
    assert "(1, 4096, 4096) → (1, 4096, 4096)" in page.evaluate(CARD)
    assert page.evaluate("document.querySelector('[data-box=f]').getAttribute('aria-pressed')") == "true"
    assert page.evaluate("document.querySelectorAll('.module-later').length") == 4


def test_arrow_keys_go_on_and_back_and_keep_the_focus(opened):
    page = opened("module-walk")
    page.evaluate("document.querySelector('[data-box=a]').focus()")
    for key, step in (
        ("ArrowRight", "b"),
        ("ArrowDown", "c"),
        ("ArrowLeft", "b"),
        ("ArrowLeft", "a"),
        ("ArrowUp", "a"),
    ):
        page.key(key)
        assert page.evaluate(flag("step")) == step
        assert page.evaluate("document.activeElement.dataset.box") == step
    page.key("Tab")
    page.key("Enter")
    assert page.evaluate(flag("step")) == "b"


@pytest.mark.parametrize("width", [380, 760])
def test_boxes_are_large_enough_for_a_thumb(opened, width):
    page = opened("module-walk", width=width)
    sizes = page.evaluate("""[...document.querySelectorAll('.module-touch')].map((node) => {
        const box = node.getBoundingClientRect(); return Math.min(box.width, box.height); })""")
    assert len(sizes) == 10
    assert min(sizes) >= 40


def test_every_level_has_rows_of_1024_numbers(opened):
    page = opened("module-walk")
    page.click("[data-box=b]")
    for layer in ENCODER[:5]:
        choose(page, "level", layer.name)
        _, height, width = layer.output
        assert f"→ (1, {height * width}, 1024)" in page.evaluate(CARD)


def test_the_map_equals_the_rest_at_the_finest_level_only(opened):
    page = opened("module-costs")
    assert number(page, "map") == number(page, "parts") == 2**26
    for layer in ENCODER[1:5]:
        choose(page, "level", layer.name)
        assert number(page, "map") * 4096 == number(page, "parts") * layer.output[1] * layer.output[2]
    choose(page, "clip", "256")
    choose(page, "level", "conv1")
    assert number(page, "map") == 2**30
    assert "4 times as much as" in page.evaluate(TEXT)


def test_bytes_and_multiply_adds_follow_from_the_shapes(opened):
    page = opened("module-costs")
    choose(page, "batch", "16")
    choose(page, "numbers", "bf16")
    assert number(page, "map") == 16 * 4096**2 * 2
    assert number(page, "products") == 2 * 16 * 4096**2 * 1024
    assert number(page, "projections") == 3 * 16 * 32 * 32 * 32 * 4096
    for step, work, written in (
        ("a", 16 * 32**3 * 4096, 16 * 1024 * 4096 * 2),
        ("d", 0, 0),
        ("e", 16 * 4096**2 * 1024, 16 * 4096**2 * 2),
        ("f", 0, 16 * 4096**2 * 2),
        ("i", 16 * 4096**2 * 1024, 16 * 1024 * 4096 * 2),
    ):
        page.click(f"[data-box={step}]")
        assert (number(page, "work"), number(page, "written")) == (work, written)
    assert "Writes 128 MiB; 275 billion multiply-adds." in page.evaluate(CARD)


def test_a_smaller_clip_has_no_conv1_and_a_map_of_4_mib(opened):
    page = opened("module-costs")
    choose(page, "clip", "64")
    assert page.evaluate(flag("level")) == "conv2"
    assert page.evaluate("document.querySelector(\"[data-choice='level conv1']\").disabled")
    assert number(page, "map") == 4 * 2**20
    assert page.evaluate("document.querySelectorAll('.module-row').length") == 4


def test_a_bar_chooses_its_level_and_bars_are_to_scale(opened):
    page = opened("module-costs")
    page.click("[data-row=conv3]")
    assert page.evaluate(flag("level")) == "conv3"
    widths = page.evaluate("""Object.fromEntries([...document.querySelectorAll('.module-row')].map((row) =>
        [row.dataset.row,
        [...row.querySelectorAll('.module-part')].map((bar) => Number(bar.getAttribute('width')))]))""")
    *parts, square = widths["conv1"]
    assert sum(parts) == pytest.approx(square)
    assert widths["conv2"][-1] == pytest.approx(square / 16)


def test_levels_are_those_that_the_generator_attends_to():
    for size in (64, 128):
        config = GeneratorConfig(size=size)
        expected = [(row.name, row.filters, *row.output) for row in config.encoder[:-1]]
        assert [tuple(row.values()) for row in levels(str(size))] == expected
        assert [row["name"] for row in levels(str(size))] == [name for name in config.attendable if name[0] == "c"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"clip": 32}, "no clip '32'"),
        ({"batch": 2}, "no batch 2"),
        ({"numbers": "float64"}, "float32, bf16"),
        ({"step": "k"}, "no step 'k'"),
        ({"step": "ab"}, "no step 'ab'"),
        ({"clip": 64}, "no level 'conv1'; choose one of conv2"),
        ({"level": "conv6"}, "no level 'conv6'"),
    ],
)
def test_what_is_not_offered_is_said(wrong, named):
    with pytest.raises(InputError, match=named):
        explore.module_walk(title="t", alt="a picture", **wrong)
