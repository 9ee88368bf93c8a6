"""Eq. 4-7 and the released variants, against formulas written out with sigmoids and logarithms."""

import pytest
import torch
from skimage.metrics import structural_similarity
from torch import nn

from ssagan_lite.training.losses import ADVERSARIAL, content_loss, gradient_penalty, ssim_loss

REAL = torch.tensor([2.0, -0.5, 0.3], dtype=torch.float64)
FAKE = torch.tensor([-1.0, 0.7, 0.1], dtype=torch.float64)
D_REAL, D_FAKE = REAL.sigmoid(), FAKE.sigmoid()


@pytest.mark.parametrize(
    ("name", "critic", "generator"),
    [
        ("non-saturating", -(D_REAL.log().mean() + (1 - D_FAKE).log().mean()), -D_FAKE.log().mean()),
        ("minimax", -(D_REAL.log().mean() + (1 - D_FAKE).log().mean()), (1 - D_FAKE).log().mean()),
        ("hinge", (1 - REAL).clamp(min=0).mean() + (1 + FAKE).clamp(min=0).mean(), -FAKE.mean()),
        ("wgan-gp", FAKE.mean() - REAL.mean(), -FAKE.mean()),
        ("released", D_FAKE.mean() - D_REAL.mean(), -D_FAKE.mean()),
    ],
)
@pytest.mark.paper("Eq. 4", "Eq. 6")
def test_formulas(name, critic, generator):
    game = ADVERSARIAL[name]
    torch.testing.assert_close(game.critic(REAL, FAKE), critic)
    torch.testing.assert_close(game.generator(FAKE), generator)


@pytest.mark.parametrize("name", ["non-saturating", "minimax"])
def test_logits_far_out_stay_finite(name):
    far = torch.tensor([200.0, -200.0], requires_grad=True)
    for loss in (ADVERSARIAL[name].critic(far, far), ADVERSARIAL[name].generator(far)):
        (gradient,) = torch.autograd.grad(loss, far, retain_graph=True)
        assert loss.isfinite()
        assert gradient.isfinite().all()


@pytest.mark.paper("Eq. 4")
def test_a_generator_that_loses_learns_only_without_saturation():
    losing = torch.tensor([-10.0], requires_grad=True)
    slopes = {
        name: torch.autograd.grad(ADVERSARIAL[name].generator(losing), losing)[0].abs().item()
        for name in ("non-saturating", "minimax", "released")
    }
    assert slopes["non-saturating"] > 0.99
    assert slopes["minimax"] < 1e-4
    assert slopes["released"] < 1e-4


@pytest.mark.paper("Eq. 5")
def test_content_is_the_mean_absolute_difference():
    assert content_loss(torch.tensor([1.0, -1.0]), torch.tensor([0.5, 1.0])).item() == pytest.approx(1.25)


class Slope(nn.Module):
    """A critic whose gradient has the same known length everywhere."""

    def __init__(self, length: float):
        super().__init__()
        self.length = nn.Parameter(torch.tensor(length))

    def forward(self, clips):
        return self.length * clips.flatten(1).sum(dim=1) / clips[0].numel() ** 0.5


@pytest.mark.parametrize("length", [0.0, 1.0, 3.0])
def test_gradient_penalty_of_a_known_slope(length):
    real, fake = torch.rand(2, 4, 3, 2, 4, 4)
    critic = Slope(length)
    penalty = gradient_penalty(critic, ADVERSARIAL["wgan-gp"].score, real, fake)
    assert penalty.item() == pytest.approx((length - 1) ** 2, abs=1e-5)
    if length:
        penalty.backward()
        assert critic.length.grad.item() == pytest.approx(2 * (length - 1), abs=1e-4)


def test_the_penalty_looks_between_the_clips():
    seen = []

    def critic(clips):
        seen.append(clips.detach())
        return clips.flatten(1).sum(dim=1)

    real, fake = torch.zeros(64, 3, 1, 2, 2), torch.ones(64, 3, 1, 2, 2)
    gradient_penalty(critic, ADVERSARIAL["released"].score, real, fake)
    share = seen[0].flatten(1)
    assert (share == share[:, :1]).all(), "one point a clip"
    assert share.min() >= 0
    assert share.max() <= 1
    assert share.std() > 0.2


def test_ssim_loss_equals_scikit_images_gaussian_ssim():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(1, 3, 2, 24, 24, generator=generator, dtype=torch.float64) * 2 - 1
    prediction = (target + 0.3 * torch.randn(target.shape, generator=generator, dtype=torch.float64)).clamp(-1, 1)
    frames = [
        structural_similarity(
            prediction[0, :, t].numpy(),
            target[0, :, t].numpy(),
            data_range=2,
            channel_axis=0,
            gaussian_weights=True,
            use_sample_covariance=False,
            sigma=1.5,
            truncate=5 / 1.5,
        )
        for t in range(2)
    ]
    assert ssim_loss(prediction, target).item() == pytest.approx(1 - sum(frames) / 2, abs=1e-6)
    assert ssim_loss(target, target).item() == pytest.approx(0, abs=1e-9)
