"""Which wind? The default one, chosen where nothing is tested, and twenty drawn from what training skies have."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from measuring import batches
from sky64.rivals import whole
from ssagan_lite.beyond.wind import WindGenerator, carried, measured_wind
from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.sources import open_clips
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation import metrics
from ssagan_lite.evaluation.motion import flow_magnitude
from ssagan_lite.reproduction.scoring import Predictor
from ssagan_lite.reproduction.statistics import clip_means
from ssagan_lite.training.config import TrainConfig

VALIDATION_SEED = 64_064  # even, so on the training side (data/sources.py), and none that training or a test draws
# Picture widths over the clip.
LENGTHS = (0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3)
ENOUGH = 0.55  # of the true flow magnitude: it moves from 0.5 on, and other skies differ a little
DRAWS, DRAW_SEED, PRIOR_CLIPS = 20, 20_064, 512
QUANTILES = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
Reader = Callable[[Tensor], Callable[[Tensor], Tensor]]  # photos (N, 3, H, W) -> what makes clips of a wind (N, 2)


def reader(generator: WindGenerator) -> Reader:
    """The network reads a photo once, whatever the number of winds."""

    def read(first: Tensor) -> Callable[[Tensor], Tensor]:
        response, change, _ = generator.read(first)
        return lambda wind: carried(first, response, change, wind)  # (N, 3, T, H, W)

    return read


def copy_reader(frames: int) -> Reader:
    """No network: the photo is carried as a whole."""
    return lambda first: lambda wind: whole(first, wind, frames)


def validation_skies(shape, count: int) -> np.ndarray:
    """Skies on which the default wind is chosen, uint8 (N, T, H, W, 3); shape: a generator's configuration."""
    return synthetic_clips(count, shape.size, shape.frames, seed=VALIDATION_SEED).frames


@torch.inference_mode()
def choose_wind(generator: WindGenerator, clips: np.ndarray) -> dict:
    """The shortest wind to the right under which the clips move `ENOUGH`; the longest where none does.

    Returns the grid with its flow magnitude ratios, and "chosen", (x, y) in picture widths.
    """
    made, true = torch.zeros(len(LENGTHS), dtype=torch.float64), 0.0
    for which in tqdm(batches(clips), desc="default wind", unit="batch", leave=False):
        real = stack_clips(list(clips[which]))  # (N, 3, T, H, W)
        carry = reader(generator)(real[:, :, 0])
        true += flow_magnitude(real).sum().item()
        for place, length in enumerate(LENGTHS):
            made[place] += flow_magnitude(carry(torch.tensor([[length, 0.0]] * len(real)))).sum()
    ratios = (made / true).tolist()
    grid = [{"length": a, "flow_magnitude_ratio": b} for a, b in zip(LENGTHS, ratios, strict=True)]
    return {
        "seed": VALIDATION_SEED,
        "clips": len(clips),
        "wanted_ratio": ENOUGH,
        "grid": grid,
        "chosen": shortest(grid),
    }


def shortest(grid: list[dict]) -> tuple[float, float]:
    """The first wind of the grid that moves enough, or its last."""
    enough = [entry["length"] for entry in grid if entry["flow_magnitude_ratio"] >= ENOUGH]
    return (enough[0] if enough else grid[-1]["length"], 0.0)


@torch.inference_mode()
def prior_lengths(shape, config: TrainConfig, count: int = PRIOR_CLIPS) -> Tensor:
    """How far the wind carries the first training skies, (count,), in picture widths."""
    clips = open_clips("synthetic", shape.size, shape.frames, split="train", count=count, seed=config.seed)
    winds = [measured_wind(stack_clips(list(clips.array[which]))) for which in batches(clips.array)]
    return torch.cat(winds).norm(dim=1)


def about_prior(lengths: Tensor) -> dict:
    """The prior of the wind as plain values."""
    values = lengths.quantile(torch.tensor(QUANTILES)).tolist()
    quantiles = {f"{share:g}": value for share, value in zip(QUANTILES, values, strict=True)}
    return {
        "draws": DRAWS,
        "seed": DRAW_SEED,
        "direction": "uniform",
        "length": "one of the lengths measured in training skies, in picture widths over the clip",
        "training_skies": len(lengths),
        "quantiles": quantiles,
    }


def draw_winds(lengths: Tensor, clips: int, draws: int = DRAWS) -> Tensor:
    """Winds (clips, draws, 2): direction uniform, length one of `lengths`; a clip's depend on its number alone."""
    found = []
    for number in range(clips):
        random = torch.Generator().manual_seed(DRAW_SEED + number)
        angle = 2 * math.pi * torch.rand(draws, generator=random)
        length = lengths[torch.randint(len(lengths), (draws,), generator=random)]
        found.append(torch.stack((length * angle.cos(), length * angle.sin()), dim=-1))  # (draws, 2)
    return torch.stack(found)


@torch.inference_mode()
def try_winds(read: Reader, clips: np.ndarray, winds: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """MSE and PSNR (dB) of each clip under each of its winds (N, draws, 2), means over frames 1 on: (N, draws) each."""
    mse, psnr = [], []
    for which in tqdm(batches(clips), desc=f"{name}: {winds.shape[1]} winds", unit="batch", leave=False):
        real = stack_clips(list(clips[which]))  # (N, 3, T, H, W)
        carry = read(real[:, :, 0])
        errors = [metrics.mse(carry(wind), real)[:, 1:] for wind in winds[which].unbind(dim=1)]  # (N, T-1) each
        mse.append(torch.stack([error.mean(dim=1) for error in errors], dim=1))  # (N, draws)
        psnr.append(torch.stack([clip_means(decibels(error)) for error in errors], dim=1))  # (N, draws)
    return torch.cat(mse), torch.cat(psnr)


def decibels(mse: Tensor) -> Tensor:
    """PSNR as in evaluation/metrics.py, of errors that are known."""
    return 10 * torch.log10(metrics.DATA_RANGE**2 / mse)


def best_winds(mse: Tensor, winds: Tensor) -> Tensor:
    """The wind of each clip with the least error, (N, 2); mse (N, draws), winds (N, draws, 2)."""
    return winds[torch.arange(len(winds)), mse.argmin(dim=1)]


def under(read: Reader, winds: Tensor) -> Predictor:
    """A predictor that knows a wind for each clip, (N, 2)."""
    return lambda real, which: read(real[:, :, 0])(winds[which])


def about_draws(mse: Tensor, psnr: Tensor, copy_mse: Tensor, copy_psnr: Tensor) -> dict:
    """What many winds bring against copy-first, whose scores are (N,); theirs are (N, draws)."""
    best = mse.argmin(dim=1, keepdim=True)  # (N, 1)
    return {
        "draws": mse.shape[1],
        "mean": {"mse": mse.mean().item(), "psnr": psnr.nanmean().item()},
        "best": {"mse": mse.gather(1, best).mean().item(), "psnr": psnr.gather(1, best).nanmean().item()},
        "clips": len(mse),
        "clips_whose_best_beats_copy_first": {
            "mse": int((mse.gather(1, best)[:, 0] < copy_mse).sum()),
            "psnr": int((psnr.gather(1, best)[:, 0] > copy_psnr).sum()),
        },
        "share_of_draws_that_beat_copy_first": {
            "mse": (mse < copy_mse.unsqueeze(1)).double().mean().item(),
            "psnr": (psnr > copy_psnr.unsqueeze(1)).double().mean().item(),
        },
    }
