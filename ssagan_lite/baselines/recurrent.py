"""A recurrent GAN in the spirit of RNN-GAN (Zhou and Berg, 2016): each frame made from the last. Chapter 12.

    photo --> encoder --> code 0 --> LSTM --> code 1 --> LSTM --> code 2 --> ... ; each code --> decoder --> frame

No code of RNN-GAN is public, so this is not it. What it takes from there is the idea: a state that is carried on, and
makes the future one step at a time. Encoder, LSTM, decoder, a discriminator that sees single frames, all sizes and the
weight of the adversarial term are our choice.
"""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn, stack

from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import DROPPED_LEVELS, GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import SSAGAN

SMALLEST = 4  # pixels a side of the last map before the code


@dataclass(frozen=True)
class RecurrentConfig:
    """Size and width, which mean what they mean for SSA-GAN. Raises InputError for a shape that cannot be."""

    size: int = 64
    width: int = 32

    def __post_init__(self):
        if self.size not in DROPPED_LEVELS:
            raise InputError(f"size {self.size!r} is not one that can be compared; choose 128, 64, 32 or 16.")
        if self.width < 1:
            raise InputError(f"width {self.width} leaves no filters; choose 1 or more.")

    @property
    def frames(self) -> int:
        """T, the length of the clips: 32, 32, 16 or 8."""
        return GeneratorConfig(size=self.size).frames

    @property
    def filters(self) -> tuple[int, ...]:
        """Filters of the layers down to 4x4: 64, 128, 256, 512 at 64 pixels and width 32, never more than 512."""
        halvings = (self.size // SMALLEST).bit_length() - 1
        return tuple(self.width * min(2 * 2**level, 16) for level in range(halvings))

    @property
    def code(self) -> int:
        """Numbers in a frame's code, and in the LSTM's state."""
        return 32 * self.width


class RecurrentGenerator(nn.Module):
    """A first frame (N, 3, H, W) in [-1, 1] -> a clip (N, 3, T, H, W), one frame after the other."""

    architecture = "recurrent"

    def __init__(self, config: RecurrentConfig | None = None):
        super().__init__()
        self.config = config = config or RecurrentConfig()
        widths = (3, *config.filters)
        self.encoder = nn.Sequential(
            *(_down(a, b, norm=a != 3) for a, b in pairwise(widths)),
            nn.Conv2d(widths[-1], config.code, SMALLEST),
        )
        self.cell = nn.LSTMCell(config.code, config.code)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(config.code, widths[-1], SMALLEST, bias=False),
            nn.BatchNorm2d(widths[-1]),
            nn.ReLU(),
            *(_up(a, b) for a, b in pairwise(widths[:0:-1])),
            nn.ConvTranspose2d(widths[1], 3, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, first: Tensor) -> Tensor:
        codes = self.codes(first)  # (N, T, code)
        frames = self.decoder(codes.flatten(0, 1)[:, :, None, None])  # (N T, 3, H, W)
        return frames.unflatten(0, codes.shape[:2]).transpose(1, 2)  # (N, 3, T, H, W)

    def codes(self, first: Tensor) -> Tensor:
        """One code a frame, (N, T, code): the photo's own, and from then on each from the one before."""
        code = self.encoder(first).flatten(1).tanh()  # (N, code), in (-1, 1) like the LSTM's output
        codes, state = [code], (code, code.new_zeros(code.shape))
        while len(codes) < self.config.frames:
            state = self.cell(codes[-1], state)
            codes.append(state[0])
        return stack(codes, dim=1)  # (N, T, code)

    def animate(self, first: Tensor) -> Tensor:
        """One frame (N, 3, H, W) in [-1, 1] -> a clip (N, 3, T, H, W)."""
        return self(first)


class FrameDiscriminator(nn.Module):
    """Clips (N, 3, T, H, W) -> logits (N T,), one a frame: it sees no motion, and cannot ask for any."""

    def __init__(self, config: RecurrentConfig):
        super().__init__()
        widths = (3, *config.filters)
        self.layers = nn.Sequential(
            *(_down(a, b, norm=a != 3) for a, b in pairwise(widths)),
            nn.Conv2d(widths[-1], 1, SMALLEST),
        )

    def forward(self, clips: Tensor) -> Tensor:
        return self.layers(clips.transpose(1, 2).flatten(0, 1)).flatten()  # (N T, 1, 1, 1) -> (N T,)


class Recurrent(SSAGAN):
    """Squared error, which pulls to the mean future, and a small share of an adversarial loss a frame."""

    def networks(self, config: TrainConfig) -> tuple[nn.Module, nn.Module]:
        """Generator and discriminator at the size and width of config.generator."""
        shape = RecurrentConfig(config.generator.size, config.generator.width)
        return RecurrentGenerator(shape), FrameDiscriminator(shape)

    def content(self, fake: Tensor, real: Tensor) -> Tensor:
        """The mean squared difference."""
        return nn.functional.mse_loss(fake, real)


def _down(channels: int, width: int, norm: bool = True) -> nn.Sequential:
    """Half the pixels a side: (N, C, H, W) -> (N, width, H/2, W/2)."""
    conv, after = nn.Conv2d(channels, width, 4, 2, 1, bias=not norm), nn.LeakyReLU(0.2)
    return nn.Sequential(conv, nn.BatchNorm2d(width), after) if norm else nn.Sequential(conv, after)


def _up(channels: int, width: int) -> nn.Sequential:
    """Twice the pixels a side: (N, C, H, W) -> (N, width, 2H, 2W)."""
    conv = nn.ConvTranspose2d(channels, width, 4, 2, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU())
