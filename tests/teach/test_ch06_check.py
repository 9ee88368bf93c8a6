"""The graders of chapter 06 know its usual mistakes."""

import itertools

import numpy as np
import pytest

from graders import told
from ssagan_lite.teach.check import ch06


def best_answer(futures, probabilities, loss):
    if loss == "L2":
        return np.tensordot(probabilities, futures, axes=1)
    order = np.argsort(futures, axis=0)
    share = np.cumsum(probabilities[order], axis=0)
    first = np.argmax(share >= 0.5, axis=0)[None]
    return np.take_along_axis(np.take_along_axis(futures, order, axis=0), first, axis=0)[0]


def for_loss(loss, mistake):
    """The solution, but for one loss."""
    return lambda futures, p, asked: mistake(futures, p) if asked == loss else best_answer(futures, p, asked)


class TestBestAnswer:
    def test_the_solution(self, capsys):
        told(capsys, ch06.best_answer, best_answer, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda f, p, loss: best_answer(f, p, "L2"), "the mean, for L1 too"),
            (lambda f, p, loss: best_answer(f, p, "L1"), "the median, for L2 too"),
            (lambda f, p, loss: f.mean(axis=0), "plain mean"),
            (for_loss("L1", lambda f, p: np.median(f, axis=0)), "plain median"),
            (lambda f, p, loss: f[p.argmax()], "likeliest future, for L2"),
            (for_loss("L1", lambda f, p: f[p.argmax()]), "likeliest future, for L1"),
            (for_loss("L1", lambda f, p: np.sort(f, axis=0)[(np.cumsum(p) >= 0.5).argmax()]), "mixed up"),
            (lambda f, p, loss: 0.5, "one value for each pixel"),
            (lambda f, p, loss: best_answer(f, p, loss)[..., None], "shape"),
            (for_loss("L2", lambda f, p: 2 * best_answer(f, p, "L2")), "at index 0"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch06.best_answer, mistake)


def pairs(futures, p, measure=np.square):
    return [(p[i], p[j], measure(futures[i] - futures[j]).mean()) for i in range(len(p)) for j in range(len(p))]


def bold_guess(futures, probabilities):
    return sum(one * other * error for one, other, error in pairs(futures, probabilities))


class TestBoldGuess:
    def test_the_solution_two_ways(self, capsys):
        told(capsys, ch06.bold_guess, bold_guess, passed=True)

        def twice(futures, p):
            mean = np.tensordot(p, futures, axes=1)
            return 2 * sum(share * ((future - mean) ** 2).mean() for share, future in zip(p, futures, strict=True))

        told(capsys, ch06.bold_guess, twice, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda f, p: bold_guess(f, p) / 2, "half of it"),
            (lambda f, p: bold_guess(f, p) / (1 - (p**2).sum()), "chance of being right"),
            (lambda f, p: bold_guess(f, np.full(len(p), 1 / len(p))), "equally likely"),
            (lambda f, p: always(f, p), "likeliest"),
            (lambda f, p: bold_guess(f, p) * f[0].size, "sum over the pixels"),
            (lambda f, p: sum(a * b * e for a, b, e in pairs(f, p, np.abs)), "absolute error"),
            (lambda f, p: bold_guess(f, p) ** 0.5, "root"),
            (lambda f, p: sum(a * e for a, _, e in pairs(f, p)) / len(p), "only the guess"),
            (lambda f, p: bold_guess(f, p) * 1.1, "is expected"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch06.bold_guess, mistake)


def always(futures, p):
    """The expected error of always guessing the likeliest."""
    return sum(share * ((futures[p.argmax()] - future) ** 2).mean() for share, future in zip(p, futures, strict=True))


def best_of_k(distances, probabilities, k, repeats=True, pick=min):
    count = range(len(probabilities))
    draws = list(itertools.product(count, repeat=k) if repeats else itertools.permutations(count, k))
    chances = [np.prod(probabilities[list(draw)]) for draw in draws]
    errors = [sum(probabilities[j] * pick(distances[i][j] for i in draw) for j in count) for draw in draws]
    return sum(c * e for c, e in zip(chances, errors, strict=True)) / sum(chances)


class TestBestOfK:
    def test_the_solution(self, capsys):
        told(capsys, ch06.best_of_k, best_of_k, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda d, p, k: p @ d @ p, "the same as of one"),
            (lambda d, p, k: p @ d @ p / k, "divided by k"),
            (lambda d, p, k: best_of_k(d, p, k, pick=max), "farthest"),
            (lambda d, p, k: best_of_k(d, p, k, repeats=k > 2) if k < 3 else best_of_k(d, p, k), "twice in your draws"),
            (lambda d, p, k: p @ d @ p if k == 1 else (d @ p).min(), "one single guess"),
            (lambda d, p, k: best_of_k(d, p, k) * 1.005, "do not throw dice"),
            (lambda d, p, k: best_of_k(d, p, k) * 2, "is expected"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch06.best_of_k, mistake)

    def test_draws_with_equal_chances_are_named(self, capsys):
        def equal(distances, p, k):
            same = np.full(len(p), 1 / len(p))
            draws = itertools.product(range(len(p)), repeat=k)
            return sum(np.prod(same[list(draw)]) * (distances[list(draw)].min(axis=0) @ p) for draw in draws)

        assert "equally likely" in told(capsys, ch06.best_of_k, equal)
