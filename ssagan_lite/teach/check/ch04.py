"""Graders of chapter 04: output sizes, a transposed convolution, weights without a checkerboard, receptive fields."""

import numpy as np
import torch
from torch.nn import functional as F

from ssagan_lite.teach.check.grader import Watched, WrongError, call, expect, graded

SIZES = (  # size, kernel, stride, padding, each as (T, H, W)
    ((7, 9, 32), (3, 2, 5), (2, 3, 4), (0, 1, 2)),
    ((32, 128, 128), (3, 4, 4), (1, 2, 2), (1, 1, 1)),
    ((32, 64, 64), (4, 4, 4), (2, 2, 2), (1, 1, 1)),
    ((2, 4, 4), (2, 4, 4), (1, 1, 1), (0, 0, 0)),
)
BACKS = (  # channels of y and of the answer, size, kernel, stride, padding
    (2, 3, (4, 8, 8), (3, 4, 4), (1, 2, 2), (1, 1, 1)),
    (3, 2, (4, 9, 7), (4, 4, 4), (2, 2, 2), (1, 1, 1)),
    (2, 2, (3, 4, 5), (2, 4, 4), (1, 1, 1), (0, 0, 0)),
)
STACKS = (  # kernels, strides, paddings
    ([4, 4, 3], [2, 2, 2], [1, 1, 1]),
    ([3, 4, 4, 4, 4, 2], [1, 2, 2, 2, 2, 1], [1, 1, 1, 1, 1, 0]),
    ([3], [3], [0]),
    ([5, 1, 3, 2], [2, 3, 1, 2], [2, 0, 1, 0]),
)
BOUND = 1e-6  # of the energy of an answer may lie at the Nyquist frequency


