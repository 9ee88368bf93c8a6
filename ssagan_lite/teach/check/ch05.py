"""Graders of chapter 05: runs of equal frames, a row's parameters, dropping levels, what all seeds agree on."""

from itertools import groupby, permutations, product

import numpy as np

from ssagan_lite.model.generator import TABLE_1
from ssagan_lite.teach.check.grader import WrongError, call, expect, graded, plain

PADDINGS = ("zeros", "replicate", "circular")


@graded
def equal_runs(function):
    """Exercise 5.2: the lengths of the runs of equal frames after some rows of Table 1, for each kind of padding."""
    for padding, levels in product(PADDINGS, range(6)):
        found = plain(call(function, levels, padding))
        found = found.tolist() if isinstance(found, np.ndarray) else found
        asked = f"after {levels} {'row' if levels == 1 else 'rows'} with padding {padding!r}: "
        if not isinstance(found, list | tuple) or not all(isinstance(run, int | np.integer) for run in found):
            raise WrongError(f"a list of the lengths of runs is expected, such as [1, 30, 1], not {found!r}.")
        _compare_runs(list(found), levels, padding, asked)
    return "the frames that differ come from zeros at the two ends, and from nothing else."


@graded
def row_parameters(function):
    """Exercise 5.1: how many numbers a row of Table 1 learns."""
    for channels, filters, kernel, norm, attention, reduction in (
        (3, 32, (3, 4, 4), False, True, 1),
        (64, 128, (4, 4, 4), True, True, 1),
        (512, 512, (2, 4, 4), False, False, 1),
        (1024, 256, (4, 4, 4), True, True, 8),
        (12, 8, (2, 3, 5), True, False, 1),
        (6, 8, (3, 3, 3), True, True, 2),
    ):
        found = call(function, channels, filters, kernel, norm, attention, reduction)
        _compare_parameters(found, channels, filters, kernel, norm, attention, reduction)
    return "kernels, BatchNorm and attention, for every kind of row."


@graded
def drop_levels(function):
    """Exercise 5.4: the rows that remain when k levels are dropped, the last of them making three colours."""
    table = [(row.name, row.filters) for row in TABLE_1]
    for rows, k in ((table, 1), (table, 0), (table, 2), (table, 3), (table[2:-2], 1)):
        given = list(rows)
        found = call(function, given, k)
        if given != rows:
            raise WrongError("your function changes the list that it is given; return a new one.")
        _compare_rows(found, rows, k)
    return "the outer levels go in pairs, and the last row still makes three colours."


@graded
def agreed(function):
    """Exercise 5.3: the pairs (better, worse) that hold on every seed."""
    for losses in (
        {"none": [0.9, 0.8, 0.7], "add": [0.2, 0.3, 0.4], "concat": [0.3, 0.2, 0.3]},
        {"a": [0.10, 0.50, 0.90], "b": [0.11, 0.52, 0.93]},
        {"lucky": [0.01, 0.60, 0.50], "steady": [0.31, 0.32, 0.33]},
        {"x": [0.5, 0.4], "y": [0.5, 0.3], "z": [0.6, 0.4]},
        {"only": [0.1, 0.2, 0.3]},
    ):
        _compare_pairs(call(function, {name: list(values) for name, values in losses.items()}), losses)
    return "a pair counts where every seed agrees, and nowhere else."


def _runs(levels, padding, edge=None):
    """The runs of equal frames: each frame stands for what the kernel saw, so equal windows are equal frames."""
    frames = [0] * 32
    for level in range(levels):
        kernel, stride = (3, 1) if level == 0 and edge != "halved" else (4, 2)
        ends = {"zeros": (None, None), "replicate": (frames[0], frames[-1]), "circular": (frames[-1], frames[0])}
        padded = [ends[padding][0], *frames, ends[padding][1]]
        windows = [tuple(padded[s : s + kernel]) for s in range(0, len(padded) - kernel + 1, stride)]
        known = {window: number for number, window in enumerate(dict.fromkeys(windows))}
        frames = [known[window] for window in windows]
    return [len(list(run)) for _, run in groupby(frames)]


def _compare_runs(found, levels, padding, asked):
    expected, count = _runs(levels, padding), sum(_runs(levels, padding))
    if found == expected:
        return
    mistakes = {
        "an end of different frames does not grow: from conv2 on the stride of 2 steps over it.": (
            [levels, count - 2 * levels, levels] if levels > 1 else None
        ),
        "conv1's stride in time is 1: it keeps 32 frames.": _runs(levels, padding, "halved") if levels else None,
        "zeros are another frame than the photo: the windows at the two ends see them.": (
            [count] if padding == "zeros" else None
        ),
        "what is padded here equals the frames beside it, so no window sees a difference.": (
            _runs(levels, "zeros") if padding != "zeros" else None
        ),
        "that is a list of the different frames, one by one: join equal neighbours to a run.": [1] * count,
    }
    for words, runs in mistakes.items():
        if found == runs and found != expected:
            raise WrongError(asked + words)
    if sum(found) != count:
        raise WrongError(f"{asked}there are {count} frames, and your runs add up to {sum(found)}.")
    raise WrongError(f"{asked}{expected} is expected, and {found} was found.")


