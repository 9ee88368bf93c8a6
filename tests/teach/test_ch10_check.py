"""Graders of chapter 10: the solutions pass, and usual mistakes get words of their own."""

from itertools import product

import numpy as np
import pytest

from graders import told
from ssagan_lite.teach.check import ch10
from ssagan_lite.teach.check.cases import other_cases


def gradients(gamma, attended, upstream):
    return (attended * upstream).sum(), gamma * upstream, upstream


def interval(first, second, quantile):
    differences = first - second
    half = quantile * differences.std(ddof=1) / np.sqrt(len(differences))
    return differences.mean() - half, differences.mean() + half


def share(differences):
    means = [np.mean(differences * signs) for signs in product((1, -1), repeat=len(differences))]
    return np.mean(np.abs(means) >= abs(differences.mean()) - 1e-12)


def sentences(low, high):
    rules = {"A": low + high > 0, "B": low > 0, "D": low > -1 and high < 1, "F": high < 0}
    return {letter for letter, holds in rules.items() if holds}


@pytest.mark.parametrize(
    ("grader", "solution"),
    [
        (ch10.gate_gradients, gradients),
        (ch10.paired_interval, interval),
        (ch10.sign_flips, share),
        (ch10.allowed, sentences),
    ],
)
def test_the_solutions(grader, solution, capsys):
    told(capsys, grader, solution, passed=True)


@pytest.mark.parametrize(
    "mean",
    [
        lambda signs, differences: np.dot(signs, differences) / len(differences),
        lambda signs, differences: sum(s * d for s, d in zip(signs, differences, strict=True)) / len(differences),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_no_rounding_decides_which_share_is_right(mean, seed, capsys):
    def plain(differences):
        patterns = product((1, -1), repeat=len(differences))
        return np.mean([abs(mean(signs, differences)) >= abs(differences.mean()) for signs in patterns])

    told(capsys, ch10.sign_flips, plain, passed=True)
    with other_cases(seed):
        told(capsys, ch10.sign_flips, plain, passed=True)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda g, a, u: ((a * u).mean(), g * u, u), "mean"),
        (lambda g, a, u: (a * u, g * u, u), "a single one"),
        (lambda g, a, u: (u.sum(), g * u, u), "depends on attended"),
        (lambda g, a, u: ((a * u).sum(), u, u), "scaled by gamma"),
        (lambda g, a, u: ((a * u).sum(), g * u, g * u), "does not pass the gate"),
        (lambda g, a, u: ((a * u).sum(), g * u, (1 + g) * u), "enters once"),
        (lambda g, a, u: (a * u).sum(), "three gradients"),
    ],
)
def test_gradients_gone_wrong(mistake, words, capsys):
    assert words in told(capsys, ch10.gate_gradients, mistake)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda a, b, q: interval(b, a, q), "first minus second"),
        (lambda a, b, q: interval(a, b, 1.96), "1.96"),
        (lambda a, b, q: interval(a, b, q * np.sqrt(len(a))), "not that of their mean"),
        (lambda a, b, q: interval(a, b, q * np.sqrt((len(a) - 1) / len(a))), "n - 1"),
        (
            lambda a, b, q: (a - b).mean() + q * np.array([-1, 1]) * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a)),
            "the luck of each seed",
        ),
    ],
)
def test_intervals_gone_wrong(mistake, words, capsys):
    assert words in told(capsys, ch10.paired_interval, mistake)


@pytest.mark.parametrize(
    ("compare", "words"),
    [
        (lambda means, seen: np.abs(means) > abs(seen) + 1e-12, "is one of them"),
        (lambda means, seen: np.array(means) >= seen - 1e-12, "other direction"),
    ],
)
def test_shares_gone_wrong(compare, words, capsys):
    def mistaken(differences):
        means = [np.mean(differences * signs) for signs in product((1, -1), repeat=len(differences))]
        return np.mean(compare(means, differences.mean()))

    assert words in told(capsys, ch10.sign_flips, mistaken)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda low, high: sentences(low, high) | ({"C"} if low < 0 < high else set()), "not the same as none"),
        (lambda low, high: sentences(low, high) | ({"E"} if low > 0 else set()), "not of the next one"),
        (lambda low, high: sentences(low, high) | ({"B"} if low + high > 0 else set()), "B is not allowed"),
        (lambda low, high: sentences(low, high) - {"F"}, "F is allowed, and missing"),
        (lambda low, high: sentences(low, high) - {"D"}, "D is allowed, and missing"),
        (lambda low, high: {"X"}, "A, B, C, D, E, F"),
        (lambda low, high: "AB", "a set of letters"),
    ],
)
def test_sentences_gone_wrong(mistake, words, capsys):
    assert words in told(capsys, ch10.allowed, mistake)
