"""Two baselines that predict no motion at all, and still score well on MSE, PSNR and SSIM. Chapter 01 meets them."""

import numpy as np
import torch
from torch import Tensor

from ssagan_lite.errors import InputError


def copy_first(first: Tensor, frames: int) -> Tensor:
    """Repeat the first frame: float `(N, 3, H, W)` to `(N, 3, frames, H, W)`. What "nothing moves" scores.

    >>> copy_first(torch.zeros(2, 3, 16, 16), frames=8).shape
    torch.Size([2, 3, 8, 16, 16])
    """
    return first.unsqueeze(2).repeat(1, 1, frames, 1, 1)  # (N, 3, T, H, W)


def fading_copy(first: Tensor, frames: int, sigma: float | None = None, weight: float = 0.2) -> Tensor:
    """Repeat the first frame while it fades towards its own blur: float `(N, 3, H, W)` to `(N, 3, frames, H, W)`.

    Frame t is `(1 - w) * first + w * blur(first)` with `w = weight * t / (frames - 1)`: nothing moves, it only gets
    softer, which pixel-wise scores reward. `sigma` of the Gaussian blur is in pixels; by default 6 at 128 pixels, and
    in proportion at other sizes.
    """
    if sigma is None:
        sigma = 6 * first.shape[-1] / 128
    blurred = gaussian_blur(first, sigma)
    time = torch.linspace(0, weight, frames, dtype=first.dtype, device=first.device).view(-1, 1, 1)
    return torch.lerp(first.unsqueeze(2), blurred.unsqueeze(2), time)  # (N, 3, T, H, W)


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Blur float images `(..., H, W)` with a Gaussian of `sigma` pixels, mirrored at the edges; equals OpenCV's.

    cv2.GaussianBlur(image, (0, 0), sigma) on floats: the kernel reaches about 4 sigma, and BORDER_REFLECT_101.
    """
    if not (np.isfinite(sigma) and sigma > 0):
        raise InputError(f"A blur of {sigma} pixels is not possible; use a sigma above 0.")
    rows, columns = (_blur_matrix(length, sigma).to(images) for length in images.shape[-2:])
    return rows @ images @ columns.T


def _blur_matrix(length: int, sigma: float) -> Tensor:
    """The `(length, length)` matrix that blurs a line: row i weights the pixels around pixel i. Each row sums to 1."""
    radius = (round(8 * sigma + 1) | 1) // 2
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    mirrored = np.pad(np.arange(length), radius, mode="reflect")  # reflects again where the kernel is the longer one
    neighbours = torch.eye(length, dtype=torch.float64)[torch.from_numpy(mirrored)]  # (length + 2 radius, length)
    return torch.einsum("ipk,k->ip", neighbours.unfold(0, 2 * radius + 1, 1), kernel / kernel.sum())
