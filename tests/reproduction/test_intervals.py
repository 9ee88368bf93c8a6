"""Intervals against known values, their definitions, and how often they hold the truth."""

import math

import numpy as np
import pytest

from ssagan_lite.errors import InputError
from ssagan_lite.reproduction.intervals import at_least, bootstrap_interval, exact_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # scipy.stats.binomtest(k, n).proportion_ci(method="exact"), scipy 1.17.1
        (871, 1000, 0.8486285846850438, 0.8911594287932747),
        (334, 1000, 0.3047930074309736, 0.3641880865639219),
        (7, 20, 0.1539092047845412, 0.5921885345328283),
        (5, 10, 0.1870860284474045, 0.8129139715525955),
        (0, 10, 0.0, 0.30849710781876294),
        (1, 1, 0.025, 1.0),
    ],
)
def test_exact_interval_has_the_known_values(successes, trials, low, high):
    assert exact_interval(successes, trials) == pytest.approx((low, high), abs=1e-10)


def test_exact_interval_is_its_definition_mirrors_and_narrows():
    low, high = exact_interval(30, 80, level=0.9)
    assert at_least(30, 80, low) == pytest.approx(0.05)
    assert 1 - at_least(31, 80, high) == pytest.approx(0.05)
    assert exact_interval(50, 80, level=0.9) == pytest.approx((1 - high, 1 - low))
    wider = exact_interval(30, 80, level=0.99)
    assert wider[0] < low < high < wider[1]
    assert exact_interval(0, 0) == (0.0, 1.0)


def test_exact_interval_holds_the_truth_as_often_as_it_says():
    share, trials = 0.3, 25
    chances = [math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(trials + 1)]
    held = [exact_interval(k, trials)[0] <= share <= exact_interval(k, trials)[1] for k in range(trials + 1)]
    coverage = sum(chance for chance, holds in zip(chances, held, strict=True) if holds)
    assert 0.95 <= coverage < 0.99


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3)])
def test_what_is_no_count_is_refused(successes, trials):
    with pytest.raises(InputError, match=f"{successes} of {trials}"):
        exact_interval(successes, trials)


@pytest.mark.parametrize("level", [0, 1, 95, float("nan")])
def test_what_is_no_level_is_refused(level):
    with pytest.raises(InputError, match="level"):
        exact_interval(1, 3, level)
    with pytest.raises(InputError, match="level"):
        bootstrap_interval([1, 2], level)


def test_bootstrap_of_many_values_is_the_normal_interval():
    values = np.random.default_rng(1).normal(7, 2, 400)
    low, high = bootstrap_interval(values)
    error = values.std() / math.sqrt(len(values))
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_bootstrap_is_exact_where_all_draws_can_be_listed():
    # Of two values, a quarter of the draws is (0, 0) and a quarter (1, 1): both ends lie beyond 2.5 %.
    assert bootstrap_interval([0, 1]) == (0, 1)
    assert bootstrap_interval([0, 1], level=0.4) == (0.5, 0.5)
    assert bootstrap_interval([3, 3, 3]) == (3, 3)


def test_groups_are_drawn_whole():
    random = np.random.default_rng(0)
    videos = np.repeat(np.arange(40), 25)
    alike = random.normal(size=40)[videos] + 0.1 * random.normal(size=1000)  # clips of one video resemble each other
    clips, whole = bootstrap_interval(alike), bootstrap_interval(alike, groups=videos)
    assert 3 < (whole[1] - whole[0]) / (clips[1] - clips[0]) < 7  # the root of 25
    by_hand = bootstrap_interval(alike.reshape(40, 25).mean(axis=1))
    assert whole == pytest.approx(by_hand, abs=0.02)
    low, high = bootstrap_interval([0, 0, 0, 4], groups=["a", "a", "a", "b"])
    assert (low, high) == (0, 4)
    for groups in (["a"] * 4, ["a", "b"]):
        with pytest.raises(InputError, match="group"):
            bootstrap_interval([1, 2, 3, 4], groups=groups)


def test_bootstrap_repeats_with_its_seed_and_keeps_units():
    values = np.random.default_rng(2).random(30)
    assert bootstrap_interval(values) == bootstrap_interval(values, seed=0)
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)
    assert bootstrap_interval(1000 * values) == pytest.approx([1000 * end for end in bootstrap_interval(values)])


def test_bootstrap_holds_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(3)
    intervals = [bootstrap_interval(random.normal(size=40), level=0.8, draws=400, seed=run) for run in range(400)]
    assert 0.73 < np.mean([low < 0 < high for low, high in intervals]) < 0.86


@pytest.mark.parametrize("values", [[], [1], [[1, 2], [3, 4]], [1, float("nan")], [1, float("inf")], 3])
def test_what_no_bootstrap_can_use_is_refused(values):
    with pytest.raises(InputError, match="two or more finite values"):
        bootstrap_interval(values)
