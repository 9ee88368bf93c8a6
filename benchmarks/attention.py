"""Time and peak memory of the attention back ends at the paper's levels: N = 256, 1024, 4096 places, D = 1024.

    python benchmarks/attention.py [--runs 5] [--out book/results/attention.json]

Each measurement is one fresh process that computes one clip's attention forward and backward in float32. Time is the
median over runs, as a ratio to the explicit form measured in the same process; memory is what the process's peak grew
by while it computed, beyond its inputs. Chapter 03 draws from the file.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.model.attention import BACKENDS

PLACES = (256, 1024, 4096)
DIMENSION = 1024  # C T, the same at every level
EXACT = [name for name in BACKENDS if name != "auto"]


@dataclass
class Options:
    """Measure the attention back ends."""

    runs: int = 5
    """Timed runs of each; the median counts."""
    out: Path = Path("book/results/attention.json")
    """Where the result goes."""
    only: tuple[str, int] | None = None
    """Measure one back end at one N and print it as JSON (what each fresh process is asked)."""


def main() -> None:
    options = tyro.cli(Options)
    if options.only:
        print(json.dumps(measure(*options.only, options.runs)))
        return
    watch = Stopwatch(f"python benchmarks/attention.py --runs {options.runs}", seed=0)
    rows = []
    for places in PLACES:
        for name in EXACT:
            rows.append(in_fresh_process(name, places, options.runs))
            print("{backend:9} N = {places:4}  {time_ratio:5.2f} x explicit  {peak_mib:7.1f} MiB".format(**rows[-1]))
    watch.write(options.out, {"dimension": DIMENSION, "rows": rows})
    print(f"written to {options.out}")


def in_fresh_process(name: str, places: int, runs: int) -> dict:
    """A process's peak memory never falls again, so each measurement gets its own."""
    command = [sys.executable, __file__, "--runs", str(runs), "--only", name, str(places)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(name: str, places: int, runs: int) -> dict:
    """Memory first, on the first call; then times, in turn with the explicit form."""
    torch.manual_seed(0)
    once(name, inputs(8))  # what is loaded on first use is not what the method costs
    parts = inputs(places)
    before = peak_mib()
    once(name, parts)
    grown = peak_mib() - before
    pairs = [(once(name, parts), once("explicit", parts)) for _ in range(runs)]
    return {
        "backend": name,
        "places": places,
        "time_ratio": round(statistics.median(ours / plain for ours, plain in pairs), 3),
        "peak_mib": round(grown, 1),
        "map_mib": places**2 * 4 / 2**20,
    }


def inputs(places: int) -> list[torch.Tensor]:
    """Query, key and value of one clip."""
    return [(torch.randn(1, places, DIMENSION) * 0.1).requires_grad_() for _ in range(3)]  # (1, N, D)


def once(name: str, parts: list[torch.Tensor]) -> float:
    """Seconds of one forward and backward pass."""
    for part in parts:
        part.grad = None
    started = time.perf_counter()
    BACKENDS[name](*parts).sum().backward()
    return time.perf_counter() - started


def peak_mib() -> float:
    """The most memory this process ever held, in MiB (Linux counts in KiB, macOS in bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
