"""VGAN, conditional form (Vondrick et al., 2016): a still background, a moving foreground, a mask between. Chapter 12.

    photo --> code --.--> background, one picture ------------.
                     |--> foreground, a clip ---- x mask ------+--> clip = mask * foreground + (1 - mask) * background
                     '--> mask, in [0, 1] ----------^

Layers as in the authors' Torch code (cvondrick/videogan, main_conditional.lua): 64x64x32 with 128 filters first at
width 32. Smaller sizes leave out levels by the rule of Table 1.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import DROPPED_LEVELS, GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.losses import content_loss
from ssagan_lite.training.systems import SSAGAN


@dataclass(frozen=True)
class VGANConfig:
    """Size and width, which mean what they mean for SSA-GAN. Raises InputError for a shape that cannot be."""

    size: int = 64
    width: int = 32

    def __post_init__(self):
        if self.size not in (64, 32, 16):
            raise InputError(f"VGAN makes clips of 64 pixels, or of 32 or 16 with levels left out, not {self.size}.")
        if self.width < 1:
            raise InputError(f"width {self.width} leaves no filters; choose 1 or more (VGAN's own is 32).")

    @property
    def frames(self) -> int:
        """T, the length of the clips: 32, 16 or 8."""
        return GeneratorConfig(size=self.size).frames

    @property
    def filters(self) -> tuple[int, ...]:
        """Filters of the encoder's layers: 128, 256, 512, 1024 at width 32; the first ones go with the levels."""
        return tuple(self.width * 4 * 2**level for level in range(4))[DROPPED_LEVELS[self.size] - 1 :]


class VGANGenerator(nn.Module):
    """Two streams and a mask. A first frame (N, 3, H, W) in [-1, 1] -> a clip (N, 3, T, H, W); no noise goes in."""

    architecture = "vgan"

    def __init__(self, config: VGANConfig | None = None):
        super().__init__()
        self.config = config = config or VGANConfig()
        down, up = config.filters, config.filters[::-1]
        self.encoder = nn.Sequential(
            *(_layer(nn.Conv2d, a, b, norm=a != 3) for a, b in zip((3, *down[:-1]), down, strict=True))
        )
        self.background = nn.Sequential(
            *(_layer(nn.ConvTranspose2d, a, b) for a, b in pairwise(up)),
            nn.ConvTranspose2d(up[-1], 3, 4, 2, 1),
            nn.Tanh(),
        )
        self.foreground = nn.Sequential(
            _layer(nn.ConvTranspose3d, up[0], up[0], kernel=(2, 1, 1), stride=1, padding=0),
            *(_layer(nn.ConvTranspose3d, a, b) for a, b in pairwise(up)),
        )
        self.colours = nn.Sequential(nn.ConvTranspose3d(up[-1], 3, 4, 2, 1), nn.Tanh())
        self.mask = nn.Sequential(nn.ConvTranspose3d(up[-1], 1, 4, 2, 1), nn.Sigmoid())
        self.apply(_draw)

    def forward(self, first: Tensor) -> Tensor:
        return self.combine(*self.streams(first))

    def streams(self, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mask (N, 1, T, H, W) in [0, 1], foreground (N, 3, T, H, W) and background (N, 3, H, W) in [-1, 1]."""
        code = self.encoder(first)  # (N, 32 width, 4, 4)
        moving = self.foreground(code.unsqueeze(2))  # (N, C, T/2, H/2, W/2)
        return self.mask(moving), self.colours(moving), self.background(code)

    @staticmethod
    def combine(mask: Tensor, foreground: Tensor, background: Tensor) -> Tensor:
        """mask * foreground + (1 - mask) * background, the same background in every frame."""
        return torch.lerp(background.unsqueeze(2), foreground, mask)  # (N, 3, T, H, W)

    def animate(self, first: Tensor) -> Tensor:
        """One frame (N, 3, H, W) in [-1, 1] -> a clip (N, 3, T, H, W)."""
        return self(first)


class VGANDiscriminator(nn.Module):
    """Clips (N, 3, T, H, W) -> logits (N,). The original has two outputs; their difference is this logit."""

    def __init__(self, config: VGANConfig):
        super().__init__()
        widths, self.layers = (3, *config.filters), nn.Sequential()
        for channels, width in zip(widths, config.filters, strict=False):
            self.layers.append(_layer(nn.Conv3d, channels, width, norm=channels != 3, slope=0.2, epsilon=1e-3))
        self.layers.append(nn.Conv3d(widths[-1], 1, (2, 4, 4)))
        self.apply(_draw)

    def forward(self, clips: Tensor) -> Tensor:
        return self.layers(clips).flatten()  # (N, 1, 1, 1, 1) -> (N,)


class VGAN(SSAGAN):
    """VGAN's game: cross-entropy, one step each, and 10 times the L1 distance of the first frame alone."""

    def networks(self, config: TrainConfig) -> tuple[nn.Module, nn.Module]:
        """Generator and discriminator at the size and width of config.generator."""
        shape = VGANConfig(config.generator.size, config.generator.width)
        return VGANGenerator(shape), VGANDiscriminator(shape)

    def content(self, fake: Tensor, real: Tensor) -> Tensor:
        """What ties the clip to the photo: frame 0 is to be the photo. What comes after is the critic's to judge."""
        return content_loss(fake[:, :, 0], real[:, :, 0])


def _layer(kind, channels: int, width: int, kernel=4, stride=2, padding=1, norm=True, slope=0.0, epsilon=1e-5):
    """A convolution, BatchNorm of as many dimensions, and ReLU (or LeakyReLU)."""
    of = nn.BatchNorm2d if kind in (nn.Conv2d, nn.ConvTranspose2d) else nn.BatchNorm3d
    parts = [kind(channels, width, kernel, stride, padding), of(width, eps=epsilon) if norm else None]
    return nn.Sequential(*(part for part in parts if part is not None), nn.LeakyReLU(slope) if slope else nn.ReLU())


def _draw(module: nn.Module) -> None:
    """Weights as in the authors' code: N(0, 0.01) without bias, BatchNorm's scale N(1, 0.02)."""
    if isinstance(module, nn.modules.conv._ConvNd):
        nn.init.normal_(module.weight, 0.0, 0.01)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.modules.batchnorm._BatchNorm):
        nn.init.normal_(module.weight, 1.0, 0.02)
