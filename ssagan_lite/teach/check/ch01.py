"""Graders of chapter 01: an error for every frame, beating copy-first without learning, finding a leak."""

from functools import cache

import numpy as np
import torch

from ssagan_lite.baselines.still import copy_first
from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation import metrics
from ssagan_lite.teach.check.grader import WrongError, call, expect, graded, plain

UNSEEN_SEED, CLIPS, SIZE, FRAMES = 60_221, 24, 64, 32
BETTER = {"MSE": -1, "PSNR": 1, "SSIM": 1}  # which way is better


@graded
def error_per_frame(function):
    """Exercise 1.1: the mean squared error of each frame, from bytes, with colours counted from -1 to 1."""
    random = np.random.default_rng(11)
    for frames, size in ((4, 5), (2, 6)):
        prediction, target = random.integers(0, 256, (2, frames, size, size + 1, 3), dtype=np.uint8)
        given = prediction.copy(), target.copy()
        found = call(function, *given)
        if not (np.array_equal(given[0], prediction) and np.array_equal(given[1], target)):
            raise WrongError("your function changes the clips it is given; work on copies.")
        wrapped = prediction - target
        bytes_squared = (prediction.astype(float) - target) ** 2
        expected = (bytes_squared / 127.5**2).mean(axis=(1, 2, 3))
        expect(
            found,
            expected,
            mistakes={
                "bytes wrapped round before they became floats: convert first, subtract then.": (
                    (wrapped.astype(float) / 127.5) ** 2
                ).mean(axis=(1, 2, 3)),
                "bytes wrapped round, and the scale is still 0 to 255.": (wrapped.astype(float) ** 2).mean(
                    axis=(1, 2, 3)
                ),
                "the scale is still 0 to 255: the error is counted in steps of a byte.": bytes_squared.mean(
                    axis=(1, 2, 3)
                ),
                "the scale is 0 to 1: from -1 to 1 everything is twice as far apart.": (
                    bytes_squared.mean(axis=(1, 2, 3)) / 255**2
                ),
                "that is one number for the whole clip: keep the axis of the frames.": expected.mean(),
                "that is the absolute error: square the differences.": (
                    np.sqrt(bytes_squared).mean(axis=(1, 2, 3)) / 127.5
                ),
                "that is the root of it: no square root is taken.": np.sqrt(expected),
            },
        )
    return "one error for each frame, on the scale of the book."


@graded
def beat_copy_first(predictor):
    """Exercise 1.2: beat copy-first in MSE, PSNR and SSIM at once, on skies that the notebook never shows."""
    skies = _unseen()
    clips = np.stack([_checked(call(predictor, sky[0].copy(), FRAMES), sky[0]) for sky in skies])
    if (clips == skies[:, :1]).all():
        raise WrongError("this is copy-first itself: a tie in all three scores.")
    ours, theirs = _scores(clips), _copy_scores()
    lost = [name for name, sign in BETTER.items() if sign * (ours[name] - theirs[name]) <= 0]
    if lost:
        told = ", ".join(f"{name} {ours[name]:.4f} against {theirs[name]:.4f}" for name in lost)
        raise WrongError(f"copy-first is still ahead in {told}.{_advice(clips, skies)}")
    return "MSE, PSNR and SSIM are all better than copy-first's, on skies you have never seen."


@graded
def leak(function):
    """Exercise 1.3: the set of source videos that have clips on both sides of a split."""
    train, test = "train", "test"
    for sources, splits in (
        (["a", "a", "b", "c", "c"], [train, test, train, test, test]),
        (["a", "a", "b", "b"], [train, train, test, test]),
        (["x", "y", "x", "y", "z", "z"], [test, train, train, test, test, test]),
        (list("abcdefabc"), [train] * 6 + [test] * 3),
        ([], []),
    ):
        expected = {s for s, side in zip(sources, splits, strict=True) if side == train}
        expected &= {s for s, side in zip(sources, splits, strict=True) if side == test}
        _compare_sets(call(function, list(sources), list(splits)), expected, sources)
    return "each source that lies on both sides, and no other."


def _checked(clip, first):
    """The clip as an array, or what is wrong with its kind and shape."""
    clip, shape = np.asarray(plain(clip)), (FRAMES, *first.shape)
    if clip.shape != shape:
        raise WrongError(f"the clip should have the shape {shape}, frames first, and has {clip.shape}.")
    if clip.dtype != np.uint8:
        scale = " Its values end at 1: multiply by 255." if clip.max() <= 1 else ""
        raise WrongError(f"the clip should hold bytes (np.uint8), and holds {clip.dtype}.{scale}")
    return clip


def _advice(clips, skies):
    """What most often causes a loss."""
    if (clips[:, 0] != skies[:, 0]).any():
        return " Frame 0 was given: leave it as it is, and change the later frames more than the early ones."
    brighter = clips.mean() - skies[:, :1].mean()
    if abs(brighter) > 2:
        return f" Your clips are {'brighter' if brighter > 0 else 'darker'} than the photo; the sky is not, on average."
    return " Change less: a fifth of the way towards something softer is plenty."


def _compare_sets(found, expected, sources):
    if isinstance(found, dict | str) or not hasattr(found, "__iter__"):
        raise WrongError(f"a set of sources is expected, not {type(found).__name__}.")
    found = set(found)
    if found and found <= set(range(len(sources))):
        raise WrongError("these are the numbers of clips: return their sources.")
    twice = {source for source in sources if sources.count(source) > 1}
    if found != expected and found == twice:
        raise WrongError("a source may have several clips on one side: that is no leak.")
    if found != expected:
        extra, missing = sorted(found - expected), sorted(expected - found)
        told = f"{extra[0]!r} lies on one side only." if extra else f"{missing[0]!r} lies on both sides and is missing."
        raise WrongError(f"for sources {sources}: {told}")


@cache
def _unseen():
    return synthetic_clips(CLIPS, SIZE, FRAMES, seed=UNSEEN_SEED).frames


@cache
def _copy_scores():
    first = to_float(torch.from_numpy(_unseen()))[:, :, 0]
    return _score(copy_first(first, FRAMES))


def _scores(clips):
    return _score(to_float(torch.from_numpy(clips)))


def _score(clips):
    """Means over frames 1 on, which were not given."""
    target = to_float(torch.from_numpy(_unseen()))
    return {
        "MSE": metrics.mse(clips, target)[:, 1:].mean().item(),
        "PSNR": metrics.mean_psnr(metrics.psnr(clips, target)[:, 1:]).item(),
        "SSIM": metrics.ssim(clips, target)[:, 1:].mean().item(),
    }
