"""Graders of chapter 09: PSNR in three ranges, rows that fit no scale, a cheat that flow sees, an exact interval."""

import math
from functools import cache

import numpy as np
import torch

from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation import metrics, motion
from ssagan_lite.teach.check.grader import WrongError, call, expect, graded, plain

RANGES = {"bytes": 255, "0 to 1": 1, "-1 to 1": 2}
ALLOWED = 0.1  # dB below the floor that rounding in a table may explain
UNSEEN_SEED, SKIES, SIZE, FRAMES = 90_310, 10, 64, 32
GAPS = (8, 7)  # what repeats every 2, 4 or 8 frames looks still at a gap of 8
COST = 1.0  # dB that the cheat may lose against copy-first


@graded
def psnr(function):
    """Exercise 9.1: the same PSNR from bytes, from colours in [0, 1] and from colours in [-1, 1]."""
    random = np.random.default_rng(91)
    for error in (3, 40):
        target = random.integers(0, 256, (6, 7, 3))
        prediction = np.clip(target + random.integers(-error, error + 1, target.shape), 0, 255)
        for convention, data_range in RANGES.items():
            _one_range(function, prediction.astype(np.uint8), target.astype(np.uint8), convention, data_range)
    return "one PSNR for one pair of pictures, however their colours are counted."


def _one_range(function, prediction, target, convention, data_range):
    """Ask for one convention; the bytes are counted in it first."""
    pair = [_counted(picture, convention) for picture in (prediction, target)]
    wrapped = ((pair[0] - pair[1]).astype(float) ** 2).mean()
    error = ((pair[0].astype(float) - pair[1]) ** 2).mean()
    where = f'in "{convention}"'
    mistakes = {
        f"{where}: bytes wrapped round before they became floats.": _decibels(wrapped, data_range),
        f"{where}: the range is squared, R**2 / MSE.": 10 * math.log10(data_range / error),
        f"{where}: that is the natural logarithm; decibels take log10.": 10 * math.log(data_range**2 / error),
        f"{where}: 20 goes with the root of the MSE, 10 with the MSE.": 2 * _decibels(error, data_range),
        f"{where}: that is R**2 / MSE itself, without the logarithm.": data_range**2 / error,
    }
    for other, wrong_range in RANGES.items():
        if wrong_range != data_range:
            said = f'{where} you used {wrong_range}, the range of "{other}".'
            if (convention, other) == ("-1 to 1", "0 to 1"):
                said += " From -1 to 1 it is 2: you are 6.02 dB too low."
            mistakes[said] = _decibels(error, wrong_range)
    if convention != "bytes":
        mistakes = {said: value for said, value in mistakes.items() if "wrapped" not in said}
    expect(call(function, *pair, convention), _decibels(error, data_range), mistakes=mistakes, tolerance=1e-4)


def _counted(picture, convention):
    if convention == "bytes":
        return picture.copy()
    share = picture / 255
    return share if convention == "0 to 1" else 2 * share - 1


def _decibels(error, data_range):
    return 10 * math.log10(data_range**2 / error)


@graded
def off_scale(function):
    """Exercise 9.2: the rows of a table whose mean PSNR lies below the floor that their mean MSE sets."""
    made_up = {"a": (0.04, 25.0), "b": (0.04, 19.0), "c": (0.04, 13.0), "d": (0.01, 19.95)}
    for rows, data_range in ((made_up, 2), (made_up, 1), ({"e": (0.5, 3.2), "f": (0.5, 4.0)}, 1), ({}, 2),
                             ({"g": (650.0, 19.0), "h": (650.0, 21.0)}, 255),
                             ({"i": (0.04, 19.92), "j": (0.04, 19.88), "k": (0.04, 18.0)}, 2)):  # fmt: skip
        found = call(function, dict(rows), data_range)
        expected = {n for n, (mse, mean) in rows.items() if mean < _decibels(mse, data_range) - ALLOWED}
        _compare_names(found, expected, rows, data_range)
    return "a mean of decibels never lies below the decibels of the mean, and these rows do."


def _compare_names(found, expected, rows, data_range):
    if isinstance(found, dict | str) or not hasattr(found, "__iter__"):
        raise WrongError(f"a set of names is expected, not {type(found).__name__}.")
    found, where = set(found), f"with R = {data_range}, of {sorted(rows)}"
    if found == expected:
        return
    if rows and found == set(rows) - expected:
        raise WrongError(f"{where} you name the rows that fit: the others are asked for.")
    wrong = {n for n, (mse, mean) in rows.items() if mean < 10 * math.log10(data_range / mse) - ALLOWED}
    if found == wrong:
        raise WrongError("the range is squared in the floor: 10 log10(R**2 / MSE).")
    strict = {n for n, (mse, mean) in rows.items() if mean < _decibels(mse, data_range)}
    if found == strict:
        raise WrongError(f"{where} a row that is less than {ALLOWED} dB below may be rounding: let it pass.")
    raise WrongError(f"{where} {sorted(expected)} lie below the floor, and you name {sorted(map(str, found))}.")


