"""A small kernel that slides through a small clip."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import static_image
from ssagan_lite.teach.palette import colours

MOST_CELLS = 600  # of the clip: more would be too small to read
SKY = LinearSegmentedColormap.from_list("sky", ["#6f9fd0", "#ffffff"])
SIGNED = LinearSegmentedColormap.from_list("signed", [colours()["copy-first"], "#ffffff", colours()["ours"]])


def kernel_walk(clip, kernels, *, shuffled, says=None, title, alt, note=""):
    """A clip of a few cells and kernels (kT, kH, kW) to slide through it; the answers fill in as the reader steps.

    clip: numbers (T, H, W), drawn from 0 (sky) to 1 (cloud). kernels: {name: weights (kT, kH, kW)}. shuffled: another
    order of the T frames. says: {name: a sentence}. No padding, stride 1: the answers are (T - kT + 1, H - kH + 1,
    W - kW + 1), the sums of products as torch.nn.functional.conv3d counts them. Raises InputError for kernels that do
    not fit. Breaks "a kernel that sees each frame sees motion". Section 3.1, Chapter 04.
    """
    clip = _numbers(clip, "the clip")
    kernels = {name: _numbers(weights, name) for name, weights in kernels.items()}
    _check(clip, kernels, list(shuffled), says or {})
    data = {
        "clip": clip.tolist(),
        "kernels": [_packed(name, weights, (says or {}).get(name, "")) for name, weights in kernels.items()],
        "orders": [
            {"name": "in order", "frames": list(range(len(clip)))},
            {"name": "shuffled", "frames": [int(frame) for frame in shuffled]},
            {"name": "backwards", "frames": list(range(len(clip)))[::-1]},
        ],
    }
    still = _still(clip, list(kernels.values())[-1], title)
    html = component("kernel", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def answers(clip, kernel):
    """Every answer of a kernel (kT, kH, kW) to a clip (T, H, W): sums of products, no padding, stride 1."""
    windows = np.lib.stride_tricks.sliding_window_view(clip, kernel.shape)  # (T', H', W', kT, kH, kW)
    return np.einsum("tyxijk,ijk->tyx", windows, kernel)


def _numbers(values, name):
    values = np.asarray(values, dtype=float)
    if values.ndim != 3 or 0 in values.shape or not np.isfinite(values).all():
        raise InputError(f"{name} should hold finite numbers of shape (T, H, W); its shape is {values.shape}")
    return values


def _check(clip, kernels, shuffled, says):
    if clip.size > MOST_CELLS:
        raise InputError(f"the clip has {clip.size} cells; with more than {MOST_CELLS} none of them can be read")
    if not kernels:
        raise InputError("a walk needs at least one kernel")
    for name, weights in kernels.items():
        if any(k > size for k, size in zip(weights.shape, clip.shape, strict=True)):
            raise InputError(f"{name} is {weights.shape}: too large for a clip of {clip.shape}")
    if sorted(shuffled) != list(range(len(clip))):
        raise InputError(f"shuffled should hold each of the frames 0 to {len(clip) - 1} once, not {shuffled}")
    if unknown := set(says) - set(kernels):
        raise InputError(f"there is no kernel {', '.join(sorted(unknown))} to say something about")


def _packed(name, weights, says):
    return {"name": name, "weights": weights.tolist(), "size": list(weights.shape), "says": says}


def _still(clip, kernel, title):
    """The clip with the kernel at its strongest answer, and the answers below."""
    out = answers(clip, kernel)
    place = np.unravel_index(np.abs(out).argmax(), out.shape)
    count = len(clip)
    canvas = Canvas(figsize=(1.45 * count, 2.5), layout="constrained")
    axes = canvas.subplots(2, count, squeeze=False)
    for t, (above, below) in enumerate(zip(*axes, strict=True)):
        _frame(above, clip[t], f"frame {t}", SKY, (0, 1))
        if place[0] <= t < place[0] + len(kernel):
            _window(above, kernel[t - place[0]], place[1:])
        below.set_axis_off()
        if t < len(out):
            below.set_axis_on()
            _frame(below, out[t], f"answers {t}", SIGNED, np.array((-1.6, 1.6)) * np.abs(out).max())
            _values(below, out[t])
    canvas.suptitle(title, fontsize=10, color=stills.INK)
    return stills.finish(canvas)


def _frame(axis, cells, name, cmap, limits):
    axis.imshow(cells, cmap=cmap, vmin=limits[0], vmax=limits[1])
    axis.set(xticks=[], yticks=[])
    axis.set_title(name, fontsize=7, color=stills.SOFT, pad=2)


def _window(axis, weights, corner):
    """The covered cells of one frame, with their weights."""
    for (row, column), weight in np.ndenumerate(weights):
        axis.text(corner[1] + column, corner[0] + row, f"{weight:+.2g}" if weight else "·", **_centred(5))
    high, wide = weights.shape
    left, top = corner[1] - 0.5, corner[0] - 0.5
    axis.plot([left, left + wide, left + wide, left, left], [top, top, top + high, top + high, top], "k", linewidth=1.5)


def _values(axis, cells):
    for (row, column), value in np.ndenumerate(cells):
        if abs(value) > 1e-9:
            axis.text(column, row, f"{value:.2g}", **_centred(5))


def _centred(size):
    return {"ha": "center", "va": "center", "fontsize": size, "color": stills.INK}
