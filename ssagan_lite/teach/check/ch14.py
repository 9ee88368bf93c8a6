"""Graders of chapter 14: a motion by least squares, where a pixel comes from, best of K."""

import numpy as np

from ssagan_lite.teach.check.grader import WrongError, call, expect, graded

# Slopes and changes of three pixels, as in the chapter: (b_x, b_y, b_t).
_THREE = np.array([[2.0, 0, 1], [0, 1, 1], [-2, -3, -4]])


def _solved(b_x, b_y, b_t):
    slopes = np.stack([b_x, b_y], axis=1)
    return np.linalg.solve(slopes.T @ slopes, -slopes.T @ b_t)


@graded
def motion_of(function):
    """Exercise 14.1: (u, v) of the normal equations, from three arrays (P,)."""
    random = np.random.default_rng(14)
    noisy = random.normal(size=(3, 50))
    for b_x, b_y, b_t in (_THREE, noisy, np.vstack([noisy[:2], -0.5 * noisy[0] + 2 * noisy[1]])):
        right = _solved(b_x, b_y, b_t)
        alone = -np.array([(b_x @ b_t) / (b_x @ b_x), (b_y @ b_t) / (b_y @ b_y)])
        mistakes = {
            "the sign: what got darker moved up the slope. The right-hand side has a minus.": -right,
            "u and v are the other way round: u, to the right, comes first.": right[::-1],
            "each axis is solved alone. The products of both slopes, b_x * b_y, are missing.": alone,
            "the sums on the right are there, but the matrix on the left is not divided out.": -np.array(
                [b_x @ b_t, b_y @ b_t]
            ),
        }
        found = call(function, b_x.copy(), b_y.copy(), b_t.copy())
        expect(found, right, mistakes=mistakes)
    return "two equations, whatever the number of pixels. That is Lucas and Kanade's method."


def _place(place, response, wind, frame, frames, size):
    way = np.asarray(response) @ np.asarray(wind) * frame / (frames - 1)
    return np.asarray(place, float) - way * size


_CASES = (
    ((30, 20), [[2, 0], [0, 0.5]], (0.1, 0.2), 10, 21, 64),
    ((5, 40), [[1.5, 0.5], [-0.25, 2]], (-0.12, 0.04), 7, 32, 64),
    ((12, 3), [[1, 0], [0, 1]], (0.25, -0.125), 31, 32, 32),
)


@graded
def fetched_from(function):
    """Exercise 14.2: the pixel (x, y) at which a pixel's colour is looked up."""
    for place, response, wind, frame, frames, size in _CASES:
        right = _place(place, response, wind, frame, frames, size)
        here = np.asarray(place, float)
        mistakes = {
            "that is where the pixel's colour goes to. It is fetched: what goes to the right comes from the left.": 2
            * here
            - right,
            "frame 0 has gone nothing and the last one the whole way: the share is frame / (frames - 1).": here
            - (here - right) * (frames - 1) / frames,
            "that is the way of the whole clip; frame t has gone a share of it.": here
            - (here - right) * (frames - 1) / frame,
            "the way is in widths of the picture, the place in pixels: times size.": here - (here - right) / size,
            "that is the way of the wind; the response says how this place follows it.": _place(
                place, np.eye(2), wind, frame, frames, size
            ),
            "a matrix times the wind, R @ w: each number of the result sums over a row of R.": _place(
                place, np.transpose(response), wind, frame, frames, size
            ),
            "that is how far, and not where: begin at the place.": right - here,
        }
        expect(call(function, place, response, wind, frame, frames, size), right, mistakes=mistakes, tolerance=1e-4)
    return "backward, and by a share of the way. Now any picture can be carried, of any size."


@graded
def best_of(function):
    """Exercise 14.3: the mean over clips of the least error among the first k tries, for each k."""
    random = np.random.default_rng(20)
    # The drawn ones first: in the small table of the text two mistakes may give the same numbers.
    for errors in (random.uniform(1, 9, (7, 20)), np.array([[4.0, 2, 3], [1, 5, 0]])):
        least = np.minimum.accumulate(errors, axis=1)
        mistakes = {
            "entry k - 1 holds the first k tries: yours is one try short.": (
                least[:, [0, *range(least.shape[1] - 1)]].mean(axis=0)
            ),
            "first the least error of each clip, then the mean over clips; not one try for all of them.": (
                np.minimum.accumulate(errors.mean(axis=0))
            ),
            "that is the mean of every single try, as if nobody could choose.": errors.mean(axis=0),
            "an error is better when it is small: the minimum, not the maximum.": (
                np.maximum.accumulate(errors, axis=1).mean(axis=0)
            ),
            "that is the last entry, for all tries. The other numbers of tries are wanted too.": least[:, -1].mean(),
            "axis 0 counts the clips, axis 1 the tries: the minimum is taken over tries.": (
                np.minimum.accumulate(errors, axis=0).mean(axis=0)
            ),
            "that is the best of each clip, not yet the mean over the clips.": least,
        }
        given = errors.copy()
        found = call(function, given)
        if not np.array_equal(given, errors):
            raise WrongError("your function changes the array that it was given: work on a copy.")
        expect(found, least.mean(axis=0), mistakes=mistakes)
    return "it never rises. That is why a best of K without its K says nothing."
