"""Attention over a small sky: 8 x 8 places, one map that is sharp, the same one faint."""

import numpy as np

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure

SIDE = 8


def logits() -> np.ndarray:
    """(64, 64), of deviation near 2."""
    query, key = np.random.default_rng(5).normal(size=(2, SIDE * SIDE, 4))
    return query @ key.T


def make_figures() -> dict[str, Figure]:
    sky = synthetic_clips(1, 64, 1, seed=3).frames[0, 0]
    maps = {"trained": logits(), "untrained": logits() / 100}
    explorer = explore.attention_explorer(
        sky, maps, start=(2, 3), title="Sharpness is a choice of scale", alt="A sky and the weights of one place."
    )
    return {"attention_explorer": explorer}
