"""The stress test: three small skies that were spoilt, and one that was not."""

import numpy as np

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure


def make_figures() -> dict[str, Figure]:
    sky = synthetic_clips(1, 48, 8, seed=9).frames[0]
    board = np.zeros_like(sky)
    board[:, ::2, ::2] = 255
    versions = {
        "untouched": (sky[0], sky),
        "mirrored": (sky[0, :, ::-1], sky[:, :, ::-1]),
        "darker": (sky[0] // 3, sky // 3),
        "chessboard": (board[0], board),
    }
    rest = {"frame0": [30.0, 31.0, 32.0]}
    where = {"place": [1.2, 1.3, 1.4]}
    scores = {
        "untouched": {"motion": [0.9, 1.0, 1.1], **where, **rest},
        "mirrored": {"motion": [0.9, 0.95, 1.1], **where, **rest},
        "darker": {"motion": [0.5, 0.4, 0.6], "place": [1.3, 1.3, 1.2], **rest},
        "chessboard": {"motion": [2.0, 2.2, 2.4], **rest, "place": [np.nan] * 3, "frame0": [19.0, 19.5, 20.0]},
    }
    return {
        "stress": explore.stress_test(versions, scores, title="A sky, spoilt", alt="Three spoilt photos of a sky."),
    }
