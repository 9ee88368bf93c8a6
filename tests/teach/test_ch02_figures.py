"""The attention explorer: what the page computes is what NumPy computes, by mouse and by keyboard."""

import numpy as np
import pytest

from browser import find_chromium
from figure_page import flag, press
from figures.ch02 import SIDE, logits
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore
from ssagan_lite.teach.explore.attention import lit

browser_only = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
START = 2 * SIDE + 3
SLIDER = "document.querySelector('input[type=range]')"
SKY = "[data-view='0']"
PHOTO = np.zeros((16, 16, 3), np.uint8)


def weights(table: np.ndarray) -> np.ndarray:
    raised = np.exp(table - table.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def evenness(table: np.ndarray) -> np.ndarray:
    """Entropy of each row of softmax(table), as a fraction of ln n."""
    shares = weights(table)
    return -(shares * np.log(shares + 1e-300)).sum(axis=1) / np.log(len(table))


def warm(page, power: float) -> None:
    page.evaluate(f"(s => {{ s.value = {power}; s.dispatchEvent(new Event('input')); }})({SLIDER})")


def number(page, name: str) -> float:
    return float(page.evaluate(flag(name)))


def painted(page, view: int) -> np.ndarray:
    """The mean colour of each tile of a view, (64, 3)."""
    pixels = page.evaluate(
        f"(c => [...c.getContext('2d').getImageData(0, 0, 256, 256).data])"
        f"(document.querySelector(\"[data-view='{view}']\"))"
    )
    picture = np.array(pixels, float).reshape(SIDE, 256 // SIDE, SIDE, 256 // SIDE, 4)[..., :3]
    inner = picture[:, 6:-6, :, 6:-6]  # without the mark, which reaches over the edge
    return inner.mean(axis=(1, 3)).reshape(-1, 3)


class TestInThePage:
    pytestmark = browser_only

    def test_entropy_and_shares_are_those_of_numpy(self, opened):
        page = opened("attention_explorer", reduced_motion=True)
        for power in (0, -0.5, 1):
            warm(page, power)
            table = logits() / 10**power
            row = np.sort(weights(table)[START])[::-1]
            assert number(page, "entropy") == pytest.approx(evenness(table)[START], abs=0.005)
            assert number(page, "mean") == pytest.approx(evenness(table).mean(), abs=0.005)
            assert abs(number(page, "half") - (row.cumsum() < 0.5).sum() - 1) <= 1
            assert number(page, "own") == pytest.approx(weights(table)[START, START], abs=0.003)

    def test_a_click_chooses_a_place_in_every_view(self, opened):
        page = opened("attention_explorer")
        for view, row, column in ((0, 5, 1), (1, 0, 7), (2, 7, 0)):
            page.click(f"[data-view='{view}']", at=((column + 0.5) / SIDE, (row + 0.5) / SIDE))
            assert page.evaluate(flag("place")) == str(row * SIDE + column)
        assert f"row {7}, column {0}" in page.evaluate("document.querySelector('.ssagan-facts').textContent")

    def test_arrow_keys_walk_and_stop_at_the_border(self, opened):
        page = opened("attention_explorer")
        page.evaluate(f'document.querySelector("{SKY}").focus()')
        for key, place in (("ArrowRight", START + 1), ("ArrowDown", START + 1 + SIDE), ("ArrowLeft", START + SIDE)):
            page.key(key)
            assert page.evaluate(flag("place")) == str(place)
        for _ in range(SIDE):
            page.key("ArrowUp")
        assert page.evaluate(flag("place")) == "3"

    def test_the_brightest_tile_is_the_largest_weight(self, opened):
        page = opened("attention_explorer")
        assert painted(page, 1)[:, 0].argmax() == weights(logits())[START].argmax()

    def test_a_hot_map_is_even_and_fetches_one_colour(self, opened):
        page = opened("attention_explorer")
        page.evaluate(f"{SLIDER}.focus()")
        page.key("End")
        assert number(page, "temperature") > 30
        assert number(page, "mean") > 0.99
        hot = painted(page, 2).std(axis=0).max()
        page.key("Home")
        assert number(page, "mean") < 0.05
        assert painted(page, 2).std(axis=0).max() > 5 * hot

    def test_the_faint_map_is_as_sharp_at_a_hundredth_of_the_temperature(self, opened):
        page = opened("attention_explorer")
        sharp = number(page, "entropy")
        page.evaluate(press("untrained"))
        assert page.evaluate(flag("map")) == "untrained"
        assert number(page, "entropy") > 0.999
        warm(page, -2)
        assert number(page, "entropy") == pytest.approx(sharp, abs=1e-3)
        page.evaluate(press("Back to 1"))
        assert number(page, "temperature") == 1

    def test_shuffling_carries_everything_along(self, opened):
        page = opened("attention_explorer", reduced_motion=True)
        before = [painted(page, view) for view in range(3)]
        told = {name: page.evaluate(flag(name)) for name in ("entropy", "half", "own", "place")}
        page.evaluate(press("Shuffle the places"))
        assert page.evaluate(flag("shuffled")) == "true"
        assert number(page, "same") == SIDE * SIDE
        assert {name: page.evaluate(flag(name)) for name in told} == told
        assert page.evaluate(flag("query")) != page.evaluate(flag("place"))
        order = np.random.default_rng(2).permutation(SIDE * SIDE)
        for view in range(3):
            np.testing.assert_allclose(painted(page, view), before[view][order], atol=1.5)
        page.evaluate(press("Put them back"))
        np.testing.assert_allclose(painted(page, 0), before[0], atol=0.1)

    def test_the_places_are_seen_to_move_and_arrive(self, opened):
        page = opened("attention_explorer")
        before = painted(page, 0)
        page.evaluate("document.querySelectorAll('.ssagan-controls button')[2].focus()")
        page.key("Enter")
        order = np.random.default_rng(2).permutation(SIDE * SIDE)
        settled = "new Promise(done => setTimeout(() => done(true), 1500))"
        page.evaluate(settled)
        np.testing.assert_allclose(painted(page, 0), before[order], atol=1.5)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"maps": {}}, "one shape"),
        ({"maps": {"a": np.zeros((4, 4)), "b": np.zeros((16, 16))}}, "one shape"),
        ({"maps": {"a": np.zeros((5, 5))}}, "square grid"),
        ({"maps": {"a": np.zeros((4, 16))}}, "square grid"),
        ({"maps": {"a": np.full((4, 4), np.nan)}}, "NaN"),
        ({"maps": {"a": np.zeros((9, 9))}}, "does not divide"),
        ({"start": (2, 0)}, "outside the grid"),
        ({"photo": PHOTO.astype(float)}, "uint8"),
    ],
)
def test_what_cannot_be_drawn_is_said(changed, named):
    options = {"photo": PHOTO, "maps": {"a": np.zeros((4, 4))}, "title": "t", "alt": "a"} | changed
    with pytest.raises(InputError, match=named):
        explore.attention_explorer(**options)


def test_light_falls_where_the_weight_is():
    shown = lit(np.full((8, 8, 3), 100, np.uint8), [0.0, 0.1, 0.3, 0.6])
    brightness = shown.reshape(2, 4, 2, 4, 3).mean(axis=(1, 3, 4)).ravel()
    assert (np.diff(brightness) > 0).all()
    assert brightness[0] == 30
