"""MSE, PSNR and SSIM per frame, with the conventions the paper's numbers were made with. Chapters 01 and 09.

Clips are (N, 3, T, H, W) in [-1, 1], so the data range is 2; everything is computed in float64. The conventions are
those of the released evaluation (scikit-image on frames in [-1, 1]); scikit-image is the oracle in the tests.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from ssagan_lite.errors import InputError

DATA_RANGE = 2.0
SSIM_WINDOW = 7


def mse(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of each frame, (N, T), 0 or more. Chapter 01.

    Raises InputError where the two clips differ in shape, or are not (N, 3, T, H, W).
    """
    prediction, target = _checked(prediction, target)
    return (prediction - target).square().mean(dim=(1, 3, 4))  # (N, T)


def psnr(prediction: Tensor, target: Tensor) -> Tensor:
    """10 log10(range^2 / MSE) of each frame in dB, (N, T), range 2. Chapter 01.

    Identical frames have no error to compare with: theirs is infinite, on purpose. `mean_psnr` says what to do then.
    """
    return 10 * torch.log10(DATA_RANGE**2 / mse(prediction, target))


def mean_psnr(values: Tensor) -> Tensor:
    """The mean over the frames that differ from their target; infinite only where none does. A scalar."""
    differing = values[values.isfinite()]
    return differing.mean() if differing.numel() else torch.tensor(torch.inf, dtype=values.dtype)


def ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each frame (Wang et al., 2004), (N, T), at most 1. Chapter 09.

    A uniform 7x7 window, sample (not population) covariance, windows that fit the frame whole, mean over colours.
    Raises InputError for frames smaller than the window.
    """
    prediction, target = _checked(prediction, target)
    if min(prediction.shape[-2:]) < SSIM_WINDOW:
        raise InputError(
            f"SSIM needs frames of {SSIM_WINDOW} pixels or more a side, not {tuple(prediction.shape[-2:])}."
        )
    # One clip at a time: the window statistics of a clip at 128x128 take 60 MB in float64.
    return torch.stack([_ssim_of_clip(x, y) for x, y in zip(prediction, target, strict=True)])  # (N, T)


def motion_energy(clips: Tensor) -> Tensor:
    """Mean absolute change from frame to frame of each clip, (N,), 0 for a still. Chapter 01."""
    return clips.double().diff(dim=2).abs().mean(dim=(1, 2, 3, 4))  # (N,)


def motion_energy_ratio(prediction: Tensor, target: Tensor) -> float:
    """The predictions' mean motion energy over the targets': 1 where the set changes as much. Chapters 01 and 09.

    Means come before the ratio, because a clip that hardly moves would otherwise outweigh all others. Flicker and
    noise buy this too: `motion.flow_magnitude_ratio` decides.
    """
    prediction, target = _checked(prediction, target)
    return (motion_energy(prediction).mean() / motion_energy(target).mean()).item()


def _ssim_of_clip(x: Tensor, y: Tensor) -> Tensor:
    """(3, T, H, W) each -> (T,)"""
    points = SSIM_WINDOW**2
    mean_x, mean_y = _window_mean(x), _window_mean(y)  # (3, T, H-6, W-6)
    unbiased = points / (points - 1)
    variance_x = unbiased * (_window_mean(x * x) - mean_x**2)
    variance_y = unbiased * (_window_mean(y * y) - mean_y**2)
    covariance = unbiased * (_window_mean(x * y) - mean_x * mean_y)
    c1, c2 = (0.01 * DATA_RANGE) ** 2, (0.03 * DATA_RANGE) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return (luminance * structure).mean(dim=(0, 2, 3))  # (T,)


def _window_mean(x: Tensor) -> Tensor:
    # A mean over rows of means over columns: the same numbers as one 7x7 window, from 14 sums in place of 49.
    columns = F.avg_pool2d(x, (SSIM_WINDOW, 1), stride=1)
    return F.avg_pool2d(columns, (1, SSIM_WINDOW), stride=1)


def _checked(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float64, or an InputError that names the shapes."""
    if prediction.shape != target.shape or prediction.dim() != 5 or prediction.shape[1] != 3:
        raise InputError(
            f"clips of shape (N, 3, T, H, W), the same for both, can be compared, "
            f"not {tuple(prediction.shape)} with {tuple(target.shape)}."
        )
    if not (prediction.is_floating_point() and target.is_floating_point()):
        raise InputError("clips are compared as floats in [-1, 1]; convert bytes with data.clips.to_float.")
    return prediction.double(), target.double()
