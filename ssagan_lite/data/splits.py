"""Which clips are trained on and which are held back: always by source video, never by clip. Chapter 01."""

import hashlib
from collections.abc import Sequence

import numpy as np

from ssagan_lite.errors import InputError


def split_by_source(sources: Sequence[str], fraction: float, seed: int) -> list[str]:
    """Label each clip "train" or "test", by source video: clips of one video never end on both sides.

    `fraction` in [0, 1] is the share of the source videos (not of the clips) that goes to "test", rounded, but at least
    one on each side when there are two. The labels depend on the set of sources and the seed, not on their order.

    >>> split_by_source(["a", "a", "b", "c"], fraction=0.34, seed=0)
    ['train', 'train', 'train', 'test']
    """
    if not 0 <= fraction <= 1:
        raise InputError(f"{fraction} is no share of the sources; give a number from 0 to 1.")
    names = sorted(set(sources))
    count = round(fraction * len(names))
    if 0 < fraction < 1 and len(names) > 1:
        count = min(max(count, 1), len(names) - 1)
    chosen = np.random.default_rng(seed).permutation(len(names))[:count]
    test = {names[index] for index in chosen}
    return ["test" if source in test else "train" for source in sources]


def share_of(name: str) -> float:
    """A number from 0 up to, but not, 1 that the name alone decides: its sha256. What is below a share is "test"."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_by_name(sources: Sequence[str], fraction: float) -> list[str]:
    """Label each clip "train" or "test" by the name of its source video, so that others coming or going move none.

    About `fraction` in [0, 1] of the source videos are "test", and at least one on each side when there are two.

    >>> split_by_name(["a", "a", "b", "c"], fraction=0.2)
    ['train', 'train', 'train', 'test']
    """
    names = sorted(set(sources), key=share_of)
    count = sum(share_of(name) < fraction for name in names)
    if 0 < fraction < 1:  # one video alone trains
        count = min(max(count, 1), len(names) - 1)
    test = set(names[:count])
    return ["test" if source in test else "train" for source in sources]
