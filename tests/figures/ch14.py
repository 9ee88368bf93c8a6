"""Chapter 14: two small photos under a wind, with a response that can be worked out by hand."""

import numpy as np
import torch

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure

SIZE, PLACES, FRAMES = 48, 8, 16
WIND = (0.12, 0.0)


def photos() -> np.ndarray:
    return synthetic_clips(2, SIZE, 1, seed=3).frames[:, 0]


def growing(most: float) -> torch.Tensor:
    """A response (4, T, n, n) that is `most` times the unit matrix in the top row and 0 in the bottom row."""
    rows = torch.linspace(most, 0, PLACES).view(1, PLACES, 1)
    return torch.eye(2).view(4, 1, 1, 1) * rows.expand(FRAMES, PLACES, PLACES)


def make_skies() -> dict:
    one, two = photos()
    return {"one": (one, growing(2)), "two": (two, growing(3))}


def make_figures() -> dict[str, Figure]:
    words = {"title": "A wind", "alt": "A small sky that follows a wind which can be dragged."}
    return {"wind": explore.told_the_wind(make_skies(), wind=WIND, **words)}
