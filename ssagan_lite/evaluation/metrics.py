"""MSE, PSNR and SSIM per frame, with the conventions the paper's numbers were made with. Chapters 01 and 09.

Clips are (N, 3, T, H, W) in [-1, 1], so the data range is 2; everything is computed in float64. The conventions are
those of the released evaluation (scikit-image on frames in [-1, 1]); scikit-image is the oracle in the tests.
Frames are scored one by one on the CPU, as many at once as torch has threads, so that what is computed of a frame stays
in the cache; benchmarks/evaluate.py measures what that brings. Scores stay there: not every GPU knows float64.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from torch import Tensor

from ssagan_lite.errors import InputError

DATA_RANGE = 2.0
SSIM_WINDOW = 7
FRAMES_A_TASK = 8  # what a thread takes at a time: enough to pay for handing it over, few enough to share out evenly


def mse(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of each frame, (N, T), 0 or more. Chapter 01.

    Raises InputError where the two clips differ in shape, or are not (N, 3, T, H, W).

    >>> black, white = -torch.ones(1, 3, 2, 8, 8), torch.ones(1, 3, 2, 8, 8)
    >>> mse(black, white)
    tensor([[4., 4.]], dtype=torch.float64)
    """
    _check(prediction, target)
    return _of_each_frame(_mse_of_frame, prediction, target)  # (N, T)


def psnr(prediction: Tensor, target: Tensor) -> Tensor:
    """10 log10(range^2 / MSE) of each frame in dB, (N, T), range 2. Chapter 01.

    Identical frames have no error to compare with: theirs is infinite, on purpose. `mean_psnr` says what to do then.

    >>> grey = torch.zeros(1, 3, 2, 8, 8)
    >>> psnr(grey, grey + 0.2), psnr(grey, grey)
    (tensor([[20.0000, 20.0000]], dtype=torch.float64), tensor([[inf, inf]], dtype=torch.float64))
    """
    return 10 * torch.log10(DATA_RANGE**2 / mse(prediction, target))


def mean_psnr(values: Tensor) -> Tensor:
    """The mean over the frames that differ from their target; infinite only where none does; NaN where one is NaN."""
    differing = values[~values.isinf()]
    return differing.mean() if differing.numel() else torch.tensor(torch.inf, dtype=values.dtype)


def ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each frame (Wang et al., 2004), (N, T), at most 1. Chapter 09.

    A uniform 7x7 window, sample (not population) covariance, windows that fit the frame whole, mean over colours.
    Raises InputError for frames smaller than the window.

    >>> ramp = torch.linspace(-1, 1, 8).expand(1, 3, 2, 8, 8)
    >>> ssim(ramp, ramp), ssim(ramp, ramp / 2).round(decimals=3)
    (tensor([[1., 1.]], dtype=torch.float64), tensor([[0.6440, 0.6440]], dtype=torch.float64))
    """
    _check(prediction, target)
    if min(prediction.shape[-2:]) < SSIM_WINDOW:
        raise InputError(
            f"SSIM needs frames of {SSIM_WINDOW} pixels or more a side, not {tuple(prediction.shape[-2:])}."
        )
    return _of_each_frame(_ssim_of_frame, prediction, target)  # (N, T)


def motion_energy(clips: Tensor) -> Tensor:
    """Mean absolute change from frame to frame of each clip, (N,), 0 for a still. Chapter 01.

    Raises InputError for clips of fewer than two frames.

    >>> motion_energy(torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 3, 1, 1))
    tensor([0.5000], dtype=torch.float64)
    """
    if clips.shape[2] < 2:
        raise InputError("motion is a change between frames; clips of two frames or more have it.")
    return clips.cpu().double().diff(dim=2).abs().mean(dim=(1, 2, 3, 4))  # (N,)


def motion_energy_ratio(prediction: Tensor, target: Tensor) -> float:
    """The predictions' mean motion energy over the targets': 1 where the set changes as much. Chapters 01 and 09.

    Means come before the ratio, because a clip that hardly moves would otherwise outweigh all others. Flicker and
    noise buy this too: `motion.flow_magnitude_ratio` decides.
    """
    _check(prediction, target)
    return (motion_energy(prediction).mean() / motion_energy(target).mean()).item()


def _of_each_frame(score: Callable[[np.ndarray, np.ndarray], float], prediction: Tensor, target: Tensor) -> Tensor:
    """score(x, y) of each two frames, both float64 (H, W, 3); the scores as float64 (N, T)."""
    count, _, frames, _, _ = prediction.shape
    x, y = _as_array(prediction), _as_array(target)
    scores = np.empty((count, frames))

    def task(start: int) -> None:
        for place in range(start, min(start + FRAMES_A_TASK, scores.size)):
            n, t = divmod(place, frames)
            scores[n, t] = score(_as_image(x[n, :, t]), _as_image(y[n, :, t]))

    # OpenCV and NumPy let other Python threads run while they compute, and start none of their own here.
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        list(threads.map(task, range(0, scores.size, FRAMES_A_TASK)))
    return torch.from_numpy(scores)


def _as_array(clips: Tensor) -> np.ndarray:
    """float32 or float64; NumPy knows no bfloat16."""
    wide = clips.dtype in (torch.float32, torch.float64)
    return (clips if wide else clips.float()).detach().cpu().numpy()


def _as_image(frame: np.ndarray) -> np.ndarray:
    """(3, H, W) to contiguous float64 (H, W, 3), the layout that OpenCV filters fastest."""
    image = frame.transpose(1, 2, 0)
    if not image.flags.c_contiguous:  # it is where the clip comes from `to_float`
        image = cv2.merge([np.ascontiguousarray(colour) for colour in frame])  # six times as fast as NumPy's copy
    return image.astype(np.float64)


def _mse_of_frame(x: np.ndarray, y: np.ndarray) -> float:
    return cv2.norm(np.subtract(x, y, out=x), cv2.NORM_L2SQR) / x.size


def _ssim_of_frame(x: np.ndarray, y: np.ndarray) -> float:
    """From the sum s and the difference d of the frames, which takes four window means E instead of five."""
    # 2 E[x] E[y] = (E[s]^2 - E[d]^2) / 2 and E[x]^2 + E[y]^2 = (E[s]^2 + E[d]^2) / 2; 2 cov(x, y) and var x + var y in
    # the same way. Halves cancel where c1 and c2 are doubled, and n / (n - 1) of a sample where c2 is divided by it.
    points = SSIM_WINDOW**2
    c1, c2 = 2 * (0.01 * DATA_RANGE) ** 2, 2 * (0.03 * DATA_RANGE) ** 2 * (points - 1) / points
    mean_s, var_s = _squared_mean_and_variance(x + y)
    mean_d, var_d = _squared_mean_and_variance(np.subtract(x, y, out=x))
    mean_s += c1
    var_s += c2
    similarity = mean_s - mean_d
    similarity *= var_s - var_d
    mean_s += mean_d  # in place, here and below: new arrays of this size would cost as much as the sums
    var_s += var_d
    mean_s *= var_s
    similarity /= mean_s
    margin = SSIM_WINDOW // 2
    return similarity[:, margin:-margin].mean()


def _squared_mean_and_variance(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E[v]^2 and E[v^2] - E[v]^2 of each window, (H-6, W, 3): rows stay whole, which computes faster than cut ones."""
    window, rows = (SSIM_WINDOW, SSIM_WINDOW), slice(SSIM_WINDOW // 2, -(SSIM_WINDOW // 2))
    mean = cv2.boxFilter(image, cv2.CV_64F, window)[rows]
    variance = cv2.sqrBoxFilter(image, cv2.CV_64F, window)[rows]
    mean *= mean
    variance -= mean
    return mean, variance


def _check(prediction: Tensor, target: Tensor) -> None:
    """An InputError that names the shapes, unless the two can be compared."""
    if prediction.shape != target.shape or prediction.dim() != 5 or prediction.shape[1] != 3:
        raise InputError(
            f"clips of shape (N, 3, T, H, W), the same for both, can be compared, "
            f"not {tuple(prediction.shape)} with {tuple(target.shape)}."
        )
    if not (prediction.is_floating_point() and target.is_floating_point()):
        raise InputError("clips are compared as floats in [-1, 1]; convert bytes with data.clips.to_float.")
