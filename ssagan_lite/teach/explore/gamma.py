"""A slider over training: every gamma, where one pixel looks, and the clip at that step."""

import base64
import math

import numpy as np

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import as_clip, data_uri, png, static_image
from ssagan_lite.teach.palette import colours


def gamma_steps(runs, photo, place, *, title, alt, note="", fps=8):
    """Runs that differ in their gate, looked at while they trained; one slider goes through the looks of all.

    runs: {name: looks} as experiments/gamma_steps.py writes them: for each step its gammas, one row of a map, a clip
    and scores. photo: uint8 (H, W, 3), one of our own skies. place: (row, column) of the map whose row it is.
    Raises InputError where the runs were not looked at in the same steps. Breaks "a gate that can open will".
    Section 5.4; chapter 10.
    """
    steps = [[look["step"] for look in looks] for looks in runs.values()]
    if not steps or not steps[0] or any(other != steps[0] for other in steps):
        raise InputError("the runs must have been looked at in the same steps, at least once")
    picture = png(as_clip(np.asarray(photo)[None], "the photo")[0])
    paths = _paths(runs)
    data = {
        "runs": [{"name": name, "looks": [_look(look) for look in looks]} for name, looks in runs.items()],
        "photo": data_uri(picture, "png"),
        "place": list(place),
        "steps": steps[0],
        "frames": next(iter(runs.values()))[0]["clip"]["shape"][0],
        "paths": paths,
        "fps": fps,
        "chart": "every gamma against the training step",
    }
    still = _still(paths, steps[0], title)
    html = component("gamma", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _look(look):
    """What the page shows of one look."""
    frames, height, width, _ = look["clip"]["shape"]
    size = {"columns": frames, "frames": frames, "width": width, "height": height}
    side = math.isqrt(len(base64.b64decode(look["map"]["levels"])))
    return {
        "clip": {"picture": f"data:image/webp;base64,{look['clip']['webp']}", **size},
        "grid": [side, side],
        "largest": look["map"]["largest"],
        "levels": look["map"]["levels"],
        "psnr": look["psnr"],
        "motion": look["motion_energy_ratio"],
    }


def _paths(runs):
    """Each gamma as a line over the looks; runs without gammas have none."""
    looks = next((looks for looks in runs.values() if looks[0]["gammas"]), [])
    names = looks[0]["gammas"] if looks else {}
    return [{"name": name, "values": [look["gammas"][name] for look in looks]} for name in names]


def _still(paths, steps, title):
    """Every gamma against the steps, for print."""
    canvas = stills.Canvas(figsize=(6.8, 2.8), layout="constrained")
    axis = canvas.subplots()
    for i, path in enumerate(paths):
        role = "ours" if i < len(paths) / 2 else "copy-first"
        axis.plot(path["values"], ("-", "--", ":")[i % 3], color=colours()[role], label=path["name"])
    axis.axhline(0, color=colours()["line"], linewidth=1)
    axis.set_xticks(range(len(steps)), [str(step) for step in steps])
    axis.set(xlabel="generator step", ylabel="gamma", title=title)
    axis.legend(frameon=False, fontsize=8, ncols=2)
    stills.quiet(axis)
    return stills.finish(canvas)
