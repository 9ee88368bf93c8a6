"""One place of a sky and its weights over all others, with the temperature in the reader's hand."""

import base64
import math

import numpy as np
from matplotlib.figure import Figure as Canvas

from ssagan_lite.errors import InputError
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import as_clip, data_uri, static_image, webp
from ssagan_lite.teach.stills import INK, SOFT, finish

LOWEST, HIGHEST = -2.5, 1.5  # of the slider, as powers of ten


def attention_explorer(photo, maps, *, title, alt, note="", start=None, seed=2):
    """Click a place of a sky, or walk with the arrow keys: its weights, and what every place fetches.

    photo: uint8 (H, W, 3), a sky of our own. maps: {name: logits (n, n)}, rows belonging to the queries, over n places
    that lie in a square grid, row by row; each name becomes a button. The page computes softmax(logits / temperature)
    itself, shuffles places with a permutation drawn from `seed`, and tells entropy as a fraction of ln n. start:
    (row, column) of the first place. Raises InputError for logits that are not finite or of another grid. Breaks
    "a sharp map is a trained map" and "attention knows the place of its inputs". Eq. 1 and 2; Chapter 02.
    """
    photo = as_clip(np.asarray(photo)[None], "the photo")[0]
    maps = {name: np.asarray(logits, dtype=float) for name, logits in maps.items()}
    side = _side(maps, photo)
    row, column = start or (side // 2, side // 2)
    if not (0 <= row < side and 0 <= column < side):
        raise InputError(f"start={start} lies outside the grid of {side} x {side} places")
    place = row * side + column
    data = {
        "photo": data_uri(webp(photo, 90), "webp"),
        "side": side,
        "colours": _text(_means(photo, side).round().astype(np.uint8)),
        "maps": [{"name": name, **_packed(logits)} for name, logits in maps.items()],
        "order": np.random.default_rng(seed).permutation(side * side).tolist(),
        "start": place,
        "temperature": {"low": LOWEST, "high": HIGHEST, "step": 0.05},
    }
    still = _still(photo, maps, place, title)
    html = component("attention", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _side(maps, photo):
    """Places along one side of the grid that all maps share."""
    shapes = {logits.shape for logits in maps.values()}
    if len(shapes) != 1:
        raise InputError(f"the maps of one figure have one shape, these have {sorted(shapes) or 'none'}")
    (shape,) = shapes
    side = math.isqrt(shape[0])
    if len(shape) != 2 or shape[0] != shape[1] or side**2 != shape[0] or side < 2:
        raise InputError(f"logits are (n, n) for n places in a square grid, not {shape}")
    if not all(np.isfinite(logits).all() for logits in maps.values()):
        raise InputError("logits hold NaN or infinity, which has no softmax")
    if photo.shape[0] % side or photo.shape[1] % side:
        raise InputError(f"a photo of {photo.shape[0]} x {photo.shape[1]} pixels does not divide into {side} x {side}")
    return side


def _means(photo, side):
    """The mean colour of each place, (n, 3): the values that the figure lets every place fetch."""
    high, wide = photo.shape[0] // side, photo.shape[1] // side
    return photo.reshape(side, high, side, wide, 3).mean(axis=(1, 3)).reshape(-1, 3)


def _packed(logits):
    """One byte a logit: how far it lies below the largest of its row, on a scale that is fine where weights are large.

    A softmax does not feel what is added to a whole row, so the largest itself need not travel.
    """
    below = logits.max(axis=1, keepdims=True) - logits  # (n, n)
    spans = below.max(axis=1)  # (n,)
    share = below / np.maximum(spans, 1e-30)[:, None]
    return {"codes": _text((255 * np.sqrt(share)).round().astype(np.uint8)), "spans": _text(spans.astype("<f4"))}


def _text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _still(photo, maps, place, title):
    """The photo with its place marked, and each map's weights over it."""
    canvas = Canvas(figsize=(2.3 * (1 + len(maps)), 2.75), layout="compressed")
    axes = canvas.subplots(1, 1 + len(maps), squeeze=False)[0]
    side = math.isqrt(len(next(iter(maps.values()))))
    step = photo.shape[0] / side, photo.shape[1] / side
    at = (place % side + 0.5) * step[1] - 0.5, (place // side + 0.5) * step[0] - 0.5
    for axis, name in zip(axes, ["one place", *maps], strict=True):
        if name in maps:
            axis.imshow(lit(photo, _weights(maps[name][place])))
        else:
            axis.imshow(photo)
        axis.plot(*at, "s", markersize=7, markerfacecolor="none", markeredgecolor="white", markeredgewidth=2.2)
        axis.plot(*at, "s", markersize=9, markerfacecolor="none", markeredgecolor="black", markeredgewidth=0.8)
        axis.set(xticks=[], yticks=[], frame_on=False)
        axis.set_title(name, fontsize=9, color=SOFT)
    canvas.suptitle(title, fontsize=10, color=INK)
    return finish(canvas)


def _weights(logits):
    raised = np.exp(logits - logits.max())
    return raised / raised.sum()


def lit(photo, weights):
    """The photo in the dark, each place lit by its weight; the largest weight of the view is full light.

    photo: uint8 (H, W, 3). weights: (n,) over a square grid of places. Returns uint8 (H, W, 3). Chapter 02.
    """
    side = math.isqrt(len(weights))
    weights = np.asarray(weights, dtype=float)
    light = (weights / weights.max()).reshape(side, side)
    light = light.repeat(photo.shape[0] // side, 0).repeat(photo.shape[1] // side, 1)[..., None]  # (H, W, 1)
    return (photo * 0.3 * (1 - light) + np.array([255, 222, 120]) * light).round().astype(np.uint8)
