"""The procedural skies are hard in the way real ones are: the same statistics, on fewer clips than the benchmark's."""

import numpy as np
import pytest

from benchmarks.skies import colour_distance, last_error, spectrum_slope, statistics
from ssagan_lite.data.clips import resize_clips
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError

COUNT, SIZE, SEED = 60, 64, 1_000


@pytest.fixture(scope="module")
def both():
    """Statistics of drawn and of real skies."""
    try:
        real = resize_clips(load_samples("real"), SIZE)
    except InputError as error:
        pytest.skip(str(error))
    return statistics(synthetic_clips(COUNT, SIZE, 32, SEED).frames), statistics(real)


@pytest.fixture(scope="module")
def clean():
    return synthetic_clips(50, SIZE, 32, SEED, noise=False, exposure=False)


def test_copying_costs_as_much_at_every_frame(both):
    drawn, real = both
    assert np.abs(np.subtract(drawn["copy_psnr_by_frame"], real["copy_psnr_by_frame"])).max() < 3


def test_easy_and_hard_clips_are_as_easy_and_as_hard(both):
    drawn, real = both
    for percentile in ("copy_psnr_p10", "copy_psnr_p90"):
        assert abs(drawn[percentile] - real[percentile]) < 4


def test_they_move_as_far_and_are_as_rough(both):
    drawn, real = both
    assert 1 / 1.5 < drawn["flow_magnitude_median"] / real["flow_magnitude_median"] < 1.5
    assert abs(drawn["spectrum_slope"] - real["spectrum_slope"]) < 0.6


def test_motion_alone_makes_most_of_the_error(clean):
    noisy = synthetic_clips(50, SIZE, 32, SEED).frames
    assert last_error(clean.frames) > 0.7 * last_error(noisy)


def test_the_measures_measure():
    noise = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3))
    assert abs(spectrum_slope(noise)) < 0.2, "white noise is flat"
    steps = np.cumsum(np.cumsum(np.random.default_rng(0).normal(size=(8, 64, 64, 3)), axis=1), axis=2)
    assert spectrum_slope(steps) < -1.5
    assert colour_distance(noise, noise) == 0
    assert colour_distance(np.zeros((1, 4, 4, 3), int), np.full((1, 4, 4, 3), 255)) == 1
