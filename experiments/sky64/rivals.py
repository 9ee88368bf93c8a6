"""Who is scored: sky-64 under several winds, and rivals that need no network, all as `Predictor`s.

"Told the wind" means `measured_wind` of the true clip: such a predictor knows two numbers of the future.
"""

import math

import numpy as np
import torch
from torch import Tensor

from measuring import batches, tricks
from ssagan_lite.beyond.wind import RESPONSE, WindGenerator, carried, look_up, measured_wind
from ssagan_lite.data.batches import stack_clips
from ssagan_lite.evaluation.motion import GAP, flow_magnitude
from ssagan_lite.reproduction.scoring import Predictor, published, trained

ROUNDS = 5  # the flow that DIS finds is not quite in proportion to the shift, so ask again
FARTHEST = 0.5  # picture widths a wiggle may go


def sky64(generator: WindGenerator) -> dict[str, Predictor]:
    """The generator under its own wind, in a calm, and told the wind of the true clip."""
    return {
        "sky-64": trained(generator),
        "sky-64-calm": lambda real, _: generator(real[:, :, 0]),
        "sky-64, told the wind": lambda real, _: generator(real[:, :, 0], measured_wind(real)),
    }


def without_network(clips: np.ndarray, wind: tuple[float, float]) -> dict[str, Predictor]:
    """Copies that stand, fade, flicker, are noisy or wiggle, and the photo carried as a whole; clips (N, T, H, W, 3).

    wind: what carries the photo where the wind is not told.
    """
    found = {name: predictor for name, predictor in tricks(clips).items() if name != "mean-colour"}
    found["wiggling-copy"] = wiggling(wiggle_like(clips))
    found["carried-copy"] = lambda real, _: whole(real[:, :, 0], torch.tensor([wind] * len(real)), real.shape[2])
    found["carried-copy, told the wind"] = lambda real, _: whole(real[:, :, 0], measured_wind(real), real.shape[2])
    return found


def whole(first: Tensor, wind: Tensor, frames: int) -> Tensor:
    """The photo (N, 3, H, W) carried as a whole by the wind (N, 2): (N, 3, T, H, W)."""
    n, _, h, w = first.shape
    unit = torch.eye(2).view(1, RESPONSE, 1, 1, 1).expand(n, RESPONSE, frames, h, w)
    return carried(first, unit, torch.zeros(1).expand(n, 3, frames, h, w), wind)


def published_of(name: str, size: int, numbers: np.ndarray) -> Predictor:
    """MD-GAN's published predictions of some of the real clips, by their numbers."""
    look = published(name, size)
    return lambda real, which: look(real, numbers[which])


def wiggling(shift: float) -> Predictor:
    """The photo shifted to the right by `shift` picture widths and back, again and again, along a cosine.

    It is out after one gap of the flow measure and back after two, so that all of its shift is seen as motion.
    """

    def predict(real: Tensor, _: slice) -> Tensor:
        first, frames = real[:, :, 0], real.shape[2]
        n, _, h, w = first.shape
        way = torch.zeros(n, 2, frames, h, w)
        there = (1 - torch.cos(math.pi * torch.arange(frames) / min(GAP, frames - 1))) / 2  # (T,), from 0 to 1
        way[:, 0] = -shift * there.view(1, frames, 1, 1)
        return look_up(first.unsqueeze(2).expand(n, 3, frames, h, w), way)

    return predict


def wiggle_like(clips: np.ndarray) -> float:
    """The shift, in picture widths, with which a wiggling copy has the flow magnitude of the true clips."""
    shift = mean_flow(clips) / clips.shape[3]
    for _ in range(ROUNDS):
        ratio = mean_flow(clips, wiggling(shift)) / mean_flow(clips)
        shift = min(FARTHEST, shift / max(ratio, 0.2))
    return shift


@torch.inference_mode()
def mean_flow(clips: np.ndarray, predictor: Predictor | None = None) -> float:
    """Mean displacement over a gap in pixels, of the clips or of a prediction of them."""
    lengths = []
    for which in batches(clips):
        real = stack_clips(list(clips[which]))
        lengths.append(flow_magnitude(real if predictor is None else predictor(real, which)))
    return torch.cat(lengths).mean().item()
