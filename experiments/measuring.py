"""What chapter 09 says about scores, measured: book/results/measuring.json.

    python experiments/measuring.py [--clips 48] [--size 128] [--no-real]

The same predictors on the 48 real sample clips and on as many unseen procedural skies: copies that stand still, copies
that buy motion energy with flicker or noise, MD-GAN's published samples (real clips only), and the first frame carried
along the true flow (our skies only, where the flow is known). Then the same clips under other conventions: how far
each moves PSNR and SSIM. Of the real clips only numbers are stored. About ten minutes on two cores.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import tyro
from torch import Tensor

from ssagan_lite.baselines.still import copy_first, fading_copy
from ssagan_lite.cli.options import end_well
from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.clips import resize_clips
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.sources import open_clips
from ssagan_lite.data.synthetic import SyntheticClips, synthetic_clips
from ssagan_lite.evaluation import metrics
from ssagan_lite.evaluation.provenance import Stopwatch, fingerprint
from ssagan_lite.evaluation.scores import CONVENTION
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.reproduction.scoring import BATCH, PUBLISHED, Predictor, published, score, still

SEED, FRAMES = 90_909, 32
EYE = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1, 1)  # how much of grey each colour is
CAP = 100.0  # dB: what some write for a frame without error
RESAMPLES = 10_000


@dataclass
class Options:
    """Score honest predictions and tricks, and the conventions themselves."""

    clips: int = 48
    """Clips of each set."""
    size: int = 128
    """Pixels a side."""
    real: bool = True
    """Score the real sample clips too."""
    out: Path = Path("book/results/measuring.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python experiments/measuring.py --clips {options.clips} --size {options.size}", SEED)
    values: dict = {"convention": CONVENTION, "size": options.size, "frames": FRAMES, "sets": {}}
    skies = synthetic_clips(options.clips, options.size, FRAMES, SEED)
    values["sets"]["skies"] = measured(skies.frames, tricks(skies.frames) | along_the_flow(skies))
    print("skies are scored")
    used = None
    if options.real:
        clips = open_clips("samples", options.size, FRAMES, count=options.clips)
        real = np.stack([clips[i] for i in range(len(clips))])
        values["sets"]["real"] = measured(
            real, tricks(real) | {name: published(name, options.size) for name in PUBLISHED}
        )
        used = fingerprint(load_samples("real"))
    values["batch_norm"] = batch_norm_modes(options.clips)
    watch.write(options.out, values, used)


def measured(clips: np.ndarray, predictors: dict[str, Predictor]) -> dict:
    """Scores of each predictor, and what the conventions do to three of them."""
    found: dict = {"clips": len(clips), "models": {}, "conventions": {}}
    for name, predictor in predictors.items():
        found["models"][name] = score(predictor, clips, name).summary()
    for name in ("copy-first", "fading-copy", *(name for name in PUBLISHED[:1] if name in predictors)):
        found["conventions"][name] = conventions(clips, predictors[name])
    return found


# Predictors. Each takes the true clips (N, 3, T, H, W), of which the tricks look at frame 0 alone.


def tricks(clips: np.ndarray) -> dict[str, Predictor]:
    """What needs no network. Flicker and noise are as strong as it takes to reach the set's motion energy."""
    predictors = {
        "copy-first": still(copy_first),
        "fading-copy": still(fading_copy),
        "mean-colour": still(mean_colour),
    }
    for name, shape in (("flickering-copy", (1, 1, 1)), ("noisy-copy", (3, 0, 0))):
        strength = 0.01
        for _ in range(6):  # clipping at black and white eats a little, so ask again
            strength /= energy_ratio(clips, shaken(shape, strength))
        predictors[name] = shaken(shape, strength)
    return predictors


def mean_colour(first: Tensor, frames: int) -> Tensor:
    """The photo's mean colour everywhere, always."""
    return copy_first(first.mean((2, 3), keepdim=True).expand_as(first), frames)


def shaken(shape: tuple[int, int, int], strength: float) -> Predictor:
    """The first frame plus normal noise of its own in each frame but the first: one number a frame, or one a pixel.

    shape: colours, rows and columns of the noise; 0 means as many as the clip has.
    """

    def predict(real: Tensor, which: slice) -> Tensor:
        count, _, frames, height, width = real.shape
        random = torch.Generator().manual_seed(SEED + which.start)
        noise = torch.randn((count, shape[0], frames, shape[1] or height, shape[2] or width), generator=random)
        noise[:, :, 0] = 0
        return (copy_first(real[:, :, 0], frames) + strength * noise).clamp(-1, 1)

    return predict


