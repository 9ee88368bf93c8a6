"""The three futures as a reader meets them: what the page computes is what NumPy computes."""

import numpy as np
import pytest

from browser import find_chromium
from figure_page import flag, press
from figures.ch06 import NAMES, worlds
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore
from ssagan_lite.teach.explore.futures import weighted_mean, weighted_median

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
FUTURES = np.stack(list(worlds().values())).astype(float)
LAST = FUTURES.shape[1] - 1


def shares(page) -> np.ndarray:
    return np.array(page.evaluate(flag("shares")).split(), float)


def shown(page, name: str) -> np.ndarray:
    """What a canvas shows, (H, W, 3)."""
    size = FUTURES.shape[2:4]
    pixels = page.evaluate(f"""(() => {{ const c = document.querySelector('canvas[data-name="{name}"]');
        return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]; }})()""")
    return np.array(pixels, float).reshape(*size, 4)[..., :3]


def score(page, cell: str) -> str:
    return page.evaluate(f"document.querySelector('[data-score=\"{cell}\"]').textContent")


def last_frame(page) -> None:
    page.evaluate("document.querySelector('input[aria-label=frame]').focus()")
    page.key("End")
    assert page.evaluate(flag("frame")) == str(LAST)


def drag(page, future: int, percent: float) -> None:
    """Put the finger on a slider, at a share of its width."""
    page.click(f"[data-future='{future}']", at=(percent / 100, 0.5))


@pytest.mark.parametrize(("name", "given"), [("futures", [1 / 3] * 3), ("futures_sure", [0.8, 0.2, 0])])
def test_the_answers_are_the_mean_and_the_median_of_each_pixel(opened, name, given):
    page = opened(name, reduced_motion=True)
    last_frame(page)
    mean, median = weighted_mean(FUTURES, given)[-1], weighted_median(FUTURES, given)[-1]
    assert np.abs(shown(page, "best under L2") - mean).max() <= 0.51
    assert np.array_equal(shown(page, "best under L1"), median)


def test_moving_one_share_by_mouse_rescales_the_others(opened):
    page = opened("futures", reduced_motion=True)
    drag(page, 0, 60)
    one, two, three = shares(page)
    assert one == pytest.approx(0.6, abs=0.05)
    assert two == pytest.approx(three)
    assert one + two + three == pytest.approx(1, abs=2e-4)
    assert page.evaluate("document.querySelector('[data-future=\"1\"]').value") == str(round(100 * two))


def test_moving_one_share_by_keyboard(opened):
    page = opened("futures", reduced_motion=True)
    page.evaluate("document.querySelector('[data-future=\"2\"]').focus()")
    page.key("End")
    assert np.allclose(shares(page), [0, 0, 1])
    page.key("ArrowLeft")
    assert np.allclose(shares(page), [0.005, 0.005, 0.99])
    spoken = page.evaluate("document.querySelector('[data-future=\"2\"]').getAttribute('aria-valuetext')")
    assert spoken == "99 %"


def test_l1_shows_the_cloud_only_past_one_half(opened):
    page = opened("futures", reduced_motion=True)
    last_frame(page)
    page.evaluate("document.querySelector('[data-future=\"0\"]').focus()")
    page.key("Home")
    for _ in range(49):
        page.key("ArrowRight")
    assert shown(page, "best under L1").max() < 230, "no cloud at 49 %"
    assert "No future has more than half" in page.evaluate("document.querySelector('.ssagan-told').textContent")
    page.key("ArrowRight")
    assert "exactly half" in page.evaluate("document.querySelector('.ssagan-told').textContent")
    page.key("ArrowRight")
    assert np.array_equal(shown(page, "best under L1"), FUTURES[0, -1]), "all of it at 51 %"


def test_each_loss_marks_its_own_answer(opened):
    page = opened("futures", reduced_motion=True)
    assert "✓" in score(page, "mean L2 loss")
    assert "✓" in score(page, "median L1 loss")
    assert "✓" not in score(page, "drawn L2 loss") + score(page, "drawn L1 loss")


def test_the_numbers_are_those_of_numpy(opened):
    page = opened("futures_sure", reduced_motion=True)
    given, scaled = np.array([0.8, 0.2, 0]), FUTURES[:, 1:] / 127.5
    spread = scaled - weighted_mean(scaled, given)
    variance = given @ (spread**2).mean(axis=(1, 2, 3, 4))
    assert score(page, "mean L2 loss") == f"✓ {variance:.4f}"
    assert score(page, "drawn L2 loss") == f"{2 * variance:.4f}", "a draw pays the variance twice"


def test_certainty_leaves_nothing_to_lose(opened):
    page = opened("futures", reduced_motion=True)
    page.evaluate("document.querySelector('[data-future=\"1\"]').focus()")
    page.key("End")
    assert score(page, "mean L2 loss") == score(page, "drawn L1 loss") == "✓ 0.0000"


def test_draws_follow_the_shares(opened):
    page = opened("futures", reduced_motion=True)
    last_frame(page)
    drawn = set()
    for _ in range(40):
        page.evaluate(press("Draw again"))
        name = page.evaluate(flag("drawn"))
        drawn.add(name)
        assert np.array_equal(shown(page, "a drawn future"), worlds()[name][-1])
    assert drawn == set(NAMES)
    assert page.evaluate(flag("draws")) == "41"


def test_presets_set_all_three(opened):
    page = opened("futures", reduced_motion=True)
    page.evaluate(press("a coin: left or right"))
    assert np.allclose(shares(page), [0.5, 0, 0.5])
    for _ in range(12):
        page.evaluate(press("Draw again"))
        assert page.evaluate(flag("drawn")) != "stays"


def test_it_plays_unless_less_motion_is_asked_for(opened):
    assert opened("futures").wait(f"{flag('frame')} > 1")
    assert opened("futures", reduced_motion=True).evaluate(flag("playing")) == "false"


def test_the_median_of_a_tie_is_the_lower_value():
    assert weighted_median(np.array([3.0, 1.0]), [0.5, 0.5]) == 1
    assert weighted_median(np.array([3.0, 1.0, 2.0]), [0.3, 0.3, 0.4]) == 2


CLIPS = worlds()


@pytest.mark.parametrize(
    ("futures", "given", "named"),
    [
        ({"a": CLIPS["left"], "b": CLIPS["right"]}, None, "not 2 of"),
        (CLIPS | {"right": CLIPS["right"][::-1]}, None, "the same frame"),
        (CLIPS, [0.5, 0.5], "three probabilities"),
        (CLIPS, [0.5, 0.7, -0.2], "sum to one"),
        (CLIPS, [0.5, 0.5, 0.5], "sum to one"),
    ],
)
def test_what_cannot_be_compared_is_said(futures, given, named):
    with pytest.raises(InputError, match=named):
        explore.three_futures(futures, probabilities=given, title="t", alt="an alt text")
