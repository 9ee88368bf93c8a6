"""Chapter 06: three futures of one small sky, a white square on blue that goes left, stays or goes right."""

import numpy as np

from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure

NAMES, WINDS = ("left", "stays", "right"), (-2, 0, 2)


def square(wind: int, frames: int = 6) -> np.ndarray:
    """A cloud of 4x4 pixels that moves `wind` pixels a frame, (T, 16, 28, 3)."""
    clip = np.zeros((frames, 16, 28, 3), np.uint8) + np.array([70, 120, 200], np.uint8)
    clip += np.arange(28, dtype=np.uint8)[:, None]
    for t, frame in enumerate(clip):
        left = 12 + wind * t
        frame[6:10, left : left + 4] = 250
    return clip


def worlds() -> dict[str, np.ndarray]:
    return {name: square(wind) for name, wind in zip(NAMES, WINDS, strict=True)}


def make_figures() -> dict[str, Figure]:
    words = {"title": "Three futures", "alt": "Three small skies and the best single answers to them."}
    return {
        "futures": explore.three_futures(worlds(), **words),
        "futures_sure": explore.three_futures(worlds(), probabilities=[0.8, 0.2, 0], **words),
    }
