"""Graders of the exercises that a teacher sets, book/teaching/exercises.md. They hold no solutions: what is returned
is tried out (is the slope the slope? does the layer give that size?) or was known when the case was made.
"""

import numpy as np
import torch
from torch import nn

from ssagan_lite.teach.check.grader import WrongError, call, expect, graded, plain

COSTS = ("log", "square", "hinge")
VERDICTS = ("negligible", "better", "worse", "open")
T_95 = {4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 9: 2.262}  # Student's t, by degrees of freedom


def _array(found, shape, what):
    """Finite floats of that shape, or a WrongError that says what is wrong with them."""
    try:
        values = np.asarray(plain(found), dtype=float)
    except (TypeError, ValueError) as error:
        raise WrongError(f"{what}: numbers of shape {shape} are expected, not {type(found).__name__}.") from error
    if values.shape != shape:
        raise WrongError(f"{what}: the shape should be {shape}, and is {values.shape}.")
    if not np.isfinite(values).all():
        raise WrongError(f"{what}: some numbers are not finite.")
    return values


@graded
def attention_gradients(function):
    """Exercise T1: (query, key, value, upstream) -> the three gradients of sum(upstream * attention), by hand."""
    random = np.random.default_rng(7_101)
    for places, depth, width, size in ((4, 3, 2, 1.0), (2, 5, 4, 0.3), (3, 2, 3, 40.0)):
        inputs = [size * random.normal(size=(places, depth)) for _ in range(2)]
        inputs += [random.normal(size=(places, width)), random.normal(size=(places, width))]
        found = call(function, *(part.copy() for part in inputs))
        if not isinstance(found, tuple | list) or len(found) != 3:
            raise WrongError("three gradients are expected: of query, of key and of value.")
        for place, name in enumerate(("query", "key", "value")):
            gradient = _array(found[place], inputs[place].shape, f"the gradient of {name}")
            _compare_slopes(gradient, inputs, place, name)
    return "each agrees with the change of the loss when its input is moved a little."


