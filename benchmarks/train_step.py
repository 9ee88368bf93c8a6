"""What one training cycle costs, five critic steps and one generator step: seconds, and peak memory.

    python benchmarks/train_step.py [--size 128] [--batch 2] [--reference PATH] [--out book/results/train_step.json]

Each row is a fresh process, so that nobody profits from another's memory. The textbook form holds each attention map,
sends all T copies of the first frame through the encoder, and keeps the generator's graph in the critic's step, as the
released code does; ours is what `ssagan train` runs. Both objectives are measured: the paper's, and the released
code's (gradient penalty, SSIM term, spectral normalisation), which is more work. PATH is a checkout of the released
code (github.com/UdonDa/SSA-GAN): its own networks are then driven through its own step. Chapter 08.
"""

import contextlib
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import torch
import tyro
from torch import Tensor, nn

from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import RELEASED, TrainConfig
from ssagan_lite.training.losses import gradient_penalty
from ssagan_lite.training.systems import SSAGAN, Loss

CRITIC_STEPS = 5


@dataclass
class Options:
    """Measure one training cycle."""

    size: int = 128
    """Pixels a side."""
    width: int = 32
    """Filters of conv1."""
    batch: int = 2
    """Clips a step."""
    cycles: int = 1
    """Timed cycles; the median counts. One critic and one generator step come before, untimed."""
    reference: Path | None = None
    """A checkout of the released code, for a row of its own (128 pixels, width 32)."""
    out: Path = Path("book/results/train_step.json")
    """Where the result goes."""
    only: str | None = None
    """Measure one row and print it as JSON (what each fresh process is asked)."""


class Textbook(SSAGAN):
    """The same game as it is written down first: nothing is saved."""

    def generate(self, real: Tensor) -> Tensor:
        return self.generator(real[:, :, :1].repeat(1, 1, real.shape[2], 1, 1))  # (N, 3, T, H, W)

    def critic_loss(self, real: Tensor) -> Loss:
        fake = self.generate(real)  # with its graph
        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        loss = self.game.critic(real_logits, fake_logits)
        if self.config.gradient_penalty:
            penalty = gradient_penalty(self.discriminator, self.game.score, real, fake.detach())
            loss = loss + self.config.gradient_penalty * penalty
        return loss, {}


class Released:
    """The released networks and the order of their step (`solver_beach.py`, train_stage1)."""

    def __init__(self, path: Path, width: int = 32):
        sys.path.insert(0, str(path / "src"))
        from models.Dynamic_Model_attn_channel_cat import MDGAN_S1_G, MDGAN_S2_D
        from pytorch_ssim import create_window, ssim

        self.generator = MDGAN_S1_G(sn=True, ngf=width, args=SimpleNamespace(attention_type="HW", c_cal=1))
        self.discriminator, self.ssim, self.window = MDGAN_S2_D(sn=True, ndf=width), ssim, create_window(11, channel=3)

    def critic_loss(self, real: Tensor) -> Loss:
        fake = self.generator(real[:, :, :1].repeat(1, 1, real.shape[2], 1, 1))
        loss = self.discriminator(fake)[0].mean() - self.discriminator(real)[0].mean()
        penalty = gradient_penalty(lambda clip: self.discriminator(clip)[0], lambda score: score, real, fake.detach())
        return loss + 10 * penalty, {}

    def generator_loss(self, real: Tensor) -> Loss:
        fake = self.generator(real[:, :, :1].repeat(1, 1, real.shape[2], 1, 1))
        loss = (fake - real).abs().mean() + 1 - self.ssim(real, fake, window=self.window.to(real))
        return loss - self.discriminator(fake)[0].mean(), {}


def main() -> None:
    options = tyro.cli(Options)
    if options.only:
        print(json.dumps(measure(options.only, options)))
        return
    watch = Stopwatch(f"python benchmarks/train_step.py --size {options.size} --batch {options.batch}", seed=0)
    names = [name for name in ROWS if name != "released code" or options.reference]
    rows = [in_fresh_process(name, options) for name in names]
    by_name = {row["name"]: row for row in rows}
    for row in rows:
        against = by_name[f"textbook, {row['objective']} objective"]
        row["speed_up_over_textbook"] = round(against["seconds"] / row["seconds"], 2)
        if "released code" in by_name:
            row["speed_up_over_released"] = round(by_name["released code"]["seconds"] / row["seconds"], 2)
        print("{name:45} {seconds:7.2f} s  {speed_up_over_textbook:5.2f} x  {activations_mib:7.0f} MiB".format(**row))
    shape = {"size": options.size, "width": options.width, "batch": options.batch}
    watch.write(options.out, {**shape, "threads": torch.get_num_threads(), "rows": rows})


