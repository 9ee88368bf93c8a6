"""Graders of chapter 12: a Gram matrix, the ranking loss, a foreground and a background under a mask."""

import numpy as np

from ssagan_lite.teach.check.grader import WrongError, call, expect, graded, plain


@graded
def gram(function):
    """Exercise 12.1: features (C, T, H, W) -> their Gram matrix (CT, CT), divided by CT times HW."""
    random = np.random.default_rng(12)
    for shape in ((1, 3, 2, 2), (3, 4, 5, 6), (2, 5, 3, 4)):
        features = random.normal(0.4, 1, shape)
        expect(call(function, features.copy()), _gram(features), mistakes=_gram_mistakes(features))
    return "where things are is gone; what goes along with what has stayed."


def _gram(features):
    c, t, h, w = features.shape
    rows = features.reshape(c * t, h * w)
    return rows @ rows.T / (c * t * h * w)


def _gram_mistakes(features):
    c, t, h, w = features.shape
    rows, right = features.reshape(c * t, h * w), _gram(features)
    summed = features.reshape(c, t * h * w)
    swapped = features.swapaxes(0, 1).reshape(t * c, h * w)
    centred = rows - rows.mean(axis=1, keepdims=True)
    return {
        "time is missing: each channel and each moment is a row of its own, C times T of them.": (
            summed @ summed.T / (c * t * h * w)
        ),
        "you compared places with places, (HW, HW). The places are what is summed over.": rows.T
        @ rows
        / (c * t * h * w),
        "the sums are right; divide them by CT times HW.": right * (c * t * h * w),
        "you divided by the places alone: CT is missing below.": right * c * t,
        "you divided by the rows alone: HW is missing below.": right * h * w,
        "the rows stand in another order: channels first, and each one's moments after one another.": (
            swapped @ swapped.T / (c * t * h * w)
        ),
        "no mean is taken off here: that would be the covariance.": centred @ centred.T / (c * t * h * w),
    }


@graded
def ranking(function):
    """Exercise 12.2: three Gram matrices, coarse, real, refined -> softplus(p - n)."""
    random = np.random.default_rng(13)
    for scale in (1.0, 0.2):
        coarse, real, refined = scale * random.normal(size=(3, 4, 4)) * np.array([1, 1, 0.6])[:, None, None]
        found = call(function, coarse.copy(), real.copy(), refined.copy())
        expect(found, _ranking(coarse, real, refined), mistakes=_ranking_mistakes(coarse, real, refined))
    _far(function)
    return "and it holds for distances in the thousands."


def _ranking(coarse, real, refined):
    return _softplus(np.abs(refined - real).sum() - np.abs(refined - coarse).sum())


def _softplus(x):
    return np.logaddexp(0, x)


def _ranking_mistakes(coarse, real, refined):
    p, n = np.abs(refined - real), np.abs(refined - coarse)
    pulled = np.abs(coarse - real).sum()
    squared = ((refined - real) ** 2).sum() - ((refined - coarse) ** 2).sum()
    return {
        "the sign is turned round: it should be small where the refined clip is near the real one.": (
            _softplus(n.sum() - p.sum())
        ),
        "the distances are sums over the matrix; you took means.": _softplus(p.mean() - n.mean()),
        "the second distance is from the refined clip to the coarse one; yours does not hold the refined clip.": (
            _softplus(p.sum() - pulled)
        ),
        "the distances are L1: absolute values, not squares.": _softplus(squared),
        "that is the fraction; its negative logarithm is asked for.": np.exp(-_ranking(coarse, real, refined)),
        "that is the logarithm; its negative is asked for.": -_ranking(coarse, real, refined),
        "a hinge: right far from zero, but the fraction gives log 2 where both distances are equal.": max(
            0.0, p.sum() - n.sum()
        ),
    }


def _far(function):
    """Distances of thousands, on either side."""
    real, coarse = np.zeros((2, 2)), np.full((2, 2), 1_000.0)
    for refined, expected in ((coarse, 4_000.0), (real, 0.0)):
        with np.errstate(all="ignore"):
            found = call(function, coarse.copy(), real.copy(), refined.copy())
        values = np.asarray(plain(found), dtype=float)
        if values.shape == () and not np.isfinite(values):
            raise WrongError(
                f"at a distance of 4000 it returns {float(values)}: e^4000 is too large, and e^-4000 is 0. "
                "Simplify on paper first: only p - n counts."
            )
        expect(found, expected, tolerance=1e-3)