def energy_ratio(clips: np.ndarray, predictor: Predictor) -> float:
    """The predictor's motion energy over the truth's."""
    ours, true = [], []
    for which in batches(clips):
        real = stack_clips(list(clips[which]))
        ours.append(metrics.motion_energy(predictor(real, which)))
        true.append(metrics.motion_energy(real))
    return (torch.cat(ours).mean() / torch.cat(true).mean()).item()


def along_the_flow(skies: SyntheticClips) -> dict[str, Predictor]:
    """The first frame carried along the true flow, and against it. They know the future's wind, and no new cloud."""

    def carrying(sign: int) -> Predictor:
        def predict(_: Tensor, which: slice) -> Tensor:
            numbers = range(which.start, which.stop)
            return stack_clips([carried(skies.frames[i, 0], sign * whole_flow(skies, i)) for i in numbers])

        return predict

    return {"true-flow": carrying(1), "wrong-way": carrying(-1)}


def whole_flow(skies: SyntheticClips, index: int) -> np.ndarray:
    """The flow of one sky, (T-1, 2, H, W), where clear sky drifts with the cloud nearest to it.

    Without that a cloud that leaves would leave a ghost. What never moves, the ground, stays.
    """
    flow, moving = skies.flow[index], skies.mask[index]
    ever = moving.any(axis=0)
    whole = np.zeros_like(flow)
    for t in range(len(flow)):
        if not moving[t].any():
            continue
        still_here = (~moving[t]).astype(np.uint8)
        _, nearest = cv2.distanceTransformWithLabels(still_here, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        table = np.zeros((nearest.max() + 1, 2), np.float32)
        table[nearest[moving[t]]] = flow[t][:, moving[t]].T
        whole[t] = np.where(ever, cv2.GaussianBlur(table[nearest], (0, 0), 2).transpose(2, 0, 1), 0)
    return whole


def carried(first: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """uint8 (T, H, W, 3): pixels of `first` (H, W, 3) fetched from where the flow (T-1, 2, H, W) says they were."""
    rows, columns = np.mgrid[: first.shape[0], : first.shape[1]].astype(np.float32)
    x, y, clip = columns, rows, [first]
    for right, down in flow:
        x, y = (
            cv2.remap(place, columns - right, rows - down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for place in (x, y)
        )
        clip.append(cv2.remap(first, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
    return np.stack(clip)


# Conventions: the same predictions of the same clips, scored in other ways.


def conventions(clips: np.ndarray, predictor: Predictor) -> dict:
    """PSNR and SSIM of one predictor, each convention changed alone; "book" is the one of this book."""
    pairs = [(predictor(real, which), real) for which in batches(clips) for real in [stack_clips(list(clips[which]))]]

    def over(measure: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        return torch.cat([measure(prediction, real) for prediction, real in pairs])  # (N, T)

    mse = over(metrics.mse)
    return {"psnr": psnr_conventions(mse, over), "ssim": ssim_conventions(over), "per_clip": spread(mse)}


def psnr_conventions(mse: Tensor, over: Callable) -> dict[str, float]:
    """dB; mse: (N, T)."""
    later = mse[:, 1:]
    return {
        "book": decibels(later).mean().item(),
        "range_1": decibels(later, 1).mean().item(),
        "frame_0_capped": decibels(mse).clamp(max=CAP).mean().item(),
        "of_mean_mse": decibels(later.mean()).item(),
        "of_each_clips_mse": decibels(later.mean(dim=1)).mean().item(),
        "bytes": decibels(over(rounded(metrics.mse))[:, 1:]).mean().item(),
        "grey": decibels(over(in_grey(metrics.mse))[:, 1:]).mean().item(),
        "half_size": decibels(over(halved(metrics.mse))[:, 1:]).mean().item(),
        "sixteen_frames": decibels(mse[:, 1:16]).mean().item(),
    }


def ssim_conventions(over: Callable) -> dict[str, float]:
    """Without a unit, at most 1."""
    return {
        "book": over(metrics.ssim)[:, 1:].mean().item(),
        "range_1": over(ssim_of_range_1)[:, 1:].mean().item(),
        "frame_0": over(metrics.ssim).mean().item(),
        "gaussian": over(gaussian_ssim)[:, 1:].mean().item(),
        "grey": over(in_grey(metrics.ssim))[:, 1:].mean().item(),
        "half_size": over(halved(metrics.ssim))[:, 1:].mean().item(),
    }


def spread(mse: Tensor) -> dict[str, float]:
    """How PSNR differs from clip to clip, and how far its mean would move with other clips (95 %, bootstrap)."""
    of_clip = decibels(mse[:, 1:]).mean(dim=1)  # (N,)
    random = torch.Generator().manual_seed(SEED)
    means = of_clip[torch.randint(len(of_clip), (RESAMPLES, len(of_clip)), generator=random)].mean(dim=1)
    ends = {"low": of_clip.min(), "high": of_clip.max(), "mean_low": means.quantile(0.025)}
    return {name: value.item() for name, value in (ends | {"mean_high": means.quantile(0.975)}).items()}


def decibels(mse: Tensor, data_range: float = metrics.DATA_RANGE) -> Tensor:
    return 10 * torch.log10(data_range**2 / mse)


def rounded(measure: Callable) -> Callable:
    return lambda prediction, real: measure(as_bytes(prediction).float() / 127.5 - 1, real)


def in_grey(measure: Callable) -> Callable:
    return lambda *clips: measure(*((clip * EYE).sum(1, keepdim=True).expand_as(clip) for clip in clips))


def halved(measure: Callable) -> Callable:
    """At half the size, shrunk as the package shrinks clips: in bytes."""

    def at_half(*clips: Tensor) -> Tensor:
        size = clips[0].shape[-1] // 2
        small = (resize_clips(as_bytes(clip).permute(0, 2, 3, 4, 1).numpy(), size) for clip in clips)
        return measure(*(stack_clips(list(clip)) for clip in small))

    return at_half


def as_bytes(clips: Tensor) -> Tensor:
    return ((clips + 1) * 127.5).round().clamp(0, 255).byte()


def ssim_of_range_1(prediction: Tensor, real: Tensor) -> Tensor:
    """What comes out where data in [-1, 1] are said to have range 1: twice the values, with the constants of 2."""
    return metrics.ssim(2 * prediction, 2 * real)


def gaussian_ssim(prediction: Tensor, real: Tensor) -> Tensor:
    """The original form (Wang et al., 2004): an 11-pixel Gaussian window, sigma 1.5; (N, T)."""
    count, _, frames, _, _ = real.shape
    pairs = [(prediction[n, :, t], real[n, :, t]) for n in range(count) for t in range(frames)]
    values = [_gaussian_ssim_of_frame(*(frame.permute(1, 2, 0).double().numpy() for frame in pair)) for pair in pairs]
    return torch.tensor(values).view(count, frames)


def _gaussian_ssim_of_frame(x: np.ndarray, y: np.ndarray) -> float:
    def mean(image):
        return cv2.GaussianBlur(image, (11, 11), 1.5)[5:-5, 5:-5]

    c1, c2 = (0.01 * metrics.DATA_RANGE) ** 2, (0.03 * metrics.DATA_RANGE) ** 2
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    return float(((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


@torch.inference_mode()
def batch_norm_modes(count: int) -> dict:
    """PSNR of the shipped model on unseen skies of its own size: batch norm at rest, and left in training mode."""
    generator = load_generator("sky-32")
    config = generator.config
    clips = open_clips("synthetic", config.size, config.frames, split="test", count=count)
    real = stack_clips([clips[i] for i in range(len(clips))])
    found = {"clips": len(real), "size": config.size, "frames": config.frames}

    def psnr(model, batch: int) -> float:
        made = torch.cat([model.animate(part) for part in real[:, :, 0].split(batch)])
        return metrics.mean_psnr(metrics.psnr(made, real)[:, 1:]).item()

    found["eval"] = psnr(generator, 16)
    for batch in (4, 16):
        found[f"train_mode_batch_{batch}"] = psnr(deepcopy(generator).train(), batch)
    return found


def batches(clips: np.ndarray) -> list[slice]:
    return [slice(start, min(start + BATCH, len(clips))) for start in range(0, len(clips), BATCH)]


if __name__ == "__main__":
    end_well(main)
