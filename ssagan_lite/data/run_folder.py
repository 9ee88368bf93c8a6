"""What a training run keeps: config.json, metrics.jsonl, samples/*.mp4 and checkpoints/last.pt. Chapter 08."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ssagan_lite.data.clips import to_uint8
from ssagan_lite.data.locking import Lock
from ssagan_lite.data.paths import expand
from ssagan_lite.data.video import write_video
from ssagan_lite.errors import InputError

MAY_CHANGE = {
    "out",
    "steps",
    "device",
    "devices",
    "num_nodes",
    "workers",
    "sample_every",
}  # between a run and its resumption


class RunFolder:
    """The folder of one run, with its configuration as plain values.

    Nothing is written before `begin`. Raises InputError where the folder is not empty and `resume` is False, where
    there is nothing to resume, or where the run there has another configuration (the keys that differ are named).
    """

    def __init__(self, path: str | Path, config: dict[str, Any], resume: bool):
        self.path = expand(path)
        self._lock = Lock(self.path)
        self.checkpoint = self.path / "checkpoints" / "last.pt"
        self.config = json.loads(json.dumps(config))  # tuples become lists, as in the file
        if resume:
            self._check_same()
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise InputError(f"{self.path} is already there; add --resume to go on with it, or choose another --out.")

    def begin(self, done: int) -> None:
        """Make the folder, write the configuration, and drop the metrics of steps that will be run again.

        Raises InputError where another process trains into the folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock.hold()
        _write(self.path / "config.json", json.dumps(self.config, indent=2) + "\n")
        _write(self.path / "metrics.jsonl", "".join(f"{json.dumps(line)}\n" for line in self.metrics(done)))

    def finish(self) -> Path:
        """Let other processes in, and return the path."""
        self._lock.release()
        return self.path

    def metrics(self, last: int | None = None) -> list[dict[str, float]]:
        """The lines of metrics.jsonl up to a step. A line that was cut short when a run was killed is left out."""
        file, lines = self.path / "metrics.jsonl", []
        for text in file.read_text("utf-8", errors="replace").splitlines() if file.exists() else []:
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                continue
            step = line.get("step") if isinstance(line, dict) else None
            if isinstance(step, int) and (last is None or step <= last):
                lines.append(line)
        return lines

    def log(self, step: int, values: dict[str, float]) -> None:
        """Append one line to metrics.jsonl."""
        file = self.path / "metrics.jsonl"
        try:
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"step": step, **values}) + "\n")
        except OSError as error:  # a failed write does not know its file
            raise OSError(error.errno, error.strerror, str(file)) from error

    def sample(self, step: int, real: Tensor, generated: Tensor) -> None:
        """A video: real clips above, what the generator makes of their first frames below. (N, 3, T, H, W) each."""
        both = torch.stack((to_uint8(real), to_uint8(generated)))  # (2, N, T, H, W, 3)
        grid = both.permute(2, 0, 3, 1, 4, 5).flatten(3, 4).flatten(1, 2)  # (T, 2H, N W, 3)
        write_video(self.path / "samples" / f"step-{step:06d}.mp4", grid.cpu().numpy(), force=True)

    def _check_same(self) -> None:
        file = self.path / "config.json"
        if not file.exists():
            raise InputError(f"{self.path} holds no run to resume; leave out --resume to start one.")
        try:
            there = dict(json.loads(file.read_text("utf-8")))
        except (ValueError, TypeError) as error:
            raise InputError(f"{file} is damaged; restore it, or choose another --out.") from error
        differing = sorted(k for k in self.config if k not in MAY_CHANGE and self.config[k] != there.get(k))
        if differing:
            raise InputError(
                f"{self.path} is a run with other settings ({', '.join(differing)}); choose another --out."
            )


def _write(file: Path, text: str) -> None:
    """Write a whole file or leave the one before."""
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(file)) from error
