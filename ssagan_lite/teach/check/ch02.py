"""Graders of chapter 02: attention, a softmax that holds, equivariance, and a temperature."""

import numpy as np

from ssagan_lite.teach.check.grader import WrongError, call, expect, graded, one_number, plain

HALF_WITHIN = 0.005  # of ln n
EXP_HOLDS = 700  # np.exp is infinite from 710 on, and 0 from -746 on


def _softmax(logits, axis=-1):
    raised = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def _together(logits):
    """The usual mistake of one sum for the whole table."""
    return _softmax(logits.ravel()).reshape(logits.shape)


def _apart(mistakes, right):
    """Without those that make no difference for this input."""
    return {
        say: value for say, value in mistakes.items() if np.shape(value) != right.shape or not np.allclose(value, right)
    }


@graded
def attention(function):
    """Exercise 2.1: softmax(Q K^T) V for all places at once."""
    random = np.random.default_rng(2)
    for places, others, depth, width in ((5, 5, 4, 3), (3, 6, 5, 2), (1, 4, 2, 1)):
        query, key, value = (random.normal(size=shape) for shape in ((places, depth), (others, depth), (others, width)))
        right = _softmax(query @ key.T) @ value
        found = call(function, query.copy(), key.copy(), value.copy())
        expect(found, right, mistakes=_apart(_wrong_attention(query, key, value), right))
    return "every place asks all others, in any number."


def _wrong_attention(query, key, value):
    logits = query @ key.T
    fits, by_column = np.exp(logits), _softmax(logits, axis=0)
    mistakes = {
        "these are the weights: multiply them with the values.": _softmax(logits),
        "that divides by the root of D: the paper does not.": _softmax(logits / np.sqrt(query.shape[1])) @ value,
        "the exponential is missing: logits are no weights yet.": logits @ value,
        "the weights of a row do not add up to one: divide by their sum.": fits @ value,
        "all weights together add up to one: each row should, on its own.": _together(logits) @ value,
        "the softmax runs down the columns: a row belongs to the place that asks, so sum along it (axis=1).": (
            by_column @ value
        ),
    }
    if len(query) == len(key):
        told = "query and key are exchanged: rows belong to the places that ask."
        mistakes[told] = _softmax(logits.T) @ value
    return mistakes


@graded
def softmax(function):
    """Exercise 2.2: rows that add up to one, whatever the size of the logits."""
    random = np.random.default_rng(3)
    small, far = random.normal(size=(4, 6)), np.array([[1000.0, 1000.0, 999.0], [-1000.0, -1001.0, -1000.0]])
    for logits in (small, small[:, :4], 500 * small, far[:1], far):
        given = logits.copy()
        with np.errstate(all="ignore"):
            found = call(function, given)
        if not np.array_equal(given, logits):
            raise WrongError("your function changes the logits it is given; work on a copy.")
        _hold(found, logits)
        mistakes = {
            "the columns add up to one: sum along the rows (axis=-1, keepdims=True).": _softmax(logits, axis=0),
            "all entries together add up to one: each row should, on its own.": _together(logits),
            "the logits were cut off: 1000 and 999 are not equal. Take off each row's largest instead.": _softmax(
                np.clip(logits, -700, 700)
            ),
        }
        right = _softmax(logits)
        expect(found, right, mistakes=_apart(mistakes, right))
    return "rows add up to one, for logits of any size."


def _hold(found, logits):
    """Say where numbers were lost: overflow, or a row that underflowed as a whole."""
    try:
        values = np.asarray(plain(found), dtype=float)
    except (TypeError, ValueError):
        return  # what it is instead, `expect` says
    if values.shape != logits.shape or np.isfinite(values).all():
        return
    bad, largest = ~np.isfinite(values).all(axis=1), logits.max(axis=1)
    first = "Take off the row's largest first, which changes no weight."
    if bad[largest.argmax()] and largest.max() > EXP_HOLDS:
        raise WrongError(f"logits of {largest.max():.0f} overflow: np.exp of them is infinite. {first}")
    # Where np.exp was taken of the logits themselves, the largest of all is lost, and a row near zero never is.
    if not bad[largest.argmax()] and (largest.max() > EXP_HOLDS or (abs(largest[bad]) < EXP_HOLDS).any()):
        raise WrongError(
            "a row of small logits became 0/0: one maximum for the whole table is too much, take off each row's own."
        )
    if (low := largest[bad].min()) < -EXP_HOLDS:
        raise WrongError(f"a row of logits up to {low:.0f} became 0/0: np.exp of them is 0. {first}")


