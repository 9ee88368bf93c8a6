"""What is measured of a trained generator: distortion, motion against the true flow, and what attention looks at."""

import math

import numpy as np
import torch
from torch import Tensor

from gamma_study.arms import stages
from ssagan_lite.data.synthetic import SyntheticClips
from ssagan_lite.evaluation import motion
from ssagan_lite.evaluation.scores import score_clips
from ssagan_lite.model.attention import SpatialSelfAttention
from ssagan_lite.model.generator import Generator


def rounded(value: float) -> float:
    return float(f"{value:.5g}")


def clip_scores(made: Tensor, target: Tensor, skies: SyntheticClips) -> dict[str, float]:
    """Scores of clips (N, 3, T, H, W) in [-1, 1] against the skies that `target` shows.

    mse, psnr (dB) and ssim are means over frames 1 on; flow_ratio is the mean DIS displacement over 8 frames, over the
    target's. end_point_error (pixels over 8 frames) compares the DIS flow of the prediction with the TRUE flow, where
    that can be followed (`followed_flow`); beside it the same error of no flow, and of DIS on the true clip, below
    which nothing can be told. The dis_ ones compare with the DIS flow of the true clip at all pixels, as
    evaluation/motion.py does for clips whose flow is not known.
    """
    summary = score_clips(made, target).summary()
    values = {name: summary["frames_1_on"][name] for name in ("mse", "psnr", "ssim")}
    values |= {"flow_ratio": summary["flow_magnitude_ratio"], "motion_energy_ratio": summary["motion_energy_ratio"]}
    values |= {f"dis_{name}": summary[name] for name in ("end_point_error", "end_point_error_of_no_flow")}
    truths = [followed_flows(*pair) for pair in zip(skies.flow, skies.mask, strict=True)]
    values["end_point_error"] = true_end_point_error(made, truths)
    values["end_point_error_of_true_clip"] = true_end_point_error(target, truths)
    values["end_point_error_of_no_flow"] = true_end_point_error(None, truths)
    return {name: rounded(value) for name, value in values.items()}


def followed_flows(flow: np.ndarray, mask: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """`followed_flow` over each pair of frames that motion.flow compares: 0 and 8, 8 and 16, ..."""
    gap = min(motion.GAP, len(mask) - 1)
    return [followed_flow(flow, mask, start, gap) for start in range(0, len(mask) - gap, gap)]


def followed_flow(flow: np.ndarray, mask: np.ndarray, start: int, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of frame `start` is `gap` frames later, from the flow of the nearest pixel at each step.

    flow: (T-1, 2, H, W), mask: (T, H, W), of one clip. Returns the displacement (H, W, 2), (x, y) in pixels, and
    whether it is known, (H, W): the pixel moved, was in sight and within the frame all the way.
    """
    height, width = mask.shape[1:]
    begin = np.stack(np.meshgrid(np.arange(width), np.arange(height))).astype(np.float64)  # (2, H, W)
    place, known = begin.copy(), np.ones((height, width), bool)
    for t in range(start, start + gap):
        column, row = np.rint(place).astype(int)
        known &= (column >= 0) & (column < width) & (row >= 0) & (row < height)
        column, row = column.clip(0, width - 1), row.clip(0, height - 1)
        known &= mask[t, row, column]
        place += flow[t][:, row, column]
    known &= (place >= -0.5).all(axis=0) & (place[0] < width - 0.5) & (place[1] < height - 0.5)
    return (place - begin).transpose(1, 2, 0), known


def true_end_point_error(clips: Tensor | None, truths: list) -> float:
    """Mean distance of the DIS flow to the true one in pixels, over clips with anything to follow; None is no flow."""
    errors = []
    for index, pairs in enumerate(truths):
        flows = np.zeros((len(pairs), 1, 1, 2)) if clips is None else motion.flow(clips[index])  # (pairs, H, W, 2)
        lengths = [np.linalg.norm(f - t, axis=-1)[known] for f, (t, known) in zip(flows, pairs, strict=True)]
        errors.append(np.concatenate(lengths))
    return float(np.mean([error.mean() for error in errors if len(error)] or [math.nan]))


@torch.no_grad()
def attention_numbers(generator: Generator, first: Tensor) -> dict[str, dict[str, float]]:
    """`map_numbers` of each level with attention, on first frames (N, 3, H, W); empty for blocks of another kind."""
    known = attention_blocks(generator)
    sums = {name: {} for name in known}
    for part in first.split(16):
        for name, x in inputs(generator, known, part).items():
            for key, value in map_numbers(known[name], x).items():
                sums[name][key] = sums[name].get(key, 0) + value * len(part) / len(first)
    return {name: {key: rounded(value) for key, value in values.items()} for name, values in sums.items()}


def attention_blocks(generator: Generator) -> dict[str, SpatialSelfAttention]:
    """The generator's attention by level, without blocks of another kind."""
    blocks = {name: getattr(stage, "attention", None) for name, stage in stages(generator).items()}
    return {name: block for name, block in blocks.items() if is_attention(block)}


def is_attention(block: object) -> bool:
    return isinstance(block, SpatialSelfAttention) and type(block).forward is SpatialSelfAttention.forward


def inputs(generator: Generator, blocks: dict, first: Tensor) -> dict[str, Tensor]:
    """What each block sees, (N, C, T, H, W), while these first frames are animated."""
    seen = {}
    hooks = [
        block.register_forward_hook(lambda _, given, __, name=name: seen.update({name: given[0]}))
        for name, block in blocks.items()
    ]
    generator.animate(first)
    for hook in hooks:
        hook.remove()
    return seen


def map_numbers(attention: SpatialSelfAttention, x: Tensor) -> dict[str, float]:
    """How an attention map on x (N, C, T, H, W) is spread; means over queries and clips.

    entropy: over log(HW), 1 where all places get the same weight. distance: from a place to those it looks at,
    weighted, in sides of the frame; about 0.52 where all get the same weight. logit_spread: the standard deviation of
    Q K^T over the keys.
    """
    height, width = x.shape[-2:]
    logits = attention._fold(attention.query(x)) @ attention._fold(attention.key(x)).transpose(1, 2)  # (N, HW, HW)
    logs = logits.log_softmax(dim=-1)
    weights = logs.exp()
    places = torch.cartesian_prod(torch.arange(height) / height, torch.arange(width) / width)  # (HW, 2)
    return {
        "entropy": -(weights * logs).sum(-1).mean().item() / math.log(height * width),
        "distance": (weights * torch.cdist(places, places)).sum(-1).mean().item(),
        "logit_spread": logits.std(-1, correction=0).mean().item(),
    }
