"""How like the real ones are the procedural skies? Measured over 200 of them against the 48 real sample clips.

    python benchmarks/skies.py [--count 200] [--out book/results/skies.json]

At 64x64 and 128x128: the PSNR of copying the first frame by frame index, and of the 10th and 90th percentile clip; the
median DIS-flow magnitude over 8 frames; the slope of the power spectrum; the distance of the colour histograms. Then,
with noise and exposure switched off, how much of the error at the last frame is motion, and how much of the change from
frame to frame the true flow explains. And the speed, on one core.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import tyro

from ssagan_lite.cli.options import end_well
from ssagan_lite.data.clips import resize_clips, to_float
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.synthetic import SyntheticClips, synthetic_clips
from ssagan_lite.evaluation import metrics, motion
from ssagan_lite.evaluation.provenance import Stopwatch, fingerprint

FRAMES = 32


@dataclass
class Options:
    """Measure the procedural skies against the real clips."""

    count: int = 200
    """Skies to draw."""
    seed: int = 1_000
    """Their seed; training and the chapters use others."""
    out: Path = Path("book/results/skies.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python benchmarks/skies.py --count {options.count} --seed {options.seed}", options.seed)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    real, sizes = load_samples("real"), {}
    for size in (64, 128):
        drawn = synthetic_clips(options.count, size, FRAMES, options.seed).frames
        pair = {"synthetic": drawn, "real": resize_clips(real, size)}
        sizes[str(size)] = {name: statistics(clips) for name, clips in pair.items()}
        sizes[str(size)] |= compare(sizes[str(size)], pair)
    clean = synthetic_clips(min(options.count, 50), 64, FRAMES, options.seed, noise=False, exposure=False)
    noisy = synthetic_clips(min(options.count, 50), 64, FRAMES, options.seed)
    values = {"count": options.count, "sizes": sizes, "clips_per_second": speeds(options.seed)}
    values["motion_share_of_last_error"] = last_error(clean.frames) / last_error(noisy.frames)
    values["warped_over_copied_error_inside_mask"] = warped_over_copied(clean)
    watch.write(options.out, values, fingerprint(real))
    print(f"written to {options.out}")


def statistics(clips: np.ndarray) -> dict:
    """Of uint8 (N, T, H, W, 3): copy-first's PSNR, flow, and the slope of the spectrum."""
    floats = to_float(torch.tensor(clips))  # (N, 3, T, H, W)
    psnr = torch.stack([metrics.psnr(clip[None, :, :1].expand(1, *clip.shape), clip[None])[0] for clip in floats])
    of_clip = np.array([metrics.mean_psnr(values[1:]).item() for values in psnr])
    return {
        "copy_psnr_by_frame": [round(metrics.mean_psnr(psnr[:, t]).item(), 2) for t in range(1, FRAMES)],
        "copy_psnr_p10": float(np.percentile(of_clip, 10)),
        "copy_psnr_p90": float(np.percentile(of_clip, 90)),
        "flow_magnitude_median": motion.flow_magnitude(floats).median().item(),
        "spectrum_slope": spectrum_slope(clips[:, 0]),
    }


def compare(of: dict, clips: dict[str, np.ndarray]) -> dict:
    """How far apart the two are."""
    drawn, real = of["synthetic"], of["real"]
    by_frame = np.subtract(drawn["copy_psnr_by_frame"], real["copy_psnr_by_frame"])
    return {
        "largest_difference_by_frame": float(np.abs(by_frame).max()),
        "flow_ratio": drawn["flow_magnitude_median"] / real["flow_magnitude_median"],
        "colour_histogram_distance": colour_distance(*(part[:, 0] for part in clips.values())),
    }


def spectrum_slope(images: np.ndarray) -> float:
    """Exponent of the mean power spectrum of grey images (N, H, W, 3) against frequency, fitted on a log-log scale."""
    grey = images.mean(axis=-1)  # (N, H, W)
    window = np.outer(np.hanning(grey.shape[1]), np.hanning(grey.shape[2]))
    power = (np.abs(np.fft.fft2((grey - grey.mean(axis=(1, 2), keepdims=True)) * window)) ** 2).mean(axis=0)
    k = np.fft.fftfreq(len(power), 1 / len(power))
    radius = np.hypot(*np.meshgrid(k, k)).round().astype(int)
    inner = np.arange(2, len(power) // 3)
    by_radius = np.array([power[radius == r].mean() for r in inner])
    return float(np.polyfit(np.log(inner), np.log(by_radius), 1)[0])


def colour_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Half the absolute difference of two colour histograms, 8 bins a colour: 0 for equal ones, 1 for disjoint ones."""
    bins = [np.bincount(((images // 32) @ np.array([64, 8, 1])).ravel(), minlength=512) for images in (first, second)]
    return float(np.abs(bins[0] / bins[0].sum() - bins[1] / bins[1].sum()).sum() / 2)


def last_error(clips: np.ndarray) -> float:
    """Mean squared difference between the last frame and the first."""
    return float(np.mean((clips[:, -1].astype(float) - clips[:, 0]) ** 2))


def warped_over_copied(skies: SyntheticClips) -> float:
    """Error of fetching each pixel of the next frame along the flow, over that of copying it, inside the mask."""
    warped, copied = [], []
    y, x = np.mgrid[: skies.frames.shape[2], : skies.frames.shape[3]].astype(np.float32)
    for clip, mask, flow in zip(skies.frames.astype(np.float32), skies.mask, skies.flow, strict=True):
        for t in range(0, len(flow), 8):
            fetched = cv2.remap(
                clip[t + 1], x + flow[t, 0], y + flow[t, 1], cv2.INTER_CUBIC, None, cv2.BORDER_REPLICATE
            )
            warped.append(((fetched - clip[t])[mask[t]] ** 2).sum())
            copied.append(((clip[t + 1] - clip[t])[mask[t]] ** 2).sum())
    return float(np.sum(warped) / np.sum(copied))


def speeds(seed: int) -> dict[str, float]:
    """Skies drawn a second on one core, at two sizes."""
    measured = {}
    for size, frames in ((64, 32), (32, 16)):
        started = time.perf_counter()
        synthetic_clips(20, size, frames, seed)
        measured[f"{size}x{size}x{frames}"] = round(20 / (time.perf_counter() - started), 1)
    return measured


if __name__ == "__main__":
    end_well(main)
