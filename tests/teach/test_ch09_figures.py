"""The blind test in a browser: played by mouse and by keyboard, and what it tells at the end."""

import json
import math

import numpy as np
import pytest

from browser import find_chromium
from figure_page import READY, flag, press
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
STAGE = "document.querySelector('.ssagan-stage').textContent"
RECORD = "JSON.parse(document.querySelector('.ssagan-json').value)"
LEFT = "document.querySelector('.ssagan-side canvas').toDataURL()"
ARENA = "document.activeElement.classList.contains('ssagan-arena')"


def begin(page) -> None:
    """From the card to the first pair, by keyboard."""
    page.evaluate("document.querySelector('.ssagan-stage button').focus()")
    page.key("Enter")
    assert page.wait(f"{flag('round')} === '0'")


def play(page, keys: str = "ArrowLeft", rounds: int = 4) -> dict:
    for _ in range(rounds):
        page.key(keys)
    assert page.wait("'finished' in document.querySelector('.ssagan').dataset"), page.evaluate(STAGE)
    return page.evaluate(RECORD)


def test_it_is_played_by_keyboard_alone(opened):
    page = opened("blind")
    begin(page)
    assert page.evaluate(ARENA), "the arrow keys work at once"
    told = play(page)
    assert [pair["chosen"] for pair in told["pairs"]] == [pair["left"] for pair in told["pairs"]]
    assert sum(chosen for chosen, _ in told["chosen"].values()) == told["of"] == 3
    assert told["worse_psnr"] == int(page.evaluate(flag("worse")))
    assert f"the worse PSNR in {told['worse_psnr']} of 3." in page.evaluate(STAGE)
    assert "not Table 2" in page.evaluate(STAGE)


def test_letters_and_other_keys(opened):
    page = opened("blind")
    begin(page)
    page.key("b")
    assert page.evaluate(flag("round")) == "1"
    page.key("x")
    page.key("ArrowUp")
    assert page.evaluate(flag("round")) == "1", "only the keys that mean something"
    page.key("a")
    assert page.evaluate(flag("round")) == "2"


def test_it_is_played_by_mouse_and_one_can_go_back(opened):
    page = opened("blind", width=380)
    page.click(".ssagan-stage button")
    assert page.wait(f"{flag('round')} === '0'")
    first = page.evaluate(LEFT)
    page.click(".ssagan-pick")
    assert page.evaluate(LEFT) != first
    page.evaluate(press("One back"))
    assert page.evaluate(flag("round")) == "0"
    assert page.evaluate("document.querySelector('.ssagan-pick').getAttribute('aria-pressed')") == "true"
    for _ in range(4):
        page.click(".ssagan-pick:nth-of-type(2)")
    assert page.wait("document.querySelector('.ssagan-json')")
    assert [pair["chosen"] == pair["right"] for pair in page.evaluate(RECORD)["pairs"]] == [True] * 3


def test_names_and_scores_are_not_told_before_the_end(opened, figures):
    page = opened("blind")
    begin(page)
    for name in ("fading copy", "another future", "truth", "dB"):
        assert name not in page.evaluate(STAGE)
    assert "fading copy" not in figures["blind"].html
    told = page.evaluate("[...document.querySelectorAll('canvas')].map(c => c.getAttribute('aria-label'))")
    assert told == ["clip A", "clip B"]


@pytest.mark.parametrize("attentive", [True, False])
def test_the_check_asks_something_else_and_is_not_counted(opened, attentive):
    page = opened("blind")
    begin(page)
    for _ in range(4):
        if page.evaluate(flag("check")) == "false":
            page.key("ArrowLeft")
            continue
        assert "which of the two moves?" in page.evaluate(STAGE)
        before = page.evaluate(LEFT)
        page.evaluate("""(() => { const s = document.querySelector('input[type=range]');
            s.value = s.value === '7' ? 1 : 7; s.dispatchEvent(new Event('input')); })()""")
        left_moves = page.evaluate(LEFT) != before
        page.evaluate("document.querySelector('.ssagan-arena').focus()")
        page.key("ArrowLeft" if left_moves == attentive else "ArrowRight")
    told = page.evaluate(RECORD)
    assert (told["of"], told["checks"], told["checks_passed"]) == (3, 1, int(attentive))
    assert ("Do not make much" in page.evaluate(STAGE)) != attentive


def test_the_slider_keeps_its_own_arrow_keys(opened):
    page = opened("blind", reduced_motion=True)
    begin(page)
    assert page.evaluate(flag("playing")) == "false"
    page.evaluate("document.querySelector('input[type=range]').focus()")
    page.key("ArrowRight")
    assert (page.evaluate(flag("round")), page.evaluate(flag("frame"))) == ("0", "1")


def test_clips_go_on_playing_from_pair_to_pair(opened):
    page = opened("blind")
    begin(page)
    assert page.wait(f"{flag('frame')} > 1")
    page.key("ArrowLeft")
    assert page.evaluate(flag("playing")) == "true"


def test_sides_and_order_are_new_in_each_visit_and_old_ones_can_be_repeated(opened):
    page = opened("blind_new")
    seeds = set()
    for _ in range(2):
        begin(page)
        seeds.add(page.evaluate(flag("seed")))
        play(page, rounds=3)
        page.evaluate(press("Once more"))
        assert page.wait(f"{flag('round')} === '0'")
        play(page, rounds=3)
        page.evaluate("location.reload()")
        assert page.wait(READY)
    assert len(seeds) == 2
    orders = []
    for _ in range(2):
        again = opened("blind")
        begin(again)
        orders.append(play(again)["pairs"])
    assert orders[0] == orders[1]


# All of 3, none of 3 and 2 of 3, from the tables of Clopper and Pearson.
INTERVALS = {0: (0.0, 0.7076), 1: (0.0084, 0.9057), 2: (0.0943, 0.9916), 3: (0.2924, 1.0)}


def test_the_interval_is_the_exact_one(opened):
    seen = set()
    for keys in ("ArrowLeft", "ArrowRight"):
        page = opened("blind")
        begin(page)
        told = play(page, keys)
        assert told["interval"] == pytest.approx(INTERVALS[told["worse_psnr"]], abs=1e-4)
        seen.add(told["worse_psnr"])
    assert len(seen) == 2, "left and right are opposite answers: k and 3 - k"


def test_results_can_be_copied(opened):
    page = opened("blind")
    begin(page)
    play(page)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.evaluate(press("Copy as JSON"))
    assert page.wait(f"/copied|keyboard/.test({STAGE})")
    assert page.report(screenshot=False).overflow <= 0
    assert json.loads(page.evaluate("document.querySelector('.ssagan-json').value"))["figure"] == "blind test"


CLIP = np.zeros((4, 16, 16, 3), np.uint8)
PAIR = {"a": CLIP, "b": CLIP}


@pytest.mark.parametrize(
    ("pairs", "scores", "named"),
    [
        ([], [], "a list of pairs"),
        ([{"a": CLIP}], [{"a": 1.0}], "two named clips"),
        ([PAIR], [], "1 pairs need 1 scores"),
        ([PAIR], [{"a": 1.0, "c": 2.0}], "one PSNR for each"),
        ([PAIR], [{"a": 1.0, "b": math.nan}], "one PSNR for each"),
        ([PAIR, {"a": CLIP[:2], "b": CLIP[:2]}], [{"a": 1.0, "b": 2.0}] * 2, "one number of frames"),
    ],
)
def test_what_cannot_be_asked_is_said(pairs, scores, named):
    with pytest.raises(InputError, match=named):
        explore.blind_test(pairs, scores, title="t", alt="a")
