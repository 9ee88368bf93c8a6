"""Is the packed set read fast enough, and is it packed as fast as its JPEGs can be decoded?

    python benchmarks/loader.py [--parts 60] [--out book/results/loader.json]

In one run, on skies of 640 x 360 pixels in the layout of Sky Time-lapse: clips a second of 128 x 128 x 32 out of the
packed set, against decoding 32 JPEGs and resizing them as the released loader does (Pillow, bilinear, to floats), one
core each, in turn. What our loader hands to the device is bytes; scaling to floats is the device's work, and on a CPU
is counted in a row of its own. And packing on all cores, against decoding alone on the same cores. Chapter 08.
"""

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import tyro
from PIL import Image

from ssagan_lite.data import cloud
from ssagan_lite.data.archives import open_archive
from ssagan_lite.data.batches import BatchOrder, read_batches
from ssagan_lite.data.clips import ClipDataset
from ssagan_lite.data.images import decode_image
from ssagan_lite.data.packing import Packed, pack, results_in_order
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation.provenance import Stopwatch

SIZE, BATCH = 128, 16


@dataclass
class Options:
    """Measure reading and packing."""

    parts: int = 120
    """Parts of 32 frames in the set that is packed; 8 of them differ."""
    rounds: int = 5
    """Rounds of reading; the median counts."""
    out: Path = Path("book/results/loader.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python benchmarks/loader.py --parts {options.parts}", seed=0)
    with tempfile.TemporaryDirectory() as folder:
        jpegs = write_jpegs(Path(folder) / "sky_train", options.parts)
        planned = cloud.plan(open_archive(jpegs), SIZE)
        packing = packing_rates(planned, Path(folder) / "set", options.parts)
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        rates = reading_rates(planned, ClipDataset(Path(folder) / "set"), options.rounds)
    values = {"size": SIZE, "frames": 32, "reading_clips_per_second": rates}
    ratios = {name: rates[name] / rates["jpegs"] for name in ("packed_bytes", "packed_floats")}
    values |= {"over_jpegs": ratios, "packing": packing}
    watch.write(options.out, values)
    told = "read: {packed_bytes:.1f} x the released way as bytes, {packed_floats:.1f} x as floats".format(**ratios)
    print(f"{told}; packed at {packing['ratio']:.2f} of the rate of decoding alone")


def write_jpegs(root: Path, parts: int) -> Path:
    """Eight skies as JPEGs of 640 x 360, linked under as many names as there are parts."""
    skies = synthetic_clips(8, 256, 32, seed=0).frames
    for part in range(parts):
        folder = root / f"v{part:04d}" / f"v{part:04d}_1"
        folder.mkdir(parents=True)
        for t in range(32):
            name = folder / f"v_frames_{t:08d}.jpg"
            if part < len(skies):
                Image.fromarray(cv2.resize(skies[part, t], cloud.FRAME_SIZE)).save(name, quality=90)
            else:
                os.link(root / f"v{part % 8:04d}" / f"v{part % 8:04d}_1" / name.name, name)
    return root


def packing_rates(planned: cloud.Plan, out: Path, clips: int) -> dict[str, float]:
    """Clips a second with the start of the processes, the two in turn, medians of three."""
    seconds: dict[str, list[float]] = {"decode_only": [], "packed": []}
    for _ in range(3):
        seconds["decode_only"].append(timed(lambda: list(results_in_order(decode_only, planned.jobs, None))))
        seconds["packed"].append(
            timed(lambda: pack(out, planned.jobs, cloud.pack_windows, notes={}, clips=clips, force=True))
        )
    rates = {name: clips / statistics.median(values) for name, values in seconds.items()}
    ratios = [decoded / packed for decoded, packed in zip(*seconds.values(), strict=True)]
    return {"processes": os.cpu_count(), **rates, "ratio": statistics.median(ratios)}


def decode_only(job: cloud.Job) -> Packed:
    """What packing cannot do without."""
    for window in job.windows:
        for _, place in window:
            decode_image(job.archive.read(place), "a frame")
    return Packed(np.empty((0,)), [])


def reading_rates(planned: cloud.Plan, packed: ClipDataset, rounds: int) -> dict[str, float]:
    """Clips a second on one core, in turn: the released way; bytes, as they go to the device; floats in [-1, 1]."""
    windows = [(job.archive, window) for job in planned.jobs for window in job.windows]
    order = BatchOrder(len(packed), BATCH, seed=0)
    indices, batches = order.starting_at(0), read_batches(packed, order, 0, torch.device("cpu"))
    ways = {
        "jpegs": (1, lambda number: released(*windows[number])),
        "packed_bytes": (8 * BATCH, lambda _: [np.stack([packed[i] for i in next(indices)]) for _ in range(8)]),
        "packed_floats": (4 * BATCH, lambda _: [next(batches) for _ in range(4)]),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, (clips, act) in ways.items():
            seconds[name].append(timed(lambda act=act, number=number: act(number)) / clips)
    return {name: 1 / statistics.median(values[1:]) for name, values in seconds.items()}  # the first warms up


def timed(act: Callable[[], object]) -> float:
    """Seconds."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def released(archive, window: list[cloud.Frame]) -> torch.Tensor:
    """The work of the released loader for one clip: open, convert, resize, scale; (3, T, H, W) in [-1, 1]."""
    frames = []
    for _, place in window:
        image = Image.open(io.BytesIO(archive.read(place))).convert("RGB")
        small = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR))
        frames.append(torch.from_numpy(small.copy()).permute(2, 0, 1).float().div(255).sub(0.5).div(0.5))
    return torch.stack(frames, dim=1)  # (3, T, H, W)


if __name__ == "__main__":
    main()