@graded
def cheat(function):
    """Exercise 9.3: a motion energy as of a real sky, hardly any PSNR paid, and no motion; flow sees it."""
    skies = _unseen()
    clips = np.stack([_asked(function, sky) for sky in skies])
    prediction, target = _as_batch(clips), _as_batch(skies)
    energy = metrics.motion_energy_ratio(prediction, target)
    _check_energy(energy)
    flow = max(motion.flow_magnitude_ratio(prediction, target, gap) for gap in GAPS)
    if flow >= 0.2:
        raise WrongError(f"this moves: flow sees {flow:.2f} of the true motion. A cheat stands still, below 0.20.")
    lost = _copy_psnr() - metrics.mean_psnr(metrics.psnr(prediction, target)[:, 1:]).item()
    if lost > COST:
        raise WrongError(
            f"your clips pay {lost:.1f} dB against copy-first, and {COST:.0f} is allowed. Shake around the photo; "
            "do not walk away from it."
        )
    return f"motion energy {energy:.2f} of the real one for {lost:.2f} dB. And flow catches you: {flow:.2f}."


def _check_energy(energy):
    if energy < 0.005:
        raise WrongError("nothing changes from frame to frame: this is copy-first, with no motion energy at all.")
    if not 0.9 <= energy <= 1.1:
        way = "more" if energy < 1 else "less"
        half = " Is it half? Up by `energy` and back is a change of `energy` each time." if 0.4 < energy < 0.6 else ""
        double = " From + to - is a change of twice as much." if 1.9 < energy < 2.1 else ""
        raise WrongError(
            f"your motion energy is {energy:.2f} of the real one, 0.9 to 1.1 is asked: change {way}.{half}{double}"
        )


def _asked(function, sky):
    """The reader's clip for a sky (T, H, W, 3) in [-1, 1], or what is wrong with its kind."""
    clip = np.asarray(plain(call(function, sky[0].copy(), FRAMES, _energy(sky))))
    if clip.shape != sky.shape:
        raise WrongError(f"the clip should have the shape {sky.shape}, frames first, and has {clip.shape}.")
    if clip.dtype.kind != "f":
        raise WrongError(f"colours are floats from -1 to 1 here, and yours are {clip.dtype}.")
    if not np.isfinite(clip).all() or abs(clip).max() > 1:
        raise WrongError("colours end at -1 and 1: np.clip your clip.")
    return clip


def _energy(sky):
    return float(abs(np.diff(sky, axis=0)).mean())


def _as_batch(clips):
    return torch.from_numpy(clips).float().permute(0, 4, 1, 2, 3)  # (N, 3, T, H, W)


@cache
def _unseen():
    frames = synthetic_clips(SKIES, SIZE, FRAMES, seed=UNSEEN_SEED).frames
    return to_float(torch.from_numpy(frames)).permute(0, 2, 3, 4, 1).numpy()  # (N, T, H, W, 3)


@cache
def _copy_psnr():
    target = _as_batch(_unseen())
    return metrics.mean_psnr(metrics.psnr(target[:, :, :1].expand_as(target), target)).item()


@graded
def interval(function):
    """Exercise 9.4: the exact 95 % interval of Clopper and Pearson for k of n."""
    for k, n in ((3, 12), (0, 12), (12, 12), (1, 2), (42, 100)):
        found = call(function, k, n)
        mistakes = {
            f"for {k} of {n} that leaves 5 % on each side: together 5 %, so 2.5 % on each.": _exact(k, n, 0.05),
            f"for {k} of {n} that is the normal approximation, k/n plus and minus 1.96 standard errors; it is "
            "too short for few pairs.": _normal(k, n),
            f"for {k} of {n} the ends are the wrong way round: low first.": _exact(k, n)[::-1],
            f"for {k} of {n} the upper end should count k itself among the few: P(at most k).": _open_above(k, n),
            f"for {k} of {n} shares are expected, from 0 to 1, not per cent.": [100 * end for end in _exact(k, n)],
        }
        expect(found, _exact(k, n), mistakes=mistakes, tolerance=2e-4)
    return "the shares that k of n does not rule out, with no approximation."


def _at_least(k, n, p):
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def _crossing(rising, level):
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return (low + high) / 2


def _exact(k, n, tail=0.025):
    low = 0.0 if k == 0 else _crossing(lambda p: _at_least(k, n, p), tail)
    high = 1.0 if k == n else _crossing(lambda p: _at_least(k + 1, n, p), 1 - tail)
    return [low, high]


def _open_above(k, n):
    """The upper end from P(fewer than k), a usual slip."""
    return [_exact(k, n)[0], 0.0 if k == 0 else _crossing(lambda p: _at_least(k, n, p), 0.975)]


def _normal(k, n):
    half = 1.96 * math.sqrt(k / n * (1 - k / n) / n)
    return [k / n - half, k / n + half]
