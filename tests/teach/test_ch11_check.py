"""Graders of chapter 11: the solutions pass, and each usual mistake is told what it is."""

import numpy as np
import pytest
import torch

from graders import told
from ssagan_lite.teach.check import ch11


def square(height, width, row, column):
    side = min(height, width)
    top = min(max(row - side // 2, 0), height - side)
    left = min(max(column - side // 2, 0), width - side)
    return top, left, side


def held(height, width, row, column, half, whole=lambda n: n):
    side = min(height, width)
    return min(max(whole(row - half), 0), height - side), min(max(whole(column - half), 0), width - side), side


class TestSquare:
    @pytest.mark.parametrize("kind", [tuple, np.array, torch.tensor])
    def test_the_solution(self, kind, capsys):
        told(capsys, ch11.square, lambda *given: kind(square(*given)), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda h, w, r, c: (r - min(h, w) // 2, c - min(h, w) // 2, min(h, w)), "leaves the photo"),
            (
                lambda h, w, r, c: (max(r - min(h, w) // 2, 0), max(c - min(h, w) // 2, 0), min(h, w)),
                "hold it at both ends",
            ),
            (lambda h, w, r, c: square(h, w, c, r), "swapped"),
            (lambda h, w, r, c: square(h, w, h // 2, w // 2), "in the middle"),
            (lambda h, w, r, c: (0, 0, max(h, w)), "does not fit"),
            (
                lambda h, w, r, c: (min(r, h - min(h, w)), min(c, w - min(h, w)), min(h, w)),
                "where the middle should",
            ),
            (lambda h, w, r, c: square(h, w, r, c)[:2], "shape"),
            (lambda h, w, r, c: held(h, w, r, c, (min(h, w) + 1) // 2), "is rounded down"),
            (lambda h, w, r, c: held(h, w, r, c, min(h, w) / 2, round), "is rounded down"),
            (lambda h, w, r, c: held(h, w, r, c, min(h, w) / 2), "have a decimal point"),
            (lambda h, w, r, c: np.array(square(h, w, r, c), float), "have a decimal point"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch11.square, mistake)


def since_frame_0(clip):
    return clip - clip[0]


def gap(
    predictor,
    photo,
    turn=np.s_[:, ::-1],
    back=np.s_[:, :, ::-1],
    change=since_frame_0,
    measure=lambda d: abs(d).mean(),
):
    """A solution of exercise 11.2, or with the keywords a usual mistake."""
    return measure(change(predictor(photo)) - change(predictor(photo[turn])[back]))


def relative(predictor, photo):
    return gap(predictor, photo) / max(abs(since_frame_0(predictor(photo))).mean(), 1e-12)


def one_frame_0(predictor, photo):
    clip, back = predictor(photo), predictor(photo[:, ::-1])[:, :, ::-1]
    return abs((clip - clip[0]) - (back - clip[0])).mean()


class TestMirrorGap:
    def test_the_solution(self, capsys):
        told(capsys, ch11.mirror_gap, gap, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            ({"back": np.s_[:]}, "not mirrored back"),
            ({"back": np.s_[::-1]}, "turns time"),
            ({"back": np.s_[:, ::-1]}, "turns up and down"),
            ({"back": np.s_[..., ::-1]}, "swaps red and blue"),
            ({"turn": np.s_[::-1], "back": np.s_[:, ::-1]}, "upside down, not mirrored"),
            ({"turn": np.s_[..., ::-1], "back": np.s_[..., ::-1]}, "swapped colours"),
            ({"turn": np.s_[:]}, "never mirrored"),
            ({"change": lambda clip: clip}, "compares the whole clips"),
            ({"change": lambda clip: np.diff(clip, axis=0)}, "change from frame to frame"),
            ({"measure": np.mean}, "both signs cancel"),
            ({"measure": lambda d: abs(d.mean())}, "both signs cancel"),
            ({"measure": lambda d: (d**2).mean()}, "squared"),
            ({"measure": lambda d: abs(d).sum()}, "that is the sum"),
            ({"measure": lambda d: abs(d).max()}, "the largest"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch11.mirror_gap, lambda *given: gap(*given, **mistake))

    def test_what_else_is_noticed(self, capsys):
        assert "divided by the clip's own change" in told(capsys, ch11.mirror_gap, relative)
        assert "its own frame 0" in told(capsys, ch11.mirror_gap, one_frame_0)

    def test_a_photo_that_was_changed_is_noticed(self, capsys):
        def careless(predictor, photo):
            result = gap(predictor, photo)
            photo[:] = 0
            return result

        assert "mirror a copy" in told(capsys, ch11.mirror_gap, careless)


def faithful(f, g, inputs, tolerance):
    for given in inputs:
        wanted, found = f(given), g(given)
        if wanted.shape != found.shape or not ((wanted - found).abs() <= tolerance).all():
            return False
    return len(inputs) > 0


def every(same, some=all):
    """An answer made of one question asked of each input."""
    return lambda f, g, inputs, tolerance: bool(inputs) and some(same(f(x), g(x), tolerance) for x in inputs)


def close(a, b, t):
    return a.shape == b.shape and bool(((a - b).abs() <= t).all())


class TestFaithful:
    def test_the_solution(self, capsys):
        told(capsys, ch11.faithful, faithful, passed=True)

    def test_a_tensor_of_one_answer_is_welcome(self, capsys):
        told(capsys, ch11.faithful, lambda *given: torch.tensor(faithful(*given)), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (every(lambda a, b, t: a.shape == b.shape and not ((a - b).abs() > t).any()), "NaN"),
            (every(lambda a, b, t: ((a - b).abs() <= t).all()), "broadcasting"),
            (every(close, any), "not one of them"),
            (lambda f, g, inputs, t: bool(inputs) and close(f(inputs[0]), g(inputs[0]), t), "the third input only"),
            (every(lambda a, b, t: a.shape == b.shape and (a - b).abs().mean() <= t), "a mean hides it".capitalize()),
            (every(lambda a, b, t: a.shape == b.shape and abs((a - b).mean()) <= t), "cancel in a mean"),
            (every(lambda a, b, t: a.shape == b.shape and (b - a).max() <= t), "take the absolute value"),
            (every(lambda a, b, t: a.shape == b.shape and torch.equal(a, b)), "within a tolerance of 0.1"),
            (every(lambda a, b, t: close(a, b, t) and a.dtype == b.dtype), "faithful enough"),
            (every(lambda a, b, t: a.shape == b.shape and ((a - b).abs() < t).all()), "tolerance of 0 too"),
            (lambda f, g, inputs, t: all(close(f(x), g(x), t) for x in inputs), "nothing is shown"),
            (every(lambda a, b, t: len(a) == len(b) and ((a - b).abs() <= t).all()), "g drops the colours"),
            (every(lambda a, b, t: a.numel() == b.numel() and ((a - b).abs() <= t).all()), "g adds an axis"),
            (
                every(
                    lambda a, b, t: a.ndim == b.ndim and a.numel() == b.numel() and close(a.view(-1), b.flatten(), t)
                ),
                "g swaps two axes",
            ),
            (every(lambda a, b, t: a.shape == b.shape and np.nanmax(abs(a - b).numpy()) <= t), "is NaN"),
            (every(lambda a, b, t: a.shape == b.shape and torch.allclose(a, b.float(), atol=t)), "set rtol=0"),
            (lambda f, g, inputs, t: 0.01, "True or False"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch11.faithful, mistake)


def quantise(weight, largest=lambda rows: abs(rows).max(axis=1), top=127, kind=np.int8, whole=np.rint):
    """A solution of exercise 11.4, or with the keywords a usual mistake."""
    scales = largest(weight.reshape(len(weight), -1)) / top
    scales = np.where(scales == 0, 1, scales)
    return whole(weight / scales.reshape(-1, 1, 1, 1, 1)).astype(kind), scales


def unguarded(weight):
    scales = abs(weight.reshape(len(weight), -1)).max(axis=1) / 127
    with np.errstate(all="ignore"):
        return np.rint(weight / scales.reshape(-1, 1, 1, 1, 1)).astype(np.int8), scales


class TestQuantise:
    def test_the_solution(self, capsys):
        told(capsys, ch11.quantise, quantise, passed=True)
        told(capsys, ch11.quantise, lambda w: list(quantise(w)), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            ({"largest": lambda rows: np.full(len(rows), abs(rows).max())}, "whole tensor's scale"),
            ({"largest": lambda rows: rows.max(axis=1)}, "with its sign"),
            ({"top": 128, "whole": lambda x: np.rint(x).astype(int)}, "divides by 128"),
            ({"largest": lambda rows: abs(rows).mean(axis=1)}, "mean weight"),
            ({"largest": lambda rows: rows.std(axis=1)}, "deviation"),
            ({"largest": lambda rows: np.ptp(rows, axis=1), "top": 255}, "zero point"),
            ({"top": 1}, "a 127th"),
            ({"kind": np.int32}, "one byte each"),
            ({"kind": np.uint8, "whole": lambda x: np.rint(x) + 128}, "no sign"),
            ({"whole": np.trunc}, "cuts towards zero"),
            ({"whole": lambda x: np.rint(x) * 0.9}, "half a step"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        with np.errstate(all="ignore"):
            assert words in told(capsys, ch11.quantise, lambda weight: quantise(weight, **mistake))

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (lambda w: (quantise(w)[0], abs(w).max() / 127), "one scale for the whole tensor"),
            (lambda w: (quantise(w)[0], np.ones(len(w) + 1)), "scales are expected"),
            (lambda w: (quantise(w)[0], 1 / quantise(w)[1]), "the other way round"),
            (lambda w: (quantise(w)[0][:1], quantise(w)[1]), "the weight's shape"),
            (lambda w: quantise(w)[0], "two arrays"),
            (lambda w: (quantise(w)[0], -quantise(w)[1]), "negative"),
            (
                lambda w: (np.where(quantise(w)[0] == 127, -128, quantise(w)[0]).astype(np.int8), quantise(w)[1]),
                "wraps",
            ),
            (lambda w: (quantise(w)[0], quantise(w)[1] * 1.1), "the scale of channel 0"),
            (unguarded, "channel of zeros"),
            (lambda w: (quantise(w)[0], np.where(abs(w).max((1, 2, 3, 4)) == 0, np.nan, quantise(w)[1])), "not finite"),
        ],
    )
    def test_other_mistakes(self, answer, words, capsys):
        assert words in told(capsys, ch11.quantise, answer)
