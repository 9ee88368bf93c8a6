"""The generator: Table 1 held as data, and the 3D U-Net with attention that is made from it. Chapter 05.

frame 0, T times --> conv1 --> ... --> conv5 --> conv6 --> deconv1 --> ... --> deconv5 --> deconv6 --> clip
                       \\______________________ skip connections ______________________/
"""

from dataclasses import asdict, dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ssagan_lite.errors import InputError
from ssagan_lite.model.attention import SpatialSelfAttention
from ssagan_lite.model.repeated import encode_repeated

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """A row of Table 1: kernel, stride, padding and output as (T, H, W)."""

    name: str
    filters: int
    kernel: Triple
    stride: Triple
    padding: Triple
    output: Triple


TABLE_1 = (
    Layer("conv1", 32, (3, 4, 4), (1, 2, 2), (1, 1, 1), (32, 64, 64)),
    Layer("conv2", 64, (4, 4, 4), (2, 2, 2), (1, 1, 1), (16, 32, 32)),
    Layer("conv3", 128, (4, 4, 4), (2, 2, 2), (1, 1, 1), (8, 16, 16)),
    Layer("conv4", 256, (4, 4, 4), (2, 2, 2), (1, 1, 1), (4, 8, 8)),
    Layer("conv5", 512, (4, 4, 4), (2, 2, 2), (1, 1, 1), (2, 4, 4)),
    Layer("conv6", 512, (2, 4, 4), (1, 1, 1), (0, 0, 0), (1, 1, 1)),
    Layer("deconv1", 512, (2, 4, 4), (1, 1, 1), (0, 0, 0), (2, 4, 4)),
    Layer("deconv2", 256, (4, 4, 4), (2, 2, 2), (1, 1, 1), (4, 8, 8)),
    Layer("deconv3", 128, (4, 4, 4), (2, 2, 2), (1, 1, 1), (8, 16, 16)),
    Layer("deconv4", 64, (4, 4, 4), (2, 2, 2), (1, 1, 1), (16, 32, 32)),
    Layer("deconv5", 32, (4, 4, 4), (2, 2, 2), (1, 1, 1), (32, 64, 64)),
    Layer("deconv6", 3, (3, 4, 4), (1, 2, 2), (1, 1, 1), (32, 128, 128)),
)
ENCODER, DECODER = TABLE_1[:6], TABLE_1[6:]
DROPPED_LEVELS = {128: 0, 64: 1, 32: 2, 16: 3}  # the paper's rule for 64x64 (section 5.3), carried on


@dataclass(frozen=True)
class GeneratorConfig:
    """The generator's shape. The defaults are the paper's. Raises InputError for a shape that cannot be.

    >>> GeneratorConfig(size=32).frames
    16
    """

    size: int = 128
    """Pixels a side: 128, 64, 32 or 16. Each level dropped from Table 1 halves it, and below 64 the frames too."""
    width: int = 32
    """Filters of conv1; all others scale with it."""
    skip: Literal["concat", "add"] = "concat"
    """How the two halves are joined: concat as in the released code, add as in MD-GAN."""
    deepest_skips: int | None = None
    """How many of the deepest levels are joined: all by default, 3 in MD-GAN's second stage."""
    attention: Literal["all", "none"] | tuple[str, ...] = "all"
    """The layers that attention follows: all, none, or names such as conv3 deconv3."""
    gate: str = "learned"
    """What stands where gamma stands: learned, one, zero_init_norm or released (see model/gates.py)."""
    reduction: int = 1
    """Channels over channels of query and key."""
    backend: str = "auto"
    """How attention is computed, always exactly: auto, explicit, fused or chunked."""
    spectral_norm: bool = False
    """Spectral normalisation of all convolutions but attention's, as in the released code."""

    def __post_init__(self):
        if self.size not in DROPPED_LEVELS:
            raise InputError(f"size {self.size!r} is not one that Table 1 can be cut to; choose 128, 64, 32 or 16.")
        if not isinstance(self.width, int) or self.width < 1:
            raise InputError(f"width {self.width} leaves no filters; choose 1 or more (the paper has 32).")
        if self.skip not in ("concat", "add"):
            raise InputError(f"there is no skip connection '{self.skip}'; choose concat or add.")
        if self.deepest_skips is not None and self.deepest_skips < 0:
            raise InputError(f"{self.deepest_skips} levels cannot be joined; choose 0 or more.")
        possible = self.attendable
        if unknown := sorted(set(self.attended) - set(possible)):
            raise InputError(f"attention cannot follow {', '.join(unknown)}; choose among {', '.join(possible)}.")

    @property
    def frames(self) -> int:
        """T, the length of the clips: 32, 32, 16 or 8."""
        return self.encoder[0].output[0] * self.encoder[0].stride[0]

    @property
    def encoder(self) -> tuple[Layer, ...]:
        """The rows of Table 1 that lead down at this size."""
        return ENCODER[DROPPED_LEVELS[self.size] :]

    @property
    def decoder(self) -> tuple[Layer, ...]:
        """The rows of Table 1 that lead up at this size; the last of them makes the colours."""
        return DECODER[: len(DECODER) - DROPPED_LEVELS[self.size]]

    @property
    def attendable(self) -> tuple[str, ...]:
        """The layers that attention can follow: not conv6, whose single place has no choice, and not the output."""
        return tuple(layer.name for layer in self.encoder[:-1] + self.decoder[:-1])

    @property
    def attended(self) -> tuple[str, ...]:
        """The layers that attention follows."""
        names = {"all": self.attendable, "none": ()}
        return names.get(self.attention, (self.attention,)) if isinstance(self.attention, str) else self.attention

    @property
    def joined(self) -> tuple[str, ...]:
        """The layers on the way up whose input is joined with the way down; deconv1 takes the bottleneck alone."""
        return tuple(layer.name for layer in self.decoder[1:][: self.deepest_skips])

    def filters(self, layer: Layer) -> int:
        """The layer's filters at this width; three colours for the last."""
        return 3 if layer == self.decoder[-1] else layer.filters * self.width // 32


