"""Look at images and clips: `look` (one image), `strip` (a clip on paper), `play` (clips that run in the page).

Every chapter. What they return is a `bundle.Figure`: the last line of a cell shows it.
"""

import numpy as np

from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import as_clip, as_clips, png, sprites, static_image
from ssagan_lite.teach.palette import role_of


def look(image, *, title="", alt, scale=None):
    """One image, uint8 (H, W, 3), enlarged to about 256 px where it is small.

    alt: what is seen. scale: whole number of screen pixels for one of the image's. Chapter 01.
    """
    image = as_clip(np.asarray(image)[None], "the image")[0]
    scale = scale or max(1, 256 // max(image.shape[:2]))
    large = image.repeat(scale, 0).repeat(scale, 1)
    return _still(png(large), title, alt)


def strip(clip, count=8, *, title="", alt):
    """`count` frames of a clip (T, H, W, 3), or of each clip of a dict, from the first to the last. Chapter 01."""
    return _still(stills.contact_strip(as_clips(clip), count=count), title, alt)


def _still(still, title, alt):
    html = component("still", None, title=title, static=static_image(still, alt), label=alt)
    return Figure(html, still, alt)


def play(clips, fps=8, *, title="", alt, note="", autoplay=True):
    """Clips side by side with play, pause, a scrubber and a loop.

    clips: {name: uint8 (T, H, W, 3)}, or one array; our own skies only. A name such as "truth" or "copy-first" brings
    its colour along. It plays while it is on screen, except for readers who ask for less motion. Chapter 01.
    """
    clips = as_clips(clips)
    packed = [{**sprite, "role": role_of(sprite["name"])} for sprite in sprites(clips)]
    marks = any(sprite["role"] != "other" for sprite in packed)
    data = {"clips": packed, "fps": fps, "autoplay": autoplay, "marks": marks}
    still = stills.contact_strip(clips, title)
    html = component("play", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)
