"""Chapter 12: changes of a clip under Gram matrices, and two streams under a mask."""

import numpy as np

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure


def make_versions() -> dict[str, np.ndarray]:
    sky = synthetic_clips(1, 16, 8, seed=6).frames[0]
    order = np.random.default_rng(0).permutation(256)
    return {
        "untouched": sky,
        "stands still": sky[:1].repeat(8, axis=0),
        "places shuffled": sky.reshape(8, 256, 3)[:, order].reshape(sky.shape),
        "mirrored": sky[:, :, ::-1],
    }


def make_looks() -> dict:
    """Pixels, and how each pixel differs from its right neighbour: which sees left and right."""
    return {"pixels": lambda clips: clips, "slopes": lambda clips: (clips.roll(-1, dims=4) - clips).relu()}


def make_streams() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A clip whose left half never changes, another sky, and the true mask."""
    clip, other = synthetic_clips(2, 16, 8, seed=7).frames
    clip = clip.copy()
    clip[:, :, :8] = clip[:1, :, :8]
    moving = np.zeros((16, 16), bool)
    moving[:, 8:] = True
    return clip, other, moving


def make_figures() -> dict[str, Figure]:
    return {
        "gram_motion": explore.gram_motion(
            make_versions(), make_looks(), title="Which is seen?", alt="A clip, changed."
        ),
        "two_streams": explore.two_streams(*make_streams(), title="Choose a mask", alt="Two streams and their sum."),
    }