@graded
def output_size(function):
    """Exercise 4.1: how many places a kernel has along T, H and W."""
    for size, kernel, stride, padding in SIZES:
        n, k, s, p = (np.array(part) for part in (size, kernel, stride, padding))
        expect(
            call(function, size, kernel, stride, padding),
            (n + 2 * p - k) // s + 1,
            mistakes={
                "one is missing: the first window, at 0, counts too.": (n + 2 * p - k) // s,
                "padding lies on both sides: count it twice.": (n + p - k) // s + 1,
                "the padding is missing.": (n - k) // s + 1,
                "part of a window is no window: divide with //, which rounds down.": (n + 2 * p - k) / s + 1,
                "part of a window is no window: round down, not up.": -(-(n + 2 * p - k) // s) + 1,
                "the kernel takes no room in that: subtract its size.": (n + 2 * p) // s + 1,
            },
        )
    return "one number for each axis, for any kernel, stride and padding."


@graded
def transposed(function):
    """Exercise 4.2: a transposed convolution as the gradient of a convolution, of the size that is asked for."""
    random, library = torch.Generator().manual_seed(42), []
    for channels, out, size, kernel, stride, padding in BACKS:
        weight = torch.randn(channels, out, *kernel, generator=random)
        shape = F.conv3d(torch.zeros(1, out, *size), weight, None, stride, padding).shape
        y = torch.randn(2, *shape[1:], generator=random)
        with Watched((F, "conv_transpose3d"), (torch, "conv_transpose3d")) as calls:
            found = _tensor(call(function, y.clone(), weight.clone(), stride, padding, size))
        expect(
            found,
            _back(y, weight, stride, padding, size),
            tolerance=1e-4,
            mistakes=_usual_backs(y, weight, stride, padding, size),
        )
        library = library or calls
    if library:
        raise WrongError("right, but by PyTorch's transposed convolution: take the gradient of F.conv3d instead.")
    return "the gradient of a convolution, which is what the package's deconv layers compute."


@graded
def without_checkerboard(function):
    """Exercise 4.3: the nearest weights that turn a constant into a constant of the same mean brightness."""
    random = torch.Generator().manual_seed(43)
    for channels, out in ((1, 1), (3, 2), (4, 3)):
        weight = torch.randn(channels, out, 1, 4, 4, generator=random) + 0.3
        found = _tensor(call(function, weight.clone()))
        if found.shape != weight.shape:
            raise WrongError(f"the shape {tuple(weight.shape)} must stay, and is {tuple(found.shape)}.")
        if torch.equal(found, weight):
            raise WrongError("these are the weights that you were given: their checkerboard is still there.")
        _is_flat(found)
        _is_as_bright(found, weight)
        _is_near(found, weight)
    return "a constant stays a constant, as bright as before, with no weight moved further than it must."


@graded
def receptive_field(function):
    """Exercise 4.4: size, jump and first index of what a stack of layers sees, along one axis."""
    for kernels, strides, paddings in STACKS:
        found = call(function, list(kernels), list(strides), list(paddings))
        layers = list(zip(kernels, strides, paddings, strict=True))
        expect(
            found,
            _field(layers),
            mistakes={
                "the jump grows too early: this layer's steps are still counted in the old one.": _field(
                    layers, early=1
                ),
                "a kernel adds its size less one: one cell of it was there already.": _field(layers, less=0),
                "jumps multiply: two strides of 2 make 4 pixels, and three make 8.": _field(layers, adding=True),
                "padding is counted in the pixels of its own layer: multiply it by the jump.": _field(
                    layers, plain=True
                ),
                "the first index lies before the clip: it is negative.": _field(layers) * (1, 1, -1),
                "the padding is missing from the first index.": _field(layers) * (1, 1, 0),
            },
        )
    return "size, jump and place, for any stack of layers."


def _tensor(found):
    """What was returned, as a tensor of floats without its history."""
    if isinstance(found, tuple) and len(found) == 1:
        raise WrongError("torch.autograd.grad returns a tuple, one gradient for each input: take the first, with [0].")
    if isinstance(found, torch.nn.Module):
        raise WrongError("return the weights alone, a tensor, not a layer.")
    try:
        return torch.as_tensor(found).detach().float()
    except (TypeError, ValueError, RuntimeError) as error:
        raise WrongError(f"a tensor is expected, not {type(found).__name__}.") from error


def _back(y, weight, stride, padding, size):
    """conv_transpose3d of exactly this size."""
    parts = zip(size, y.shape[2:], weight.shape[2:], stride, padding, strict=True)
    more = [n - ((places - 1) * s - 2 * p + k) for n, places, k, s, p in parts]
    return F.conv_transpose3d(y, weight, None, stride, padding, more)


def _usual_backs(y, weight, stride, padding, size):
    back = (stride, padding, size)
    short = F.conv_transpose3d(y, weight, None, stride, padding)
    return {
        "the kernel must not be flipped: autograd has turned it round already.": _back(
            y, weight.flip((2, 3, 4)), *back
        ),
        "two sizes shrink to the same one: make the input of the convolution of the size asked for.": short,
        "that is the gradient of the sum: y never came in. Weight the answers by y (grad_outputs).": _back(
            torch.ones_like(y), weight, *back
        ),
    }


def _phases(weight):
    """What a constant 1 becomes in the four kinds of pixels: (I, O, 2, 2)."""
    sums = [weight[..., a::2, b::2].sum((2, 3, 4)) for a in (0, 1) for b in (0, 1)]
    return torch.stack(sums, -1).unflatten(-1, (2, 2))


def _share(phases):
    """The part of the energy that is not in the mean: at the Nyquist frequency of rows, of columns or of both."""
    return (1 - phases.mean((-1, -2)) ** 2 / (phases**2).mean((-1, -2)).clamp(min=1e-12)).max().item()


def _is_flat(weight):
    if not weight.isfinite().all():
        raise WrongError("some of your weights are not finite.")
    phases = _phases(weight)
    if (share := _share(phases)) <= BOUND:
        return
    if phases.abs().max() < 1e-6:
        raise WrongError("your weights turn every constant into nothing: keep its mean brightness.")
    if len(weight) > 1 and _share(phases.sum(0)) <= BOUND:
        raise WrongError(
            "flat when all channels hold the same constant, but one channel alone still draws a checkerboard."
        )
    for axis, lines, others in ((-1, "rows", "columns"), (-2, "columns", "rows")):
        if (phases - phases.mean(axis, keepdim=True)).abs().max() < 1e-4:
            raise WrongError(f"the {others} are even now, but every second of the {lines} is still brighter.")
    raise WrongError(f"{share:.2g} of the energy lies at the Nyquist frequency; the bound is {BOUND:g}.")


def _is_as_bright(found, weight):
    before, after = (_phases(part).mean((-1, -2)) for part in (weight, found))
    if not torch.allclose(before, after, rtol=1e-3, atol=1e-4):
        place = tuple(int(i) for i in (before - after).abs().eq((before - after).abs().max()).nonzero()[0])
        told = (
            f"a constant 1 in channel {place[0]} gave {before[place]:.3f} on average, and gives {after[place]:.3f} now"
        )
        raise WrongError(f"flat, but the brightness has changed: {told}.")


def _is_near(found, weight):
    phases = _phases(weight)
    excess = phases - phases.mean((-1, -2), keepdim=True)  # (I, O, 2, 2)
    least = (excess**2).sum().div(4).sqrt()  # each excess is shared by 4 weights
    moved = (found - weight).norm()
    if moved > 1.01 * least + 1e-4:
        told = f"the root of the sum of squares is {moved:.3f}, and {least:.3f} is enough"
        raise WrongError(f"flat and as bright as before, but the weights have moved further than they must: {told}.")


def _field(layers, *, early=0, less=1, adding=False, plain=False):
    """(size, jump, first); the keywords make usual mistakes."""
    size, jump, first = 1, 1, 0
    for kernel, stride, padding in layers:
        grown = jump + stride if adding else jump * stride
        first -= padding * (1 if plain else jump)
        size += (kernel - less) * (grown if early else jump)
        jump = grown
    return np.array((size, jump, first))
