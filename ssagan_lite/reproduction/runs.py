"""The runs behind a table: each row is trained once, and goes on where it broke off. Chapter 12.

OUT/runs/mdgan-stage1    a run folder of fit(), as of `ssagan train`
OUT/runs/mdgan-stage2    its first stage is the run above
...
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn

from ssagan_lite.baselines.registry import maker, recipe
from ssagan_lite.data.locking import Lock
from ssagan_lite.data.run_folder import RunFolder
from ssagan_lite.data.sources import open_clips
from ssagan_lite.errors import InputError
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.reproduction.rows import ROWS, Row
from ssagan_lite.training.checkpoint import load_checkpoint
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import SSAGAN, System


@dataclass(frozen=True)
class Settings:
    """What all runs of one folder have in common. data: what is trained on. batch: the most clips in one."""

    data: str
    size: int
    width: int
    steps: int
    batch: int
    clips: int
    seed: int = 0
    device: str = "auto"


class Runs:
    """The runs in a folder. given: run folders or files of weights by row, which stand for training that row."""

    def __init__(self, folder: Path, settings: Settings, given: dict[str, str] | None = None):
        self.folder, self.settings, self.given = Path(folder), settings, given or {}
        self.parameters: dict[str, int] = {}  # how many numbers each generator has learned, of those that were loaded
        self._clips, self._done = None, {}

    def configuration(self, row: Row) -> TrainConfig:
        """How the row is trained: its model's own recipe, at this size, for these steps. Raises InputError."""
        wanted = self.settings
        base = TrainConfig(
            data=wanted.data,
            out=str(self.folder / row.name),
            stage1=self.given.get(row.stage1, row.stage1),
            generator=GeneratorConfig(size=wanted.size, width=wanted.width, gate=row.gate),
            steps=wanted.steps,
            seed=wanted.seed,
            clips=wanted.clips,
            sample_every=min(500, max(wanted.steps // 6, min(wanted.steps, 10))),
            device=wanted.device,
        )
        config = recipe(row.model, base)
        return config.replace(batch=min(config.batch, wanted.batch))

    def done(self, row: Row) -> int:
        """How many steps the row's run has behind it, 0 where there is none.

        Raises InputError, which names what differs, for a run with other settings, or a damaged one.
        """
        config = self.configuration(row)
        if not Path(config.out, "config.json").exists():
            return 0
        run = RunFolder(config.out, asdict(config), resume=True)
        if row.name not in self._done and run.checkpoint.exists():  # reading it takes seconds at the paper's scale
            self._done[row.name] = int(load_checkpoint(run.checkpoint)["step"])
        return self._done.get(row.name, 0)

    def check(self, rows: list[Row]) -> None:
        """Raise InputError unless all runs that are there are runs of these settings, steps included.

        A first stage that was trained on would no longer be the one that its second stage has learned to refine.
        """
        for row in rows:
            config = self.configuration(row)
            if not self.done(row):
                continue
            planned = json.loads(Path(config.out, "config.json").read_text("utf-8"))["steps"]
            if planned != config.steps:
                raise InputError(
                    f"{config.out} is a run of {planned} steps, not {config.steps}; give --steps {planned}, "
                    "or choose another --out."
                )

    def generator(self, row: Row) -> nn.Module:
        """The row's trained generator, in eval mode, on the CPU; what is not trained yet is trained now.

        Raises InputError where weights that were given make clips of another size, and KeyboardInterrupt when Ctrl-C
        stopped the training, after a checkpoint.
        """
        given = self.given.get(row.name)
        generator = load_generator(given or self.train(row))
        if given and generator.config.size != self.settings.size:
            made = f"makes clips of {generator.config.size} pixels"
            raise InputError(f"{row.name}: {given} {made}, and here they have {self.settings.size}.")
        self.parameters[row.name] = sum(parameter.numel() for parameter in generator.parameters())
        return generator

    def train(self, row: Row) -> Path:
        """Train the row to its last step, or go on with it; returns its run folder."""
        config, done = self.configuration(row), self.done(row)
        if done >= config.steps:
            return Path(config.out)
        if not done and Path(config.out, "config.json").exists():
            lock = Lock(Path(config.out))
            lock.hold()  # raises where another process is on its way to the first checkpoint
            lock.release()
            shutil.rmtree(config.out)  # it broke off before its first checkpoint: there is nothing to go on from
        from ssagan_lite.training.fit import fit  # lightning is slow to import

        self._done.pop(row.name, None)  # Ctrl-C may come on the way
        return fit(config, self.clips(), system=self._maker(row, config), resume=bool(done))

    def clips(self):
        """What is trained on; opened once, and only when something is to be trained."""
        if self._clips is None:
            wanted, frames = self.settings, GeneratorConfig(size=self.settings.size).frames
            count = wanted.clips if wanted.data == "synthetic" else None
            self._clips = open_clips(wanted.data, wanted.size, frames, split="train", count=count, seed=wanted.seed)
        return self._clips

    def _maker(self, row: Row, config: TrainConfig) -> Callable[[TrainConfig], System]:
        if row.gate != "learned":
            return like_the_learned_gate
        return maker(config, lambda _: self.generator(ROWS[row.stage1]))


def like_the_learned_gate(config: TrainConfig) -> System:
    """SSA-GAN with another gate, and the weights that the same seed gives to the one with gamma, where both have them.

    Gates that have weights of their own would otherwise move all draws after theirs. Section 5.4; Figure 4.
    """
    learned = SSAGAN(config.replace(generator=replace(config.generator, gate="learned")))
    system = SSAGAN(config)
    for name in ("generator", "discriminator"):
        getattr(system, name).load_state_dict(getattr(learned, name).state_dict(), strict=False)
    return system


def seconds_of(folder: Path) -> float | None:
    """Seconds that a run has trained, over all its sessions, as its metrics tell; None where they are missing."""
    seconds = [line["seconds"] for line in RunFolder(folder, {}, resume=True).metrics() if "seconds" in line]
    ends = [now for now, after in zip(seconds, [*seconds[1:], 0.0], strict=True) if after < now]
    return round(sum(ends), 1) if ends else None


def scoring_device(device: str) -> torch.device:
    """Where a trained generator predicts: a CUDA GPU where there is one and it is not excluded, else the CPU."""
    return torch.device("cuda" if device in ("auto", "cuda") and torch.cuda.is_available() else "cpu")
