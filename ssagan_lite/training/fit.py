"""The GAN loop, readable from top to bottom, the same for every System. Chapter 08.

clips --> batches --> critic step x 5 --> generator step --> metrics.jsonl, samples, checkpoint --.
            ^_____________________________________________________________________________________|
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Adam
from tqdm.auto import tqdm

from ssagan_lite.data.batches import BatchOrder, read_batches, stack_clips
from ssagan_lite.data.run_folder import RunFolder
from ssagan_lite.data.sources import open_clips
from ssagan_lite.errors import InputError
from ssagan_lite.training.checkpoint import load_checkpoint, restore_random_numbers, save_checkpoint
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import SSAGAN, Loss, System

SAMPLES = 4  # clips whose first frames are animated again and again, to watch the run


def fit(config: TrainConfig, clips=None, *, system: System | None = None, resume: bool = False) -> Path:
    """Train and return the run folder.

    clips: anything with len() and [i] -> uint8 (T, H, W, 3); opened from config.data where none are given. system: what
    to train; SSA-GAN as config says where none is given. resume: go on from the folder's last checkpoint.
    Raises InputError for a folder that holds another run, or clips that do not fit.
    """
    run, shape = RunFolder(config.out, asdict(config), resume), config.generator
    if clips is None:
        count = config.clips if config.data == "synthetic" else None
        how = {"count": count, "seed": config.seed, "longer": config.temporal_crops}
        clips = open_clips(config.data, shape.size, shape.frames, **how)
    order = BatchOrder(len(clips), config.batch, config.seed)
    needed = shape.frames, shape.size, shape.size, 3
    usable = clips[0][: shape.frames] if config.temporal_crops else clips[0]
    if usable.shape != needed:
        raise InputError(f"the clips have the shape {clips[0].shape}, and this generator needs {needed}.")

    torch.manual_seed(config.seed)
    fabric = start(config)
    system = system or SSAGAN(config)
    system.generator, generator_optimizer = fabric.setup(system.generator, adam(system.generator, config))
    system.discriminator, critic_optimizer = fabric.setup(system.discriminator, adam(system.discriminator, config))
    holders = {
        "generator": system.generator,
        "discriminator": system.discriminator,
        "generator_optimizer": generator_optimizer,
        "discriminator_optimizer": critic_optimizer,
        "precision": fabric.strategy.precision,
    }
    done = restore(run, holders, config.steps) if resume else 0
    batches = read_batches(
        clips, order, done * system.critic_steps, fabric.device, config.workers, shape.frames, config.flip
    )
    fixed = stack_clips(
        [clips[i][: shape.frames] for i in range(min(SAMPLES, len(clips)))], fabric.device
    )  # (4, 3, T, H, W)
    run.begin(done)
    started = time.perf_counter()
    networks = system.discriminator, system.generator
    for step in tqdm(range(done + 1, config.steps + 1), initial=done, total=config.steps, unit="step"):
        critic_logs = []
        for _ in range(system.critic_steps):
            real = next(batches)  # (N, 3, T, H, W)
            critic_logs.append(update(fabric, *networks, critic_optimizer, system.critic_loss, real))
        generator_log = update(fabric, *networks[::-1], generator_optimizer, system.generator_loss, real)
        line = summary(critic_logs, generator_log, system)
        check_finite(line, step, run)
        run.log(step, line | {"seconds": round(time.perf_counter() - started, 2)})
        if step % config.sample_every == 0 or step == config.steps:
            run.sample(step, fixed, animate(system, fixed))
            save(run, holders, config, step)
    return run.path


def start(config: TrainConfig) -> Fabric:
    """Find the device. Raises InputError where it is not there."""
    try:
        return Fabric(accelerator=config.device, devices=1, precision=config.precision)
    except (RuntimeError, ValueError, ImportError) as error:
        raise InputError(f"device '{config.device}' is not available here; use --device auto or cpu.") from error


def update(
    fabric: Fabric, network: nn.Module, rival: nn.Module, optimizer: Adam, loss: Callable[[Tensor], Loss], real: Tensor
) -> dict[str, Tensor]:
    """One step of one network. Only it requires gradients, so none are computed for its rival's weights."""
    rival.requires_grad_(False)
    network.requires_grad_(True)
    value, parts = loss(real)
    optimizer.zero_grad()
    fabric.backward(value)
    optimizer.step()
    return {name: part.detach() for name, part in parts.items()}


def adam(network: nn.Module, config: TrainConfig) -> Adam:
    """The paper's optimiser: Adam, learning rate 2e-4, betas (0.5, 0.9)."""
    return Adam(network.parameters(), lr=config.learning_rate, betas=config.betas)


@torch.no_grad()
def animate(system: System, real: Tensor) -> Tensor:
    """What the generator makes of the first frames, with BatchNorm as at inference. (N, 3, T, H, W)"""
    system.generator.eval()
    generated = system.generate(real)
    system.generator.train()
    return generated


def summary(critic_logs: list[dict], generator_log: dict, system: System) -> dict[str, float]:
    """One line of metrics: the critic's means over its steps, the generator's values, every gamma."""
    line = {f"critic/{name}": torch.stack([log[name] for log in critic_logs]).mean() for name in critic_logs[0]}
    line |= {f"generator/{name}": value for name, value in generator_log.items()}
    for name, value in system.generator.module.named_parameters():
        if name.endswith("gamma"):
            line[f"gamma/{name.split('.')[1]}"] = value
    return {name: round(value.item(), 6) for name, value in line.items()}


def check_finite(line: dict[str, float], step: int, run: RunFolder) -> None:
    """Stop before a broken network replaces the checkpoint of a sound one."""
    broken = [name for name, value in line.items() if not math.isfinite(value)]
    if broken:
        kept = f"the checkpoint in {run.path} is from before" if run.checkpoint.exists() else "nothing was saved"
        raise InputError(
            f"{broken[0]} is {line[broken[0]]} at step {step}; {kept}. Lower --learning-rate and start again."
        )


def save(run: RunFolder, holders: dict, config: TrainConfig, step: int) -> None:
    """The whole state of the run as one checkpoint."""
    state = {name: holder.state_dict() for name, holder in holders.items()}
    save_checkpoint(run.checkpoint, {"step": step, "generator_config": asdict(config.generator), **state})


def restore(run: RunFolder, holders: dict, steps: int) -> int:
    """Load the last checkpoint into networks, optimisers and random numbers; returns the steps done."""
    state = load_checkpoint(run.checkpoint)
    try:
        for name, holder in holders.items():
            holder.load_state_dict(state[name])
        restore_random_numbers(state)
        done = int(state["step"])
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise InputError(f"{run.checkpoint} does not hold the state of this run; choose another --out.") from error
    if done > steps:
        raise InputError(f"{run.path} has {done} steps behind it; ask for more than that with --steps.")
    return done
