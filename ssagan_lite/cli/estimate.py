"""What a training run will cost, told before it starts: arithmetic, memory, and time on this machine. Chapter 08.

FLOPs and activations are counted on tensors without storage, so the paper's size needs no more memory than the
smallest; only the time is measured, on a run small enough to wait for.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ssagan_lite.baselines.registry import untrained
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import System

BYTES = 4  # of a float32: weights, gradients and Adam's moments have 32 bits in mixed precision too
SMALL_SIZE, SMALL_WIDTH, SMALL_BATCH = 64, 16, 2  # of the timed run on a CPU: seconds, not minutes


@dataclass(frozen=True)
class Estimate:
    """What a cycle, `critic_steps` steps of the discriminator and one of the generator, costs at the run's batch."""

    flops_cycle: float
    """Operations of convolutions and matrix products, forward and backward; a multiply-add is two."""
    weight_bytes: int
    """Both networks' parameters; their gradients take as much again."""
    optimizer_bytes: int
    """Adam's two moments of each parameter."""
    activation_bytes: int
    """What autograd keeps for the backward pass, in the step that keeps more of it, with 32 bits a number."""
    seconds_cycle: float | None
    """Seconds on one device of this machine; None where it was not measured."""
    how: str
    """One sentence: where the seconds come from."""


def estimate(config: TrainConfig, measure: bool = True) -> Estimate:
    """Count, and with measure also time a small run. Raises InputError where config.device is not there."""
    flops = count_flops(config)
    weights = BYTES * count_parameters(config)
    seconds, how = extrapolate_time(config, flops) if measure else (None, "the time was not measured.")
    return Estimate(flops, weights, 2 * weights, count_activations(config), seconds, how)


def estimate_lines(estimate: Estimate, config: TrainConfig) -> list[str]:
    """The estimate as sentences to print."""
    critic, e = config.critic_steps, estimate
    mixed = " (counted in 32 bits; about half of it where precision is mixed)" if config.precision != "32-true" else ""
    lines = [
        f"one cycle ({plural(critic, 'critic step')}, 1 generator step): {with_prefix(e.flops_cycle)}FLOP, "
        "attention counted in its explicit form",
        f"memory: {gigabytes(e.weight_bytes)} weights + {gigabytes(e.weight_bytes)} gradients + "
        f"{gigabytes(e.optimizer_bytes)} optimiser + {gigabytes(e.activation_bytes)} activations{mixed}, "
        "before workspace",
    ]
    if e.seconds_cycle is None:
        return [*lines, f"time: unknown; {e.how}"]
    whole = f"{duration(e.seconds_cycle * config.steps)} for {plural(config.steps, 'step')}"
    return [*lines, f"about {duration(e.seconds_cycle)} a cycle here, {whole}: {e.how}"]


def count_flops(config: TrainConfig) -> float:
    """FLOPs of a cycle at config.batch, with attention in its explicit form, the one whose products can be seen."""
    explicit = config.replace(generator=replace(config.generator, backend="explicit"))

    def cycle(batch: int) -> float:
        with without_storage():
            system = untrained(explicit)
            return config.critic_steps * flops_of(system, "critic", batch) + flops_of(system, "generator", batch)

    return at_batch(config.batch, cycle)


def flops_of(system: System, player: str, batch: int) -> float:
    """FLOPs of one player's step, forward and backward. Call it where tensors have no storage."""
    with FlopCounter() as counter:
        loss_of(system, player, batch).backward()
    return counter.flops


class FlopCounter(TorchDispatchMode):
    """Adds up PyTorch's own formulas for convolutions and matrix products; the rest of the arithmetic is not counted.

    PyTorch's FlopCounterMode also watches modules, with hooks that do not let a gradient penalty through.
    """

    def __init__(self):
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if formula := flop_registry.get(func._overloadpacket):
            self.flops += formula(*args, **(kwargs or {}), out_val=out)
        return out


def count_activations(config: TrainConfig) -> int:
    """Bytes that autograd keeps between forward and backward at config.batch, of the player that keeps more."""
    # A checkpoint keeps its arguments out of autograd's sight: the same queries, keys and values that the fused form
    # keeps in its sight, so that form is counted in its place.
    seen = "fused" if config.generator.backend == "chunked" else config.generator.backend
    visible = config.replace(generator=replace(config.generator, backend=seen))

    def step(player: str, batch: int) -> int:
        with without_storage():
            return saved_bytes(untrained(visible), player, batch)

    return int(max(at_batch(config.batch, lambda n, p=player: step(p, n)) for player in ("critic", "generator")))


def saved_bytes(system: System, player: str, batch: int) -> int:
    """Bytes of the storages that one player's loss leaves saved, each counted once, and the parameters not at all."""
    saved: dict[int, Tensor] = {}  # holding the tensors keeps an address from being given twice

    def keep(tensor: Tensor) -> Tensor:
        saved.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = loss_of(system, player, batch)
    own = {p.untyped_storage()._cdata for network in networks(system) for p in network.parameters()}
    total = sum(tensor.untyped_storage().nbytes() for address, tensor in saved.items() if address not in own)
    del loss  # it lived as long as the sum, so all that is counted was held at once
    return total


