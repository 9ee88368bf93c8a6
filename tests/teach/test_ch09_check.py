"""Graders of chapter 09: the solutions pass, and each usual mistake is told what it is."""

import math

import numpy as np
import pytest

from graders import told
from ssagan_lite.teach.check import ch09


def psnr(prediction, target, convention, ranges=(255, 1, 2), first=float, scale=10, log=math.log10, square=2):
    """A solution of exercise 9.1, or with the keywords a usual mistake."""
    data_range = dict(zip(("bytes", "0 to 1", "-1 to 1"), ranges, strict=True))[convention]
    error = ((prediction.astype(first) - target.astype(first)).astype(float) ** 2).mean()
    return scale * log(data_range**square / error)


class TestPsnr:
    def test_the_solution(self, capsys):
        told(capsys, ch09.psnr, psnr, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            ({"ranges": (255, 255, 255)}, '"0 to 1" you used 255'),
            ({"ranges": (255, 1, 1)}, "6.02 dB too low"),
            ({"ranges": (1, 1, 2)}, '"bytes" you used 1'),
            ({"log": math.log}, "natural logarithm"),
            ({"scale": 20}, "20 goes with the root"),
            ({"square": 1}, "squared"),
            ({"log": float, "scale": 1}, "without the logarithm"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch09.psnr, lambda *given: psnr(*given, **mistake))

    def test_bytes_that_wrap(self, capsys):
        def wrapping(prediction, target, convention):
            data_range = {"bytes": 255, "0 to 1": 1, "-1 to 1": 2}[convention]
            return 10 * math.log10(data_range**2 / ((prediction - target).astype(float) ** 2).mean())

        assert "wrapped round" in told(capsys, ch09.psnr, wrapping)


def off_scale(rows, data_range, square=2, slack=0.1, keep=lambda below: below):
    """A solution of exercise 9.2, or with the keywords a usual mistake."""
    return {
        name for name, (mse, mean) in rows.items() if keep(mean < 10 * math.log10(data_range**square / mse) - slack)
    }


class TestOffScale:
    def test_the_solution_as_a_set_or_a_list(self, capsys):
        told(capsys, ch09.off_scale, off_scale, passed=True)
        told(capsys, ch09.off_scale, lambda *given: sorted(off_scale(*given)), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            ({"keep": lambda below: not below}, "the rows that fit"),
            ({"square": 1}, "squared"),
            ({"slack": 0}, "may be rounding"),
            ({"slack": 0.06}, "may be rounding"),
            ({"slack": 0.8}, "['j', 'k'] lie below the floor"),
            ({"slack": -50}, "you name"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch09.off_scale, lambda *given: off_scale(*given, **mistake))

    def test_the_papers_table_is_what_the_chapter_says(self):
        rows = {"VGAN": (0.0958, 11.5586), "ours": (0.0379, 23.6601)}
        assert off_scale(rows, 2) == {"VGAN"}
        assert off_scale(rows, 1) == set()


def flicker(first, frames, energy):
    sign = np.where(np.arange(frames) % 2, 1, -1)
    return np.clip(first + (sign * energy / 2)[:, None, None, None], -1, 1)


def noise(first, frames, energy):
    shaken = np.random.default_rng(0).normal(0, energy * math.sqrt(math.pi) / 2, (frames, *first.shape))
    return np.clip(first + shaken, -1, 1)


def walk(first, frames, energy):
    return np.clip(first + (energy * np.arange(frames))[:, None, None, None], -1, 1)


def rolled(first, frames, energy):
    """Moves for true, a little; noise makes up the energy."""
    moving = np.stack([np.roll(first, t // 8, axis=1) for t in range(frames)])
    return np.clip(moving + noise(0 * first, frames, 0.75 * energy), -1, 1)


def sway(first, frames, energy):
    """Moves to and fro by less than a pixel, once in 8 frames: a gap of 8 frames sees nothing of it."""
    shifts = 0.68 * np.sin(2 * np.pi * np.arange(frames) / 8)
    aside = [np.roll(first, 1 if shift > 0 else -1, axis=1) for shift in shifts]
    return np.stack([first + abs(shift) * (other - first) for shift, other in zip(shifts, aside, strict=True)])


class TestCheat:
    @pytest.mark.parametrize("solution", [flicker, noise])
    def test_the_solutions(self, solution, capsys):
        assert "flow catches you: 0.0" in told(capsys, ch09.cheat, solution, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda first, frames, energy: flicker(first, frames, 0), "copy-first"),
            (lambda first, frames, energy: flicker(first, frames, energy / 2), "Is it half?"),
            (lambda first, frames, energy: flicker(first, frames, 2 * energy), "twice as much"),
            (lambda first, frames, energy: flicker(first, frames, 5 * energy), "change less"),
            (walk, "walk away"),
            (rolled, "this moves"),
            (sway, "this moves"),
            (lambda first, frames, energy: first, "frames first"),
            (lambda first, frames, energy: np.zeros((frames, *first.shape), np.uint8), "floats from -1 to 1"),
            (lambda first, frames, energy: flicker(first, frames, energy) + 1, "np.clip"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch09.cheat, mistake)


def at_least(k, n, p):
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def crossing(rising, level):
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return low


def interval(k, n, tail=0.025):
    return crossing(lambda p: at_least(k, n, p), tail), crossing(lambda p: at_least(k + 1, n, p), 1 - tail)


class TestInterval:
    def test_the_solution(self, capsys):
        told(capsys, ch09.interval, interval, passed=True)

    def test_it_is_clopper_and_pearsons(self):
        low, high = ch09._exact(3, 12)
        assert (low, high) == pytest.approx((0.0549, 0.5719), abs=1e-4)
        assert ch09._exact(0, 12) == pytest.approx([0, 1 - 0.025 ** (1 / 12)], abs=1e-9)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda k, n: interval(k, n, 0.05), "2.5 % on each"),
            (lambda k, n: ch09._normal(k, n), "normal approximation"),
            (lambda k, n: interval(k, n)[::-1], "low first"),
            (ch09._open_above, "P(at most k)"),
            (lambda k, n: [100 * end for end in interval(k, n)], "per cent"),
            (lambda k, n: k / n, "shape"),
            (lambda k, n: (k / n, k / n), "at index 0"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch09.interval, mistake)
