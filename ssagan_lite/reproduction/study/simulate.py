"""Answers of nobody, for tests: what a rater of a known taste would return. Every table made from them says so."""

import os
from collections.abc import Sequence

import numpy as np

from ssagan_lite.reproduction.study import VERSION, Item
from ssagan_lite.reproduction.study.answers import FORMAT, SIDES
from ssagan_lite.reproduction.study.page import read_page


def simulate(
    page: str | os.PathLike,
    rater: str,
    *,
    prefers: float = 0.5,
    attention: float = 1.0,
    left: float = 0.0,
    seed: int = 0,
) -> dict:
    """The answers of nobody to a page, for tests: the JSON that it would save, and `"simulated": true`.

    prefers in [0, 1]: the probability of choosing the method named first. attention in [0, 1]: that of passing a check.
    left in [0, 1]: that of choosing the left side without looking, in pairs that are no checks. Every table made from
    such a file says SIMULATED in its first line.
    """
    study, random = read_page(page), np.random.default_rng(seed)
    answers = []
    for place in random.permutation(len(study.items)):
        item, sides = study.items[place], ["A", "B"] if random.random() < 0.5 else ["B", "A"]
        chosen = _guess(item, study.names, prefers, attention, random)
        choice = SIDES[sides.index("AB"[chosen])]
        if item.right is None and random.random() < left:
            choice = "left"
        seconds = round(float(random.gamma(4, 1.5)), 2)
        answers.append({"pair": item.id, "sides": sides, "choice": choice, "seconds": seconds})
    times = {"started": "2000-01-01T00:00:00Z", "finished": "2000-01-01T00:10:00Z"}
    about = {"format": FORMAT, "version": VERSION, "study": study.id, "rater": rater, **times}
    return {**about, "simulated": True, "answers": answers, "veil": study.veiled()}


def _guess(item: Item, names: Sequence[str], prefers: float, attention: float, random: np.random.Generator) -> int:
    """0 where A is chosen, 1 where B is."""
    if item.right is not None:
        return item.right if random.random() < attention else 1 - item.right
    first = 0 if names.index(item.methods[0]) < names.index(item.methods[1]) else 1
    return first if random.random() < prefers else 1 - first