def loss_of(system: System, player: str, batch: int) -> Tensor:
    """One player's loss on a batch of zeros; as in fit(), only that player's weights require gradients."""
    shape, critic = system.config.generator, player == "critic"
    system.generator.requires_grad_(not critic)
    system.discriminator.requires_grad_(critic)
    real = torch.zeros(batch, 3, shape.frames, shape.size, shape.size)  # (N, 3, T, H, W)
    return (system.critic_loss if critic else system.generator_loss)(real)[0]


def count_parameters(config: TrainConfig) -> int:
    """How many numbers both networks learn."""
    with without_storage():
        return sum(p.numel() for network in networks(untrained(config)) for p in network.parameters())


def networks(system: System) -> tuple[nn.Module, nn.Module]:
    """Both players' networks."""
    return system.generator, system.discriminator


@contextmanager
def without_storage() -> Iterator[None]:
    """Tensors made in here have a shape and a device but no numbers, and the random numbers stay as they are."""
    # Not the meta device: there the fused attention falls back to a form that keeps the whole map.
    with torch.random.fork_rng(devices=[]), FakeTensorMode():
        yield


def at_batch(batch: int, cost) -> float:
    """cost(batch) from cost(1) and cost(2): every clip adds the same, to what weights alone cost."""
    one, two = cost(1), cost(2)
    return one + (batch - 1) * (two - one)


def extrapolate_time(config: TrainConfig, flops: float) -> tuple[float | None, str]:
    """Seconds of a cycle at the rate, in FLOP/s, that a small run reaches here; and how that was found out."""
    from ssagan_lite.training.fit import start  # lightning is slow to import, and who does not measure does without

    config = config.replace(devices=1, num_nodes=1, sync_batch_norm=False)  # an estimate starts no processes
    fabric = start(config)
    small = scaled_down(config, fabric.device.type)
    try:
        with torch.random.fork_rng(devices=[]):
            seconds = time_cycle(small, fabric)
    except RuntimeError as error:  # above all, too little memory
        return None, f"the small run failed ({str(error).strip().split(chr(10))[0].rstrip('.')})."
    rate = count_flops(small) / seconds
    run = f"size {small.generator.size}, width {small.generator.width}, batch {small.batch}"
    measured = (
        f"estimated from one cycle on one device at {run}, which took {duration(seconds)} ({with_prefix(rate)}FLOP/s)"
    )
    return flops / rate, f"{measured}; an extrapolation, which can be off by a factor of two."


def scaled_down(config: TrainConfig, device: str) -> TrainConfig:
    """The run to time: fewer clips, and on a CPU also fewer pixels and filters."""
    shape, batch = config.generator, min(config.batch, SMALL_BATCH)
    if device != "cpu":  # networks of less than their real width would leave a GPU idle, and say nothing of its rate
        return config.replace(batch=batch)
    width = min(shape.width, SMALL_WIDTH)
    small = GeneratorConfig(size=min(shape.size, SMALL_SIZE), width=width)
    attended = tuple(name for name in shape.attended if name in small.attendable)
    changes = {"size": small.size, "width": width, "attention": attended, "reduction": math.gcd(shape.reduction, width)}
    return config.replace(generator=replace(shape, **changes), batch=batch)


def time_cycle(config: TrainConfig, fabric) -> float:
    """Seconds of a cycle of real training steps on random clips, after one that warms up. fabric: a Fabric."""
    from ssagan_lite.training.fit import adam, update

    system, shape = untrained(config), config.generator
    system.generator, generator_optimizer = fabric.setup(system.generator, adam(system.generator, config))
    system.discriminator, critic_optimizer = fabric.setup(system.discriminator, adam(system.discriminator, config))
    real = torch.rand(config.batch, 3, shape.frames, shape.size, shape.size, device=fabric.device) * 2 - 1
    players = system.discriminator, system.generator
    for _ in range(2):  # the second one counts
        synchronise(fabric.device)
        started = time.perf_counter()
        for _ in range(config.critic_steps):
            update(fabric, *players, critic_optimizer, system.critic_loss, real)
        update(fabric, *players[::-1], generator_optimizer, system.generator_loss, real)
        synchronise(fabric.device)
    return time.perf_counter() - started


def synchronise(device: torch.device) -> None:
    """Wait for a GPU, which works on after Python has gone on."""
    if device.type != "cpu":
        torch.accelerator.synchronize()


def gigabytes(count: float) -> str:
    """Bytes as GB of 10^9, two digits that count: 0.21 GB."""
    return f"{count / 1e9:.2g} GB" if count < 1e11 else f"{count / 1e9:,.0f} GB"


def with_prefix(count: float) -> str:
    """A number and the prefix of its unit: 12.3 T."""
    power = min(5, max(0, int(math.log10(max(count, 1)) // 3)))
    return f"{count / 1000**power:.3g} {('', 'k', 'M', 'G', 'T', 'P')[power]}"


def duration(seconds: float) -> str:
    """Seconds in the largest unit of which there are two: 3.1 s, 38 hours."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def plural(count: int, noun: str) -> str:
    """A count and its noun: 1 step, 44,000 steps."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
