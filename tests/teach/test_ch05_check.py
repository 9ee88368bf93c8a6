"""The graders of chapter 05: the solutions pass, and the usual mistakes get words of their own."""

from itertools import groupby

import numpy as np
import pytest

from graders import told
from ssagan_lite.model.attention import SpatialSelfAttention
from ssagan_lite.teach.check import ch05


def equal_runs(levels, padding, *, first=(3, 1), ends=None):
    frames = ["photo"] * 32
    for level in range(levels):
        kernel, stride = first if level == 0 else (4, 2)
        kinds = {"zeros": (0, 0), "replicate": (frames[0], frames[-1]), "circular": (frames[-1], frames[0])}
        before, after = ends or kinds[padding]
        padded = [before, *frames, after]
        frames = [tuple(padded[s : s + kernel]) for s in range(0, len(padded) - kernel + 1, stride)]
    return [len(list(equal)) for _, equal in groupby(frames)]


def growing(levels, padding):
    count = sum(equal_runs(levels, padding))
    return [count] if padding != "zeros" or levels == 0 else [levels, count - 2 * levels, levels]


class TestEqualRuns:
    def test_the_solution(self, capsys):
        told(capsys, ch05.equal_runs, equal_runs, passed=True)
        told(capsys, ch05.equal_runs, lambda *asked: np.array(equal_runs(*asked)), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (growing, "does not grow"),
            (lambda n, p: equal_runs(n, p, first=(4, 2)), "keeps 32 frames"),
            (lambda n, p: equal_runs(n, "replicate"), "zeros are another frame"),
            (lambda n, p: equal_runs(n, p, ends=(0, 0)), "no window sees a difference"),
            (lambda n, p: [1] * sum(equal_runs(n, p)), "one by one"),
            (lambda n, p: len(equal_runs(n, p)), "list of the lengths"),
            (lambda n, p: [*equal_runs(n, p), 1], "add up to 33"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch05.equal_runs, mistake)


def parameters(channels, filters, kernel, norm, attention, reduction):
    learnt = filters * channels * kernel[0] * kernel[1] * kernel[2] + 2 * filters * norm
    return learnt + attention * sum(p.numel() for p in SpatialSelfAttention(filters, reduction).parameters())


class TestRowParameters:
    def test_the_solution(self, capsys):
        told(capsys, ch05.row_parameters, parameters, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda c, f, k, n, a, r: parameters(c, f, k, n, a, r) + f, "no bias"),
            (lambda c, f, k, n, a, r: parameters(c, f, k, n, a, r) - f * n, "two numbers a channel"),
            (lambda c, f, k, n, a, r: parameters(c, f, k, 0, a, r), "BatchNorm is missing"),
            (lambda c, f, k, n, a, r: parameters(c, f, k, 1, a, r), "counted where there is none"),
            (lambda c, f, k, n, a, r: parameters(c, f, k, 2 * n, a, r), "not four"),
            (lambda c, f, k, n, a, r: parameters(c, f, k, n, 0, r), "attention is missing"),
            (lambda c, f, k, n, a, r: parameters(c, f, k, n, a, r) - a, "gamma"),
            (lambda c, f, k, n, a, r: parameters(c, f, k, n, a, r) - a * (f + 2 * f // r), "have biases"),
            (lambda c, f, k, n, a, r: parameters(c, f, k, n, a, 1), "reduction divides"),
            (lambda c, f, k, n, a, r: parameters(c, f, (1, *k[1:]), n, a, r), "three sides"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch05.row_parameters, mistake)


def drop_levels(rows, k):
    kept = rows[k : len(rows) - k]
    return [*kept[:-1], (kept[-1][0], 3)]


def with_colours(rows):
    return [*rows[:-1], (rows[-1][0], 3)]


class TestDropLevels:
    def test_the_solution(self, capsys):
        told(capsys, ch05.drop_levels, drop_levels, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda rows, k: rows[k : len(rows) - k], "3 filters, not 32"),
            (lambda rows, k: with_colours(rows[k:-k]) if k else [], "-0 is 0"),
            (lambda rows, k: with_colours(rows[k:]), "way up is as long"),
            (lambda rows, k: with_colours(rows[: len(rows) - k]), "way down is as long"),
            (lambda rows, k: with_colours(rows[: len(rows) // 2 - k] + rows[len(rows) // 2 + k :]), "innermost"),
            (lambda rows, k: rows.reverse() or rows, "changes the list"),
            (lambda rows, k: [name for name, _ in drop_levels(rows, k)], "list of pairs"),
            (lambda rows, k: drop_levels(rows, k + 1), "for k = 1"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch05.drop_levels, mistake)


def pairs(errors, better):
    return {(a, b) for a in errors for b in errors if a != b and better(errors[a], errors[b])}


def all_below(a, b):
    return all(x < y for x, y in zip(a, b, strict=True))


class TestAgreed:
    def test_the_solution(self, capsys):
        told(capsys, ch05.agreed, lambda errors: pairs(errors, all_below), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda a, b: all_below(b, a), "turned round"),
            (lambda a, b: sum(a) < sum(b), "means"),
            (lambda a, b: min(a) < min(b), "best runs"),
            (lambda a, b: max(a) < min(b), "seed by seed"),
            (lambda a, b: all(x <= y for x, y in zip(a, b, strict=True)), "tie"),
            (lambda a, b: a[0] < b[0], "one seed is not enough"),
            (lambda a, b: True, "not agreed on"),
            (lambda a, b: False, "is missing"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch05.agreed, lambda errors: pairs(errors, mistake))

    def test_a_list_of_names_is_no_set_of_pairs(self, capsys):
        assert "tuple (better, worse)" in told(capsys, ch05.agreed, sorted)
