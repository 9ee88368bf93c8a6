"""Graders of chapter 07: solutions pass, and usual mistakes get words of their own."""

import numpy as np
import pytest
import torch

from graders import told
from ssagan_lite.teach.check import ch07


def critic(x, real_mean, real_std, fake_mean, fake_std):
    def log_density(mean, std):
        return -((x - mean) ** 2) / (2 * std**2) - np.log(std)

    return 1 / (1 + np.exp(log_density(fake_mean, fake_std) - log_density(real_mean, real_std)))


def bell(x, mean, std):
    return np.exp(-((x - mean) ** 2) / (2 * std**2))


def upside_down(x, m, s, n, t):
    return critic(x, n, t, m, s)


def without_heights(x, m, s, n, t):
    return bell(x, m, s) / (bell(x, m, s) + bell(x, n, t))


def ratio(x, m, s, n, t):
    return (bell(x, m, s) / s) / (bell(x, n, t) / t)


def no_two(x, m, s, n, t):
    return critic(x, m, s / 2**0.5, n, t / 2**0.5)


def not_squared(x, m, s, n, t):
    p, q = np.exp(-((x - m) ** 2) / (2 * s)) / s, np.exp(-((x - n) ** 2) / (2 * t)) / t
    return p / (p + q)


class TestBestCritic:
    def test_the_solution(self, capsys):
        told(capsys, ch07.best_critic, critic, passed=True)

    def test_the_plain_formula_passes_too(self, capsys):
        def plain(x, m, s, n, t):
            p, q = bell(x, m, s) / s, bell(x, n, t) / t
            return p / (p + q)

        told(capsys, ch07.best_critic, plain, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (upside_down, "upside down"),
            (without_heights, "heights of the bells"),
            (ratio, "ratio p / q"),
            (lambda *a: np.log(ratio(*a)), "that is the logit"),
            (no_two, "the 2 is missing"),
            (not_squared, "square it"),
            (lambda x, *a: critic(x[:2], *a), "shape"),
            (lambda *a: critic(*a) ** 1.1, "is expected"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch07.best_critic, mistake)

    def test_numbers_that_were_changed_are_noticed(self, capsys):
        def careless(x, *bells):
            result = critic(x, *bells)
            x -= 1
            return result

        assert "changes the numbers" in told(capsys, ch07.best_critic, careless)


def slopes(logits):
    small = np.exp(-np.abs(logits))
    D = np.where(logits >= 0, 1, small) / (1 + small)
    return -D, -(1 - D)


def overflowing(logits):
    D = np.exp(logits) / (1 + np.exp(logits))
    return -D, D - 1


class TestPushes:
    def test_the_solution(self, capsys):
        told(capsys, ch07.pushes, slopes, passed=True)

    def test_an_array_of_two_rows_will_do(self, capsys):
        told(capsys, ch07.pushes, lambda logits: np.stack(slopes(logits)), passed=True)

    def test_tensors_with_a_history_will_do(self, capsys):
        told(
            capsys, ch07.pushes, lambda logits: torch.tensor(np.stack(slopes(logits)), requires_grad=True), passed=True
        )

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (overflowing, "logit 1000 is not a number"),
            (lambda logits: slopes(logits)[::-1], "swapped"),
            (lambda logits: [-part for part in slopes(logits)], "signs are turned"),
            (lambda logits: (slopes(logits)[0],) * 2, "both are the minimax"),
            (lambda logits: (slopes(logits)[1],) * 2, "both are the non-saturating"),
            (lambda logits: slopes(logits)[0], "two arrays"),
            (lambda logits: slopes(logits[:3]), "the shape of the logits"),
            (lambda logits: [part * 0.9 for part in slopes(logits)], "is expected"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch07.pushes, mistake)


class TestWhatSeesWhat:
    def test_the_solution(self, capsys):
        told(capsys, ch07.what_sees_what, lambda: dict(ch07.SEES), passed=True)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"a": "adversarial"}, "their order does not count"),
            ({"b": "content"}, "nothing to compare with"),
            ({"c": "both"}, "same at every step"),
            ({"d": "both"}, "the one that happened"),
            ({"e": "content"}, "all of them too"),
            ({"c": "neither"}, "c: choose"),
            ({"c": ["content"]}, "c: choose"),
        ],
    )
    def test_usual_mistakes(self, changes, words, capsys):
        assert words in told(capsys, ch07.what_sees_what, lambda: ch07.SEES | changes)

    def test_a_letter_left_out_is_named(self, capsys):
        assert "statement b is missing" in told(capsys, ch07.what_sees_what, lambda: {"a": "content"})

    def test_a_list_is_no_dict(self, capsys):
        assert "a dict" in told(capsys, ch07.what_sees_what, lambda: ["content"] * 5)
