"""Truth, a prediction and their difference above the error of every frame."""

import math

import numpy as np

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import SPRITE_BYTES, as_clips, sprites, static_image
from ssagan_lite.teach.palette import role_of


def error_curves(truth, predictions, curves, *, unit="mean squared error", title, alt, note="", fps=8, autoplay=False):
    """Truth, a prediction and their difference, above the error of every frame; the scrubber is a cursor on the curves.

    truth: uint8 (T, H, W, 3), one of our own skies. predictions: {name: clip like truth}; where there are several the
    reader chooses which is shown. curves: {name: (T,)}, of these clips or of others. Chapter 01.
    """
    clips = as_clips({"truth": truth, **predictions})
    curves = {name: _finite(name, values, len(clips["truth"])) for name, values in curves.items()}
    gain, differences = _differences(clips)
    names = list(predictions)
    packed = [{**sprite, "id": "truth", "role": "truth"} for sprite in sprites({"truth": clips["truth"]}, 45_000)]
    room = (SPRITE_BYTES - 45_000) // 2
    for i, sprite in enumerate(sprites({name: clips[name] for name in names}, room)):
        packed.append({**sprite, "id": f"prediction-{i}", "role": role_of(sprite["name"])})
    for i, sprite in enumerate(sprites(differences, room)):
        packed.append({**sprite, "id": f"difference-{i}", "role": "", "name": f"|difference| × {gain}"})
    roles = {name: role_of(name) for name in curves}
    top = max(values.max() for values in curves.values())
    digits = max(0, 3 - math.floor(math.log10(top))) if 0 < top < 1 else 2
    data = {
        "clips": packed,
        "predictions": names,
        "curves": [{"name": name, "role": roles[name], "values": _rounded(line)} for name, line in curves.items()],
        "frames": len(clips["truth"]),
        "unit": unit,
        "digits": digits,
        "fps": fps,
        "autoplay": autoplay,
        "chart": f"{unit} of every frame: {', '.join(curves)}",
    }
    still = stills.curves(curves, roles, title, unit)
    html = component("curves", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _finite(name, values, length):
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (length,) or not np.isfinite(values).all():
        raise InputError(f"the curve {name!r} needs {length} finite numbers, one a frame; its shape is {values.shape}")
    return values


def _rounded(values):
    return [float(f"{value:.5g}") for value in values]


def _differences(clips):
    """Absolute differences to the truth in grey, brightened by one whole number that all of them share."""
    truth = clips["truth"].astype(np.int16)
    grey = {name: np.abs(clip - truth).mean(-1) for name, clip in clips.items() if name != "truth"}
    bright = max(np.percentile(difference, 99.5) for difference in grey.values())
    gain = max(1, int(255 // max(bright, 1)))
    return gain, {
        name: np.repeat((difference * gain).clip(0, 255).astype(np.uint8)[..., None], 3, -1)
        for name, difference in grey.items()
    }
