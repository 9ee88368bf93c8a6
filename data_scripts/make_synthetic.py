"""Make procedural skies of any number and pack them as a set; no download, and the memory needed stays small.

python data_scripts/make_synthetic.py --out data/skies-32 --count 1000 --size 32 --frames 16
ssagan train --preset smoke --size 32 --data data/skies-32 --out runs/skies
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ssagan_lite.cli.options import run_script
from ssagan_lite.data.clips import write_clips
from ssagan_lite.data.splits import split_by_source
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError

CHUNK = 32  # skies made at a time


def make(count: int, size: int, frames: int, seed: int) -> Iterator[np.ndarray]:
    """Yield the skies one by one; each chunk has a seed of its own, drawn from (seed, chunk)."""
    for chunk, start in enumerate(range(0, count, CHUNK)):
        own_seed = int(np.random.SeedSequence((seed, chunk)).generate_state(1)[0])
        yield from synthetic_clips(min(CHUNK, count - start), size, frames, seed=own_seed).frames


def main(
    out: Path,
    count: int = 512,
    size: int = 64,
    frames: int = 32,
    seed: int = 0,
    test_fraction: float = 0.1,
    force: bool = False,
) -> None:
    """Make and pack procedural skies.

    Args:
        out: the folder to make.
        count: how many skies.
        size: side of the square clips in pixels.
        frames: frames of each clip; the model has 32 at sizes 128 and 64, 16 at 32, 8 at 16.
        seed: another seed, other skies.
        test_fraction: share of the skies that get the split "test".
        force: replace a set that is already there.
    """
    if min(count, size, frames) < 1 or seed < 0:
        raise InputError("There are no such skies; count, size and frames must be above 0, and seed 0 or more.")
    sources = [f"sky-{seed}-{index:06d}" for index in range(count)]
    splits = dict(zip(sources, split_by_source(sources, test_fraction, seed), strict=True))
    clips = tqdm(make(count, size, frames, seed), total=count, unit="clip")
    notes = {"data": "synthetic", "seed": seed, "chunk": CHUNK}
    write_clips(out, clips, sources=sources, split=splits, notes=notes, force=force)
    print(f"{out}: {count} clips of {frames} frames, {size} x {size}")


if __name__ == "__main__":
    run_script(main, __doc__)
