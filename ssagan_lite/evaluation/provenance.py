"""Where a number comes from: what every file in book/results says beside its values."""

import hashlib
import importlib.metadata
import json
import platform
import subprocess
import time
from datetime import date
from pathlib import Path

import numpy as np
import torch

LIBRARIES = ("torch", "numpy", "opencv-python", "opencv-python-headless")


class Stopwatch:
    """Start it before the work; `write` then stores values with everything a reader needs to repeat them.

    on: "cpu" where the work was told to stay there, else what computes is asked of torch.
    """

    def __init__(self, command: str, seed: int | None = None, on: str = "auto"):
        self.command, self.seed, self.on, self.started = command, seed, on, time.time()

    def write(self, file: Path, values: dict, data_sha256: str | None = None) -> None:
        """Write values and provenance as JSON. data_sha256: of the clips that were used, see `fingerprint`."""
        about = {
            "command": self.command,
            "seed": self.seed,
            "commit": commit(),
            "device": device(self.on),
            "versions": versions(),
            "date": date.today().isoformat(),
            "wall_seconds": round(time.time() - self.started, 1),
            "data_sha256": data_sha256,
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"about": about, **values}, indent=2) + "\n")


def fingerprint(clips: np.ndarray) -> str:
    """sha256 of the clips' bytes, as decoded."""
    return hashlib.sha256(np.ascontiguousarray(clips).data).hexdigest()


def commit() -> str | None:
    """The commit of the repository this runs in, or None outside one, and where git is not installed."""
    try:
        found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return found.stdout.strip() or None


def device(on: str = "auto") -> str:
    """What computes: the GPU's name, or the CPU's kind and its threads; on "cpu" the latter always."""
    if on != "cpu" and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU, {platform.machine()}, {torch.get_num_threads()} threads"


def versions() -> dict[str, str]:
    """Python and the libraries that numbers depend on, without local build tags."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
