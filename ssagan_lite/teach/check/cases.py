"""Other cases for the graders than the reader sees, from a seed of the teacher's.

with other_cases(7):
    check.ch02.attention(function)

A grader draws its cases from fixed seeds, so that it says the same twice. Here every such seed is mixed with another
one. Exercises whose cases are a fixed table stay as they are, and so do those that are judged on drawn skies (they
are drawn from a list, seed and index): whether a sound answer beats copy-first there is partly the luck of the draw.
"""

import contextlib
import sys
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import torch

PACKAGE = __package__  # of the graders


@contextlib.contextmanager
def other_cases(seed: int):
    """While it lasts, what numpy and torch draw from a fixed seed is drawn from another. Yields `.drawn`, how often
    that happened: 0 where an exercise has the same cases for everybody.

    It changes numpy and torch for the whole process, so nothing but graders should run in it meanwhile.
    """
    told = SimpleNamespace(drawn=0)
    plain, seed_torch = np.random.default_rng, torch.manual_seed

    def mixed(own) -> np.random.SeedSequence:
        told.drawn += 1
        return np.random.SeedSequence([int(own), seed])

    def default_rng(own=None):
        return plain(mixed(own) if isinstance(own, int | np.integer) else own)

    def number(own) -> int:
        return int(mixed(own).generate_state(1, np.uint64)[0] >> 1)

    class Dice(torch.Generator):
        def manual_seed(self, own):
            return super().manual_seed(number(own))

    with (
        patch.object(np.random, "default_rng", default_rng),
        patch.object(torch, "manual_seed", lambda own: seed_torch(number(own))),
        patch.object(torch, "Generator", Dice),
    ):
        _forget()
        try:
            yield told
        finally:
            _forget()


def _forget() -> None:
    """What graders keep from call to call was drawn from other seeds."""
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{PACKAGE}."):
            for thing in vars(module).values():
                if hasattr(thing, "cache_clear"):
                    thing.cache_clear()
