"""What a run keeps: config.json, metrics.jsonl, samples/*.mp4, checkpoints/last.pt and generator/. Chapter 08."""

import dataclasses
import json
from pathlib import Path

import torch
from torch import Tensor

from ssagan_lite.data.clips import to_uint8
from ssagan_lite.data.video import write_video
from ssagan_lite.errors import InputError
from ssagan_lite.training.config import TrainConfig

MAY_CHANGE = {"out", "steps", "device", "workers", "sample_every"}  # between a run and its resumption


class RunFolder:
    """The folder of one run. Opening it creates it, or checks that it may be gone on with.

    Raises InputError where the folder is not empty and `resume` is False, where there is nothing to resume, or where
    the run there has another configuration (the keys that differ are named).
    """

    def __init__(self, config: TrainConfig, resume: bool):
        self.path = Path(config.out)
        self.checkpoint = self.path / "checkpoints" / "last.pt"
        values = json.loads(json.dumps(dataclasses.asdict(config)))
        if resume:
            self._check_same(values)
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise InputError(f"{self.path} is already there; add --resume to go on with it, or choose another --out.")
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "config.json").write_text(json.dumps(values, indent=2) + "\n")

    def _check_same(self, values: dict) -> None:
        file = self.path / "config.json"
        if not file.exists():
            raise InputError(f"{self.path} holds no run to resume; leave out --resume to start one.")
        there = json.loads(file.read_text())
        differing = sorted(key for key in values if key not in MAY_CHANGE and values[key] != there.get(key))
        if differing:
            raise InputError(
                f"{self.path} is a run with other settings ({', '.join(differing)}); choose another --out."
            )

    def log(self, step: int, values: dict[str, float]) -> None:
        """Append one line to metrics.jsonl."""
        with (self.path / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")

    def forget_after(self, step: int) -> None:
        """Drop the lines of metrics.jsonl that a resumed run will write again."""
        file = self.path / "metrics.jsonl"
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        file.write_text("".join(line for line in lines if json.loads(line)["step"] <= step))

    def sample(self, step: int, real: Tensor, generated: Tensor) -> None:
        """A video: real clips above, what the generator makes of their first frames below. (N, 3, T, H, W) each."""
        both = torch.stack((to_uint8(real), to_uint8(generated)))  # (2, N, T, H, W, 3)
        grid = both.permute(2, 0, 3, 1, 4, 5).flatten(3, 4).flatten(1, 2)  # (T, 2H, N W, 3)
        write_video(self.path / "samples" / f"step-{step:06d}.mp4", grid.cpu().numpy(), force=True)