def _compare_parameters(found, channels, filters, kernel, norm, attention, reduction):
    volume, less = int(np.prod(kernel)), filters // reduction
    weights, norms = filters * channels * volume, 2 * filters * norm
    attends = attention * (2 * (filters * less + less) + filters * filters + filters + 1)
    expected = weights + norms + attends
    mistakes = {
        "these convolutions have no bias (bias=False).": expected + filters,
        "BatchNorm learns two numbers a channel, a scale and a shift.": expected - filters * norm,
        "BatchNorm is missing.": expected - norms,
        "BatchNorm's running mean and variance are not learnt: count two numbers a channel, not four.": expected
        + norms,
        "BatchNorm is counted where there is none: look at norm.": expected + 2 * filters * (not norm),
        "attention's three convolutions have biases.": expected - attention * (2 * less + filters),
        "gamma is missing: one number more.": expected - attention,
        "attention is missing.": expected - attends,
        "only query and key are reduced: the value keeps all its channels.": (
            weights + norms + attention * (3 * (filters * less + less) + 1)
        ),
        "reduction divides the channels of query and key.": (
            weights + norms + attention * (3 * (filters * filters + filters) + 1)
        ),
        "time belongs to the kernel too: it has three sides.": expected - weights + weights // kernel[0],
    }
    expect(found, expected, mistakes={words: value for words, value in mistakes.items() if value != expected})


def _compare_rows(found, rows, k):
    if not isinstance(found, list | tuple) or not all(isinstance(row, list | tuple) and len(row) == 2 for row in found):
        raise WrongError(f"a list of pairs (name, filters) is expected, not {str(found)[:60]}.")
    found, kept = [tuple(row) for row in found], rows[k : len(rows) - k]
    expected = [*kept[:-1], (kept[-1][0], 3)]
    if found == expected:
        return
    if not found and k == 0:
        raise WrongError("with k = 0 nothing remains: rows[0:-0] is empty, because -0 is 0.")
    if found == kept:
        raise WrongError(f"{kept[-1][0]} is the last row now, so it makes the picture: 3 filters, not {kept[-1][1]}.")
    if [name for name, _ in found] == [name for name, _ in rows[k:]]:
        raise WrongError("the way up is as long as before: a level goes at both ends.")
    if [name for name, _ in found] == [name for name, _ in rows[: len(rows) - k]]:
        raise WrongError("the way down is as long as before: a level goes at both ends.")
    half = len(rows) // 2
    if [name for name, _ in found] == [name for name, _ in rows[: half - k] + rows[half + k :]]:
        raise WrongError("these levels are the innermost: the outermost go, so that a smaller picture fits.")
    wrong = next((pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]), None)
    told = f"{wrong[1]} is expected, and {wrong[0]} was found" if wrong else f"{len(expected)} rows are expected"
    raise WrongError(f"for k = {k} and {len(rows)} rows: {told}.")


def _compare_pairs(found, losses):
    if isinstance(found, dict | str) or not hasattr(found, "__iter__"):
        raise WrongError(f"a set of pairs (better, worse) is expected, not {type(found).__name__}.")
    found = list(found)
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in found):
        raise WrongError("a set of pairs is expected, each a tuple (better, worse) of two names.")

    def pairs(better):
        return {(a, b) for a, b in permutations(losses, 2) if better(losses[a], losses[b])}

    expected = pairs(lambda a, b: all(x < y for x, y in zip(a, b, strict=True)))
    mistakes = {
        "the lower loss is the better one: your pairs are turned round.": {pair[::-1] for pair in expected},
        "equal is not better: a tie on one seed is no agreement.": pairs(
            lambda a, b: all(x <= y for x, y in zip(a, b, strict=True))
        ),
        "that compares the means: a mean can be lower while a seed disagrees.": pairs(lambda a, b: sum(a) < sum(b)),
        "that compares the best runs: every seed has to agree.": pairs(lambda a, b: min(a) < min(b)),
        "that compares all runs with all: compare seed by seed, both had the same skies.": pairs(
            lambda a, b: max(a) < min(b)
        ),
        "one seed is not enough: every seed has to agree.": pairs(lambda a, b: a[0] < b[0]),
    }
    if set(found) == expected:
        return
    for words, mistaken in mistakes.items():
        if set(found) == mistaken:
            raise WrongError(f"for {losses}: {words}")
    extra, missing = sorted(set(found) - expected, key=str), sorted(expected - set(found))
    told = (
        f"{extra[0]} is not agreed on by every seed." if extra else f"{missing[0]} holds on every seed, and is missing."
    )
    raise WrongError(f"for {losses}: {told}")
