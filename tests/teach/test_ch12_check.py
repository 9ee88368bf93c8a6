"""Graders of chapter 12: the solutions pass, and usual mistakes get words of their own."""

import numpy as np
import pytest

from graders import told
from ssagan_lite.teach.check import ch12


def gram(features):
    c, t, h, w = features.shape
    rows = features.reshape(c * t, h * w)
    return rows @ rows.T / (c * t * h * w)


def distances(coarse, real, refined):
    return np.abs(refined - real).sum(), np.abs(refined - coarse).sum()


def ranking(coarse, real, refined):
    p, n = distances(coarse, real, refined)
    return np.logaddexp(0, p - n)


def as_printed(coarse, real, refined):
    p, n = distances(coarse, real, refined)
    return -np.log(np.exp(-p) / (np.exp(-p) + np.exp(-n)))


def combine(mask, foreground, background):
    return mask * foreground + (1 - mask) * background[:, None]


def recover(clip, foreground, background):
    still = background[:, None]
    apart = foreground - still
    power = (apart**2).sum(axis=0)
    known = power > 1e-12
    return np.where(known, ((clip - still) * apart).sum(axis=0) / np.where(known, power, 1), np.nan)


def from_one_colour(clip, foreground, background):
    with np.errstate(all="ignore"):
        mask = (clip[0] - background[0]) / (foreground[0] - background[0])
    return np.where(np.isfinite(mask), mask, np.nan)


def from_sums(clip, foreground, background):
    still = background[:, None]
    with np.errstate(all="ignore"):
        return np.where(
            abs(foreground - still).sum(axis=0) > 1e-12,
            (clip - still).sum(axis=0) / (foreground - still).sum(axis=0),
            np.nan,
        )


@pytest.mark.parametrize(
    ("grader", "solution"),
    [(ch12.gram, gram), (ch12.ranking, ranking), (ch12.combine, combine), (ch12.recover, recover)],
)
def test_the_solutions(grader, solution, capsys):
    told(capsys, grader, solution, passed=True)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda f: f.reshape(len(f), -1) @ f.reshape(len(f), -1).T / f.size, "time is missing"),
        (lambda f: (r := f.reshape(-1, f[0, 0].size)).T @ r / f.size, "places with places"),
        (lambda f: gram(f) * f.size, "divide them"),
        (lambda f: gram(f) * f.shape[0] * f.shape[1], "CT is missing below"),
        (lambda f: gram(f) * f[0, 0].size, "HW is missing below"),
        (lambda f: gram(f.swapaxes(0, 1)), "another order"),
        (lambda f: gram(f - f.mean(axis=(2, 3), keepdims=True)), "covariance"),
        (lambda f: gram(f)[:1], "the shape should be"),
    ],
)
def test_gram_matrices_gone_wrong(mistake, words, capsys):
    assert words in told(capsys, ch12.gram, mistake)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda c, y, x: ranking(y, c, x), "sign is turned round"),
        (lambda c, y, x: np.logaddexp(0, np.abs(x - y).mean() - np.abs(x - c).mean()), "you took means"),
        (lambda c, y, x: np.logaddexp(0, np.abs(x - y).sum() - np.abs(c - y).sum()), "does not hold the refined"),
        (lambda c, y, x: np.logaddexp(0, ((x - y) ** 2).sum() - ((x - c) ** 2).sum()), "not squares"),
        (lambda c, y, x: np.exp(-ranking(c, y, x)), "that is the fraction"),
        (lambda c, y, x: -ranking(c, y, x), "its negative is asked for"),
        (as_printed, "too large"),
    ],
)
def test_rankings_gone_wrong(mistake, words, capsys):
    assert words in told(capsys, ch12.ranking, mistake)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda m, f, b: combine(1 - m, f, b), "the other way round"),
        (lambda m, f, b: m * f + b[:, None], "make room"),
        (lambda m, f, b: m * f, "no part in it"),
        (lambda m, f, b: combine(m[0], f, b), "the mask moves"),
        (lambda m, f, b: m * f + (1 - m) * b[:, :, None], "along its height"),
        (lambda m, f, b: m * f + (1 - m) * b, "lined up with three moments"),
    ],
)
def test_sums_gone_wrong(mistake, words, capsys):
    assert words in told(capsys, ch12.combine, mistake)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda x, f, b: 1 - recover(x, f, b), "of the background is seen"),
        (lambda x, f, b: np.nan_to_num(recover(x, f, b)), "NaN belongs there"),
        (lambda x, f, b: np.nan_to_num(recover(x, f, b), nan=np.inf), "NaN belongs there"),
        (from_one_colour, "only red is equal"),
        (from_sums, "Weigh each colour"),
        (lambda x, f, b: np.stack([recover(x, f, b)] * 3), "One mask for all three"),
        (lambda x, f, b: "a mask", "expected, not str"),
    ],
)
def test_masks_gone_wrong(mistake, words, capsys):
    assert words in told(capsys, ch12.recover, mistake)
