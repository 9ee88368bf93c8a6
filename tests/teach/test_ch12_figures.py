"""Chapter 12's two figures, as a reader uses them; and what they refuse."""

import base64
import json
import re

import pytest

from browser import find_chromium
from figure_page import flag, press
from figures.ch12 import make_looks, make_streams, make_versions
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore

in_browser = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
TOLD = "[...document.querySelectorAll('.ssagan-told')].map(told => told.textContent)"
CARD = "document.querySelector('.ssagan-card').textContent"


def choose(row: str, index: int) -> str:
    """What clicks one radio of a row, named by the start of its label."""
    return f"""document.querySelectorAll('[role=radiogroup][aria-label^="{row}"] input')[{index}].click()"""


class TestBetsOnGramMatrices:
    pytestmark = in_browser

    def test_the_answers_are_not_to_be_read_before_the_bets(self, opened):
        page = opened("gram_motion")
        assert set(page.evaluate(TOLD)) == {""}
        assert page.evaluate("[...document.querySelectorAll('button')].at(-1).disabled")

    def test_bets_are_counted_and_judged(self, opened):
        page = opened("gram_motion")
        page.evaluate(choose("stands still", 1))
        page.evaluate(choose("places shuffled", 1))
        page.evaluate(choose("mirrored", 0))
        assert page.evaluate(flag("bets")) == "3"
        page.evaluate(press("Commit 3 of 3 bets"))
        assert page.evaluate(flag("right")) == "2"
        told = page.evaluate(TOLD)
        assert told[0] == "its matrix, 24 × 24"
        assert told[1].startswith("✓")
        assert told[2] == "✗ 0: the same matrix"
        assert told[3] == "✓ 0: the same matrix"

    def test_another_look_sees_what_pixels_do_not(self, opened):
        page = opened("gram_motion")
        page.evaluate(choose("mirrored", 0))
        page.evaluate(press("Commit 1 of 3 bets"))
        page.evaluate("document.querySelector('[role=radiogroup][aria-label^=the] input').focus()")
        page.key("ArrowRight")
        assert page.evaluate(flag("look")) == "1"
        assert "0: the same" not in page.evaluate(TOLD)[3]

    def test_one_may_bet_again(self, opened):
        page = opened("gram_motion")
        page.evaluate(choose("mirrored", 0))
        page.evaluate(press("Commit 1 of 3 bets"))
        page.evaluate(press("Bet again"))
        assert page.evaluate(flag("bets")) == "0"
        assert page.evaluate("!('committed' in document.querySelector('.ssagan').dataset)")


class TestMasks:
    pytestmark = in_browser

    def test_a_foreground_that_knows_everything_needs_no_mask_that_separates(self, opened):
        page = opened("two_streams")
        page.evaluate(choose("mask", 1))
        assert page.evaluate(flag("mask")) == "ones"
        assert float(page.evaluate(flag("score"))) < 30
        page.evaluate(choose("the foreground", 1))
        assert page.evaluate(flag("score")) == "perfect"
        assert "0 % would reach the background" in page.evaluate(CARD)

    def test_the_error_goes_where_the_mask_is_not(self, opened):
        page = opened("two_streams")  # the true mask, and a foreground that knows only what moves: there it is exact
        assert "100 % would reach the background, 0 % the foreground" in page.evaluate(CARD)

    def test_each_mask_has_a_score_of_its_own(self, opened):
        page = opened("two_streams")
        scores = [float(page.evaluate(flag("score")))]
        for index in (1, 2, 3):
            page.evaluate(choose("mask", index))
            scores.append(float(page.evaluate(flag("score"))))
        assert scores[0] == max(scores)
        assert len(set(scores)) == 4

    def test_the_keyboard_paints(self, opened):
        page = opened("two_streams")
        page.evaluate(choose("mask", 3))
        page.evaluate("document.querySelector('.ssagan-board').focus()")
        for key in ("ArrowRight", "ArrowDown", " "):
            page.key(key)
        assert page.evaluate(flag("cell")) == "1,1"
        assert page.evaluate(flag("mask")) == "painted"
        assert float(page.evaluate(flag("share"))) == pytest.approx(1 / 64, abs=1e-3)
        page.key(" ")
        assert float(page.evaluate(flag("share"))) == 0

    def test_a_touch_paints_where_it_lands(self, opened):
        page = opened("two_streams")
        page.evaluate(choose("mask", 3))
        page.click(".ssagan-board canvas", at=(0.9, 0.05))
        assert page.evaluate(flag("cell")) == "7,0"
        assert float(page.evaluate(flag("share"))) == pytest.approx(1 / 64, abs=1e-3)


def test_what_is_veiled_is_the_truth():
    page = explore.gram_motion(make_versions(), make_looks(), title="t", alt="a").html
    data = json.loads(re.search(r'application/json">(.*?)</script>', page, re.DOTALL)[1])
    hidden = json.loads(base64.b64decode(data["hidden"]))
    assert hidden["answers"] == [0, 1, 0, 0]
    shares = hidden["looks"]["slopes"]["shares"]
    assert shares[0] == 0
    assert min(shares[1:]) > 1e-4


def test_clips_of_two_sizes_have_no_common_matrix():
    versions = make_versions()
    versions["small"] = versions["mirrored"][:, :8]
    with pytest.raises(InputError, match="one size"):
        explore.gram_motion(versions, make_looks(), title="t", alt="a")


def test_one_clip_alone_is_nothing_to_compare():
    with pytest.raises(InputError, match="at least one change"):
        explore.gram_motion({"untouched": make_versions()["untouched"]}, make_looks(), title="t", alt="a")


def test_a_mask_of_another_size_or_kind_is_refused():
    clip, other, moving = make_streams()
    for mask in (moving[:8], moving.astype(float)):
        with pytest.raises(InputError, match="the true mask is bool"):
            explore.two_streams(clip, other, mask, title="t", alt="a")
    with pytest.raises(InputError, match="both clips have one size"):
        explore.two_streams(clip, other[:, :8], moving, title="t", alt="a")
