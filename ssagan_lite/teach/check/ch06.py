"""Graders of chapter 06: the best single answer under two losses, the price of a bold guess, the closest of k draws."""

import itertools

import numpy as np

from ssagan_lite.teach.check.grader import WrongError, call, expect, graded
from ssagan_lite.teach.explore.futures import weighted_mean, weighted_median

SHARES = ((0.2, 0.5, 0.3), (0.1, 0.15, 0.2, 0.24, 0.31), (0.7, 0.3))  # no partial sum of them is one half
WEIGHTED = ((0.2, 0.45, 0.35), (0.1, 0.15, 0.2, 0.24, 0.31), (0.7, 0.3))


@graded
def best_answer(function):
    """Exercise 6.1: best_answer(futures (K, ...), probabilities (K,), "L2" or "L1") with the least expected loss."""
    random = np.random.default_rng(61)
    for shares, shape in zip(WEIGHTED, ((4,), (2, 3, 3), (5,)), strict=True):
        futures, shares = random.uniform(-1, 1, (len(shares), *shape)), np.array(shares)
        mean, median = weighted_mean(futures, shares), weighted_median(futures, shares)
        likeliest = futures[shares.argmax()]
        plain = {
            "that is the plain mean: give each future its probability as its weight.": futures.mean(axis=0),
            "that is the likeliest future, for L2: a sharp answer, and a costly one. Where does the slope vanish?": (
                likeliest
            ),
            "that is the median, for L2 too: look at which loss is asked for.": median,
        }
        expect(_answer(function, futures, shares, "L2"), mean, mistakes=plain)
        plain = {
            "that is the mean, for L1 too: under L1 each pixel is decided by votes.": mean,
            "that is the plain median: a future with probability 0.31 has more votes than one with 0.1.": (
                np.median(futures, axis=0)
            ),
            "that is the likeliest future, for L1: its pixels need more than half of the votes, not the most.": (
                likeliest
            ),
            "the votes of different futures were mixed up: sort values and probabilities by the same order.": (
                _mixed_up(futures, shares)
            ),
        }
        expect(_answer(function, futures, shares, "L1"), median, mistakes=plain)
    return "the mean under L2, the weighted median under L1, in every pixel."


@graded
def bold_guess(function):
    """Exercise 6.2: the expected squared error of a guess that is drawn like the futures themselves."""
    random = np.random.default_rng(62)
    for shares, shape in zip(SHARES, ((6,), (2, 3), (4, 2, 2)), strict=True):
        futures, shares = random.uniform(-1, 1, (len(shares), *shape)), np.array(shares)
        apart = _apart(futures)
        exact = shares @ apart @ shares
        other = 1 - (shares**2).sum()  # the chance that guess and future differ
        pixels = futures[0].size
        mistakes = {
            "that is half of it: the variance, once, or each two futures counted once. The guess is uncertain too.": (
                exact / 2
            ),
            "the chance of being right was left out: with some luck, guess and future are the same.": exact / other,
            "all futures were taken as equally likely: weigh each by its probability.": apart.mean(),
            "that is the error of always guessing the likeliest future: the guess is drawn.": (
                apart[shares.argmax()] @ shares
            ),
            "only the guess was drawn with its probability; the future has its own.": (apart.T @ shares).mean(),
            "that is a sum over the pixels: the squared error here is their mean.": exact * pixels,
            "that is the absolute error: square the differences.": shares @ _apart(futures, np.abs) @ shares,
            "that is the root of it: no square root is taken.": np.sqrt(exact),
        }
        expect(call(function, futures.copy(), shares.copy()), exact, mistakes=mistakes)
    return "twice the variance, and both of them for a reason: the guess is as uncertain as the future."


@graded
def best_of_k(function):
    """Exercise 6.3: the expected error of the closest of k draws, exactly, from the errors between futures."""
    random = np.random.default_rng(63)
    for shares, k in ((SHARES[0], 1), (SHARES[0], 2), (SHARES[1], 3), (SHARES[2], 4)):
        shares = np.array(shares)
        apart = _apart(random.uniform(-1, 1, (len(shares), 5)))
        exact = _closest(apart, shares, k)
        found = call(function, apart.copy(), shares.copy(), k)
        once = shares @ apart @ shares
        mistakes = {
            "all futures were taken as equally likely: a draw of k has the product of its k probabilities.": (
                _closest(apart, shares, k, np.full(len(shares), 1 / len(shares)))
            )
        }
        if k > 1:
            mistakes |= {
                "that is the mean error of the k draws, the same as of one: keep the closest of them.": once,
                "that is one single guess, the one with the least expected error: draw k, then keep the closest.": (
                    (apart @ shares).min()
                ),
                "that is the error of one draw, divided by k: more draws do not share it.": once / k,
                "the same future cannot come twice in your draws: each draw starts afresh.": _without_repeats(
                    apart, shares, k
                ),
                "that is the farthest of the k draws: keep the closest.": _closest(apart, shares, k, pick=np.max),
            }
        _not_simulated(found, exact)
        expect(found, exact, mistakes=mistakes)
    return "every way to draw k futures, weighed by how likely it is."


def _answer(function, futures, shares, loss):
    """The reader's clip; given arrays of its own to work on."""
    found = call(function, futures.copy(), shares.copy(), loss)
    if isinstance(found, int | float | np.number):
        raise WrongError(f"an array of shape {futures.shape[1:]} is expected: one value for each pixel.")
    return found


def _mixed_up(futures, shares):
    """The weighted median with sorted values and unsorted weights."""
    reached = int(np.argmax(np.cumsum(shares) >= 0.5))
    return np.sort(futures, axis=0)[reached]


def _apart(futures, measure=np.square):
    """The mean squared (or other) difference between each two futures, (K, K)."""
    difference = futures[:, None] - futures[None]
    return measure(difference).mean(axis=tuple(range(2, difference.ndim)))


def _closest(apart, shares, k, chances=None, pick=np.min):
    """The expected error of the picked of k draws: a sum over all draws."""
    chances = shares if chances is None else chances
    draws = [list(draw) for draw in itertools.product(range(len(shares)), repeat=k)]
    return sum(chances[draw].prod() * (pick(apart[draw], axis=0) @ shares) for draw in draws)


def _without_repeats(apart, shares, k):
    """The same with draws that never repeat a future, each with the chance that they have then; no number for none."""
    draws = [list(draw) for draw in itertools.permutations(range(len(shares)), k)]
    chances = np.array([shares[draw].prod() for draw in draws])
    if not draws:
        return np.nan
    errors = np.array([apart[draw].min(axis=0) @ shares for draw in draws])
    return chances @ errors / chances.sum()


def _not_simulated(found, exact):
    """WrongError for a number that is near, and not exact."""
    try:
        share = abs(float(found) / exact - 1)
    except (TypeError, ValueError):
        return
    if 1e-4 < share < 0.01:
        raise WrongError(
            f"{float(found):.5g} is near {exact:.5g}, but not it. Go through all draws; do not throw dice."
        )
