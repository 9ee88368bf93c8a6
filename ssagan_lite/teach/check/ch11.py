"""Graders of chapter 11: the square to cut out, the mirror gap, faithful exports, INT8 with a scale a channel."""

import warnings

import numpy as np
import torch

from ssagan_lite.teach.check.grader import WrongError, call, expect, graded, plain

TOP = 127  # the largest integer of a symmetric INT8
MEAN = "A mean hides it: take the largest difference."
EVERY = "all must agree, not the first, not the last, and not one of them."
NAN = (
    "g returns NaN, and passes. NaN > tolerance is False: ask whether the difference is at most the tolerance, and not "
    "whether it is larger."
)
BROADCAST = "g drops one of the two clips, and broadcasting hides it: compare the shapes first."
SHAPE = "compare whole shapes, f(x).shape with g(x).shape."
RELATIVE = (
    "numbers near 30000 are off by 0.05, with a tolerance of 0.01: the tolerance is absolute. torch.allclose adds a "
    "relative one of its own: set rtol=0."
)


@graded
def square(function):
    """Exercise 11.1: the largest square of a photo, its middle as near to a given point as the border allows."""
    for height, width, row, column in (
        (100, 160, 50, 40),
        (100, 160, 50, 81),
        (100, 160, 5, 150),
        (100, 160, 50, 0),
        (200, 90, 160, 45),
        (200, 90, 120, 20),
        (64, 64, 3, 60),
        (75, 120, 37, 60),
        (121, 75, 60, 37),
    ):
        side = min(height, width)
        corner = {"top": row - side // 2, "left": column - side // 2}
        room = {"top": height - side, "left": width - side}
        inside = {name: min(max(corner[name], 0), room[name]) for name in corner}
        expected = [inside["top"], inside["left"], side]
        where = f"for a photo of {height} x {width} and the point ({row}, {column})"
        turned = [min(max(column - side // 2, 0), room["top"]), min(max(row - side // 2, 0), room["left"]), side]
        late = [min(max(n - (side + 1) // 2, 0), room[name]) for name, n in (("top", row), ("left", column))]
        mistakes = {
            f"{where} half of {side} is rounded down: side // 2.": [*late, side],
            f"{where} that square leaves the photo: hold its corner between 0 and what is left over.": [
                corner["top"],
                corner["left"],
                side,
            ],
            f"{where} the square still leaves the photo on one side: hold it at both ends.": [
                max(corner["top"], 0),
                max(corner["left"], 0),
                side,
            ],
            f"{where} rows and columns are swapped: row first.": turned,
            f"{where} that is the square in the middle: it should follow the point.": [
                room["top"] // 2,
                room["left"] // 2,
                side,
            ],
            f"{where} a square of the longer side does not fit: take the shorter.": [0, 0, max(height, width)],
            f"{where} the corner stands where the middle should: go half a side up and left.": [
                min(max(row, 0), room["top"]),
                min(max(column, 0), room["left"]),
                side,
            ],
        }
        found = call(function, height, width, row, column)
        _whole(found)
        expect(found, expected, mistakes=mistakes)
    return "the largest square there is, inside the photo, as near to the point as it can be."


def _whole(found):
    """WrongError for numbers with a decimal point; what else may be wrong, `expect` says."""
    parts = plain(found)
    parts = parts.tolist() if isinstance(parts, np.ndarray) else parts
    if isinstance(parts, list) and any(isinstance(part, float | np.floating) for part in parts):
        raise WrongError("a photo is cut at integers, and yours have a decimal point: divide with //, not with /.")


@graded
def mirror_gap(function):
    """Exercise 11.2: how far the change of the mirrored photo's clip, mirrored back, is from the clip's own change."""
    photo = np.random.default_rng(112).uniform(-1, 1, (6, 9, 3))
    for predictor in (_right_is_brighter, _drift, _still, _mirrored_too, _stained):
        given = photo.copy()
        found = call(function, lambda image, predictor=predictor: predictor(np.asarray(image)), given)
        if not np.array_equal(given, photo):
            raise WrongError("your function changes the photo; mirror a copy (slices and np.flip do).")
        clip, of_mirrored = predictor(photo), predictor(photo[:, ::-1])
        whole, own = clip - of_mirrored[:, :, ::-1], _change(clip)

        def apart(other, own=own):
            return abs(own - _change(other)).mean()

        difference = own - _change(of_mirrored[:, :, ::-1])
        expected = abs(difference).mean()
        mistakes = {
            "that compares the whole clips: what differs in every frame alike is no motion. From each clip take "
            "its own frame 0.": abs(whole).mean(),
            "that compares the change from frame to frame: take the change since frame 0.": (
                abs(np.diff(whole, axis=0)).mean()
            ),
            "the second clip is not mirrored back before they are compared.": apart(of_mirrored),
            "mirrored back along the wrong axis: a clip is (T, H, W, 3), and left and right are W. That turns time.": (
                apart(of_mirrored[::-1])
            ),
            "mirrored back along the wrong axis: that turns up and down; left and right are the third axis.": (
                apart(of_mirrored[:, ::-1])
            ),
            "that swaps red and blue in the second clip: left and right are the third axis.": (
                apart(of_mirrored[..., ::-1])
            ),
            "the photo is turned upside down, not mirrored: left and right are its second axis.": (
                apart(predictor(photo[::-1])[:, ::-1])
            ),
            "that asks what a photo of swapped colours would do: mirror the photo's second axis.": (
                apart(predictor(photo[..., ::-1])[..., ::-1])
            ),
            "the photo is never mirrored: predict twice, once from its mirror image.": apart(clip[:, :, ::-1]),
            "differences of both signs cancel: take the absolute value of each.": difference.mean(),
            "differences of both signs cancel: take the absolute value before the mean.": abs(difference.mean()),
            "that is divided by the clip's own change: here the difference alone is asked.": (
                expected / max(abs(own).mean(), 1e-12)
            ),
            "that is the squared difference: the mean absolute one is asked.": (difference**2).mean(),
            "that is the sum: divide by the number of values, or take the mean.": abs(difference).sum(),
            "that is the largest difference: the mean is asked.": abs(difference).max(),
        }
        expect(found, expected, mistakes=mistakes)
    return "0 for a predictor that follows the mirror, and it took no true clip to find that out."


def _change(clip):
    """What happens since the clip's own frame 0."""
    return clip - clip[0]


def _still(photo):
    """Copy-first: consistent, and useless."""
    return np.repeat(photo[None], 4, axis=0)


def _drift(photo):
    """Everything goes one pixel to the right each frame, whatever the photo."""
    return np.stack([np.roll(photo, t, axis=1) for t in range(4)])


def _right_is_brighter(photo):
    """Red light that grows, more on the right and more below, over a stain: each mistake gives its own number."""
    frames, rows, columns = np.ogrid[:4, : photo.shape[0], : photo.shape[1]]
    light = frames**2 * (1 + columns**2 + 0.3 * rows**3) / 500
    stain = 0.03 * columns  # in all frames alike
    return photo + (light[..., None] * (1.5 + photo) + stain[..., None]) * np.array([1.0, 0.4, 0.1])


def _stained(photo):
    """Copy-first with a dark left side: nothing moves, so the gap is 0."""
    return _still(photo * np.linspace(0.5, 1, photo.shape[1])[:, None])


def _mirrored_too(photo):
    """What is bright in the middle grows: it follows the mirror."""
    across = np.linspace(-1, 1, photo.shape[1])
    return np.stack([photo * (1 - 0.2 * t * across[None, :, None] ** 2) for t in range(4)])


@graded
def faithful(function):
    """Exercise 11.3: whether an export g gives what f gives, for every input, within a tolerance."""
    random = torch.Generator().manual_seed(113)
    inputs = [torch.rand(2, 3, 4, 4, generator=random) for _ in range(3)]
    for g, given, tolerance, expected, said in _exports(inputs):
        handed = [each.clone() for each in given]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about shapes that broadcast
            found = call(function, lambda x: 2 * x, g, handed, tolerance)
        if not isinstance(found, bool | np.bool_) and not (isinstance(found, torch.Tensor) and found.numel() == 1):
            raise WrongError(f"True or False is expected, not {type(found).__name__}.")
        if bool(found) != expected:
            raise WrongError(said)
    return "same shape, no NaN, every input, the largest difference, and no comfort from an empty list."


def _exports(inputs):
    """(g, inputs, tolerance, is it 2x?, what to say to the other answer); f is always 2x."""

    def on(one):
        return lambda x: 2 * x + 0.5 * float(torch.equal(x, inputs[one]))

    def one_pixel(x):
        y = 2 * x
        y[0, 0, 0, 0] += 0.02
        return y

    def cancels(x):
        sign = torch.ones_like(x)
        sign.view(-1)[::2] = -1
        return 2 * x + 0.3 * sign

    def one_nan(x):
        y = 2 * x
        y[0, 0, 0, 0] = float("nan")
        return y

    large = [10_000 * (1 + x) for x in inputs]
    return [
        (lambda x: 2 * x, inputs, 0.0, True, "a function is the same as itself, with a tolerance of 0 too."),
        (lambda x: 2 * x + 0.05, inputs, 0.1, True, "a difference of 0.05 is within a tolerance of 0.1."),
        (lambda x: 2 * x + 0.3, inputs, 0.1, False, "a difference of 0.3 is beyond a tolerance of 0.1."),
        (lambda x: 2 * x - 0.3, inputs, 0.1, False, "g lies 0.3 below f: take the absolute value."),
        (cancels, inputs, 0.1, False, "differences of +0.3 and -0.3 cancel in a mean: none may be too large."),
        (one_pixel, inputs, 0.01, False, "one pixel is off by 0.02, with a tolerance of 0.01. " + MEAN),
        (on(2), inputs, 0.1, False, "g differs for the third input only: " + EVERY),
        (on(0), inputs, 0.1, False, "g differs for the first input only: " + EVERY),
        (lambda x: 2 * x * float("nan"), inputs, 0.1, False, NAN),
        (one_nan, inputs, 0.1, False, "one pixel of g is NaN: it agrees with nothing, and must not be left out."),
        (lambda x: (2 * x)[:1], inputs, 10.0, False, BROADCAST),
        (lambda x: (2 * x).mean(1, keepdim=True), inputs, 10.0, False, "g drops the colours: " + SHAPE),
        (lambda x: (2 * x)[:, None], inputs, 10.0, False, "g adds an axis: " + SHAPE),
        (lambda x: (2 * x).transpose(1, 2), inputs, 10.0, False, "g swaps two axes: " + SHAPE),
        (lambda x: 2 * x + 0.05, large, 0.01, False, RELATIVE),
        (lambda x: (2 * x).half(), inputs, 0.01, True, "half floats within the tolerance are faithful enough."),
        (lambda x: 3 * x, [], 0.1, False, "no input was tried, so nothing is shown: the answer is False."),
    ]


@graded
def quantise(function):
    """Exercise 11.4: symmetric INT8 of a weight, one scale for each output channel."""
    random = np.random.default_rng(114)
    large = random.normal(0, 0.05, (5, 3, 2, 4, 4)).astype(np.float32)
    large *= np.float32([1, 0.1, 4, 1, 0.02]).reshape(-1, 1, 1, 1, 1)
    large[0] += np.float32(0.05)  # a channel that is not centred
    for weight in (large, np.float32([[[[[-1.0, 0.6, 0.2]]]], [[[[0.3, -0.05, 0.299]]]]])):
        _check_integers(*_pair(call(function, weight.copy()), weight), weight)
    silent = large.copy()
    silent[3] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a division by zero says is said below
        integers, scales = _pair(call(function, silent.copy()), silent)
    if not np.isfinite(scales).all():
        raise WrongError("a channel of zeros gets a scale that is not finite: 0 / 0. Any positive scale will do there.")
    if scales[3] <= 0:
        raise WrongError("a channel of zeros gets the scale 0, and 0 / 0 is NaN. Any positive scale will do there.")
    if (integers[3] != 0).any():
        raise WrongError("a channel of zeros should stay zeros: dividing by its scale of 0 made something else.")
    _check_integers(integers, scales, silent)
    return "each channel uses its integers to the end, -127 to 127, and no weight is off by more than half a step."


def _pair(found, weight):
    """The integers and the scales, or what is wrong with their kind."""
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise WrongError(f"two arrays are expected, integers and scales, not {type(found).__name__}.")
    try:
        integers, scales = np.asarray(plain(found[0])), np.asarray(plain(found[1]), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise WrongError("two arrays are expected, integers and scales.") from error
    if integers.shape != weight.shape:
        raise WrongError(f"the integers should have the weight's shape {weight.shape}, and have {integers.shape}.")
    if integers.dtype != np.int8:
        hint = " A byte from 0 to 255 has no sign." if integers.dtype == np.uint8 else ""
        raise WrongError(f"the integers should be np.int8, one byte each, and are {integers.dtype}.{hint}")
    if scales.size == 1 and len(weight) > 1:
        raise WrongError("that is one scale for the whole tensor: each output channel, the first axis, gets its own.")
    if scales.size != len(weight):
        raise WrongError(f"{len(weight)} scales are expected, one for each output channel, not {scales.size}.")
    return integers, scales.reshape(len(weight))


def _check_integers(integers, scales, weight):
    flat, numbers = weight.reshape(len(weight), -1).astype(np.float64), integers.reshape(len(weight), -1).astype(int)
    size = abs(flat)
    if (scales <= 0).any() and (size[scales <= 0] > 0).any():
        raise WrongError("a scale is 0 or negative: it is a length, the largest absolute weight over 127.")
    right = np.where(size.max(axis=1) > 0, size.max(axis=1) / TOP, 1.0)
    alive = size.max(axis=1) > 0
    _name_the_scale(scales[alive], right[alive], flat[alive])
    if ((numbers * flat < 0) & (size > right[:, None])).any():
        raise WrongError("the largest weights have changed their sign: 128 does not fit in an int8 and wraps to -128.")
    error = abs(numbers * scales[:, None] - flat)
    if (error > right[:, None] * 0.501).any():
        cut = (np.trunc(flat[alive] / right[alive, None]) == numbers[alive]).mean() > 0.99
        reason = " Round before the cast: .astype(np.int8) alone cuts towards zero." if cut else ""
        raise WrongError(f"a weight comes back more than half a step from where it was.{reason}")


def _name_the_scale(scales, right, flat):
    """WrongError where the scales are not the largest absolute weight over 127, with a guess at what they are."""
    size = abs(flat)
    for said, wrong in {
        "these are the whole tensor's scale, repeated: each channel has its own largest weight.": np.full_like(
            right, right.max()
        ),
        "the scale is made of the largest weight with its sign: a channel's largest may be negative.": flat.max(axis=1)
        / TOP,
        "that divides by 128: the largest weight becomes 128, which does not fit in an int8. Divide by 127.": right
        * TOP
        / 128,
        "the scale is made of the mean weight: everything larger than it is cut off. Take the largest.": size.mean(
            axis=1
        )
        / TOP,
        "the scale is made of the deviation: everything beyond is cut off. Take the largest.": flat.std(axis=1) / TOP,
        "the scale goes from the smallest to the largest weight: that is asymmetric, and needs a zero point.": (
            flat.max(axis=1) - flat.min(axis=1)
        )
        / 255,
        "that is 127 over the largest weight; the scale is what an integer is multiplied with, the other way round.": 1
        / right,
        "that is the largest weight itself: one step is a 127th of it.": right * TOP,
    }.items():
        if np.allclose(scales, wrong, rtol=1e-3) and not np.allclose(wrong, right, rtol=1e-3):
            raise WrongError(said)
    if not np.allclose(scales, right, rtol=1e-3):
        i = int(np.argmax(~np.isclose(scales, right, rtol=1e-3)))
        raise WrongError(f"the scale of channel {i} should be {right[i]:.4g}, and is {scales[i]:.4g}.")
