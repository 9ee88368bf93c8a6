"""Graders of chapter 14: the solutions pass, and usual mistakes get words of their own."""

import numpy as np
import pytest

from graders import told
from ssagan_lite.teach.check import ch14


def solved(b_x, b_y, b_t):
    slopes = np.stack([b_x, b_y], axis=1)
    return np.linalg.solve(slopes.T @ slopes, -slopes.T @ b_t)


def place(place, response, wind, frame, frames, size):
    return np.array(place) - np.array(response) @ np.array(wind) * frame / (frames - 1) * size


def least(errors):
    return np.minimum.accumulate(errors, axis=1).mean(axis=0)


class TestMotionOf:
    @pytest.mark.parametrize("answer", [solved, lambda *pixels: tuple(solved(*pixels))])
    def test_the_solution(self, answer, capsys):
        told(capsys, ch14.motion_of, answer, passed=True)

    def test_as_many_equations_as_it_likes(self, capsys):
        def by_lstsq(b_x, b_y, b_t):
            return np.linalg.lstsq(np.stack([b_x, b_y], axis=1), -b_t, rcond=None)[0]

        told(capsys, ch14.motion_of, by_lstsq, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda *pixels: -solved(*pixels), "the sign"),
            (lambda *pixels: solved(*pixels)[::-1], "u, to the right, comes first"),
            (lambda x, y, t: (-(x @ t) / (x @ x), -(y @ t) / (y @ y)), "each axis is solved alone"),
            (lambda x, y, t: (-(x @ t), -(y @ t)), "not divided out"),
            (lambda *pixels: 1.0, "the shape should be (2,)"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch14.motion_of, mistake)


class TestFetchedFrom:
    def test_the_solution(self, capsys):
        told(capsys, ch14.fetched_from, place, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda p, r, w, t, n, s: place(p, r, np.negative(w), t, n, s), "comes from the left"),
            (lambda p, r, w, t, n, s: place(p, r, w, t, n + 1, s), "frame / (frames - 1)"),
            (lambda p, r, w, t, n, s: place(p, r, w, n - 1, n, s), "has gone a share"),
            (lambda p, r, w, t, n, s: place(p, r, w, t, n, 1), "times size"),
            (lambda p, r, w, t, n, s: place(p, np.eye(2), w, t, n, s), "how this place follows it"),
            (lambda p, r, w, t, n, s: place(p, np.transpose(r), w, t, n, s), "R @ w"),
            (lambda p, r, w, t, n, s: place((0, 0), r, w, t, n, s), "begin at the place"),
            (lambda p, r, w, t, n, s: np.round(place(p, r, w, t, n, s)), "is expected"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch14.fetched_from, mistake)


class TestBestOf:
    @pytest.mark.parametrize(
        "answer", [least, lambda errors: [errors[:, : k + 1].min(1).mean() for k in range(errors.shape[1])]]
    )
    def test_the_solution(self, answer, capsys):
        told(capsys, ch14.best_of, answer, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda errors: np.minimum.accumulate(errors.mean(0)), "not one try for all"),
            (lambda errors: [errors[:, : max(k, 1)].min(1).mean() for k in range(errors.shape[1])], "one try short"),
            (lambda errors: errors.mean(0), "every single try"),
            (lambda errors: np.maximum.accumulate(errors, 1).mean(0), "not the maximum"),
            (lambda errors: errors.min(1).mean(), "the last entry"),
            (lambda errors: np.minimum.accumulate(errors, 0).mean(0), "axis 1 the tries"),
            (lambda errors: np.minimum.accumulate(errors, 1), "not yet the mean"),
            (lambda errors: np.minimum.accumulate(errors, 1, out=errors).mean(0), "work on a copy"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch14.best_of, mistake)