def _ring(x):
    return x - np.roll(x, 1, axis=0)


def _mirror(x):
    return x * x[::-1]


def _sorted(x):
    return np.sort(x, axis=0)


def _placed(x):
    return x + np.arange(len(x))[:, None]


def _average(x):
    return np.repeat(x.mean(axis=0, keepdims=True), len(x), axis=0)


def _with_mean(x):
    return x + x.mean(axis=0)


FUNCTIONS = (
    (_placed, False, "one that adds the number of its row passes: compare f(x[order]) with f(x)[order]."),
    (
        _sorted,
        False,
        "one that sorts passes. Its output does not change at all when the input is shuffled: that is invariance. "
        "Equivariant means that the output is shuffled along.",
    ),
    (
        _with_mean,
        True,
        "each row plus the mean of all is equivariant, and you say it is not. Sums in another order differ in the last "
        "digit: compare with np.allclose, against f(x)[order].",
    ),
    (
        _average,
        True,
        "one that hands every row the mean of all is equivariant: all rows of its output are equal, so shuffling them "
        "changes nothing. Sums in another order differ in the last digit: compare with np.allclose.",
    ),
    (
        _ring,
        False,
        "one that looks at its neighbour round a ring passes. A cyclic shift (np.roll) is one order among many: draw "
        "orders at random, and several.",
    ),
    (
        _mirror,
        False,
        "one that looks at its mirror image passes. Turning the rows round is one order among many: draw orders at "
        "random, and several.",
    ),
)


@graded
def is_equivariant(function):
    """Exercise 2.3: tell equivariant functions from others; the ring and the mirror are traps."""
    said = [_yes_or_no(call(function, handed)) for handed, _, _ in FUNCTIONS]
    if all(said):
        raise WrongError("you say True to all six functions; some are not equivariant.")
    if not any(said):
        raise WrongError(
            "you say False to all six functions; some are equivariant. Sums in another order differ in the last digit: "
            "compare with np.allclose."
        )
    for answer, (_, right, message) in zip(said, FUNCTIONS, strict=True):
        if answer != right:
            raise WrongError(message)
    return "all six, the ring and the mirror among them."


def _yes_or_no(answer):
    if not isinstance(answer, bool | np.bool_):
        raise WrongError(f"True or False is expected, not {type(answer).__name__}.")
    return bool(answer)


def _evenness(logits):
    """Mean entropy of the rows of softmax(logits), as a fraction of ln n."""
    weights = _softmax(logits)
    logs = np.log(np.where(weights > 0, weights, 1))
    return abs((weights * logs).sum(axis=-1).mean()) / np.log(len(logits))


@graded
def half_temperature(function):
    """Exercise 2.4: where the mean entropy of the rows is half of ln n."""
    random = np.random.default_rng(4)
    for places, size in ((16, 1.0), (40, 30.0), (25, 0.004), (9, 2e4)):
        # Rows of different spread: the mean of entropies is then not the entropy of anything else.
        logits = size * random.normal(size=(places, places)) * random.uniform(0.3, 3, (places, 1))
        with np.errstate(all="ignore"):
            found = _number(call(function, logits.copy()))
        about = f"for {places} places and logits of deviation {logits.std():.3g}: "
        reached = _evenness(logits / found)
        if abs(reached - 0.5) > HALF_WITHIN:
            raise WrongError(about + _why(logits, found, reached))
    return "half of ln n, for small logits and large."


def _number(found):
    value = one_number(found)
    if value is None:
        raise WrongError(f"one number is expected, not {type(found).__name__}.")
    if not np.isfinite(value) or value <= 0:
        raise WrongError(f"a temperature is above 0 and finite, not {value:.4g}.")
    return value


def _why(logits, found, reached):
    """What most often leads to a wrong temperature."""
    usual = {
        "that is the number to multiply by: a temperature divides the logits.": _evenness(logits * found) - 0.5,
        "your entropy takes log2, and ln n is natural: use one logarithm for both.": reached - 0.5 * np.log(2),
        "there half of the first entropy is left: half of ln n is asked for, the largest entropy possible.": (
            reached - 0.5 * _evenness(logits)
        ),
    }
    for message, distance in usual.items():
        if abs(distance) < HALF_WITHIN:
            return message
    return f"at your {found:.4g} the entropy is {reached:.3f} of ln n, and should be 0.500. Does your search reach far?"
