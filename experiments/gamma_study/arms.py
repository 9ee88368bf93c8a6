"""What the runs of the study differ in, the block where attention stands, and the weights that they have in common.

A block is made by a function of the channels, and maps (N, C, T, H, W) to the same shape.
"""

import hashlib
import importlib.util
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from ssagan_lite.baselines.still import copy_first
from ssagan_lite.errors import InputError
from ssagan_lite.model.attention import SpatialSelfAttention
from ssagan_lite.model.generator import Generator, GeneratorConfig, Stage, layer_shapes
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import SSAGAN

MakeBlock = Callable[[int], nn.Module]
ARMS = ("none", "learned", "one", "zero_init_norm", "released", "scaled")
PAPER_DIMENSION = 1024  # of the vectors that attention compares, at the paper's width 32


class Scale(nn.Module):
    """Multiply by a number that is not learnt."""

    def __init__(self, factor: float):
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


class ScaledAttention(SpatialSelfAttention):
    """Attention with a learnt gamma whose logits are as spread at the start as they are in D = 1024 dimensions.

    Logits are sums over D products, so their spread grows like sqrt(D); a narrow model is given sqrt(1024 / D).
    """

    def __init__(self, channels: int, dimension: int):
        super().__init__(channels)
        # The factor goes to the query: model/repeated.py calls query and key, not this block's forward.
        self.query = nn.Sequential(self.query, Scale(math.sqrt(PAPER_DIMENSION / dimension)))


class WholeClips(Generator):
    """A generator whose blocks see all T frames.

    Generator computes the equal frames of a repeated photo once (model/repeated.py), and may do so for attention and
    activations only. What a reader's own block does with time is not known.
    """

    def forward(self, frames: Tensor) -> Tensor:
        """As `Generator.forward`."""
        return super().forward(copy_first(frames, self.config.frames) if frames.dim() == 4 else frames)


def shape_of(arm: str, shape: GeneratorConfig) -> GeneratorConfig:
    """The generator's configuration in this arm. "scaled" and a reader's own block count as the learned gate there."""
    gate = arm if arm in ("one", "zero_init_norm", "released") else "learned"
    return replace(shape, attention="none" if arm == "none" else "all", gate=gate)


def block_of(arm: str, shape: GeneratorConfig) -> MakeBlock:
    """What makes the block of one of `ARMS`; "none" asks for none."""
    if arm == "scaled":
        return partial(ScaledAttention, dimension=PAPER_DIMENSION * shape.width // 32)
    return partial(SpatialSelfAttention, gate=shape_of(arm, shape).gate)


def matched_system(config: TrainConfig, make: MakeBlock, whole_clips: bool = False) -> SSAGAN:
    """Both networks, where everything outside the blocks depends on the seed alone, and not on the arm.

    Queries, keys and values of the package's blocks are the same in all arms too, as they are drawn before the gate.
    """
    system = SSAGAN(config)
    if whole_clips:
        system.generator = WholeClips(config.generator)
    draw_shared(system.generator, f"{config.seed} generator")
    draw_shared(system.discriminator, f"{config.seed} discriminator")
    for name in config.generator.attended:
        torch.manual_seed(number(f"{config.seed} generator {name} attention"))
        stage = stages(system.generator)[name]
        stage.attention = make(stage.convolution.out_channels)
    return system


def stages(generator: Generator) -> dict[str, Stage]:
    """The stages of both halves by the names of Table 1."""
    return dict([*generator.encoder.items(), *generator.decoder.items()])


@torch.no_grad()
def draw_shared(network: nn.Module, seed: str) -> None:
    """Draw each weight outside the blocks from a source of its own, with the package's distributions.

    Convolutions N(0, 0.02), scales of BatchNorm N(1, 0.02); its biases stay 0.
    """
    means = {"convolution.weight": 0.0, "norm.weight": 1.0}
    for name, parameter in network.named_parameters():
        mean = means.get(".".join(name.split(".")[-2:]))
        if mean is not None and ".attention." not in name:
            parameter.normal_(mean, 0.02, generator=torch.Generator().manual_seed(number(f"{seed} {name}")))


def number(text: str) -> int:
    """A seed below 2^56 that belongs to this text, the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def load_variant(place: str) -> tuple[str, MakeBlock]:
    """FILE.py:CLASS -> a name that changes with the file, so that no run of an older one is taken for it; the class.

    Raises InputError for another form, a missing file or class, or a file that cannot be run.
    """
    file, _, name = place.rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        raise InputError(f"--variant takes a file and a class, as in my_file.py:MyBlock, not {place}.")
    path = Path(file).resolve()
    if not path.is_file():
        raise InputError(f"there is no file {file}; --variant takes FILE.py:CLASS.")
    module = run_module(path)
    if not callable(getattr(module, name, None)):
        raise InputError(f"{file} has no class {name}; --variant takes FILE.py:CLASS.")
    return f"{name}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}", getattr(module, name)


def run_module(path: Path):
    """The module in a file, which need not lie where Python looks for modules."""
    spec = importlib.util.spec_from_file_location(f"variant_{path.stem}", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a reader's file may raise
        raise InputError(f"{path} cannot be run ({type(error).__name__}: {error}).") from error
    return module


def check_block(make: MakeBlock, name: str, shape: GeneratorConfig) -> None:
    """Raise InputError unless the block can be made, and keeps the shape, at each level where attention stands."""
    shapes = layer_shapes(shape)
    for level in shape.attended:
        channels, *rest = shapes[level]
        try:
            block = make(channels)
        except Exception as error:
            raise InputError(f"{name}({channels}) cannot be made ({type(error).__name__}: {error}).") from error
        if not isinstance(block, nn.Module):
            raise InputError(f"{name}({channels}) is a {type(block).__name__}; a torch.nn.Module is needed.")
        check_output(block, name, torch.randn(2, channels, *rest))


def check_output(block: nn.Module, name: str, x: Tensor) -> None:
    """Raise InputError unless block(x) is of the shape of x, (N, C, T, H, W). Memory is laid out as in training."""
    try:
        y = block(x.to(memory_format=torch.channels_last_3d))
    except Exception as error:
        raise InputError(f"{name} fails on {tuple(x.shape)} ({type(error).__name__}: {error}).") from error
    got = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
    if got != tuple(x.shape):
        raise InputError(f"{name} makes {got} of {tuple(x.shape)}; it must keep the shape (N, C, T, H, W).")
