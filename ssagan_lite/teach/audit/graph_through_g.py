"""The critic's step as released sends gradients through the generator, and then throws them away."""

import time

import torch
from torch import Tensor, nn

from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.sources import open_clips
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values, small
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import SSAGAN

SHAPE, CLIPS, TIMES = GeneratorConfig(size=32, width=4), 4, 3
EQUAL = 1e-6  # of gradients, in float32
WASTE = 1.05  # times the bytes that a step needs; what is above has a reason


def critic_gradients_as_released(system: SSAGAN, real: Tensor) -> list[Tensor]:
    """solver_beach.py:402-411: the generated clip enters the critic's loss together with the generator's graph."""
    system.discriminator.zero_grad()
    real_logits = system.discriminator(real)
    fake_logits = system.discriminator(system.generate(real))  # no detach(), no no_grad()
    system.game.critic(real_logits, fake_logits).backward()
    system.generator.zero_grad()  # what went through the generator is never used
    return [parameter.grad.clone() for parameter in system.discriminator.parameters()]


def critic_gradients(system: SSAGAN, real: Tensor) -> list[Tensor]:
    """The same gradients from a graph that ends at the generated clip."""
    system.discriminator.zero_grad()
    system.critic_loss(real)[0].backward()
    return [parameter.grad.clone() for parameter in system.discriminator.parameters()]


def bytes_kept(step, *given) -> int:
    """Bytes that autograd keeps for the backward pass of a step, each storage once."""
    seen: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    system: SSAGAN = given[0]
    networks = (system.generator, system.discriminator)
    weights = {parameter.untyped_storage().data_ptr() for network in networks for parameter in network.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        step(*given)
    return sum(seen.values())


def batch_norm_updates(system: SSAGAN, step, real: Tensor) -> int:
    """How often one critic step updates the running statistics of the generator's first BatchNorm."""
    norm = next(module for module in system.generator.modules() if isinstance(module, nn.BatchNorm3d))
    before = norm.num_batches_tracked.item()
    step(system, real)
    return norm.num_batches_tracked.item() - before


def seconds(step, *given) -> float:
    """The fastest of a few."""
    spent = []
    for _ in range(TIMES):
        started = time.perf_counter()
        step(*given)
        spent.append(time.perf_counter() - started)
    return min(spent)


def measure() -> Values:
    """Bytes, seconds and gradients of one critic step in both forms, same weights, same clips (32 px, width 4).

    benchmarks/train_step.py times whole cycles at the paper's size, where this is one of several savings.
    """
    system = SSAGAN(TrainConfig(generator=SHAPE, adversarial="released"))
    skies = open_clips("synthetic", SHAPE.size, SHAPE.frames, count=CLIPS)
    real = stack_clips([skies[i] for i in range(CLIPS)])  # (N, 3, T, H, W)
    forms = {"released": critic_gradients_as_released, "detached": critic_gradients}
    gradients = {name: step(system, real) for name, step in forms.items()}
    pairs = zip(gradients["released"], gradients["detached"], strict=True)
    kept = {name: bytes_kept(step, system, real) for name, step in forms.items()}
    spent = {name: seconds(step, system, real) for name, step in forms.items()}
    updates = {name: batch_norm_updates(system, step, real) for name, step in forms.items()}
    cycle = system.critic_steps * updates["released"] + 1  # the generator's own step makes one more
    return {
        "bytes": kept,
        "bytes_ratio": kept["released"] / kept["detached"],
        "seconds": spent,
        "seconds_ratio": spent["released"] / spent["detached"],
        "largest_gradient_difference": max((a - b).abs().max().item() for a, b in pairs),
        "batch_norm_updates": {name: system.critic_steps * count for name, count in updates.items()} | {"of": cycle},
    }


def verdict(values: Values) -> str:
    """By bytes, which are the same each time; seconds are not."""
    return HOLDS if values["bytes_ratio"] < WASTE else FAILS


def report(values: Values) -> str:
    """One sentence, without the seconds: they are another number each time."""
    updates = values["batch_norm_updates"]
    return (
        f"A critic step keeps {values['bytes_ratio']:.1f} times the bytes; the critic's gradients differ by "
        f"{small(values['largest_gradient_difference'], EQUAL)}, so it is wasteful and not wrong. "
        f"Of {updates['of']} updates of the generator's running statistics {updates['released']} come "
        f"from critic steps, detached {updates['detached']}."
    )


ROW = Row(
    title="The graph through the generator",
    paper="One generator update follows five discriminator updates.",
    section="section 4",
    code="In each discriminator update the generated clip is not detached: the backward pass goes on through the "
    "generator, whose gradients are then set to zero.",
    places=("solver_beach.py:402-411",),
    claim="A critic step costs what the critic's own gradients need.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
    timings=("seconds", "seconds_ratio"),
)
