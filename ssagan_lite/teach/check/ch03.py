"""Graders of chapter 03: the fold, the bill of a level, a softmax over a stream, PyTorch's function unscaled."""

import tracemalloc
import weakref

import numpy as np
import torch
from torch.nn import functional as F

from ssagan_lite.model.attention import explicit_attention
from ssagan_lite.teach.check.grader import Watched, WrongError, call, expect, graded, plain


@graded
def fold(function):
    """Exercise 3.1: (N, C, T, H, W) -> (N, HW, CT), row h*W + w, entry c*T + t."""
    for n, c, t, h, w in ((2, 3, 4, 2, 5), (1, 4, 2, 3, 2)):
        shape = n, h * w, c * t
        x = torch.arange(n * c * t * h * w, dtype=torch.float64).reshape(n, c, t, h, w)
        found = _tensor(call(function, x.clone()), shape)
        mistakes = {
            "memory was cut in its old order, so a row mixes places: move the axes of the places to the front first, "
            "cut then.": x,
            "each row is one place, but its entries run time by time (t*C + c). The logits would be the same, as "
            "queries and keys are both folded so; unfolding would mix channels with times. Entry c*T + t is asked "
            "for.": x.permute(0, 3, 4, 2, 1),
            "the rows run down the columns of the picture (w*H + h): row h*W + w is asked for.": (
                x.permute(0, 4, 3, 1, 2)
            ),
            "both orders are turned: row h*W + w and entry c*T + t are asked for.": x.permute(0, 4, 3, 2, 1),
        }
        mistakes = {told: moved.reshape(shape) for told, moved in mistakes.items()}
        expect(found, x.permute(0, 3, 4, 1, 2).reshape(shape), mistakes=mistakes)
    return "one row a place, and in it the channels at all times, in the order that unfolds again."


@graded
def bill(function):
    """Exercise 3.2: (bytes of the map in float32, multiply-adds of the two products), exact integers."""
    for sizes in ((5, 9, 3, 7, 2, 11), (1, 32, 32, 32, 64, 64), (16, 64, 8, 16, 32, 32)):
        found = _two_integers(call(function, *sizes))
        n, c, reduced, t, h, w = sizes
        places, frames = h * w, t * h * w
        pairs = n * places**2
        _compare(
            found[0],
            4 * pairs,
            "bytes of the map",
            sizes,
            {
                "there is one map for each clip of the batch: multiply by N": 4 * places**2,
                "that is how many numbers it holds; one of float32 takes 4 bytes": pairs,
                "that is how many numbers one clip's map holds; there are N maps, and 4 bytes a number": places**2,
                "time is no place: it is folded into the feature, so the map has HW rows and not T HW": 4
                * n
                * frames**2,
                "the map has a row for each place and a column for each place: HW times HW": 4 * n * places,
                "that counts one map for each frame; all frames share one": 4 * pairs * t,
            },
        )
        _compare(
            found[1],
            pairs * t * (reduced + c),
            "multiply-adds",
            sizes,
            {
                "that is the first product alone, Q times K; A times V costs as well": pairs * t * reduced,
                "that is the second product alone, A times V; Q times K costs as well": pairs * t * c,
                "Q and K have C' channels, not C, so the first product is shorter": pairs * t * 2 * c,
                "V has C channels, not C', so the second product is longer": pairs * t * 2 * reduced,
                "time was left out: a row is C'T long, or CT": pairs * (reduced + c),
                "there are N clips in the batch": places**2 * t * (reduced + c),
                "a multiplication and its addition count as one here": 2 * pairs * t * (reduced + c),
                "time is no place: the map has HW rows, not T HW": n * frames**2 * (reduced + c),
            },
        )
    return "both to the last digit."


