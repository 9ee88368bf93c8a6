"""VGAN's sum by hand: a still background, a moving foreground, and a mask that the reader chooses or paints."""

import base64

import numpy as np

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import as_clips, sprites, static_image
from ssagan_lite.teach.palette import colours

CELLS = 8  # a side: what one touch of the brush paints
CLIP_BYTES = 110_000  # of both clips, before base64


def two_streams(clip, elsewhere, moving, *, title, alt, note="", fps=8):
    """Choose or paint a mask; see what mask * foreground + (1 - mask) * background is, and how well it scores.

    clip: uint8 (T, H, W, 3), one of our own skies; the background is its frame 0. elsewhere: a clip of the same shape,
    which the foreground shows outside `moving` until the reader lets it know everything. moving: bool (H, W), where
    the clip ever changes: the true mask. Raises InputError for a mask that is not of the clip's size. Breaks "a good
    score means that the mask has separated something". Vondrick et al. (2016); chapter 12.
    """
    clips = as_clips({"the clip": clip, "another sky": elsewhere})
    moving = np.asarray(moving)
    if moving.dtype != bool or moving.shape != clips["the clip"].shape[1:3]:
        raise InputError(f"the true mask is bool of the clip's height and width, not {moving.dtype} {moving.shape}")
    if clips["the clip"].shape != clips["another sky"].shape:
        raise InputError("both clips have one size")
    data = {
        "clips": sprites(clips, CLIP_BYTES),
        "moving": base64.b64encode(np.packbits(moving).tobytes()).decode(),
        "cells": CELLS,
        "fps": fps,
    }
    still = _still(clips["the clip"], clips["another sky"], moving, title)
    html = component("two_streams", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _still(clip, elsewhere, moving, title):
    """Foreground, true mask, background and their sum at the last frame, for print."""
    foreground = np.where(moving[..., None], clip[-1], elsewhere[-1])
    made = np.where(moving[..., None], foreground, clip[0])
    mask = np.repeat(255 * moving[..., None].astype(np.uint8), 3, axis=2)
    canvas = stills.Canvas(figsize=(6.8, 2.1), layout="constrained")
    pictures = {"foreground": foreground, "true mask": mask, "background": clip[0], "the sum": made}
    for axis, (name, picture) in zip(canvas.subplots(1, 4), pictures.items(), strict=True):
        axis.imshow(picture)
        axis.set_axis_off()
        axis.set_title(name, fontsize=9, color=colours()["ink"])
    canvas.suptitle(title, fontsize=10, color=colours()["ink"])
    return stills.finish(canvas)
