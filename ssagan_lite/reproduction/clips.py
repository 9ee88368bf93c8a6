"""Which clips a reproduction trains on, and which it scores: never the same. Chapter 12."""

import hashlib

import numpy as np

from ssagan_lite.data.clips import ClipDataset
from ssagan_lite.data.manifest import MANIFEST
from ssagan_lite.data.paths import expand
from ssagan_lite.data.sources import are_samples, open_clips
from ssagan_lite.errors import InputError

DRAWN_TEST_CLIPS = 200  # skies to score where no number is asked for
CHOICE_SEED = 0  # not the seed of the runs: all of them are scored on the same clips


class Chosen:
    """Some of the clips of a set, by their indices; uint8 (T, H, W, 3) each."""

    def __init__(self, clips, indices):
        self.clips, self.indices = clips, indices
        self.sources = [clips.sources[index] for index in indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.clips[self.indices[index]]  # (T, H, W, 3)


def training_source(data: str, train_data: str = "") -> str:
    """What to train on where `data` is scored: its own training split; procedural skies where it has none.

    The 48 samples have none: their source videos are not known. Raises InputError where train_data is what is scored.
    """
    if train_data:
        if are_samples(train_data) and are_samples(data):
            raise InputError("the 48 samples cannot be trained on and scored; give another --train-data.")
        return train_data
    return data if data != "samples" and _has_training_split(data) else "synthetic"


def _has_training_split(data: str) -> bool:
    path = expand(data)
    if not (path / MANIFEST).is_file():
        return True
    return any(clip["split"] == "train" for clip in ClipDataset(path).manifest["clips"])


def open_test_clips(data: str, size: int, frames: int, count: int | None, seed: int = 0):
    """The clips to score: len() and [i] -> uint8 (frames, size, size, 3); count: at most so many, None takes all.

    Of procedural skies count are drawn, with seeds that training never has; of the samples the first ones are taken; of
    any other source's test split count at random, always the same ones. Raises InputError for fewer than two.
    """
    if data == "synthetic":
        count = count or DRAWN_TEST_CLIPS
    first = count if data in ("synthetic", "samples") else None
    clips = open_clips(data, size, frames, split="test", count=first, seed=seed)
    if count is not None and len(clips) > count:
        clips = Chosen(clips, sorted(np.random.default_rng(CHOICE_SEED).permutation(len(clips))[:count].tolist()))
    if len(clips) < 2:
        raise InputError(f"{data} has {len(clips)} clip to score, and an interval needs two or more; add clips.")
    return clips


def sha256_of_clips(clips) -> str:
    """The checksum of the clips' bytes, one after the other: `evaluation.provenance.fingerprint` of all in one."""
    digest = hashlib.sha256()
    for index in range(len(clips)):
        digest.update(np.ascontiguousarray(clips[index]).data)
    return digest.hexdigest()
