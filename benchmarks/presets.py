"""What each preset costs: measured where this machine can, counted where it cannot.

    python benchmarks/presets.py [--out book/results/presets.json]

`smoke` is run whole, `laptop` for a few steps. Of every preset the arithmetic, weights and activations of a cycle are
counted without running it (ssagan_lite/cli/estimate.py), which needs no GPU. The page "Presets" draws from the file.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

from ssagan_lite.cli.estimate import estimate
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.training.config import PRESETS

MEASURED = {"smoke": None, "laptop": 4}  # steps; None for the whole run


@dataclass
class Options:
    """Measure and count the presets."""

    out: Path = Path("book/results/presets.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch("python benchmarks/presets.py", seed=0)
    values = {name: counted(name) for name in PRESETS}
    for name, steps in MEASURED.items():
        values[name] |= measured(name, steps)
    for name, row in values.items():
        print(name, row)
    watch.write(options.out, {"threads": torch.get_num_threads(), "presets": values})


def counted(name: str) -> dict[str, float]:
    """Of one cycle: TFLOP; GB of weights, gradients and moments; GB of activations."""
    config = PRESETS[name]
    told = estimate(config, measure=False)
    state = 2 * told.weight_bytes + told.optimizer_bytes
    row = {"steps": config.steps, "batch": config.batch, "tflop_cycle": told.flops_cycle / 1e12}
    return row | {"state_gb": state / 1e9, "activations_gb": told.activation_bytes / 1e9}


def measured(name: str, steps: int | None) -> dict[str, float]:
    """Seconds of the whole command, and of a step where only some are run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [Path(sys.executable).with_name("ssagan"), "train", "--preset", name, "--device", "cpu"]
        command += ["--data", "synthetic", "--out", f"{folder}/run"]
        command += [] if steps is None else ["--steps", steps, "--clips", 64]
        started = time.perf_counter()
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        seconds = time.perf_counter() - started
        lines = [json.loads(line) for line in Path(f"{folder}/run/metrics.jsonl").read_text().splitlines()]
    if steps is None:
        return {"seconds": seconds}
    return {"seconds_a_step": (lines[-2]["seconds"] - lines[0]["seconds"]) / (len(lines) - 2)}


if __name__ == "__main__":
    main()
