"""Train one small SSA-GAN as it should be and eight with a mistake each, and write book/results/failures.json.

    python experiments/failures.py [--steps 300] [--out book/results/failures.json]

About a quarter of an hour on one core. A run that is finished is kept in --runs, so the command may be stopped and
given again. What is stored of each run: its curves, one clip of a drawn sky, its scores on skies it never saw, and the
number that shows its symptom. Chapter 08 shows them.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
import tyro
from torch import Tensor, nn
from torch.optim import Adam

from ssagan_lite.cli.options import end_well
from ssagan_lite.data.batches import BatchOrder
from ssagan_lite.data.clips import to_float, to_uint8
from ssagan_lite.data.sources import open_clips
from ssagan_lite.evaluation import metrics
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.model.generator import Generator, GeneratorConfig
from ssagan_lite.teach.frames import sprites
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.devices import gradient_norm
from ssagan_lite.training.systems import SSAGAN

BATCH, CLIPS, UNSEEN = 8, 512, 200
SAMPLE = 2  # which unseen sky is kept as a clip
POINTS = 60  # of a stored curve; each is the mean of the cycles around it
SETTINGS = {"content_weight": 20.0, "critic_steps": 2, "learning_rate": 5e-4, "batch": BATCH, "clips": CLIPS}


class Healthy:
    """A run without a mistake. Each class below changes the lines that are wrong in its run, and nothing else."""

    changes: Mapping = MappingProxyType({})
    clips = CLIPS

    def __init__(self, shape: GeneratorConfig, seed: int):
        self.config = TrainConfig(generator=shape, seed=seed, **{**SETTINGS, **self.changes})
        torch.manual_seed(seed)
        self.system = SSAGAN(self.config)
        self.critic_optimizer = self.adam(self.system.discriminator)
        self.generator_optimizer = self.adam(self.system.generator)

    def adam(self, network: nn.Module) -> Adam:
        return Adam(network.parameters(), lr=self.config.learning_rate, betas=self.config.betas)

    def load(self, frames: np.ndarray) -> Tensor:
        """uint8 (N, T, H, W, 3) -> (N, 3, T, H, W) in [-1, 1]."""
        return to_float(torch.from_numpy(frames))

    def critic_step(self, real: Tensor) -> dict[str, Tensor]:
        self.critic_optimizer.zero_grad()
        loss, parts = self.system.critic_loss(real)
        loss.backward()
        self.critic_optimizer.step()
        return parts

    def generator_step(self, real: Tensor) -> dict[str, Tensor]:
        self.generator_optimizer.zero_grad()
        loss, parts = self.system.generator_loss(real)
        loss.backward()
        self.generator_optimizer.step()
        return parts

    def cycle(self, batches: list[Tensor]) -> dict[str, float]:
        """A critic step on each batch, a generator step on the last; the rival is frozen. What is to be drawn."""
        generator, critic = self.system.generator, self.system.discriminator
        generator.requires_grad_(False)
        critic.requires_grad_(True)
        for real in batches:
            judged = self.critic_step(real)
        generator.requires_grad_(True)
        critic.requires_grad_(False)
        made = self.generator_step(batches[-1])
        values = {name: judged[name] for name in ("real_logit", "fake_logit")}
        values |= {"content": made["content"], "generator_loss": made["loss"]}
        values |= {"critic_gradient": gradient_norm(critic), "generator_gradient": gradient_norm(generator)}
        return {name: value.item() for name, value in values.items()}

    @torch.no_grad()
    def animate(self, real: Tensor) -> Tensor:
        """Clips from the first frames of others, with BatchNorm as at inference."""
        self.system.generator.eval()
        parts = [self.system.generate(part) for part in real.split(25)]
        self.system.generator.train()
        return torch.cat(parts)

    def scores(self, unseen: Tensor) -> dict[str, float]:
        """Measured as this run sees the clips, on its own scale of colours."""
        made = self.animate(unseen)
        motion = metrics.motion_energy(made).mean() / metrics.motion_energy(unseen).mean()
        values = {"content": (made - unseen).abs().mean(), "motion_energy_ratio": motion}
        values |= {"psnr": metrics.mean_psnr(metrics.psnr(made, unseen)[:, 1:])}
        values |= {"darkest": made.flatten()[::100].quantile(0.01)}
        return {name: round(value.item(), 4) for name, value in values.items()}


class LargeSteps(Healthy):
    changes = MappingProxyType({"learning_rate": 100 * SETTINGS["learning_rate"]})


class StrongCritic(Healthy):
    """Five critic steps a cycle, and the form of the game that saturates."""

    changes = MappingProxyType({"adversarial": "minimax", "critic_steps": 5})


class IdleCritic(Healthy):
    def critic_step(self, real: Tensor) -> dict[str, Tensor]:
        self.critic_optimizer.zero_grad()
        loss, parts = self.system.critic_loss(real)
        loss.backward()
        return parts  # and no step


class ForeignParameters(Healthy):
    def __init__(self, shape: GeneratorConfig, seed: int):
        super().__init__(shape, seed)
        self.generator_optimizer = self.adam(Generator(shape))  # another generator's weights


class GradientsPileUp(Healthy):
    def critic_step(self, real: Tensor) -> dict[str, Tensor]:
        loss, parts = self.system.critic_loss(real)
        loss.backward()  # on top of all gradients before
        self.critic_optimizer.step()
        return parts


class ZeroToOne(Healthy):
    def load(self, frames: np.ndarray) -> Tensor:
        return torch.from_numpy(frames).permute(0, 4, 1, 2, 3) / 255  # black is 0, not -1


class SwappedLabels(Healthy):
    def __init__(self, shape: GeneratorConfig, seed: int):
        super().__init__(shape, seed)
        right = self.system.game
        self.system.game = replace(right, critic=lambda real, fake: right.critic(fake, real))


class FewClips(Healthy):
    clips = 8


MISTAKES = {
    "large_steps": LargeSteps,
    "strong_critic": StrongCritic,
    "idle_critic": IdleCritic,
    "foreign_parameters": ForeignParameters,
    "gradients_pile_up": GradientsPileUp,
    "zero_to_one": ZeroToOne,
    "swapped_labels": SwappedLabels,
    "few_clips": FewClips,
}
WARD = ("large_steps", "idle_critic", "foreign_parameters", "gradients_pile_up", "swapped_labels")  # exercise 8.2


@dataclass
class Options:
    """Train one run as it should be, on three seeds, and eight runs with a mistake each."""

    steps: int = 300
    """Cycles of a run."""
    out: Path = Path("book/results/failures.json")
    """Where the result goes."""
    runs: Path = Path("runs/failures")
    """Where each finished run is kept, so that the command can be stopped and given again."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python experiments/failures.py --steps {options.steps}", seed=0)
    gallery, ward = GeneratorConfig(size=32, width=4), GeneratorConfig(size=16, width=4)
    few = options.steps * 4 // 5
    healthy = [kept(options, Healthy, gallery, seed, options.steps) for seed in range(3)]
    failed = {name: kept(options, mistake, gallery, 0, options.steps) for name, mistake in MISTAKES.items()}
    small = [kept(options, Healthy, ward, seed, few) for seed in range(10, 14)]
    patients = {name: kept(options, MISTAKES[name], ward, 14, few) for name in WARD}
    for run in [*healthy[1:], *small, *patients.values()]:
        del run["sample"]  # its curves are enough
    spent = sum(run["cpu_seconds"] for run in [*healthy, *failed.values(), *small, *patients.values()])
    values = {"settings": SETTINGS, "unseen_clips": UNSEEN, "cpu_seconds": spent, "healthy": healthy, "failed": failed}
    values["symptoms"] = {name: symptom(name, run, healthy) for name, run in failed.items()}
    watch.write(options.out, values | {"ward": {"healthy": small, "failed": patients}})


