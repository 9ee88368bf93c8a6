"""Chapter 04's figures as a reader uses them: the sliding kernel and the receptive box, by mouse and by keyboard."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from browser import find_chromium
from figure_page import flag, press
from figures.ch04 import SHUFFLED, small_clip, small_kernels
from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import ENCODER, Layer
from ssagan_lite.teach import explore
from ssagan_lite.teach.explore.kernel import answers
from ssagan_lite.teach.explore.receptive import box

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
KERNELS = small_kernels()
ORDERS = {"in order": [0, 1, 2, 3, 4], "shuffled": list(SHUFFLED), "backwards": [4, 3, 2, 1, 0]}


def choose(page, *names: str) -> None:
    for name in names:
        page.evaluate(press(name))


def strength(kernel: str, order: str) -> str:
    return f"{(answers(small_clip()[ORDERS[order]], KERNELS[kernel]) ** 2).sum():g}"


def test_answers_are_those_of_torch():
    for weights in KERNELS.values():
        theirs = F.conv3d(torch.tensor(small_clip())[None, None], torch.tensor(weights)[None, None])[0, 0]
        assert np.allclose(answers(small_clip(), weights), theirs.numpy())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_sum_of_squares_is_told_for_each_kernel_and_order(opened, kernel, order):
    page = opened("kernel_walk")
    choose(page, kernel, order, "Fill in the rest")
    assert page.evaluate(flag("strength")) == strength(kernel, order)


def test_only_kernels_with_time_notice_the_shuffle(opened):
    page = opened("kernel_walk")
    choose(page, "Fill in the rest")
    for kernel in KERNELS:
        choose(page, kernel, *ORDERS)
    told = page.evaluate("[...document.querySelectorAll('.ssagan-verdict')].map(cell => cell.textContent)")
    assert told[0].startswith("the same in any order")
    assert told[1].startswith("notices the shuffle")
    assert told[2].startswith("tells forwards from backwards")


def test_stepping_fills_in_one_answer_at_a_time(opened):
    page = opened("kernel_walk")
    assert page.evaluate(flag("filled")) == "1"
    choose(page, "Step", "Step")
    assert page.evaluate(flag("filled")) == "3"
    assert page.evaluate(flag("place")) == "0,0,2"
    assert page.evaluate(flag("strength")) == ""
    choose(page, "Start again")
    assert page.evaluate(flag("filled")) == "1"


def test_it_plays_only_when_asked(opened):
    page = opened("kernel_walk")
    assert page.evaluate(flag("playing")) == "false"
    page.click(".ssagan-play")
    assert page.wait(f"Number({flag('filled')}) > 4")
    page.click(".ssagan-play")
    assert page.evaluate(flag("playing")) == "false"


def test_a_click_on_an_answer_puts_the_kernel_there(opened):
    page = opened("kernel_walk")
    choose(page, "moves right")
    page.click(".ssagan-board svg [data-cell='1,2']")
    assert page.evaluate(flag("place")) == "0,1,2"
    assert page.evaluate(flag("answer")) == f"{answers(small_clip(), KERNELS['moves right'])[0, 1, 2]:g}" == "3"
    assert page.evaluate("document.querySelectorAll('.ssagan-products tr').length") == 3, "one line for each frame"
    assert page.evaluate("document.querySelectorAll('.ssagan-input .ssagan-window').length") == 3


def test_arrow_keys_move_the_kernel_in_space_and_time_and_stop_at_the_edge(opened):
    page = opened("kernel_walk")
    choose(page, "moves right")
    page.evaluate("document.querySelector('.ssagan-board').focus()")
    for key in ("ArrowRight", "ArrowDown", "PageDown", "ArrowLeft", "ArrowLeft", "ArrowRight"):
        page.key(key)
    assert page.evaluate(flag("place")) == "1,1,1"
    for _ in range(4):
        page.key("PageDown")
    assert page.evaluate(flag("place")) == "2,1,1"
    choose(page, "earlier", "↑")
    assert page.evaluate(flag("place")) == "1,0,1"


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: explore.kernel_walk(np.zeros((2, 3)), KERNELS, shuffled=[0, 1], title="t", alt="a"), "shape"),
        (lambda: explore.kernel_walk(small_clip(), {}, shuffled=SHUFFLED, title="t", alt="a"), "at least one kernel"),
        (lambda: explore.kernel_walk(small_clip(), KERNELS, shuffled=[0, 1, 1, 2, 3], title="t", alt="a"), "once"),
        (
            lambda: explore.kernel_walk(
                small_clip(), {"long": np.ones((6, 1, 1))}, shuffled=SHUFFLED, title="t", alt="a"
            ),
            "too large",
        ),
        (
            lambda: explore.kernel_walk(small_clip(), KERNELS, shuffled=SHUFFLED, says={"x": "y"}, title="t", alt="a"),
            "no kernel x",
        ),
        (
            lambda: explore.kernel_walk(np.zeros((9, 9, 9)), KERNELS, shuffled=range(9), title="t", alt="a"),
            "cells",
        ),
    ],
)
def test_walks_that_cannot_be_are_refused(make, named):
    with pytest.raises(InputError, match=named):
        make()


def boxes(page) -> list[tuple[int, int]]:
    return [tuple(map(int, part.split(":"))) for part in page.evaluate(flag("box")).split(",")]


def test_the_box_is_the_one_of_the_rule_at_every_layer_and_corner(opened):
    page = opened("receptive_box")
    for depth, layer in enumerate(ENCODER, 1):
        choose(page, layer.name)
        for clicked, place in (((0.03, 0.03), 0), ((0.97, 0.97), -1)):
            page.click(".ssagan-map svg", at=clicked)
            t = int(page.evaluate(flag("place")).split(",")[0])
            row = layer.output[1] + place if place else 0
            assert page.evaluate(flag("place")) == f"{t},{row},{row}"
            assert boxes(page) == [box(ENCODER[:depth], axis, at) for axis, at in enumerate((t, row, row))]


def test_the_rule_agrees_with_autograd():
    for place in ((0, 0, 0), (2, 7, 3)):
        x = clip = torch.zeros(1, 1, 32, 128, 128, requires_grad=True)
        for layer in ENCODER[:4]:
            x = F.conv3d(x, torch.ones(1, 1, *layer.kernel), None, layer.stride, layer.padding)
        places = torch.autograd.grad(x[0, 0][place], clip)[0][0, 0].nonzero()
        for axis in range(3):
            first, last = box(ENCODER[:4], axis, place[axis])
            seen = max(first, 0), min(last, (32, 128, 128)[axis] - 1)
            assert (int(places[:, axis].min()), int(places[:, axis].max())) == seen


def test_arrow_keys_and_buttons_move_the_place(opened):
    page = opened("receptive_box")
    choose(page, "conv4")
    page.evaluate("document.querySelector('.ssagan-map').focus()")
    before = [int(part) for part in page.evaluate(flag("place")).split(",")]
    for key in ("ArrowRight", "ArrowDown", "PageUp"):
        page.key(key)
    after = [int(part) for part in page.evaluate(flag("place")).split(",")]
    assert after == [before[0] - 1, before[1] + 1, before[2] + 1]
    choose(page, "later")
    assert page.evaluate(flag("place")).startswith(f"{before[0]},")


def test_padding_is_told_and_attention_sees_everything(opened):
    page = opened("receptive_box")
    choose(page, "conv2")
    assert page.evaluate(flag("padding")) == "0"
    choose(page, "conv6")
    whole = 64 * 190 * 190
    assert page.evaluate(flag("padding")) == str(round(100 * (1 - 32 * 128 * 128 / whole)))
    page.click("input[type=checkbox]")
    assert page.evaluate(flag("attention")) == "true"
    assert "sees the whole clip: 32 × 128 × 128" in page.evaluate(
        "document.querySelector('.ssagan-answer').textContent"
    )
    row = "[...document.querySelectorAll('.ssagan tr')].find(r => r.textContent.startsWith('row')).textContent"
    assert "0 to 127128" in page.evaluate(row), "the table says the same"


def test_boxes_that_cannot_be_are_refused():
    sky = np.zeros((32, 128, 128, 3), np.uint8)
    with pytest.raises(InputError, match="no layer conv9"):
        explore.receptive_box(sky, ENCODER, layer="conv9", title="t", alt="a")
    wrong = Layer("conv1", 32, (3, 4, 4), (1, 2, 2), (1, 1, 1), (32, 63, 63))
    with pytest.raises(InputError, match="its row says"):
        explore.receptive_box(sky, [wrong], title="t", alt="a")
