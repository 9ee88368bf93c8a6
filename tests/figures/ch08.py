"""Nine small runs that nobody trained: curves and skies drawn for the tests."""

import numpy as np

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure
from ssagan_lite.teach.explore.failures import DIAGNOSES
from ssagan_lite.teach.frames import sprites

CURVES = ("real_logit", "fake_logit", "content", "critic_gradient", "generator_gradient")


def record(number: int) -> dict:
    """A run of 40 cycles; the higher the number, the wilder."""
    steps = np.linspace(0, 1, 40)
    shapes = (number * steps, -number * steps, 0.5 - 0.4 * steps, 1 + number**3 * steps, 2 + np.cos(9 * steps))
    clip = synthetic_clips(1, 32, 8, seed=number).frames[0]
    curves = {name: [float(value) for value in shape] for name, shape in zip(CURVES, shapes, strict=True)}
    return {"cycles": 40, "curves": curves, "sample": sprites({"": clip}, 7_000)[0]}


def stored() -> dict:
    """What experiments/failures.py would store."""
    failed = {key: record(number) for number, key in enumerate(DIAGNOSES, 1)}
    symptoms = {key: {"value": 7.5, "healthy_low": 0.25, "healthy_high": 0.5} for key in DIAGNOSES}
    return {"healthy": [record(0)], "failed": failed, "symptoms": symptoms}


def make_figures() -> dict[str, Figure]:
    return {"failures": explore.failing_runs(stored(), title="Eight runs that fail", alt="Nine runs.")}