def kept(options: Options, kind: type[Healthy], shape: GeneratorConfig, seed: int, steps: int) -> dict:
    """The record of a run: read where it is finished, trained and written where it is not."""
    file = options.runs / f"{kind.__name__}-{shape.size}-{seed}-{steps}.json"
    if not file.exists():
        print(f"training {file.stem}", flush=True)
        record = train(kind(shape, seed), steps)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(record))
    return json.loads(file.read_text())


def train(run: Healthy, steps: int) -> dict:
    """Curves, scores on unseen skies on the way, and one clip at the end."""
    started, shape, seed = time.process_time(), run.config.generator, run.config.seed
    real = run.load(skies(shape, "train", CLIPS)[: run.clips])  # (N, 3, T, H, W)
    unseen = run.load(skies(shape, "test", UNSEEN))
    order = BatchOrder(run.clips, BATCH, seed).starting_at(0)
    logs, scores, often = [], [], max(1, steps // 4)
    for step in range(1, steps + 1):
        logs.append(run.cycle([real[next(order)] for _ in range(run.config.critic_steps)]))
        if step % often == 0:
            scores.append({"step": step, **run.scores(unseen)})
    record = {"cycles": steps, "cpu_seconds": round(time.process_time() - started), "curves": curves(logs)}
    return record | {"unseen": scores, "sample": picture(run.animate(unseen)[SAMPLE])}


@cache
def skies(shape: GeneratorConfig, split: str, count: int) -> np.ndarray:
    """Drawn skies, uint8 (N, T, H, W, 3)."""
    clips = open_clips("synthetic", shape.size, shape.frames, split=split, count=count)
    return np.stack([clips[index] for index in range(count)])


def curves(logs: list[dict[str, float]]) -> dict[str, list[float]]:
    """Each curve as at most POINTS means of neighbouring cycles."""
    parts = np.array_split(np.arange(len(logs)), min(POINTS, len(logs)))
    values = {name: np.array([log[name] for log in logs]) for name in logs[0]}
    return {name: [float(f"{each[part].mean():.4g}") for part in parts] for name, each in values.items()}


def picture(clip: Tensor) -> dict:
    """A clip (3, T, H, W) as the player takes it."""
    frames = to_uint8(clip[None].clamp(-1, 1))[0].cpu().numpy()  # (T, H, W, 3)
    return sprites({"": frames}, 7_000)[0]


def late(run: dict, name: str) -> float:
    """The mean of a curve over its last fifth."""
    values = run["curves"][name]
    return float(np.mean(values[-max(1, len(values) // 5) :]))


# What each mistake does to a number: the symptom, and the way in which it leaves what healthy runs have.
SYMPTOMS = {
    "large_steps": lambda run: late(run, "content"),
    "strong_critic": lambda run: late(run, "real_logit") - late(run, "fake_logit"),
    "idle_critic": lambda run: late(run, "fake_logit") - late(run, "real_logit"),
    "foreign_parameters": lambda run: late(run, "content") / run["curves"]["content"][0],
    "gradients_pile_up": lambda run: late(run, "critic_gradient"),
    "zero_to_one": lambda run: run["unseen"][-1]["darkest"],
    "swapped_labels": lambda run: late(run, "fake_logit") - late(run, "real_logit"),
    "few_clips": lambda run: run["unseen"][-1]["content"] / late(run, "content"),
}


def symptom(name: str, run: dict, healthy: list[dict]) -> dict:
    """The number that shows the mistake: in its run, and the least and the greatest of the healthy ones."""
    measure = SYMPTOMS[name]
    usual = [measure(other) for other in healthy]
    return {"value": measure(run), "healthy_low": min(usual), "healthy_high": max(usual)}


if __name__ == "__main__":
    end_well(main)
