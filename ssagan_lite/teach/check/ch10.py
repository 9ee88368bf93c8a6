"""Graders of chapter 10: gradients of the gate, a paired interval, an exact sign-flip test, what may be written."""

from itertools import product

import numpy as np

from ssagan_lite.teach.check.grader import WrongError, call, expect, graded

# The share of 95 % of Student's t within +- this many standard errors, for n - 1 degrees of freedom.
T_95 = {4: 2.776, 7: 2.365, 9: 2.262}
SENTENCES = {
    "A": "In these runs, the mean with gamma was the higher one.",
    "B": "At this scale, gamma helps on average.",
    "C": "Gamma makes no difference.",
    "D": "On average the difference is less than 1 dB, whichever way.",
    "E": "The next seed will do better with gamma.",
    "F": "At this scale, gamma hurts on average.",
}
INTERVALS = ((0.3, 0.7), (-0.2, 0.6), (-0.9, 0.4), (0.4, 1.8), (-2.5, -0.2), (-1.6, 2.9))


@graded
def gate_gradients(function):
    """Exercise 10.1: the gradients of y = gamma * attended + x with respect to gamma, attended and x."""
    random = np.random.default_rng(10)
    for gamma in (0.0, 0.7, -1.3):
        attended, upstream = random.normal(size=(2, 2, 3, 4, 5))
        found = call(function, gamma, attended.copy(), upstream.copy())
        if not isinstance(found, tuple | list) or len(found) != 3:
            raise WrongError("three gradients are expected: of gamma, of attended and of x.")
        product_ = attended * upstream
        expect(
            found[0],
            product_.sum(),
            mistakes={
                "of gamma: it acts on every number of y, and the effects add up; you took their mean.": product_.mean(),
                "of gamma: that is one number for each place. Gamma is a single one: add them up.": product_,
                "of gamma: how much gamma changes y depends on attended.": upstream.sum(),
                "of gamma: the loss asks for its change through upstream.": attended.sum(),
            },
        )
        expect(
            found[1],
            gamma * upstream,
            mistakes={"of attended: what comes back through the gate is scaled by gamma.": upstream},
        )
        expect(
            found[2],
            upstream,
            mistakes={
                "of x: it does not pass the gate; nothing scales it.": gamma * upstream,
                "of x: it enters once, past the gate; the other path goes through attended.": (1 + gamma) * upstream,
            },
        )
    return "at gamma = 0 nothing comes back through the gate, and gamma itself still hears."


@graded
def paired_interval(function):
    """Exercise 10.2: the 95 % interval of the mean difference of pairs."""
    random = np.random.default_rng(11)
    for count in (5, 8, 10):
        level = random.normal(26, 2, count)  # each seed has its own luck, which both of a pair share
        first, second = level + random.normal(0.4, 0.3, count), level + random.normal(0, 0.3, count)
        quantile = T_95[count - 1]
        differences = first - second
        expect(
            call(function, first.copy(), second.copy(), quantile),
            _around(differences.mean(), quantile * differences.std(ddof=1) / np.sqrt(count)),
            mistakes=_interval_mistakes(first, second, quantile),
        )
    return "the luck that a pair shares has gone out of it."


def _around(middle, half):
    return np.array([middle - half, middle + half])


def _interval_mistakes(first, second, quantile):
    differences, count = first - second, len(first)
    middle, error = differences.mean(), differences.std(ddof=1) / np.sqrt(count)
    apart = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / count)
    return {
        "the difference is first minus second.": _around(-middle, quantile * error),
        "you took the spread of both lists apart: the luck of each seed is still in it. Take differences first.": (
            _around(middle, quantile * apart)
        ),
        "the spread of single differences is not that of their mean: divide by the root of their number.": (
            _around(middle, quantile * differences.std(ddof=1))
        ),
        "the deviation is estimated from few pairs: divide by n - 1 (ddof=1).": (
            _around(middle, quantile * differences.std() / np.sqrt(count))
        ),
        "1.96 is for many pairs; with few of them the quantile that you are given is larger.": (
            _around(middle, 1.96 * error)
        ),
    }


@graded
def sign_flips(function):
    """Exercise 10.3: the exact share of sign patterns whose mean lies at least as far from zero."""
    random = np.random.default_rng(12)
    # In 64ths all sums are exact, so that no rounding decides which pattern lies as far as another.
    drawn = [np.round(64 * random.normal(mean, 1, count)) / 64 for mean, count in ((0.5, 5), (0.2, 8))]
    for differences in (np.array([1.0, 2.0, 3.0]), *drawn, -np.ones(6)):
        means = [np.mean(differences * signs) for signs in product((1, -1), repeat=len(differences))]
        observed, far = differences.mean(), np.abs(means)
        expect(
            call(function, differences.copy()),
            np.mean(far >= abs(observed) - 1e-12),
            mistakes={
                "the pattern that was observed is one of them: count those that are as far, too.": (
                    np.mean(far > abs(observed) + 1e-12)
                ),
                "far in the other direction is far as well: compare absolute values.": (
                    np.mean(np.array(means) >= observed - 1e-12)
                ),
            },
        )
    return "no bell curve was assumed."


@graded
def allowed(function):
    """Exercise 10.4: which of six sentences an interval of the mean difference, with minus without gamma, allows."""
    for low, high in INTERVALS:
        found = call(function, low, high)
        if isinstance(found, str) or not hasattr(found, "__iter__"):
            raise WrongError(f"a set of letters is expected, not {type(found).__name__}.")
        found = set(found)
        if found - set(SENTENCES):
            raise WrongError(f"the sentences are named {', '.join(SENTENCES)}.")
        _compare_sentences(found, low, high)
    return "no more than the numbers say, and no less."


def _compare_sentences(found, low, high):
    rules = {"A": low + high > 0, "B": low > 0, "D": low > -1 and high < 1, "F": high < 0}
    expected = {letter for letter, holds in rules.items() if holds}
    told = f"for the interval {low} to {high} dB"
    if "C" in found:
        raise WrongError(
            f"C, {told}: an interval around zero has not found a difference. That is not the same as none."
        )
    if "E" in found:
        raise WrongError(f"E, {told}: the interval speaks of the mean over seeds, not of the next one.")
    for letter in sorted(found ^ expected):
        verb = "is not allowed" if letter in found else "is allowed, and missing"
        raise WrongError(f"{letter} {verb}, {told}: {SENTENCES[letter]}")
