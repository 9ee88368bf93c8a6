"""The photo under a dragged wind as a reader meets it: the page carries it as the package does."""

import numpy as np
import pytest
import torch

from browser import find_chromium
from figure_page import flag, press
from figures.ch14 import FRAMES, PLACES, SIZE, WIND, growing, make_skies, photos
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore
from ssagan_lite.teach.explore.wind import _carried

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
UNIT = torch.eye(2).view(4, 1, 1, 1).expand(4, FRAMES, PLACES, PLACES)
WORDS = {"title": "A wind", "alt": "A small sky under a wind."}


def wind(page) -> tuple[float, float]:
    x, y = page.evaluate(flag("wind")).split()
    return float(x), float(y)


def shown(page) -> np.ndarray:
    """What the canvas shows, (H, W, 3)."""
    pixels = page.evaluate("""(() => { const c = document.querySelector('.ssagan-sky canvas');
        return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]; })()""")
    return np.array(pixels, float).reshape(SIZE, SIZE, 4)[..., :3]


def last_frame(page) -> None:
    page.evaluate("document.querySelector('input[aria-label=frame]').focus()")
    page.key("End")


def pad(page, name: str, times: int = 1) -> None:
    page.evaluate("document.querySelector('.ssagan-pad').focus()")
    for _ in range(times):
        page.key(name)


def test_without_wind_the_photo_stands(opened):
    page = opened("wind", reduced_motion=True)
    first = shown(page)
    page.evaluate(press("No wind"))
    last_frame(page)
    assert np.array_equal(shown(page), first)
    assert np.abs(first - photos()[0]).mean() < 6, "the photo travels as a lossy picture"


@pytest.mark.parametrize("follows", [True, False])
def test_the_page_carries_as_the_package_does(opened, follows):
    page = opened("wind", reduced_motion=True)
    photo = shown(page).astype(np.uint8)  # as it travelled
    if not follows:
        page.click("[data-toggle='follows']")
    last_frame(page)
    response = growing(2) if follows else UNIT
    expected = _carried(photo, response, WIND)[-1].astype(float)
    assert np.abs(shown(page) - expected).max() <= 8, "the response travels in steps of a byte"
    assert np.abs(shown(page) - expected).mean() < 0.6
    assert np.abs(shown(page) - photo).mean() > 3


def test_the_ground_goes_along_once_the_response_is_gone(opened):
    page = opened("wind", reduced_motion=True)
    assert float(page.evaluate(flag("bottom"))) == pytest.approx(0, abs=0.01)
    assert float(page.evaluate(flag("top"))) == pytest.approx(2 * WIND[0], abs=0.01)
    page.click("[data-toggle='follows']")
    assert float(page.evaluate(flag("bottom"))) == pytest.approx(WIND[0], abs=1e-3)
    assert float(page.evaluate(flag("top"))) == pytest.approx(WIND[0], abs=1e-3)


def test_the_wind_is_dragged(opened):
    page = opened("wind", reduced_motion=True)
    page.click(".ssagan-pad", at=(0.5, 0.5 - 50 / 220))  # up, half of the way to the rim
    x, y = wind(page)
    assert x == pytest.approx(0, abs=0.005)
    assert y == pytest.approx(-0.125, abs=0.005)
    assert page.evaluate(flag("frame")) == str(FRAMES - 1), "a photo that stood at frame 0 would not show it"
    page.click(".ssagan-pad", at=(0.96, 0.6))
    assert np.hypot(*wind(page)) == pytest.approx(0.25, abs=0.002), "the arrow ends within the circle"


def test_the_wind_by_keyboard(opened):
    page = opened("wind", reduced_motion=True)
    pad(page, "ArrowRight", 2)
    pad(page, "ArrowDown")
    assert wind(page) == pytest.approx((WIND[0] + 0.02, 0.01))
    spoken = page.evaluate("document.querySelector('.ssagan-pad').getAttribute('aria-valuetext')")
    assert spoken == "0.14 to the right, 0.01 down"
    page.evaluate(press("Turn the wind"))
    assert wind(page) == pytest.approx((-WIND[0] - 0.02, -0.01))


def test_the_picture_follows_at_once(opened):
    page = opened("wind", reduced_motion=True)
    last_frame(page)
    before = shown(page)
    pad(page, "ArrowLeft", 3)
    assert np.abs(shown(page) - before).mean() > 1


def test_another_sky_and_the_arrows(opened):
    page = opened("wind", reduced_motion=True)
    page.click("[data-sky='1']")
    assert page.evaluate(flag("sky")) == "two"
    assert float(page.evaluate(flag("top"))) == pytest.approx(3 * WIND[0], abs=0.01)
    assert page.evaluate("getComputedStyle(document.querySelector('.ssagan-ways')).display") == "none"
    page.click("[data-toggle='arrows']")
    assert page.evaluate("getComputedStyle(document.querySelector('.ssagan-ways')).display") != "none"
    lines = "document.querySelectorAll('.ssagan-ways line').length"
    assert page.evaluate(lines) > 40
    page.evaluate(press("No wind"))
    assert page.evaluate(lines) == 0


def test_it_plays_unless_less_motion_is_asked_for(opened):
    assert opened("wind").evaluate(flag("playing")) == "true"
    assert opened("wind", reduced_motion=True).evaluate(flag("playing")) == "false"


def test_a_cut_response_is_the_response_where_it_grows_evenly():
    steady = torch.linspace(-1, 2, FRAMES).view(1, FRAMES, 1, 1).expand(4, FRAMES, 80, 80)
    cut = explore.wind.coarse(steady)
    assert cut.shape == (5, 4, 32, 32)
    assert torch.allclose(cut[:, 0, 0, 0], steady[0, explore.wind.key_frames(FRAMES), 0, 0])


@pytest.mark.parametrize(
    ("skies", "more", "words"),
    [
        ({"a": (photos()[0][:40], growing(2))}, {}, "square"),
        ({"a": (photos()[0], growing(2)[:2])}, {}, r"a response is \(4, T, n, n\)"),
        ({"a": (photos()[0], growing(2)), "b": (photos()[0], growing(2)[:, :4])}, {}, "one size"),
        ({}, {}, "at least one"),
        ({"a": (photos()[0].astype(float), growing(2))}, {}, "uint8"),
        (make_skies(), {"wind": (0.3, 0.0)}, "within the edge"),
        (make_skies(), {"wind": (0.0, 0.0)}, "within the edge"),
    ],
)
def test_what_cannot_be_shown_is_refused(skies, more, words):
    with pytest.raises(InputError, match=words):
        explore.told_the_wind(skies, **more, **WORDS)