@graded
def combine(function):
    """Exercise 12.3: mask (T, H, W), foreground (3, T, H, W), background (3, H, W) -> clip (3, T, H, W)."""
    random = np.random.default_rng(14)
    for t, h, w in ((3, 3, 3), (4, 2, 5), (2, 4, 3)):
        mask = random.uniform(size=(t, h, w))
        foreground, background = random.uniform(-1, 1, (3, t, h, w)), random.uniform(-1, 1, (3, h, w))
        still = np.repeat(background[:, None], t, axis=1)
        found = call(function, mask.copy(), foreground.copy(), background.copy())
        mistakes = {
            "the mask is the other way round: 1 lets the foreground through.": (1 - mask) * foreground + mask * still,
            "where the foreground is let through, the background has to make room: 1 - mask.": mask * foreground
            + still,
            "the background has no part in it yet.": mask * foreground,
            "the mask moves, too: you used that of frame 0 throughout.": mask[0] * foreground + (1 - mask[0]) * still,
        }
        if t == h == w == 3:  # where axes can be mixed up without an error
            mistakes |= {
                "the background was stretched along its height, not along time: name the axis.": (
                    mask * foreground + (1 - mask) * background[:, :, None]
                ),
                "the background's three colours were lined up with three moments: give it an axis for time.": (
                    mask * foreground + (1 - mask) * background
                ),
            }
        expect(found, mask * foreground + (1 - mask) * still, mistakes=mistakes)
    return "two pictures at each place and moment, and one number that weighs them."


@graded
def recover(function):
    """Exercise 12.4: clip, foreground (3, T, H, W), background (3, H, W) -> mask (T, H, W), NaN where none is told."""
    random = np.random.default_rng(15)
    for t, h, w in ((3, 4, 5), (2, 3, 3)):
        mask = random.uniform(size=(t, h, w))
        foreground, background = random.uniform(-1, 1, (3, t, h, w)), random.uniform(-1, 1, (3, h, w))
        foreground[:, :, 0, 0] = background[:, None, 0, 0]  # both streams agree here
        foreground[0, :, 1, 1] = background[0, None, 1, 1]  # red alone agrees here
        background[:, 2, 2] = np.round(8 * background[:, 2, 2]) / 8  # so that the next line holds to the last digit
        foreground[:, :, 2, 2] = background[:, None, 2, 2] + np.array([[0.5], [-0.5], [0.0]])  # the sums agree here
        still = background[:, None]
        clip = mask * foreground + (1 - mask) * still
        expected = mask.copy()
        expected[:, 0, 0] = np.nan
        found = call(function, clip.copy(), foreground.copy(), background.copy())
        _compare_masks(found, expected)
    return "and where both streams agree, no clip can tell the mask."


def _compare_masks(found, expected):
    try:
        values = np.asarray(plain(found), dtype=float)
    except (TypeError, ValueError) as error:
        raise WrongError(f"numbers of shape {expected.shape} are expected, not {type(found).__name__}.") from error
    if values.shape != expected.shape:
        extra = " One mask for all three colours." if values.shape == (3, *expected.shape) else ""
        raise WrongError(f"the shape should be {expected.shape}, and is {values.shape}.{extra}")
    if not np.isnan(values[:, 0, 0]).all():
        raise WrongError(
            "at row 0, column 0 foreground and background are equal: any mask gives that clip, so NaN belongs there."
        )
    if np.isnan(values[:, 1, 1]).any():
        raise WrongError("at row 1, column 1 only red is equal; green and blue still tell the mask.")
    if not np.isfinite(values[:, 2, 2]).all():
        raise WrongError(
            "at row 2, column 2 the streams differ by 0.5, -0.5 and 0: that adds up to 0, and still tells the mask. "
            "Weigh each colour by its difference before you add."
        )
    known = np.isfinite(expected)
    expect(
        np.where(known, values, 0),
        np.where(known, expected, 0),
        mistakes={"that is 1 - mask: how much of the background is seen.": np.where(known, 1 - expected, 0)},
    )
