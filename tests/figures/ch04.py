"""Chapter 04: a kernel that slides through a small clip, and the box that a layer sees."""

import numpy as np

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.model.generator import ENCODER
from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure

SHUFFLED = (3, 0, 4, 2, 1)


def small_clip() -> np.ndarray:
    """A cloud of 2 x 3 that moves one column a frame, and a still place below it: (5, 4, 8)."""
    clip = np.zeros((5, 4, 8))
    for t, frame in enumerate(clip):
        frame[0, t : t + 2] = frame[1, t : t + 3] = 1
    clip[:, 3, 4] = 1
    return clip


def small_kernels() -> dict[str, np.ndarray]:
    edge = np.array([[[1.0, -1.0]]])
    difference = np.array([[[-1.0]], [[1.0]]])
    moves_right = np.zeros((3, 1, 4))
    for t in range(3):
        moves_right[t, 0, t : t + 2] = 1, -1
    return {"left-right edge": edge, "difference in time": difference, "moves right": moves_right}


def make_figures() -> dict[str, Figure]:
    sky = synthetic_clips(1, 128, 32, seed=3).frames[0]
    return {
        "kernel_walk": explore.kernel_walk(
            small_clip(),
            small_kernels(),
            shuffled=SHUFFLED,
            says={"moves right": "The edge, one column further in each frame."},
            title="A kernel with time in it sees motion",
            alt="A small clip, a kernel over some of its cells, and the answers below.",
        ),
        "receptive_box": explore.receptive_box(
            sky,
            ENCODER,
            title="What one place of a layer sees",
            alt="A clip from the front and from the side, with a box for each layer.",
        ),
    }