@graded
def mix(function):
    """Exercise 3.3: softmax-weighted mean of a stream of (logits (k,), values (k, D)) that can be read only once."""
    for name, spread, shift, sizes in _STREAMS:
        pairs = _pairs(spread, shift, sizes)
        stream = _Stream(pairs)
        found = call(function, iter(stream))
        found = _numbers(found)
        if not np.isfinite(found).all():
            raise WrongError(_not_finite(shift))
        logits, values = (np.concatenate(part) for part in zip(*pairs, strict=True))
        expect(found, _softmax(logits) @ values, mistakes=_stream_mistakes(pairs), tolerance=1e-9)
        if stream.unread:
            raise WrongError(f"for {name}, {stream.unread} chunks of the stream were never read.")
        if stream.most_alive > _ALIVE:
            raise WrongError(
                f"the numbers are right, but you kept the stream: {stream.most_alive} chunks were alive at once. "
                "Carry on the largest logit, the sum and the mix, and forget the chunk."
            )
    _copies_nothing(function)
    return "one reading, three things carried, and the largest logit never hurt."


@graded
def plain_attention(function):
    """Exercise 3.4: Eq. 1 and 2 through PyTorch's function, whose default divides the logits by sqrt(D)."""
    for features in (16, 9):
        random = torch.Generator().manual_seed(features)
        widths = features, features, features + 3
        query, key, value = (torch.randn(2, 12, width, generator=random, dtype=torch.float64) for width in widths)
        with Watched((F, "scaled_dot_product_attention")) as counts:
            found = _tensor(call(function, query.clone(), key.clone(), value.clone()), tuple(value.shape))
        root = features**0.5

        mistakes = {
            "the logits are still divided by sqrt(D): the map is softer than Eq. 1.": 1 / root,
            "the logits are divided by D now: the factor has to go the other way.": 1 / features,
            "the logits are sqrt(D) times too large: only one of query and key needs the factor, and it is sqrt(D).": (
                root
            ),
            "that holds for D = 16 only: D is the length of a row, query.shape[-1].": 4 / root,
            "D is the length of a row of query, query.shape[-1]; value has rows of its own length.": (
                value.shape[-1] ** 0.5 / root
            ),
        }
        mistakes = {told: explicit_attention(query * by, key, value) for told, by in mistakes.items() if by != 1}
        mistakes["query and key have changed places."] = explicit_attention(key, query, value)
        expect(found, explicit_attention(query, key, value), mistakes=mistakes, tolerance=1e-9)
        if any(count > 3 for count in counts):
            raise WrongError("hand the function three tensors and nothing else, no scale: change the query instead.")
    return "Eq. 1, without the factor."


_STREAMS = (
    ("small logits", 1.0, 0.0, (3, 1, 4)),
    ("logits near 1000", 300.0, 1000.0, (2, 5, 1, 1, 3)),
    ("logits near -1000", 2.0, -1000.0, (1, 4, 2)),
    ("one chunk", 1.0, 0.0, (5,)),
    ("many chunks", 3.0, 0.0, (2,) * 12),
)
_ALIVE = 3  # chunks: the first, for one who peeks, the one that was read, and the one that is being made


def _copies_nothing(function):
    """One long stream of wide values: who copies what was read needs as much memory as all of it."""
    if getattr(function, "elsewhere", False):
        return
    pairs = _pairs(1.0, 0.0, (2,) * 200, width=256)
    whole = sum(values.nbytes for _, values in pairs)
    traced = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        found = call(function, iter(_Stream(pairs)))
        held = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not traced:
            tracemalloc.stop()
    logits, values = (np.concatenate(part) for part in zip(*pairs, strict=True))
    expect(found, _softmax(logits) @ values, tolerance=1e-9)
    if held > whole / 4:
        raise WrongError(
            f"the numbers are right, but you copied the stream: {held / 1e3:.0f} kB were held at once, of "
            f"{whole / 1e3:.0f} kB. Carry on the largest logit, the sum and the mix alone."
        )


class _Stream:
    """Hands out each chunk once, and sees how many of them are still alive."""

    def __init__(self, pairs):
        self.pairs, self.unread, self.most_alive = pairs, len(pairs), 0

    def __iter__(self):
        handed = []
        for logits, values in self.pairs:
            copy = values.copy()
            handed.append(weakref.ref(copy))
            self.unread -= 1
            self.most_alive = max(self.most_alive, sum(other() is not None for other in handed))
            item = logits.copy(), copy
            del copy
            yield item
            del item


