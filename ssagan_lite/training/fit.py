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
from ssagan_lite.data.curves import draw_curves
from ssagan_lite.data.run_folder import RunFolder
from ssagan_lite.data.sources import open_clips
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.motion import flow_magnitude_ratio
from ssagan_lite.training.checkpoint import load_checkpoint, restore_random_numbers, save_checkpoint
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.devices import average_gradients, gradient_norm, interruptible, start
from ssagan_lite.training.systems import SSAGAN, Loss, System

SAMPLES = 4  # clips whose first frames are animated again and again, to watch the run
OWN = ("ssagan", "mdgan-stage1")  # what SSAGAN trains; what trains the other models, baselines/registry.py knows
EXPLODED = 1e6  # a loss or a gradient beyond this will not come back


def fit(
    config: TrainConfig,
    clips=None,
    *,
    system: System | Callable[[TrainConfig], System] | None = None,
    resume: bool = False,
) -> Path:
    """Train and return the run folder.

    clips: anything with len() and [i] -> uint8 (T, H, W, 3); opened from config.data where none are given. system: what
    to train, or what makes it of config, after the seed is set; needed for models other than SSA-GAN. resume: go on
    from the folder's last checkpoint. Raises InputError for a folder that holds another run, for clips that do not fit
    and a missing system, and KeyboardInterrupt, after a checkpoint, when Ctrl-C asked to stop.
    """
    if system is None and config.model not in OWN:
        raise InputError(f"{config.model} needs system=maker(config, load_generator), see baselines/registry.py.")
    run, shape = RunFolder(config.out, asdict(config), resume), config.generator
    clips = find_clips(config) if clips is None else clips
    order = BatchOrder(len(clips), config.batch, config.seed)
    check_shape(clips[0], config)
    fabric = start(config)
    torch.manual_seed(config.seed)
    system = system if isinstance(system, System) else (system or SSAGAN)(config)
    holders = set_up(fabric, system, config)
    done = restore(run, holders, config.steps) if resume else 0
    batches = read_batches(clips, order, done * system.critic_steps, fabric.device, **reading(config, fabric))
    fixed = [clips[i][: shape.frames] for i in range(min(SAMPLES, len(clips)))]
    fixed = stack_clips(fixed, fabric.device)  # (4, 3, T, H, W)
    if fabric.is_global_zero:
        run.begin(done)
    progress = tqdm(
        range(done + 1, config.steps + 1),
        initial=done,
        total=config.steps,
        unit="step",
        disable=not fabric.is_global_zero,
    )
    networks, started = (system.discriminator, system.generator), time.perf_counter()
    with interruptible() as asked:
        for step in progress:
            set_learning_rate(holders, config, step)
            critic_logs = []
            for _ in range(system.critic_steps):
                real = next(batches)  # (N, 3, T, H, W)
                critic_logs.append(
                    update(fabric, *networks, holders["discriminator_optimizer"], system.critic_loss, real)
                )
            generator_log = update(fabric, *networks[::-1], holders["generator_optimizer"], system.generator_loss, real)
            line, stop = summary(fabric, critic_logs, generator_log, system, asked)
            check_finite(line, step, run, fp16=fabric.strategy.precision.precision == "16-mixed")
            keep = step % config.sample_every == 0 or step == config.steps
            if fabric.is_global_zero:
                line |= watch(run, step, fixed, system) if keep else {}
                fabric.log_dict(line, step)
                run.log(step, line | {"seconds": round(time.perf_counter() - started, 2)})
                if keep:
                    draw_curves(run.metrics(), run.path / "curves.png")
                if keep or stop:
                    save(run, holders, system, step)
            if stop:
                raise KeyboardInterrupt(f"stopped after step {step}, which is saved; go on with --resume")
    for logger in fabric.loggers:
        logger.finalize("success")
    return run.finish()


def find_clips(config: TrainConfig):
    """The clips that config.data names."""
    count = config.clips if config.data == "synthetic" else None
    how = {"count": count, "seed": config.seed, "longer": config.temporal_crops}
    return open_clips(config.data, config.generator.size, config.generator.frames, **how)


def check_shape(clip, config: TrainConfig) -> None:
    """Raise InputError unless clips like this one fit the generator, and the batch the devices."""
    shape, processes = config.generator, config.devices * config.num_nodes
    needed = shape.frames, shape.size, shape.size, 3
    if (clip[: shape.frames] if config.temporal_crops else clip).shape != needed:
        raise InputError(f"the clips have the shape {clip.shape}, and this generator needs {needed}.")
    if config.batch % processes:
        raise InputError(f"a batch of {config.batch} cannot be divided among {processes} devices; change --batch.")


def set_up(fabric: Fabric, system: System, config: TrainConfig) -> dict:
    """Put both networks and their optimisers on the device. Returns all that has a state, by name."""
    for name in ("generator", "discriminator"):
        network = getattr(system, name)
        if config.sync_batch_norm:
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        # Clips come with their colours side by side in memory; convolutions run faster so (benchmarks/train_step.py).
        for module in network.modules():
            if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
                module.to(memory_format=torch.channels_last_3d)
        setattr(system, name, network)
    system.generator, generator_optimizer = fabric.setup(system.generator, adam(system.generator, config))
    system.discriminator, critic_optimizer = fabric.setup(system.discriminator, adam(system.discriminator, config))
    return {
        "generator": system.generator,
        "discriminator": system.discriminator,
        "generator_optimizer": generator_optimizer,
        "discriminator_optimizer": critic_optimizer,
        "precision": fabric.strategy.precision,
    }