class Stage(nn.Sequential):
    """One row of Table 1: convolution, then what follows it: normalisation, activation, attention."""

    def __init__(self, convolution: nn.Module, **following: nn.Module | None):
        super().__init__()
        self.add_module("convolution", convolution)
        for name, module in following.items():
            if module is not None:
                self.add_module(name, module)


class Generator(nn.Module):
    """SSA-GAN's one-stage generator (section 3.1, Fig. 3, Table 1). Chapter 05 builds it layer by layer.

    At the defaults it has 52,319,370 parameters, 2,101,066 of them in attention.
    """

    architecture = "table1"  # its name on disk, beside those of the baselines

    def __init__(self, config: GeneratorConfig | None = None):
        super().__init__()
        self.config = config = config or GeneratorConfig()
        self.encoder, self.decoder = nn.ModuleDict(), nn.ModuleDict()
        channels = 3
        for layer in config.encoder:
            self.encoder[layer.name] = self._stage(nn.Conv3d, layer, channels)
            channels = config.filters(layer)
        for layer in config.decoder:
            doubled = config.skip == "concat" and layer.name in config.joined
            self.decoder[layer.name] = self._stage(nn.ConvTranspose3d, layer, channels * 2 if doubled else channels)
            channels = config.filters(layer)

    def forward(self, frames: Tensor) -> Tensor:
        """A first frame (N, 3, H, W) in [-1, 1], or that frame T times, (N, 3, T, H, W) -> the clip, same range.

        Both give the same clip; the single frame is computed faster, as its copies are not (`repeated.py`). Raises
        InputError for frames of another size or number than the configuration's.
        """
        *skips, x = self.encode(frames)  # the bottleneck goes on; it does not skip
        for name, stage in self.decoder.items():
            x = stage(self._join(x, skips.pop()) if name in self.config.joined else x)  # (N, C/2, 2T, 2H, 2W)
        return x

    def encode(self, frames: Tensor) -> list[Tensor]:
        """What each row of Table 1 makes on the way down, (N, 2C, T/2, H/2, W/2) each; conv1 keeps T."""
        expected = (3, self.config.frames, self.config.size, self.config.size)
        if tuple(frames.shape[1:]) == (3, *expected[2:]):
            return encode_repeated(self.encoder, frames)
        if tuple(frames.shape[1:]) != expected:
            got = tuple(frames.shape[1:])
            raise InputError(f"this generator takes clips of shape (3, T, H, W) = {expected}, not {got}.")
        x = frames
        return [x := stage(x) for stage in self.encoder.values()]

    def animate(self, first: Tensor) -> Tensor:
        """One frame (N, 3, H, W) in [-1, 1] -> a clip (N, 3, T, H, W)."""
        return self(first)

    def _join(self, x: Tensor, skip: Tensor) -> Tensor:
        return torch.cat((x, skip), dim=1) if self.config.skip == "concat" else x + skip

    def _stage(self, kind: type[nn.Module], layer: Layer, channels: int) -> Stage:
        config, width = self.config, self.config.filters(layer)
        plain = layer in (config.encoder[0], config.encoder[-1], config.decoder[-1])  # without BatchNorm
        up = nn.Tanh() if plain else nn.ReLU()
        down = None if plain else nn.LeakyReLU(0.2)
        attended = layer.name in config.attended
        return Stage(
            convolution(kind, layer, channels, width, config.spectral_norm),
            norm=None if plain else batch_norm(width),
            activation=down if kind is nn.Conv3d else up,
            attention=SpatialSelfAttention(width, config.reduction, config.gate, config.backend) if attended else None,
        )


def convolution(kind: type[nn.Module], layer: Layer, channels: int, width: int, normalised: bool) -> nn.Module:
    """A (transposed) convolution of Table 1 without bias, weights drawn from N(0, 0.02) as in the released code."""
    made = kind(channels, width, layer.kernel, layer.stride, layer.padding, bias=False)
    nn.init.normal_(made.weight, 0.0, 0.02)
    return spectral_norm(made) if normalised else made


def batch_norm(channels: int) -> nn.BatchNorm3d:
    """BatchNorm with its scale drawn from N(1, 0.02), as in the released code."""
    made = nn.BatchNorm3d(channels)
    nn.init.normal_(made.weight, 1.0, 0.02)
    return made


def description(generator: nn.Module) -> dict:
    """What builds a generator again (`baselines.registry.build`): its architecture and its config, as plain values."""
    return {"architecture": generator.architecture, **asdict(generator.config)}


def layer_shapes(config: GeneratorConfig) -> dict[str, tuple[int, ...]]:
    """Each layer's output as (C, T, H, W), found by a forward pass on the meta device: no memory, no work."""
    shapes = {}
    ghost = Generator(config).to("meta")
    for name, stage in [*ghost.encoder.items(), *ghost.decoder.items()]:
        stage.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: tuple(out.shape[1:])}))
    ghost.animate(torch.empty(2, 3, config.size, config.size, device="meta"))
    return shapes
