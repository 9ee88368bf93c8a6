"""What generator and discriminator minimise: Eq. 4-7, and the released code's variants by name. Chapters 06 and 07.

Logits are (N,), before any sigmoid; clips are (N, 3, T, H, W) in [-1, 1]; each loss is a scalar.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class AdversarialLoss:
    """One form of the game: what the critic minimises (real, fake logits), what the generator does (fake logits).

    score maps logits to what a gradient penalty is taken of.
    """

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    score: Callable[[Tensor], Tensor] = lambda logits: logits


def _cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    """-(log D(real) + log(1 - D(fake))) with D = sigmoid(logits): Eq. 4 and 6."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


ADVERSARIAL: dict[str, AdversarialLoss] = {
    # Eq. 4 for the critic; the generator maximises log D(fake), whose gradient does not vanish when it loses.
    "non-saturating": AdversarialLoss(_cross_entropy, lambda fake: F.softplus(-fake).mean()),
    # Eq. 4 to the letter: the generator minimises log(1 - D(fake)).
    "minimax": AdversarialLoss(_cross_entropy, lambda fake: -F.softplus(fake).mean()),
    "hinge": AdversarialLoss(
        lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(), lambda fake: -fake.mean()
    ),
    "wgan-gp": AdversarialLoss(lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean()),
    # The released code: a Wasserstein form on sigmoid outputs, which bounds the critic (`solver_beach.py`).
    "released": AdversarialLoss(
        lambda real, fake: fake.sigmoid().mean() - real.sigmoid().mean(),
        lambda fake: -fake.sigmoid().mean(),
        score=torch.sigmoid,
    ),
}


def content_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Eq. 5: the mean absolute difference."""
    return F.l1_loss(prediction, target)


def gradient_penalty(critic: nn.Module, score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """(|gradient| - 1)^2 of the critic's score, at a random point between each real and fake clip.

    Gulrajani et al. (2017), Eq. 3; in the released code, not in the paper.
    """
    share = torch.rand(len(real), 1, 1, 1, 1, device=real.device, dtype=real.dtype)
    between = (share * real + (1 - share) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(score(critic(between)).sum(), between, create_graph=True)  # (N, 3, T, H, W)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def ssim_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - SSIM per frame, Gaussian window of 11 pixels (sigma 1.5), no padding, data range 2.

    In the released code, not in the paper; there the range is guessed from each batch (`pytorch_ssim.py`), here fixed.
    """
    window = _gaussian_window(min(11, *prediction.shape[-2:]), 1.5).to(prediction)
    x, y = (clip.transpose(1, 2).flatten(0, 2).unsqueeze(1) for clip in (prediction, target))  # (N*T*3, 1, H, W)

    def blur(image: Tensor) -> Tensor:
        return F.conv2d(image, window)

    mean_x, mean_y = blur(x), blur(y)
    variance_x, variance_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return 1 - (luminance * structure).mean()


def _gaussian_window(size: int, sigma: float) -> Tensor:
    """A normalised Gaussian, (1, 1, size, size)."""
    row = torch.exp(-((torch.arange(size) - size // 2) ** 2) / (2 * sigma**2))
    row = row / row.sum()
    return torch.outer(row, row)[None, None]
