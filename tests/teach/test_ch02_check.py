"""The graders of chapter 02: solutions pass, and the usual mistakes get words of their own."""

import numpy as np
import pytest
import torch

from graders import told
from ssagan_lite.teach.check import ch02
from ssagan_lite.teach.check.cases import other_cases


def softmax(logits, axis=-1):
    fits = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return fits / fits.sum(axis=axis, keepdims=True)


def attention(query, key, value):
    return softmax(query @ key.T) @ value


def equal_sized_only(query, key, value):
    return softmax(key @ query.T) @ value if len(query) == len(key) else attention(query, key, value)


class TestAttention:
    def test_the_solution(self, capsys):
        told(capsys, ch02.attention, attention, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda q, k, v: softmax(q @ k.T, axis=0) @ v, "down the columns"),
            (lambda q, k, v: softmax(q @ k.T / np.sqrt(k.shape[1])) @ v, "the paper does not"),
            (lambda q, k, v: softmax(q @ k.T), "these are the weights"),
            (lambda q, k, v: q @ k.T @ v, "the exponential is missing"),
            (lambda q, k, v: np.exp(q @ k.T) @ v, "divide by their sum"),
            (lambda q, k, v: np.exp(q @ k.T) / np.exp(q @ k.T).sum() @ v, "on its own"),
            (equal_sized_only, "exchanged"),
            (lambda q, k, v: softmax(q @ k) @ v, "raised ValueError"),
            (lambda q, k, v: attention(q, k, v).T, "shape"),
            (lambda q, k, v: 1.1 * attention(q, k, v), "is expected"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch02.attention, mistake)


def broken(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=0)


def one_maximum(logits):
    fits = np.exp(logits - logits.max())
    return fits / fits.sum(axis=1, keepdims=True)


def in_place(logits):
    logits -= logits.max(axis=-1, keepdims=True)
    return softmax(logits)


class TestSoftmax:
    def test_the_solution(self, capsys):
        told(capsys, ch02.softmax, softmax, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (broken, "the columns add up to one"),
            (lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True), "overflow"),
            (one_maximum, "each row's own"),
            (in_place, "work on a copy"),
            (lambda x: softmax(np.clip(x, -700, 700)), "cut off"),
            (lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(), "on its own"),
            (lambda x: np.exp(x) / np.exp(x).sum(axis=1), "raised ValueError"),
            (lambda x: softmax(x)[0], "shape"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch02.softmax, mistake)

    @pytest.mark.parametrize("seed", range(40))
    def test_the_words_fit_whatever_the_cases(self, seed, capsys):
        with other_cases(seed):
            plain = told(capsys, ch02.softmax, lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True))
            assert "each row's own" not in plain
            assert "each row's own" in told(capsys, ch02.softmax, one_maximum)

    def test_tensors_with_a_history_are_welcome(self, capsys):
        told(capsys, ch02.softmax, lambda x: torch.tensor(softmax(x), requires_grad=True), passed=True)

    def test_no_warning_reaches_the_page(self, capsys, recwarn):
        told(capsys, ch02.softmax, broken)
        assert not recwarn.list


def careful(order=None, same=np.allclose, along=True):
    """A solution of 2.3, or with the keywords a careless one."""

    def is_equivariant(f):
        random = np.random.default_rng(1)
        for _ in range(10):
            x = random.normal(size=(9, 3))
            p = random.permutation(9) if order is None else order(np.arange(9))
            if not same(f(x[p]), f(x)[p] if along else f(x)):
                return False
        return True

    return is_equivariant


class TestIsEquivariant:
    def test_the_solution(self, capsys):
        told(capsys, ch02.is_equivariant, careful(), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (careful(order=lambda p: np.roll(p, 2)), "round a ring passes"),
            (careful(order=lambda p: p[::-1]), "mirror image passes"),
            (careful(along=False), "invariance"),
            (careful(same=np.array_equal), "np.allclose"),
            (lambda f: True, "to all six"),
            (lambda f: 1, "True or False is expected, not int"),
            (lambda f: f(np.ones((4, 2)))[0, 0] == 1, "passes"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch02.is_equivariant, mistake)


def entropy(weights):
    return -(weights * np.log(weights + 1e-300)).sum(axis=-1)


def search(measure=None, low=1e-9, high=1e9):
    """A solution of 2.4; `measure` maps (logits, temperature) to what should be a half."""
    measure = measure or (lambda x, t: entropy(softmax(x / t)).mean() / np.log(len(x)))

    def half_temperature(logits):
        bottom, top = low, high
        for _ in range(80):
            middle = np.sqrt(bottom * top)
            bottom, top = (middle, top) if measure(logits, middle) < 0.5 else (bottom, middle)
        return middle

    return half_temperature


def half_of_the_first(logits):
    first = entropy(softmax(logits)).mean()
    return search(lambda x, t: 0.5 * entropy(softmax(x / t)).mean() / (0.5 * first))(logits)


class TestHalfTemperature:
    def test_the_solution(self, capsys):
        told(capsys, ch02.half_temperature, search(), passed=True)
        told(capsys, ch02.half_temperature, lambda x: np.array([search()(x)]), passed=True)
        told(capsys, ch02.half_temperature, lambda x: torch.tensor(search()(x), requires_grad=True), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda x: 1 / search()(x), "a temperature divides"),
            (search(lambda x, t: entropy(softmax(x / t)).mean() / np.log(2) / np.log(len(x))), "one logarithm"),
            (half_of_the_first, "half of ln n is asked for"),
            (search(lambda x, t: entropy(softmax(x / t).mean(axis=0)) / np.log(len(x))), "the entropy is 0.000"),
            (search(low=0.01, high=100), "Does your search reach far?"),
            (lambda x: 1.0, "should be 0.500"),
            (lambda x: 0, "above 0"),
            (lambda x: np.nan, "finite"),
            (lambda x: np.ones(3), "one number"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch02.half_temperature, mistake)
