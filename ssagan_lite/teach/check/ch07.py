"""Graders of chapter 07: the best critic of two Gaussians, both pushes on the generator, what each term sees."""

from collections.abc import Mapping

import numpy as np

from ssagan_lite.teach.check.grader import WrongError, call, expect, graded, plain

BELLS = (  # mean and standard deviation of the data, of the generator
    (1.0, 0.5, -1.0, 0.5),
    (0.0, 1.0, 0.5, 2.0),
    (-0.5, 1.5, 0.75, 0.6),
)
TERMS = ("content", "adversarial", "both")
SEES = {"a": "content", "b": "adversarial", "c": "adversarial", "d": "content", "e": "both"}
WHY = {
    "a": "the critic gets the same two piles, and their order does not count; L1 compares pair by pair.",
    "b": "without the true clip L1 has nothing to compare with; the critic has learnt how skies move.",
    "c": "the L1 of a given clip and its truth is the same at every step; the critic's opinion of it changes.",
    "d": "to the critic a sky that moves left is as good as one that moves right; L1 has the one that happened.",
    "e": "the mean of L1 runs over all frames, and the critic's kernels see all of them too.",
}


@graded
def best_critic(function):
    """Exercise 7.1: D* = p / (p + q) for two Gaussians."""
    x = np.array([-2.0, -0.7, 0.0, 0.4, 1.1, 2.5])
    for bells in BELLS:
        given = x.copy()
        found = call(function, given, *bells)
        if not np.array_equal(given, x):
            raise WrongError("your function changes the numbers that it is given; work on a copy.")
        expect(found, _share(_bell(x, *bells[:2]), _bell(x, *bells[2:])), mistakes=_mistaken_critics(x, *bells))
    return "the share of real ones among all that fall at x."


@graded
def pushes(function):
    """Exercise 7.2: the slopes by the logit of log(1 - D) and of -log D, for logits of any size."""
    logits = np.array([-1000.0, -30.0, -2.0, -0.5, 0.0, 1.0, 4.0, 30.0, 1000.0])
    with np.errstate(all="ignore"):
        found = call(function, logits.copy())
    first, second = _two(found, logits.shape)
    for name, values in (("minimax", first), ("non-saturating", second)):
        if np.isnan(values).any():
            place = logits[np.isnan(values)][0]
            raise WrongError(
                f"the {name} slope at logit {place:.0f} is not a number: exp overflowed, or a log was of 0."
            )
    D = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    expect(np.stack([first, second]), np.stack([-D, D - 1]), mistakes=_mistaken_pushes(D))
    return "-D and -(1 - D), and neither overflows."


@graded
def what_sees_what(function):
    """Exercise 7.3: which term of Eq. 7 each of five statements is true of."""
    found = call(function)
    if not isinstance(found, Mapping):
        raise WrongError(f"a dict such as {{'a': 'content', ...}} is expected, not {type(found).__name__}.")
    if missing := [letter for letter in SEES if letter not in found]:
        raise WrongError(f"statement {missing[0]} is missing from your dict.")
    for letter, term in SEES.items():
        if found[letter] not in TERMS:
            raise WrongError(f"{letter}: choose {', '.join(map(repr, TERMS))}, not {found[letter]!r}.")
        if found[letter] != term:
            raise WrongError(f"{letter} is not {found[letter]!r}: {WHY[letter]}")
    return "L1 ties a clip to its photo and its truth, the critic ties it to all skies."


def _bell(x, mean, std):
    return np.exp(-((x - mean) ** 2) / (2 * std**2)) / std


def _share(real, fake):
    with np.errstate(divide="ignore", invalid="ignore"):
        return real / (real + fake)


def _mistaken_critics(x, real_mean, real_std, fake_mean, fake_std):
    """What to say: the values of a usual mistake, where these differ from the right ones."""
    real, fake = _bell(x, real_mean, real_std), _bell(x, fake_mean, fake_std)
    logit = np.log(real / fake)
    mistakes = {
        "upside down: that is the share of the generator's numbers. D is high where the data is.": _share(fake, real),
        "the heights of the bells are missing: a Gaussian density has 1 / std in front, and these differ.": _share(
            real * real_std, fake * fake_std
        ),
        "that is the ratio p / q: divide p by p + q.": real / fake,
        "that is the logit, log p - log q: its sigmoid is asked for.": logit,
        "the exponent is -(x - mean)² / (2 std²): the 2 is missing.": _share(real**2 * real_std, fake**2 * fake_std),
        "std is the standard deviation: square it in the exponent.": _share(
            np.exp(-((x - real_mean) ** 2) / (2 * real_std)) / real_std,
            np.exp(-((x - fake_mean) ** 2) / (2 * fake_std)) / fake_std,
        ),
    }
    right = _share(real, fake)
    return {words: values for words, values in mistakes.items() if not np.allclose(values, right, atol=1e-6)}


def _two(found, shape):
    """The two arrays of slopes, or what is wrong with them."""
    try:
        first, second = (np.asarray(plain(part), dtype=float) for part in found)
    except (TypeError, ValueError) as error:
        raise WrongError(
            f"two arrays are expected: minimax, then non-saturating, not {type(found).__name__}."
        ) from error
    for part in (first, second):
        if part.shape != shape:
            raise WrongError(f"each slope has the shape of the logits, {shape}, not {part.shape}.")
    return first, second


def _mistaken_pushes(D):
    with np.errstate(divide="ignore"):
        by_d = np.stack([-1 / (1 - D), -1 / D])
    return {
        "the two are swapped: minimax first.": np.stack([D - 1, -D]),
        "the signs are turned: both losses fall when the logit rises.": np.stack([D, 1 - D]),
        "those are slopes by D: multiply each by the slope of the sigmoid, D (1 - D).": by_d,
        "both are the minimax slope: log(1 - D) and -log D differ.": np.stack([-D, -D]),
        "both are the non-saturating slope: log(1 - D) and -log D differ.": np.stack([D - 1, D - 1]),
        "those are the losses themselves: their slopes by the logit are asked for.": np.stack(
            [np.log1p(-np.clip(D, 0, 1 - 1e-16)), -np.log(np.clip(D, 1e-300, 1))]
        ),
    }
