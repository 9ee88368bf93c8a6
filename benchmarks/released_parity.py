"""Is our "released" objective the one of the released code? The same weights, losses and gradients, in float64.

    python -m benchmarks.released_parity PATH [--out book/results/released_parity.json]

PATH is a checkout of github.com/UdonDa/SSA-GAN. Its networks (narrow ones, at 128 pixels) get our weights; then both
play one critic step and one generator step on the same clips, each in its own way of writing it down, theirs with their
own SSIM. Two things must be told apart by hand: their first skip joins (down, up) where all others join (up, down), so
two halves of one layer's weights change places; and the last LeakyReLU of their critic has a slope of 0.01, all others
of 0.2, which ours gets for this comparison.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import tyro
from torch import Tensor, nn
from tyro.conf import Positional

from benchmarks.train_step import Released
from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import RELEASED, TrainConfig
from ssagan_lite.training.systems import SSAGAN

WIDTH = 4
DOWN = {f"conv{i}": (f"downConv{i}", f"downBN{i}", f"attn_{i}") for i in range(1, 7)}
UP = {f"deconv{i}": (f"upConv{i}", f"upBN{i}", f"up_attn_{6 - i}") for i in range(1, 7)}


@dataclass
class Options:
    """Compare with the released code."""

    reference: Positional[Annotated[Path, tyro.conf.arg(metavar="PATH")]]
    """A checkout of the released code."""
    out: Path = Path("book/results/released_parity.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch("python -m benchmarks.released_parity PATH", seed=0)
    torch.manual_seed(0)
    config = TrainConfig(generator=GeneratorConfig(128, WIDTH, spectral_norm=True, backend="explicit"), **RELEASED)
    ours, theirs = SSAGAN(config), Released(options.reference, WIDTH)
    ours.discriminator.stages["conv5"].activation.negative_slope = 0.01
    for system in (ours, theirs):
        system.generator.double(), system.discriminator.double()
    pairs = {"discriminator": pair_critics(ours, theirs), "generator": pair_generators(ours, theirs)}
    real = to_float(torch.from_numpy(synthetic_clips(2, 128, 32, seed=0).frames)).double()
    values = {}
    for player, layers in pairs.items():
        found = [play(system, player, real, modules) for system, modules in ((ours, 0), (theirs, 1)) for modules in
                 [[pair[modules] for pair in layers]]]  # fmt: skip
        values[player] = compare(*found, layers)
        print(player, values[player])
    watch.write(options.out, {"width": WIDTH, "size": 128, "dtype": "float64", "largest_relative_difference": values})


def pair_generators(ours: SSAGAN, theirs: Released) -> list[tuple[nn.Module, nn.Module]]:
    """Copy weights and gammas; pairs of layers whose gradients are compared."""
    pairs = []
    stages = {**ours.generator.encoder, **ours.generator.decoder}
    for name, (conv, norm, attention) in {**DOWN, **UP}.items():
        stage = stages[name]
        copy_convolution(stage.convolution, getattr(theirs.generator, conv), swap=name == "deconv2")
        pairs.append((stage.convolution, getattr(theirs.generator, conv)))
        if hasattr(stage, "norm"):
            getattr(theirs.generator, norm).load_state_dict(stage.norm.state_dict())
        if hasattr(stage, "attention"):
            own, other = stage.attention, getattr(theirs.generator, attention)
            nn.init.constant_(own.gate.gamma, 0.2)
            other.gamma.data.copy_(own.gate.gamma)
            for part in ("query", "key", "value"):
                getattr(other, f"{part}_conv").load_state_dict(getattr(own, part).state_dict())
                pairs.append((getattr(own, part), getattr(other, f"{part}_conv")))
    return pairs


def pair_critics(ours: SSAGAN, theirs: Released) -> list[tuple[nn.Module, nn.Module]]:
    """The same for the discriminators, whose layers stand in the same order."""
    own = [m for m in ours.discriminator.modules() if isinstance(m, nn.Conv3d | nn.BatchNorm3d)]
    others = [m for m in theirs.discriminator.modules() if isinstance(m, nn.Conv3d | nn.BatchNorm3d)]
    for mine, other in zip(own, others, strict=True):
        if isinstance(mine, nn.Conv3d):
            copy_convolution(mine, other)
        else:
            other.load_state_dict(mine.state_dict())
    return [pair for pair in zip(own, others, strict=True) if isinstance(pair[0], nn.Conv3d)]


def copy_convolution(ours: nn.Module, theirs: nn.Module, swap: bool = False) -> None:
    """Weights, and the power iteration's vectors once it has converged: PyTorch's two forms differ in its order."""
    for _ in range(300):
        ours.weight  # noqa: B018  each reading in training is one step of the iteration
    normalisation = ours.parametrizations.weight[0]
    weight, right = ours.parametrizations.weight.original, normalisation._v
    theirs.weight_orig.data.copy_(halves_swapped(weight) if swap else weight)
    theirs.weight_u.copy_(
        halves_swapped(normalisation._u, 0) if swap and len(normalisation._u) == len(weight) else normalisation._u
    )
    theirs.weight_v.copy_(right)
    if swap:
        for _ in range(300):
            theirs(torch.zeros(1, weight.shape[0], 2, 2, 2, dtype=weight.dtype))


def halves_swapped(values: Tensor, dim: int = 0) -> Tensor:
    """The input channels of a transposed convolution, second half first."""
    return torch.cat(values.chunk(2, dim=dim)[::-1], dim=dim)


def play(system, player: str, real: Tensor, layers: list[nn.Module]) -> tuple[Tensor, list[Tensor]]:
    """The player's loss, and its gradients by layer."""
    torch.manual_seed(7)  # the gradient penalty draws a point between the clips
    loss, _ = (system.critic_loss if player == "discriminator" else system.generator_loss)(real)
    weights = [
        layer.parametrizations.weight.original if hasattr(layer, "parametrizations")
        else getattr(layer, "weight_orig", None) if hasattr(layer, "weight_orig") else layer.weight
        for layer in layers
    ]  # fmt: skip
    return loss.detach(), list(torch.autograd.grad(loss, weights))


def compare(ours: tuple, theirs: tuple, layers: list) -> dict[str, float]:
    """Relative differences: of the loss, and the largest of all layers' gradients, each against its largest entry."""
    gradients = 0.0
    for mine, other in zip(ours[1], theirs[1], strict=True):
        best = min(
            (mine - form).abs().max().item() for form in (other, halves_swapped(other)) if form.shape == mine.shape
        )
        gradients = max(gradients, best / mine.abs().max().item())
    return {"loss": abs(((ours[0] - theirs[0]) / ours[0]).item()), "gradients": gradients}


if __name__ == "__main__":
    main()
