"""Graders of chapter 04: a solution passes, and usual mistakes get words of their own."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from graders import told
from ssagan_lite.teach.check import ch04


def sizes(size, kernel, stride, padding, *, rounding=np.floor_divide, sides=2, first=1):
    n, k, s, p = (np.array(part) for part in (size, kernel, stride, padding))
    return tuple(rounding(n + sides * p - k, s) + first)


class TestOutputSize:
    def test_the_solution(self, capsys):
        told(capsys, ch04.output_size, sizes, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda *a: sizes(*a, first=0), "one is missing"),
            (lambda *a: sizes(*a, sides=1), "count it twice"),
            (lambda *a: sizes(*a, sides=0), "padding is missing"),
            (lambda *a: sizes(*a, rounding=np.true_divide), "rounds down"),
            (lambda *a: sizes(*a, rounding=lambda a, b: -(-a // b)), "not up"),
            (lambda n, k, s, p: sizes(n, (0, 0, 0), s, p), "subtract its size"),
            (lambda *a: sizes(*a)[0], "shape"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch04.output_size, mistake)


def back(y, weight, stride, padding, size):
    x = torch.zeros(len(y), weight.shape[1], *size, requires_grad=True)
    return torch.autograd.grad(F.conv3d(x, weight, None, stride, padding), x, y)[0]


def back_of_the_sum(y, weight, stride, padding, size):
    x = torch.zeros(len(y), weight.shape[1], *size, requires_grad=True)
    F.conv3d(x, weight, None, stride, padding).sum().backward()
    return x.grad


def by_the_function(y, weight, stride, padding, size):
    least = [(n - 1) * s - 2 * p + k for n, s, p, k in zip(y.shape[2:], stride, padding, weight.shape[2:], strict=True)]
    more = [n - m for n, m in zip(size, least, strict=True)]
    return F.conv_transpose3d(y, weight, None, stride, padding, more)


def by_the_layer(y, weight, stride, padding, size):
    layer = torch.nn.ConvTranspose3d(*weight.shape[:2], weight.shape[2:], stride, padding, bias=False)
    layer.weight.data = weight
    return layer(y, output_size=size)


class TestTransposed:
    def test_the_solution_by_grad_and_by_vjp(self, capsys):
        told(capsys, ch04.transposed, back, passed=True)

        def by_vjp(y, weight, stride, padding, size):
            x = torch.zeros(len(y), weight.shape[1], *size)
            return torch.func.vjp(lambda x: F.conv3d(x, weight, None, stride, padding), x)[1](y)[0]

        told(capsys, ch04.transposed, by_vjp, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda y, w, *rest: (back(y, w, *rest),), "returns a tuple"),
            (lambda y, w, *rest: back(y, w.flip((2, 3, 4)), *rest), "must not be flipped"),
            (lambda y, w, stride, padding, size: F.conv_transpose3d(y, w, None, stride, padding), "size asked for"),
            (by_the_function, "by PyTorch's transposed convolution"),
            (by_the_layer, "by PyTorch's transposed convolution"),
            (back_of_the_sum, "y never came in"),
            (lambda y, w, *rest: back(y, w, *rest).sum(1), "shape"),
            (lambda *a: "text", "a tensor is expected"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch04.transposed, mistake)


def flattened(weight, *, axes=(0, 1), channels=None):
    """The solution; with the keywords only along some axes, or only for the sum of all channels."""
    weight = weight.clone()
    groups = [(a, b) for a in (0, 1) for b in (0, 1)]
    sums = torch.stack([weight[..., a::2, b::2].mean((2, 3, 4)) for a, b in groups], -1).unflatten(-1, (2, 2))
    sums = sums if channels is None else sums.mean(0, keepdim=True)
    excess = sums - sums.mean([axis - 2 for axis in axes], keepdim=True)  # (I, O, 2, 2)
    for a, b in groups:
        weight[..., a::2, b::2] -= excess[..., a, b][..., None, None, None]
    return weight


class TestWithoutCheckerboard:
    def test_the_solution(self, capsys):
        told(capsys, ch04.without_checkerboard, flattened, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda w: w, "were given"),
            (torch.zeros_like, "into nothing"),
            (lambda w: flattened(w, axes=(1,)), "the columns are even now"),
            (lambda w: flattened(w, axes=(0,)), "the rows are even now"),
            (lambda w: flattened(w, channels="all"), "one channel alone"),
            (lambda w: torch.ones_like(w), "brightness has changed"),
            (lambda w: w.mean((2, 3, 4), keepdim=True).expand_as(w), "moved further"),
            (lambda w: w / w.abs().sum(), "lies at the Nyquist frequency"),
            (lambda w: torch.nn.ConvTranspose3d(1, 1, 4), "not a layer"),
            (lambda w: w[..., :3], "must stay"),
            (lambda w: w * np.nan, "not finite"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch04.without_checkerboard, mistake)


def field(kernels, strides, paddings):
    size, jump, first = 1, 1, 0
    for kernel, stride, padding in zip(kernels, strides, paddings, strict=True):
        first -= padding * jump
        size += (kernel - 1) * jump
        jump *= stride
    return size, jump, first


class TestReceptiveField:
    def test_the_solution(self, capsys):
        told(capsys, ch04.receptive_field, field, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda *a: ch04._field(list(zip(*a, strict=True)), early=1), "too early"),
            (lambda *a: ch04._field(list(zip(*a, strict=True)), less=0), "less one"),
            (lambda *a: ch04._field(list(zip(*a, strict=True)), adding=True), "jumps multiply"),
            (lambda *a: ch04._field(list(zip(*a, strict=True)), plain=True), "multiply it by the jump"),
            (lambda *a: (*field(*a)[:2], -field(*a)[2]), "negative"),
            (lambda *a: (*field(*a)[:2], 0), "padding is missing"),
            (lambda *a: field(*a)[0], "shape"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch04.receptive_field, mistake)
