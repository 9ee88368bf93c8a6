"""MD-GAN (Xiong et al., 2018), which SSA-GAN sets out from: one stage paints, a second one refines. Chapter 12.

    photo --> stage I (frozen) --> coarse clip Y1 --> refiner --> refined clip Y2
                                                     its Gram matrices are to be nearer those of Y than of Y1

Stage I is Table 1 without attention and with additive skips, so it needs no class: `registry.recipe` says so, and its
System is SSAGAN, whose losses are the same. SSA-GAN (b) is this second stage with attention in its refiner; which of
the two readings of the paper's Table 3 it is depends on the first stage that it is given.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import Generator, GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import SSAGAN, Loss


@dataclass(frozen=True)
class TwoStageConfig:
    """The shapes of both stages. Raises InputError where one cannot follow the other."""

    stage1: GeneratorConfig
    refiner: GeneratorConfig

    def __post_init__(self):
        if self.stage1.size != self.refiner.size:
            raise InputError(
                f"a first stage of {self.stage1.size} pixels cannot be refined at {self.refiner.size}; "
                "train both at one size."
            )

    @property
    def size(self) -> int:
        """Pixels a side."""
        return self.refiner.size

    @property
    def width(self) -> int:
        """Filters of the refiner's first layer at the paper's scale."""
        return self.refiner.width

    @property
    def frames(self) -> int:
        """T, the length of the clips."""
        return self.refiner.frames


class TwoStage(nn.Module):
    """A first stage that is frozen, in eval mode, and a refiner that takes its clip; both are Table 1."""

    architecture = "two-stage"

    def __init__(self, config: TwoStageConfig):
        super().__init__()
        self.config = config
        self.stage1, self.refiner = Generator(config.stage1), Generator(config.refiner)

    def forward(self, frames: Tensor, both: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        """A first frame (N, 3, H, W) in [-1, 1] -> the refined clip (N, 3, T, H, W); with both: (coarse, refined)."""
        with torch.no_grad():
            coarse = self.stage1(frames)  # (N, 3, T, H, W)
        refined = self.refiner(coarse)  # (N, 3, T, H, W)
        return (coarse, refined) if both else refined

    def animate(self, first: Tensor) -> Tensor:
        """One frame (N, 3, H, W) in [-1, 1] -> a clip (N, 3, T, H, W)."""
        return self(first)

    def train(self, mode: bool = True) -> "TwoStage":
        """Only the refiner trains: the first stage's BatchNorm keeps its running statistics."""
        super().train(mode)
        self.stage1.eval()
        return self


class SecondStage(SSAGAN):
    """MD-GAN's second stage: its generator minimises L_adv + lambda_con L_con + lambda_rank L_rank.

    stage1: a trained generator of Table 1; it is copied and never changes. Xiong et al. (2018), section 3.2, print one
    objective for both players; no training code is public. Here the discriminator plays Eq. 6 alone: were it to
    maximise the ranking loss too, it would only have to scale its features up, and it does (chapter 12 shows it).
    """

    def __init__(self, config: TrainConfig, stage1: Generator):
        if type(stage1) is not Generator:  # one that is told the wind is a Generator, too
            raise InputError("a second stage refines a one-stage generator, and --stage1 names another kind of model.")
        self.stage1 = stage1
        super().__init__(config)

    def networks(self, config: TrainConfig) -> tuple[nn.Module, nn.Module]:
        """The two stages, the first with its trained weights, and the second discriminator."""
        generator = TwoStage(TwoStageConfig(self.stage1.config, config.generator))
        generator.stage1.load_state_dict(self.stage1.state_dict())
        return generator.train(), self.critic(config)

    def generate(self, real: Tensor) -> Tensor:
        """The refined clips, (N, 3, T, H, W); both stages' are kept for the ranking loss of the same step."""
        self.coarse, self.refined = self.generator(real[:, :, 0], both=True)  # (N, 3, T, H, W) each
        return self.refined

    def generator_loss(self, real: Tensor) -> Loss:
        """Eq. 7 of the second game, and the ranking loss after the first and the third convolution."""
        loss, parts = super().generator_loss(real)
        clips = (self.coarse, real, self.refined)
        layers = zip(*(self.discriminator(clip, return_layers=True)[1] for clip in clips), strict=True)
        parts["ranking"] = sum(ranking_loss(*features) for features in list(layers)[:3:2])
        return loss + self.config.ranking_weight * parts["ranking"], parts


def gram_matrix(features: Tensor) -> Tensor:
    """(N, C, T, H, W) -> (N, CT, CT): how each two of the CT channels and moments vary together over the HW places.

    Divided by CT times HW, as MD-GAN does (its section 3.2). Where things are is summed away; what moves along with
    what stays. Chapter 12.
    """
    _, c, t, h, w = features.shape
    rows = features.flatten(3).flatten(1, 2)  # (N, CT, HW)
    return rows @ rows.transpose(1, 2) / (c * t * h * w)  # (N, CT, CT)


def ranking_loss(coarse: Tensor, real: Tensor, refined: Tensor) -> Tensor:
    """-log(e^-p / (e^-p + e^-n)) = softplus(p - n), a scalar: small where the refined clip is nearer the real one.

    p and n are the L1 distances of the refined clip's Gram matrix from that of the real and of the coarse clip; all
    three arguments are one layer's features (N, C, T, H, W). Xiong et al. (2018), section 3.2. Chapter 12.
    """
    of_coarse, of_real, of_refined = (gram_matrix(features) for features in (coarse, real, refined))
    to_real = (of_refined - of_real).abs().sum(dim=(1, 2))  # (N,)
    to_coarse = (of_refined - of_coarse).abs().sum(dim=(1, 2))  # (N,)
    return F.softplus(to_real - to_coarse).mean()
