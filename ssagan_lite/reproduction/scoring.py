"""Scoring whatever predicts clips from their first frames, a few clips at a time. Chapters 09 and 12."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from ssagan_lite.baselines.still import copy_first, fading_copy
from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.clips import resize_clips
from ssagan_lite.data.samples import load_samples
from ssagan_lite.evaluation.scores import Scores, gather, score_clips

BATCH = 4  # clips scored at a time: 200 MB in float64 at 128x128x32
STILL = {"copy-first": copy_first, "fading-copy": fading_copy}
PUBLISHED = ("mdgan-stage1", "mdgan-stage2")  # predictions that their authors made public, for the samples only
Predictor = Callable[[Tensor, slice], Tensor]  # true clips (N, 3, T, H, W) and which they are -> predictions


def still(baseline: Callable[[Tensor, int], Tensor]) -> Predictor:
    """A predictor that looks at the first frame alone."""
    return lambda real, _: baseline(real[:, :, 0], real.shape[2])


def published(name: str, size: int) -> Predictor:
    """A predictor that looks up what MD-GAN's authors published: its first frames where the clips have fewer."""
    predictions = load_samples(name)
    predictions = predictions if size == predictions.shape[2] else resize_clips(predictions, size)
    return lambda real, which: stack_clips(list(predictions[which, : real.shape[2]]))  # (N, 3, T, H, W)


def trained(generator: nn.Module, device: torch.device | str = "cpu") -> Predictor:
    """A predictor that asks a generator, which is moved to the device; its clips come back to the CPU."""
    generator = generator.to(device)
    return lambda real, _: generator.animate(real[:, :, 0].to(device)).float().cpu()  # (N, 3, T, H, W)


@torch.inference_mode()
def score(predictor: Predictor, clips, name: str) -> Scores:
    """Score a predictor on all clips, a few at a time; clips: anything with len() and [i] -> uint8 (T, H, W, 3)."""
    parts = []
    for start in tqdm(range(0, len(clips), BATCH), desc=name, unit="batch", leave=False):
        which = slice(start, min(start + BATCH, len(clips)))
        real = stack_clips([clips[i] for i in range(which.start, which.stop)])  # (N, 3, T, H, W)
        parts.append(score_clips(predictor(real, which), real))
    return gather(parts)
