"""Does it move, and the right way? Dense optical flow over gaps of several frames. Chapter 09.

Motion energy can be bought with flicker or noise; displacement cannot. The flow is OpenCV's DIS (Kroeger et al., 2016),
medium preset, on grey frames. Clips are (N, 3, T, H, W) in [-1, 1]; flow is in pixels over the whole gap.
"""

import cv2
import numpy as np
import torch
from torch import Tensor

from ssagan_lite.errors import InputError

SMALLEST = 12  # pixels a side that OpenCV's DIS takes
GAP = 8  # frames between the two that are compared: clouds move less than a pixel from one frame to the next


def flow(clip: Tensor, gap: int = GAP) -> np.ndarray:
    """Flow between frames 0 and gap, gap and 2 gap, ... of one clip (3, T, H, W): float32 (pairs, H, W, 2), (x, y).

    A clip of fewer than gap + 1 frames gives the flow from its first frame to its last. Raises InputError for fewer
    than two frames, and for frames of fewer than 12 pixels a side, on which DIS does not work.
    """
    grey = _grey(clip)  # (T, H, W)
    if len(grey) < 2 or min(grey.shape[1:]) < SMALLEST:
        raise InputError(
            f"flow needs two frames of {SMALLEST} pixels or more a side, not {len(grey)} of {grey.shape[1:]}."
        )
    gap = min(gap, len(grey) - 1)
    estimator = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    starts = range(0, len(grey) - gap, gap)
    return np.stack([estimator.calc(grey[t], grey[t + gap], None) for t in starts])  # (pairs, H, W, 2)


def flow_magnitude(clips: Tensor, gap: int = GAP) -> Tensor:
    """Mean displacement of each clip in pixels over a gap, (N,)."""
    return torch.stack([_mean_length(flow(clip, gap)) for clip in clips])


def flow_magnitude_ratio(prediction: Tensor, target: Tensor, gap: int = GAP) -> float:
    """The predictions' mean displacement over the targets': *it moves* from 0.5 to 1.5.

    Means come before the ratio, because a clip that hardly moves would otherwise outweigh all others.
    """
    return (flow_magnitude(prediction, gap).mean() / flow_magnitude(target, gap).mean()).item()


def end_point_error(prediction: Tensor, target: Tensor, gap: int = GAP) -> Tensor:
    """Mean distance between the two flows' end points in pixels, (N,).

    A still prediction scores the target's own magnitude; *the right way* is anything below that.
    """
    return torch.stack(
        [_mean_length(flow(ours, gap) - flow(theirs, gap)) for ours, theirs in zip(prediction, target, strict=True)]
    )


def _mean_length(vectors: np.ndarray) -> Tensor:
    return torch.tensor(float(np.linalg.norm(vectors, axis=-1).mean()), dtype=torch.float64)


def _grey(clip: Tensor) -> np.ndarray:
    """(3, T, H, W) in [-1, 1] -> uint8 (T, H, W) with the eye's weights for the colours."""
    frames = ((clip.permute(1, 2, 3, 0) + 1) * 127.5).round().clamp(0, 255).byte().cpu().numpy()  # (T, H, W, 3)
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])  # (T, H, W)