def in_fresh_process(name: str, options: Options) -> dict:
    """A process's peak memory never falls again, so each row gets its own."""
    command = [sys.executable, __file__, "--only", name, "--size", options.size, "--width", options.width]
    command += ["--batch", options.batch, "--cycles", options.cycles]
    command += ["--reference", options.reference] if options.reference else []
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def config(options: Options, objective: str, backend: str = "auto") -> TrainConfig:
    """The run that a row is a cycle of."""
    extras = RELEASED if objective == "released" else {}
    shape = GeneratorConfig(options.size, options.width, backend=backend, spectral_norm=objective == "released")
    return TrainConfig(generator=shape, batch=options.batch, **extras)


def measure(name: str, options: Options) -> dict:
    """Seconds of a cycle, and memory in MiB by what holds it."""
    objective, make, settings = ROWS[name]
    torch.manual_seed(0)
    imported = peak_mib()
    system = make(options, objective)
    optimizers = {
        part: torch.optim.Adam(getattr(system, part).parameters(), 2e-4, (0.5, 0.9), fused=settings.get("fused", False))
        for part in ("discriminator", "generator")
    }
    if settings.get("channels_last"):
        for part in optimizers:
            getattr(system, part).to(memory_format=torch.channels_last_3d)
    frames = system.config.generator.frames if isinstance(system, SSAGAN) else 32
    real = to_float(torch.from_numpy(synthetic_clips(options.batch, options.size, frames, seed=0).frames))
    real = real if settings.get("channels_last") else real.contiguous()  # bytes come with their colours side by side
    step = stepper(system, optimizers, real, settings)
    step("discriminator")
    step("generator")
    cycle = ["discriminator"] * CRITIC_STEPS + ["generator"]
    seconds = [timed(lambda: [step(part) for part in cycle]) for _ in range(options.cycles)]
    weights = sum(p.numel() for part in optimizers for p in getattr(system, part).parameters()) * 4 / 2**20
    held = {"imports_mib": imported, "weights_mib": weights, "gradients_mib": weights, "optimizer_mib": 2 * weights}
    row = {"name": name, "objective": objective, "seconds": round(statistics.median(seconds), 3), **held}
    return row | {"peak_mib": peak_mib(), "activations_mib": round(peak_mib() - imported - 4 * weights, 1)}


def stepper(system, optimizers: dict, real: Tensor, settings: dict) -> Callable[[str], None]:
    """A function that makes one step of one network; the package freezes the rival meanwhile, the textbook does not."""
    losses = {"discriminator": system.critic_loss, "generator": system.generator_loss}
    bf16 = settings.get("bf16", False)

    def step(part: str) -> None:
        if settings.get("freeze", True):
            for other in optimizers:
                getattr(system, other).requires_grad_(other == part)
        with torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext():
            loss, _ = losses[part](real)
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        loss.backward()
        optimizers[part].step()

    return step


def timed(act: Callable[[], object]) -> float:
    """Seconds."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def peak_mib() -> float:
    """The most memory that this process has held so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def textbook(options: Options, objective: str) -> Textbook:
    return Textbook(config(options, objective, backend="explicit"))


def ours(options: Options, objective: str) -> SSAGAN:
    return SSAGAN(config(options, objective))


def released(options: Options, objective: str) -> nn.Module:
    return Released(options.reference)


# name: (objective, what makes the system, settings of the step)
ROWS: dict[str, tuple[str, Callable, dict]] = {
    "textbook, paper objective": ("paper", textbook, {"freeze": False}),
    "ours, paper objective": ("paper", ours, {"channels_last": True}),
    "ours, paper objective, not channels_last_3d": ("paper", ours, {}),
    "ours, paper objective, fused Adam": ("paper", ours, {"channels_last": True, "fused": True}),
    "ours, paper objective, bf16": ("paper", ours, {"channels_last": True, "bf16": True}),
    "textbook, released objective": ("released", textbook, {"freeze": False}),
    "ours, released objective": ("released", ours, {"channels_last": True}),
    "released code": ("released", released, {"freeze": False}),
}

if __name__ == "__main__":
    main()