def reading(config: TrainConfig, fabric: Fabric) -> dict:
    """How the clips are read: each process takes its share of every batch."""
    share = config.batch // fabric.world_size
    part = slice(fabric.global_rank * share, (fabric.global_rank + 1) * share)
    return {"workers": config.workers, "frames": config.generator.frames, "flip": config.flip, "part": part}


def update(
    fabric: Fabric, network: nn.Module, rival: nn.Module, optimizer: Adam, loss: Callable[[Tensor], Loss], real: Tensor
) -> dict[str, Tensor]:
    """One step of one network. Only it requires gradients, so none are computed for its rival's weights."""
    rival.requires_grad_(False)
    network.requires_grad_(True)
    value, parts = loss(real)
    optimizer.zero_grad()
    fabric.backward(value)
    average_gradients(fabric, network)  # before the scaler looks at them: all processes must skip the same steps
    fabric.strategy.precision.unscale_gradients(optimizer.optimizer)  # only fp16 scales them
    norm = gradient_norm(network)
    optimizer.step()
    return {name: part.detach() for name, part in parts.items()} | {"gradient": norm}


def adam(network: nn.Module, config: TrainConfig) -> Adam:
    """The paper's optimiser: Adam, learning rate 2e-4, betas (0.5, 0.9)."""
    return Adam(network.parameters(), lr=config.learning_rate, betas=config.betas)


def set_learning_rate(holders: dict, config: TrainConfig, step: int) -> None:
    """Divide it by ten after each milestone: a function of the step alone, so that resuming needs nothing more."""
    passed = sum(step > milestone for milestone in config.milestones)
    for name in ("generator_optimizer", "discriminator_optimizer"):
        for group in holders[name].param_groups:
            group["lr"] = config.learning_rate * 0.1**passed


@torch.no_grad()
def animate(system: System, real: Tensor) -> Tensor:
    """What the generator makes of the first frames, with BatchNorm as at inference. (N, 3, T, H, W)"""
    system.generator.eval()
    generated = system.generate(real)
    system.generator.train()
    return generated


def summary(
    fabric: Fabric, critic_logs: list[dict], generator_log: dict, system: System, asked: list
) -> tuple[dict[str, float], bool]:
    """One line of metrics, the same in all processes: the critic's means over its steps, the generator's values, every
    gamma. And whether any process was asked to stop.
    """
    line = {f"critic/{name}": torch.stack([log[name] for log in critic_logs]).mean() for name in critic_logs[0]}
    line |= {f"generator/{name}": value for name, value in generator_log.items()}
    line["gradient/discriminator"], line["gradient/generator"] = (
        line.pop("critic/gradient"),
        line.pop("generator/gradient"),
    )
    for name, value in system.generator.module.named_parameters():
        if name.endswith("gamma") and not name.startswith("stage1."):  # the first of two stages is frozen
            line[f"gamma/{name.partition('.attention')[0].rpartition('.')[2]}"] = value.detach().squeeze()
    line["stop"] = torch.tensor(float(bool(asked)), device=fabric.device)
    values = fabric.all_reduce(torch.stack([value.float() for value in line.values()]), reduce_op="mean").tolist()
    line = {name: round(value, 6) for name, value in zip(line, values, strict=True)}
    return line, line.pop("stop") > 0


def check_finite(line: dict[str, float], step: int, run: RunFolder, fp16: bool = False) -> None:
    """Stop before a broken network replaces the checkpoint of a sound one.

    fp16: gradients may overflow, because the scaler is looking for its scale; it skips such a step by itself.
    """
    broken = [n for n, value in line.items() if not abs(value) < EXPLODED and not (fp16 and n.startswith("gradient/"))]
    if broken:
        kept = f"the checkpoint in {run.path} is from before" if run.checkpoint.exists() else "nothing was saved"
        what = "exploded" if math.isfinite(line[broken[0]]) else "is no number any more"
        raise InputError(
            f"{broken[0]} {what} ({line[broken[0]]}) at step {step}; {kept}. Lower --learning-rate and start again."
        )


def watch(run: RunFolder, step: int, fixed: Tensor, system: System) -> dict[str, float]:
    """A sample video, the figure of the curves, and how much the samples move, over how much the real clips do."""
    generated = animate(system, fixed)
    run.sample(step, fixed, generated)
    ratio = flow_magnitude_ratio(generated.float(), fixed)
    return {"motion/flow_ratio": round(ratio, 4)} if math.isfinite(ratio) else {}


def save(run: RunFolder, holders: dict, system: System, step: int) -> None:
    """The whole state of the run as one checkpoint."""
    state = {name: holder.state_dict() for name, holder in holders.items()}
    save_checkpoint(run.checkpoint, {"step": step, "generator_config": system.description(), **state})


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
