"""What two processes cost and gain on one machine, and how much BatchNorm changes with the batch that it sees.

    python benchmarks/devices.py [--steps 12] [--out book/results/devices.json]

The same global batch of 16 clips, trained by one process with one thread, and by two with one thread each: seconds a
step, in turn. Then the trained sky-32 in training mode on 16 clips at once, in two halves, and in four quarters: how
far its clips are apart, in grey levels. The appendix "One GPU to many" draws from the file.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.inference.pretrained import load_generator

BATCH = 16


@dataclass
class Options:
    """Measure one and two processes."""

    steps: int = 12
    """Steps of each run; the first two are not counted."""
    rounds: int = 3
    """Runs of each, in turn."""
    out: Path = Path("book/results/devices.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python benchmarks/devices.py --steps {options.steps}", seed=0)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(options.rounds):
        for devices, values in seconds.items():
            values.append(seconds_a_step(devices, options.steps))
    ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    values = {"batch": BATCH, "seconds_a_step": {str(d): statistics.median(v) for d, v in seconds.items()}}
    values |= {"speed_up_of_two": statistics.median(ratios), "batch_norm_grey_levels": batch_norm_differences()}
    watch.write(options.out, values)
    print(json.dumps(values, indent=1))


def seconds_a_step(devices: int, steps: int) -> float:
    """Of `ssagan train` at 32 pixels and width 8, one thread a process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [Path(sys.executable).with_name("ssagan"), "train", "--preset", "smoke", "--size", 32, "--width", 8]
        command += ["--batch", BATCH, "--steps", steps, "--clips", 64, "--sample-every", steps, "--device", "cpu"]
        command += ["--devices", devices, "--out", f"{folder}/run"]
        alone = os.environ | {"OMP_NUM_THREADS": "1"}
        subprocess.run(list(map(str, command)), check=True, capture_output=True, env=alone)
        lines = [json.loads(line) for line in Path(f"{folder}/run/metrics.jsonl").read_text().splitlines()]
    return (lines[-2]["seconds"] - lines[1]["seconds"]) / (steps - 3)  # the last step also writes samples


@torch.no_grad()
def batch_norm_differences() -> dict[str, float]:
    """Mean absolute difference to the clips of the whole batch, where BatchNorm sees only a part of it at a time."""
    generator = load_generator("sky-32").train()
    first = to_float(torch.from_numpy(synthetic_clips(BATCH, 32, 1, seed=3).frames))[:, :, 0]  # (16, 3, 32, 32)
    whole = generator(first)  # (16, 3, T, 32, 32)
    apart = {}
    for parts in (2, 4, 8):
        divided = torch.cat([generator(part) for part in first.chunk(parts)])
        apart[f"parts_of_{BATCH // parts}"] = ((divided - whole).abs().mean() * 127.5).item()
    return apart


if __name__ == "__main__":
    main()
