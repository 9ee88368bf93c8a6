"""Fine-tuning on real clips, of which nobody knows from which videos they were cut.

Clips that look alike may be of one video, so they are grouped first, and no group is on both sides. Two clips of one
video that look different may still be.
"""

import tempfile
from copy import deepcopy
from dataclasses import fields, replace

import numpy as np
import torch

from sky64.card import against, differences, plain, rows, score_all
from sky64.rivals import published_of, sky64
from ssagan_lite.beyond.game import Wind
from ssagan_lite.beyond.wind import WindGenerator
from ssagan_lite.data.clips import resize_clips
from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.reproduction.scoring import STILL, Predictor, still
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.fit import fit

THUMBNAIL = 8  # pixels a side
ALIKE = 40.0  # levels of 255, root mean square: below it lie all pairs in which an eye finds the same foreground
TEST_SHARE, SPLIT_SEED = 0.25, 64
BATCH, LEARNING_RATE = 8, 1e-4
WARNING = (
    "The videos that the 48 clips were cut from are not known. Clips whose first frames look alike are kept on one "
    "side; clips of one video that look different may be on both. The critic starts anew."
)


def groups(firsts: np.ndarray, alike: float = ALIKE) -> list[list[int]]:
    """Numbers of first frames uint8 (N, H, W, 3) that hang together by single linkage of their thumbnails' colours."""
    small = resize_clips(firsts[:, None], THUMBNAIL)[:, 0].reshape(len(firsts), -1).astype(np.float64)  # (N, 192)
    near = np.sqrt(((small[:, None] - small[None]) ** 2).mean(axis=-1)) <= alike  # (N, N)
    left, found = set(range(len(firsts))), []
    while left:
        group, fresh = set(), {min(left)}
        while fresh:
            group |= fresh
            fresh = {int(other) for one in fresh for other in np.flatnonzero(near[one])} - group
        found.append(sorted(group))
        left -= group
    return found


def divide(found: list[list[int]], share: float = TEST_SHARE, seed: int = SPLIT_SEED) -> tuple[np.ndarray, np.ndarray]:
    """Numbers to train on and to test on: whole groups, drawn into the test until it has its share.

    Raises InputError where that leaves one side empty.
    """
    count = sum(map(len, found))
    test: list[int] = []
    for place in np.random.default_rng(seed).permutation(len(found)):
        if len(test) + len(found[place]) <= round(share * count):
            test += found[place]
    train = sorted(set(range(count)) - set(test))
    if not test or not train:
        raise InputError(f"{count} clips in {len(found)} groups cannot be divided; give more, or less alike.")
    return np.array(train), np.array(sorted(test))


def study(generator: WindGenerator, clips: np.ndarray, steps: int, samples: bool, precision: str) -> dict:
    """Fine-tune on most of the clips uint8 (N, T, H, W, 3), score the rest before and after. No weights are kept.

    samples: they are the real clips, of which MD-GAN's predictions are known.
    """
    found = groups(clips[:, 0])
    train, test = divide(found)
    config = settings(generator, steps, len(train), precision)
    tuned = fine_tuned(generator, clips[train], config)
    mdgan = ("mdgan-stage1",) if samples else ()
    scores = {}
    for part, numbers in (("test", test), ("train", train)):
        rivals: dict[str, Predictor] = {name: still(baseline) for name, baseline in STILL.items()}
        rivals |= {name: published_of(name, clips.shape[2], numbers) for name in mdgan}
        before = score_all(rivals | sky64(generator), clips[numbers], f"before, {part}")
        after = score_all(sky64(tuned), clips[numbers], f"after, {part}")
        scores[part] = {
            "before": rows(before),
            "after": rows(after),
            "after_from_before": against(after, before),
            "after_from_copy_first": differences({"copy-first": before["copy-first"], **after}),
        }
    about = {"steps": steps, "learning_rate": LEARNING_RATE, "batch": config.batch, "flip": config.flip}
    return plain(
        {
            "note": WARNING,
            "settings": about | {"precision": precision, "content_weight": config.content_weight},
            "grouping": {"thumbnail": THUMBNAIL, "alike": ALIKE, "groups": found},
            "split": {"seed": SPLIT_SEED, "train": train.tolist(), "test": test.tolist()},
            "scores": scores,
        }
    )


def settings(generator: WindGenerator, steps: int, clips: int, precision: str) -> TrainConfig:
    """sky-64's game, with small steps."""
    shape = {field.name: getattr(generator.config, field.name) for field in fields(GeneratorConfig)}
    return TrainConfig(
        model="wind",
        generator=GeneratorConfig(**shape),
        content_weight=50.0,
        critic_steps=1,
        learning_rate=LEARNING_RATE,
        batch=min(BATCH, clips),
        flip=True,
        steps=steps,
        sample_every=steps,
        device="cpu",
        precision=precision,
    )


def fine_tuned(generator: WindGenerator, clips: np.ndarray, config: TrainConfig) -> WindGenerator:
    """A copy of the generator after some steps on the clips; the run is thrown away."""
    torch.manual_seed(config.seed)
    system = Wind(config)
    system.generator = deepcopy(generator).train().requires_grad_(True)
    with tempfile.TemporaryDirectory() as folder:
        fit(replace(config, out=f"{folder}/run"), clips, system=system)
    return system.generator.module.eval().requires_grad_(False)  # fit() wrapped it