def _pairs(spread, shift, sizes, width=3):
    random = np.random.default_rng(3)
    return [(random.standard_normal(k) * spread + shift, random.standard_normal((k, width))) for k in sizes]


def _softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def _stream_mistakes(pairs):
    """What the usual slips make of these chunks; a slip that does no harm here is left out."""
    logits, values = (np.concatenate(part) for part in zip(*pairs, strict=True))
    expected = _softmax(logits) @ values
    slips = {
        "you softmax each chunk by itself and average: chunks with larger logits must weigh more.": np.mean(
            [_softmax(part) @ held for part, held in pairs], axis=0
        ),
        "only the last chunk counts in your answer.": _softmax(pairs[-1][0]) @ pairs[-1][1],
        "only the first chunk counts in your answer.": _softmax(pairs[0][0]) @ pairs[0][1],
        "when the largest logit grows, what was summed so far must shrink by exp(old - new), sum and mix alike.": (
            _carried(pairs, False, False)
        ),
        "the sum shrinks when the largest logit grows, and the mix does not: shrink both.": _carried(
            pairs, True, False
        ),
        "the mix shrinks when the largest logit grows, and the sum does not: shrink both.": _carried(
            pairs, False, True
        ),
        "the mix is not divided by the sum yet.": np.exp(logits - logits.max()) @ values,
        "that is the plain mean of the values: the logits weigh nothing.": values.mean(axis=0),
    }
    return {told: value for told, value in slips.items() if not np.allclose(value, expected, rtol=1e-6)}


def _carried(pairs, shrink_sum, shrink_mix):
    best, total, mixed = -np.inf, 0.0, 0.0
    for logits, values in pairs:
        highest = max(best, logits.max())
        shrink, weights = np.exp(best - highest), np.exp(logits - highest)
        total = total * (shrink if shrink_sum else 1.0) + weights.sum()
        mixed = mixed * (shrink if shrink_mix else 1.0) + weights @ values
        best = highest
    return mixed / total


def _not_finite(shift):
    if shift < 0:
        return (
            "logits near -1000 give 0 / 0: let the largest logit begin at -inf, not at 0, "
            "and measure all others against it."
        )
    return (
        "the result is not finite: measure each logit against the largest so far before exp, and let the largest begin "
        "at -inf with a sum of 0."
    )


def _numbers(found):
    try:
        return np.asarray(plain(found), dtype=float)
    except (TypeError, ValueError) as error:
        raise WrongError(f"a vector of D numbers is expected, not {type(found).__name__}.") from error


def _tensor(found, shape):
    """The answer as a tensor; its shape is left to `expect`."""
    if isinstance(found, np.ndarray):
        found = torch.from_numpy(found)
    if not isinstance(found, torch.Tensor):
        raise WrongError(f"a tensor of shape {shape} is expected, not {type(found).__name__}.")
    return found.detach()


def _two_integers(found):
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise WrongError("two numbers are expected: (bytes of the map, multiply-adds).")
    for value in found:
        if isinstance(value, float | np.floating):
            raise WrongError("these are counts: exact integers are expected, without a decimal point (** and *, no /).")
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise WrongError(f"two integers are expected, not {type(value).__name__}.")
    return [int(value) for value in found]


def _compare(found, expected, what, sizes, mistakes):
    """Integers, compared to the last digit."""
    if found == expected:
        return
    where = dict(zip(("N", "C", "C'", "T", "H", "W"), sizes, strict=True))
    told = ", ".join(f"{name} = {size}" for name, size in where.items())
    for message, mistaken in mistakes.items():
        if found == mistaken:
            raise WrongError(f"{what}: {message}.")
    raise WrongError(f"{what}: {expected:,} are expected for {told}, and {found:,} were found.")
