"""How fast are clips scored, and are the scores those of scikit-image?

    python benchmarks/evaluate.py [--clips 24] [--out book/results/evaluate.json]

In one run, on procedural skies of 128 x 128 x 32 predicted by their first frame: MSE, PSNR and SSIM of each frame, ours
with two threads, against a loop over frames with scikit-image in two processes that were started before, and against
the plain loop in one process; in turn, medians of rounds. Each gets its clips ready in its own layout: ours float32
(N, 3, T, H, W), scikit-image float64 (T, H, W, 3). Processor time is counted beside time on the clock, which other
programs on the machine lengthen. And the largest difference of each score. Chapter 09.
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from ssagan_lite.baselines.still import copy_first
from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation import metrics
from ssagan_lite.evaluation.provenance import Stopwatch, fingerprint

SIZE, FRAMES, CORES = 128, 32, 2
METRICS = ("mse", "psnr", "ssim")
THREADS = {
    "ours": f"1 process, {CORES} threads (torch.set_num_threads)",
    "scikit_image_pool": f"{CORES} processes, each as the plain loop",
    "scikit_image_loop": "1 process; nothing set, and these functions start no threads of their own",
}


@dataclass
class Options:
    """Measure scoring."""

    clips: int = 24
    """Clips that are scored."""
    rounds: int = 5
    """Rounds; the median counts."""
    out: Path = Path("book/results/evaluate.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python benchmarks/evaluate.py --clips {options.clips} --rounds {options.rounds}", seed=0)
    torch.set_num_threads(CORES)
    values = measure(synthetic_clips(options.clips, SIZE, FRAMES, seed=0).frames, options, watch)
    for row in values["rows"]:
        clock = "{name:18} {milliseconds_a_clip:6.1f} ms a clip, {times_ours:5.2f} x ours".format(**row)
        print(f"{clock}; {row['processor_milliseconds_a_clip']:6.1f} ms of processor time  ({row['threads']})")
    print("largest difference:", ", ".join(f"{name} {value:.1e}" for name, value in values["differences"].items()))


def measure(skies: np.ndarray, options: Options, watch: Stopwatch) -> dict:
    """Time and compare all three ways on uint8 clips (N, T, H, W, 3), and write what came out."""
    target = to_float(torch.from_numpy(skies))
    prediction = copy_first(target[:, :, 0], skies.shape[1])
    prepare(skies)
    # Fresh processes, not copies of this one: a copy of a process that has threads may hang.
    with multiprocessing.get_context("spawn").Pool(CORES, prepare, (skies,)) as pool:
        ways = {
            "ours": lambda: [counted(lambda: ours(prediction, target))],
            "scikit_image_pool": lambda: pool.map(counted_scikit_image, range(len(skies)), chunksize=1),
            "scikit_image_loop": lambda: [counted_scikit_image(number) for number in range(len(skies))],
        }
        (mine, _), *_ = ways["ours"]()  # the first of each also warms up
        differences = largest_differences(mine, np.stack([scores for scores, _ in ways["scikit_image_pool"]()]))
        rows = timed_rows(ways, options.rounds, len(skies))
    values = {"clips": len(skies), "size": skies.shape[2], "frames": skies.shape[1], "rounds": options.rounds}
    values |= {"rows": rows, "differences": differences}
    watch.write(options.out, values, fingerprint(skies))
    return values


READY: list[np.ndarray] = []  # prediction and target of scikit-image, (N, T, H, W, 3), in each process


def prepare(skies: np.ndarray) -> None:
    """The very numbers that ours scores, as float64 with colours last."""
    target = to_float(torch.from_numpy(skies))
    prediction = copy_first(target[:, :, 0], skies.shape[1])
    READY[:] = [clips.permute(0, 2, 3, 4, 1).double().contiguous().numpy() for clips in (prediction, target)]
    # Once an array of 16 MB was freed, glibc keeps smaller ones for the next call. Without this each frame's arrays are
    # fetched from the system anew, and scikit-image in a fresh process takes twice as long as it must.
    np.empty(2**24, np.uint8)


def scikit_image(number: int) -> np.ndarray:
    """Scores of one clip, frame by frame, (3, T)."""
    frames = zip(*(clips[number] for clips in READY), strict=True)
    with np.errstate(divide="ignore"):  # identical frames: infinite, as ours
        scores = [
            (
                mean_squared_error(x, y),
                peak_signal_noise_ratio(y, x, data_range=metrics.DATA_RANGE),
                structural_similarity(
                    x, y, win_size=metrics.SSIM_WINDOW, data_range=metrics.DATA_RANGE, channel_axis=2
                ),
            )
            for x, y in frames
        ]
    return np.array(scores).T


def counted_scikit_image(number: int) -> tuple[np.ndarray, float]:
    return counted(lambda: scikit_image(number))


def counted(score: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Scores, and the seconds of processor time that they took in this process, all its threads together."""
    started = time.process_time()
    return score(), time.process_time() - started


def ours(prediction: torch.Tensor, target: torch.Tensor) -> np.ndarray:
    """Scores of all clips, (N, 3, T)."""
    return torch.stack([getattr(metrics, name)(prediction, target) for name in METRICS], dim=1).numpy()


def largest_differences(mine: np.ndarray, theirs: np.ndarray) -> dict[str, float]:
    """Of each metric, over (N, 3, T), PSNR in dB; frames that both call infinite do not differ."""
    with np.errstate(invalid="ignore"):  # infinite - infinite
        apart = np.where(mine == theirs, 0, np.abs(mine - theirs))
    return dict(zip(METRICS, apart.max(axis=(0, 2)).tolist(), strict=True))


def timed_rows(ways: dict[str, Callable[[], list]], rounds: int, clips: int) -> list[dict]:
    """Every way once a round, so that what else the machine does meets all of them; ratios are of the same round."""
    clock, processor = ({name: [] for name in ways} for _ in range(2))
    for _ in range(rounds):
        for name, act in ways.items():
            started = time.perf_counter()
            parts = act()
            clock[name].append(time.perf_counter() - started)
            processor[name].append(sum(seconds for _, seconds in parts))
    return [
        {
            "name": name,
            "threads": THREADS[name],
            "milliseconds_a_clip": 1000 * statistics.median(clock[name]) / clips,
            "times_ours": statistics.median(x / y for x, y in zip(clock[name], clock["ours"], strict=True)),
            "processor_milliseconds_a_clip": 1000 * statistics.median(processor[name]) / clips,
        }
        for name in ways
    ]


if __name__ == "__main__":
    main()