def _compare_slopes(gradient, inputs, place, name):
    """Move each entry of one input a little, and look at the loss."""
    slopes = np.empty_like(gradient)
    for index in np.ndindex(slopes.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = [torch.from_numpy(part.copy()) for part in inputs]
            moved[place][index] += step
            query, key, value, upstream = moved
            attended = nn.functional.scaled_dot_product_attention(query[None], key[None], value[None], scale=1.0)[0]
            ends.append((upstream * attended).sum().item())
        slopes[index] = (ends[0] - ends[1]) / 2e-5
    try:
        mistakes = {"the sign is turned.": -slopes, "it lacks a factor of 2.": slopes / 2}
        expect(gradient, slopes, mistakes=mistakes, tolerance=1e-5)
    except WrongError as reason:
        raise WrongError(f"the gradient of {name}: {reason}") from reason


@graded
def causal(function):
    """Exercise T2: attention in time that never looks ahead, (T, D), (T, D), (T, E) -> (T, E)."""
    random = np.random.default_rng(7_102)
    sizes = ((5, 3, 1.0), (8, 4, 40.0), (1, 2, 1.0), (3, 2, 400.0), (6, 3, 4000.0))
    cases = [size**0.5 * random.normal(size=(2, frames, depth)) for frames, depth, size in sizes]
    # A later frame with so large a logit that a softmax over all frames leaves nothing for the first.
    cases += [(np.array([[40.0], [40.0]]), np.array([[0.0], [50.0]]))]
    for query, key in cases:
        frames = len(query)
        given = query.copy(), key.copy(), np.eye(frames)
        weights = _array(call(function, *given), (frames, frames), "with an identity matrix as the values")
        _compare_causal(weights, query @ key.T)
        value = random.normal(size=(frames, 2))
        found = _array(call(function, query.copy(), key.copy(), value.copy()), value.shape, "the answer")
        expect(found, weights @ value, tolerance=1e-8)
    return "no frame looks ahead, all weights of a frame add up to one, and they fit the logits."


def _compare_causal(weights, logits):
    """With an identity matrix as the values the answer is the weights; look at those."""
    ahead = np.triu(np.ones(weights.shape, bool), 1)
    if (weights < 0).any():
        raise WrongError("a weight is negative: masked logits have to go to minus infinity before the exponential.")
    if weights[ahead].any():
        row, column = np.argwhere(ahead & (weights != 0))[0]
        back = not weights[ahead.T].any()
        told = " You masked the past." if back else ""
        raise WrongError(f"frame {row} looks at frame {column}, which comes later.{told}")
    if not np.allclose(weights.sum(axis=1), 1):
        row = int(np.argmax(abs(weights.sum(axis=1) - 1)))
        raise WrongError(
            f"the weights of frame {row} add up to {weights[row].sum():.4g}: mask first, and take the softmax then."
        )
    seen = ~ahead & (weights > 1e-12)
    ratio = np.log(np.where(seen, weights, 1)) - logits
    apart = np.array([np.ptp(ratio[row][seen[row]]) for row in range(len(weights))])
    if (apart > 1e-6).any():
        row = int(apart.argmax())
        raise WrongError(f"the weights of frame {row} do not fit its logits, query @ key.T, with no factor.")
    best = np.where(ahead, -np.inf, logits)
    if (weights[np.arange(len(best)), best.argmax(axis=1)] < 1 / len(best) - 1e-9).any():
        raise WrongError("a frame's largest logit has not its largest weight.")


@graded
def mirror(function):
    """Exercise T3: an encoder's layers and a clip's size -> the layers of a decoder that brings each size back."""
    random = np.random.default_rng(7_103)
    for _ in range(6):
        layers = [_drawn_layer(random) for _ in range(int(random.integers(1, 5)))]
        size = tuple(int(n) for n in random.integers(30, 90, 3))
        found = call(function, [tuple(layer) for layer in layers], size)
        if not isinstance(found, list | tuple) or len(found) != len(layers):
            raise WrongError(f"a list of {len(layers)} layers is expected, one for each layer of the encoder.")
        _compare_decoder(found, layers, size)
    return "every size on the way down is met again on the way up."


def _drawn_layer(random):
    """Kernel, stride and padding along (T, H, W), such that the stride never steps over a place."""
    stride = random.integers(1, 4, 3)
    kernel = stride + random.integers(0, 3, 3)
    return tuple(tuple(int(n) for n in part) for part in (kernel, stride, (kernel - 1) // 2))


def _compare_decoder(found, layers, size):
    """Run both on tensors that hold no numbers."""
    sizes, clip = [size], torch.empty(1, 1, *size, device="meta")
    for kernel, stride, padding in layers:
        clip = nn.Conv3d(1, 1, kernel, stride, padding, device="meta")(clip)  # (1, 1, T, H, W)
        sizes.append(tuple(clip.shape[2:]))
    for number, (layer, encoder, wanted) in enumerate(zip(found, layers[::-1], sizes[-2::-1], strict=True)):
        where = f"layer {number} of the decoder"
        if not isinstance(layer, list | tuple) or len(layer) != 4:
            raise WrongError(f"{where}: (kernel, stride, padding, output_padding) is expected, each as (T, H, W).")
        parts = [tuple(int(n) for n in _array(part, (3,), where)) for part in layer]
        if parts[:3] != [tuple(part) for part in encoder]:
            raise WrongError(f"{where} should have the kernel, stride and padding of its mirror image, {encoder}.")
        if any(not 0 <= more < step for more, step in zip(parts[3], parts[1], strict=True)):
            raise WrongError(f"{where}: output_padding {parts[3]} is not between 0 and the stride less one.")
        kernel, stride, padding, more = parts
        clip = nn.ConvTranspose3d(1, 1, kernel, stride, padding, more, device="meta")(clip)  # (1, 1, T, H, W)
        if tuple(clip.shape[2:]) != wanted:
            raise WrongError(f"{where} gives {tuple(clip.shape[2:])}, and the encoder had {wanted} there.")


@graded
def resting_critic(function):
    """Exercise T4: densities (K,) of real and made clips, and a loss -> the scores (K,) where a critic rests."""
    random = np.random.default_rng(7_104)
    real, made = np.exp(random.uniform(-4, 4, (2, 12)))
    far = np.exp(random.uniform(-18, 18, 8))
    tiny = 10.0 ** random.uniform(-260, -250, (2, 6))
    for p, q in ((real, made), (far, 1 / far), tiny):
        for loss in COSTS:
            with np.errstate(all="ignore"):
                found = call(function, p.copy(), q.copy(), loss)
            scores = _array(found, p.shape, f'for "{loss}"')
            _compare_scores(scores, p / (p + q), q / (p + q), loss)
    return "no other score costs the critic less, at any place, under any of the three losses."


def _cost(scores, p, q, loss):
    """What a critic pays for its scores, a place at a time; as the exercise defines it."""
    if loss == "log":
        return p * np.logaddexp(0, -scores) + q * np.logaddexp(0, scores)
    if loss == "square":
        return p * (scores - 1) ** 2 + q * scores**2
    return p * np.maximum(0, 1 - scores) + q * np.maximum(0, 1 + scores)


def _compare_scores(scores, p, q, loss):
    """The costs are convex: where no small step pays, nothing pays."""
    here = _cost(scores, p, q, loss)
    for step in (1e-3, -1e-3):
        better = here - _cost(scores + step, p, q, loss) > 1e-13
        if better.any():
            i = int(better.argmax())
            way = "higher" if step > 0 else "lower"
            raise WrongError(
                f'for "{loss}", where real is {p[i] / q[i]:.3g} times as likely as made, a critic pays less with a '
                f"{way} score than your {scores[i]:.4g}."
            )


@graded
def p_by_source(function):
    """Exercise T5: differences (n,) and their sources (n,) -> the exact p of flipping whole sources."""
    random = np.random.default_rng(7_105)
    for counts in ((1, 1, 1, 1), (3, 1, 2), (2, 5, 1, 3, 2), (6,)):
        names = [f"video {i}" for i in random.permutation(len(counts))]
        sources = np.repeat(names, counts)
        differences = random.normal(0.3, 1, len(sources)) + np.repeat(random.normal(0, 1, len(counts)), counts)
        differences = np.round(64 * differences) / 64  # sums are exact: no rounding decides which pattern lies as far
        order = random.permutation(len(sources))
        _compare_patterns(function, differences[order], sources[order], names)
    return "a video counts once, however many clips were cut from it."


def _compare_patterns(function, differences, sources, names):
    """Ask for every pattern: its p is how far out it stands among all of them."""
    patterns = np.array(np.meshgrid(*[(1, -1)] * len(names))).reshape(len(names), -1).T  # (2^G, G)
    flips = np.array([[dict(zip(names, signs, strict=True))[s] for s in sources] for signs in patterns])
    far = abs((flips * differences).mean(axis=1))
    asked = range(len(patterns)) if len(names) < 5 else range(0, len(patterns), 5)
    for i in asked:
        found = _array(call(function, flips[i] * differences, list(sources)), (), "p")
        share = int((far > far[i] - 1e-9).sum())
        steps = float(found) * len(patterns)
        if abs(steps - round(steps)) > 1e-6:
            told = f"with {len(names)} sources p is a multiple of 1 / {len(patterns)}, and {float(found):.4g} is none"
            raise WrongError(f"{told}: flip whole sources, and every pattern once.")
        if round(steps) == share // 2 and share > 1:
            raise WrongError("that is one-sided: a mean that is as far below zero is as far.")
        if round(steps) != share:
            told = f"{share} of {len(patterns)} patterns have a mean at least as far from zero"
            raise WrongError(f"for {len(differences)} clips of {len(names)} sources {told}, not {round(steps)}.")


@graded
def conclude(function):
    """Exercise T6: runs of two arms, quantiles and a margin -> what a small study of gamma may say."""
    random = np.random.default_rng(7_106)
    for count, mean, deviation, margin, verdict in (
        (5, 0.9, 0.2, 0.3, "better"),
        (8, -1.1, 0.5, 0.2, "worse"),
        (10, 0.05, 0.1, 0.5, "negligible"),
        (6, 0.2, 0.9, 0.4, "open"),
        (7, 0.3, 0.05, 0.6, "negligible"),
    ):
        runs, lost, differences = _study(random, count, mean, deviation)
        found = call(function, [dict(run) for run in runs], dict(T_95), margin)
        half = T_95[count - 1] * deviation / count**0.5
        _compare_study(found, differences, lost, (mean - half, mean + half), verdict)
    return "pairs, what was lost, an interval, and no more than it allows."


def _study(random, count, mean, deviation):
    """Runs whose paired differences have this very mean and deviation, and seeds that lack one of their pair."""
    spread = random.normal(size=count)
    spread = (spread - spread.mean()) / spread.std(ddof=1)
    differences, level = mean + deviation * spread, random.normal(26, 2, count)
    seeds = [int(seed) for seed in random.permutation(90)[: count + 3]]
    pairs = [*zip(level + differences, level, strict=True), (25.0, np.nan), (np.nan, np.nan), (31.0, None)]
    runs = []
    for seed, (learned, one) in zip(seeds, pairs, strict=True):
        runs += [{"seed": seed, "arm": "learned", "psnr": float(learned)}]
        runs += [] if one is None else [{"seed": seed, "arm": "one", "psnr": float(one)}]
    runs = [runs[i] for i in random.permutation(len(runs))]
    return runs, sorted(seeds[count:]), differences


def _compare_study(found, differences, lost, interval, verdict):
    if not isinstance(found, dict) or {"pairs", "lost", "interval", "verdict"} - set(found):
        raise WrongError('a dict with "pairs", "lost", "interval" and "verdict" is expected.')
    pairs = _array(found["pairs"], (), '"pairs"')
    if pairs != len(differences):
        raise WrongError(f"{len(differences)} seeds have a finite PSNR in both arms, and you count {pairs:g}.")
    named = _array(sorted(found["lost"]), (len(found["lost"]),), '"lost"').tolist()
    if named != lost:
        raise WrongError(f"the seeds {lost} lack a run, or have one that is not finite; you name {found['lost']}.")
    ends = _array(found["interval"], (2,), '"interval"')
    mistakes = {"the interval is of one minus learned: the other way round.": (-interval[1], -interval[0])}
    expect(ends, interval, mistakes=mistakes, tolerance=1e-6)
    if found["verdict"] not in VERDICTS:
        raise WrongError(f"the verdict is one of {', '.join(VERDICTS)}.")
    if found["verdict"] != verdict:
        told = f"an interval of {interval[0]:.2f} to {interval[1]:.2f} dB"
        raise WrongError(f'{told} is "{verdict}" with that margin, and you say "{found["verdict"]}".')
