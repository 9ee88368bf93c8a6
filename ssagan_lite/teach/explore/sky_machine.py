"""The recipe of the procedural skies, live."""

import numpy as np

from ssagan_lite.errors import InputError
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import as_clip, png, static_image


def cloud_machine(still, *, title, alt, note="", start=None, seed=1, fps=12):
    """The recipe of the procedural skies with a slider for each of its numbers; it draws in the page itself.

    still: uint8 (H, W, 3), for readers without scripts. start: {"slope", "cover", "wind", "direction", "eddies",
    "perspective"} to begin with. Breaks "clouds need a drawing of clouds". The page "How the skies are made".
    """
    first = {"slope": 1.7, "cover": 0.0, "wind": 0.25, "direction": 20, "eddies": 0.004, "perspective": True}
    if unknown := set(start or {}) - set(first):
        raise InputError(f"the cloud machine has no slider {', '.join(sorted(unknown))}; it has {', '.join(first)}")
    data = {"start": first | (start or {}), "seed": seed, "fps": fps}
    picture = png(as_clip(np.asarray(still)[None], "the still")[0])
    html = component("cloud_machine", data, title=title, static=static_image(picture, alt), note=note, label=alt)
    return Figure(html, picture, alt)
