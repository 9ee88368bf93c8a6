"""The stress test in a browser: bets by mouse and by keyboard, what is told, and the yardsticks."""

import numpy as np
import pytest

from browser import find_chromium
from figure_page import flag
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
STAGE = "document.querySelector('.ssagan-stage').textContent"
COMMIT = ".ssagan-stress + .ssagan-controls button"
FIRST = "document.querySelectorAll('.ssagan-stress canvas')[1].toDataURL()"


def bet(page, tile: int, choice: int) -> None:
    """Click less (0), as much (1) or more (2) under a tile; 2 is the first that was disturbed."""
    page.click(f".ssagan-clip:nth-of-type({tile}) .ssagan-bet:nth-of-type({choice + 1})")


def test_bets_by_mouse_are_counted_and_answered(opened):
    page = opened("stress")
    assert page.evaluate(f"document.querySelector('{COMMIT}').disabled")
    bet(page, 2, 1)
    bet(page, 3, 2)
    bet(page, 4, 2)
    assert "Commit 3 of 3 bets" in page.evaluate(STAGE)
    page.click(COMMIT)
    told = page.evaluate(STAGE)
    assert page.evaluate(flag("right")) == "2"
    assert "2 of 3 bets are right." in told
    assert "In 1 of 3 versions the clip moves about as much" in told
    assert "✗ more: it is less" in told
    assert page.wait(f"{flag('frame')} > 1"), "the clips run"


def test_bets_by_keyboard(opened):
    page = opened("stress", reduced_motion=True)
    page.evaluate("document.querySelector('.ssagan-bet input').focus()")
    page.key(" ")
    page.key("ArrowRight")
    assert page.evaluate("document.querySelectorAll('.ssagan-bet input')[1].checked")
    assert page.evaluate(flag("bets")) == "1"
    page.evaluate(f"document.querySelector('{COMMIT}').focus()")
    page.key("Enter")
    assert "1 of 1 bets are right." in page.evaluate(STAGE)
    assert page.evaluate(flag("playing")) == "false"
    page.evaluate("document.querySelector('.ssagan-yardsticks input').focus()")
    page.key("ArrowRight")
    page.key("ArrowRight")
    assert page.evaluate(flag("yardstick")) == "frame0"
    assert "It notices 1 of 3: chessboard." in page.evaluate(STAGE)


def test_no_measured_number_stands_there_before_a_bet(opened, figures):
    page = opened("stress")
    assert "notices" not in page.evaluate("document.querySelector('.ssagan-stage').innerText")
    assert '"rows"' not in figures["stress"].html
    assert "×" not in page.evaluate("document.querySelector('.ssagan-stress').textContent")


def test_each_yardstick_has_its_chart_and_what_is_undefined_is_said(opened):
    page = opened("stress", width=380)
    bet(page, 2, 1)
    page.click(COMMIT)
    assert page.wait("document.querySelector('svg.ssagan-chart')")
    seen = {}
    for i in range(1, 4):
        page.click(f".ssagan-yardsticks .ssagan-bet:nth-of-type({i})")
        label = page.evaluate("document.querySelector('svg.ssagan-chart').getAttribute('aria-label')")
        seen[page.evaluate(flag("yardstick"))] = (page.evaluate(flag("noticed")), label)
        assert page.report(screenshot=False).overflow <= 0
    assert {name: count for name, (count, _) in seen.items()} == {
        "motion": "2",
        "place": "0",
        "frame0": "1",
    }
    assert "darker × 0.50" in seen["motion"][1]
    assert "chessboard not defined" in seen["place"][1]
    assert "chessboard 19.5 dB" in seen["frame0"][1]


def test_one_can_bet_again(opened):
    page = opened("stress", reduced_motion=True)
    photo = page.evaluate(FIRST)
    bet(page, 2, 0)
    page.click(COMMIT)
    assert page.evaluate(flag("right")) == "0"
    page.click(COMMIT)
    assert page.evaluate(flag("bets")) == "0"
    assert page.evaluate(FIRST) == photo, "the photo stands there again"
    bet(page, 2, 1)
    page.click(COMMIT)
    assert page.evaluate(flag("right")) == "1"


PHOTO = np.zeros((16, 16, 3), np.uint8)
VERSIONS = {"a": (PHOTO, PHOTO[None]), "b": (PHOTO, PHOTO[None])}
SCORES = {"motion": [1.0], "place": [1.0], "frame0": [30.0]}


@pytest.mark.parametrize(
    ("versions", "scores", "named"),
    [
        ({"a": VERSIONS["a"]}, {"a": SCORES}, "at least one disturbed"),
        (VERSIONS, {"a": SCORES}, "b lacks scores for motion, place, frame0"),
        (VERSIONS, {"a": SCORES, "b": SCORES | {"motion": [np.nan]}}, "each version needs a motion"),
        (VERSIONS, {"a": SCORES | {"place": [np.nan]}, "b": SCORES}, "a, the untouched photo, has no number for place"),
        (VERSIONS | {"c": (PHOTO, PHOTO)}, dict.fromkeys("abc", SCORES), "c has shape"),
    ],
)
def test_what_cannot_be_shown_is_said(versions, scores, named):
    with pytest.raises(InputError, match=named):
        explore.stress_test(versions, scores, title="t", alt="a")
