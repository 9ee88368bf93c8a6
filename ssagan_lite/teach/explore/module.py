"""The module of the paper's Fig. 2 as a walk through its ten steps, with live shapes and, on demand, its bill."""

import re

from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle

from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import DROPPED_LEVELS, ENCODER
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import static_image
from ssagan_lite.teach.palette import asset

STEPS = tuple("abcdefghij")
BATCHES, NUMBERS = (1, 4, 16), ("float32", "bf16")
CLIPS = {"64": 0.5, "128": 1, "256": 2}  # the paper's two sizes and, as a what-if, one beyond; H and W grow with it
# Letter of the step ("" is the input): column and row of its box, the part of attention it belongs to, its shape.
BOXES = {
    "": (0, 1.25, "x", "C×T×H×W"),
    "a": (1, 0, "query", "C′×T×H×W"),
    "b": (2, 0, "query", "HW×C′T"),
    "c": (1, 1, "key", "C′×T×H×W"),
    "d": (2, 1, "key", "C′T×HW"),
    "e": (3, 0.5, "map", "HW×HW"),
    "f": (4, 0.5, "map", "HW×HW"),
    "g": (1, 2, "value", "C×T×H×W"),
    "h": (2, 2, "value", "HW×CT"),
    "i": (5, 1.25, "out", "C×T×H×W"),
    "j": (6, 1.25, "out", "C×T×H×W"),
}
NAMES = ("x", "Q", "Q", "K", "K", "X", "A", "V", "V", "o", "y")
ARROWS = ("_a", "_c", "_g", "ab", "cd", "gh", "be", "de", "ef", "fi", "hi", "ij")


def levels(clip):
    """The levels that attention follows on the way down, as dicts of name, C, T, H and W, at "64", "128" or "256".

    128 is Table 1; 64 leaves conv1 out (section 5.3); 256 is Table 1 with sides twice as long, which nobody trained.
    """
    # A 64x64 clip enters at conv2 with conv2's own sizes; only above 128 do the rows of Table 1 change.
    dropped, grown = DROPPED_LEVELS.get(int(clip), 0), max(1, CLIPS[clip])
    rows = ((layer, layer.output) for layer in ENCODER[dropped:-1])
    return [{"name": row.name, "C": row.filters, "T": t, "H": h * grown, "W": w * grown} for row, (t, h, w) in rows]


def module_walk(
    *, costs=False, clip=128, level="conv1", batch=1, numbers="float32", step=None, title, alt, note=""
) -> Figure:
    """Fig. 2, steps (a) to (j), each tensor drawn with its shape; a click, buttons or arrow keys go through them.

    costs: also the bytes and multiply-adds of each step, and the map's bytes to scale beside those of Q, K, V and O.
    clip: 64, 128 or 256 pixels a side. level: conv1 to conv5 (at 64 there is no conv1). batch: 1, 4 or 16 clips.
    numbers: "float32" or "bf16". step: the letter to begin with ("a"; "e" with costs). Section 3.2 and Table 1.
    Breaks "the map is where the bytes are". Raises InputError for what is not offered. Chapter 03.
    """
    start = {"clip": str(clip), "level": level, "batch": batch, "numbers": numbers, "step": step or "ae"[costs]}
    tables = {name: levels(name) for name in CLIPS}
    offered = {"clip": tables, "batch": BATCHES, "numbers": NUMBERS, "step": STEPS}
    for name, options in offered.items():
        if start[name] not in options:
            raise InputError(
                f"the module walk has no {name} {start[name]!r}; choose one of {', '.join(map(str, options))}"
            )
    there = [row["name"] for row in tables[start["clip"]]]
    if level not in there:
        raise InputError(f"a clip of {clip} pixels has no level {level!r}; choose one of {', '.join(there)}")
    data = {"clips": tables, "levels": [row["name"] for row in tables["128"]], "start": start, "costs": bool(costs)}
    still = _bars(tables[start["clip"]], batch, numbers, title) if costs else _boxes(title)
    html = component("module", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _colours():
    return dict(re.findall(r"--part-(\w+): light-dark\((#\w{6})", asset("module.css")))


def _boxes(title):
    """The ten steps with their shapes in letters."""
    canvas, colour = Canvas(figsize=(7.6, 3.3)), _colours()
    axis = canvas.add_axes((0, 0, 1, 0.92))
    axis.set(xlim=(-0.5, 6.5), ylim=(2.75, -0.5))
    axis.set_axis_off()
    for start, end in ARROWS:
        (x0, y0), (x1, y1) = (BOXES[name.strip("_")][:2] for name in (start, end))
        line = {"arrowstyle": "-|>", "color": stills.SOFT, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
        axis.annotate("", (x1 - 0.32, y1), (x0 + 0.32, y0), arrowprops=line)
    for (letter, (x, y, part, shape)), name in zip(BOXES.items(), NAMES, strict=True):
        box = Rectangle((x - 0.3, y - 0.3), 0.6, 0.6, facecolor=colour[part] + "33", edgecolor=colour[part])
        axis.add_patch(box)
        axis.text(x, y + 0.03, name, ha="center", va="center", fontsize=12, color=stills.INK, weight="bold")
        axis.text(x, y + 0.41, shape, ha="center", va="center", fontsize=7.5, color=stills.INK)
        axis.text(x - 0.27, y - 0.2, f"({letter})" if letter else "", va="center", fontsize=8, color=stills.SOFT)
    axis.plot([0, 0, 6, 6], [1.75, 2.6, 2.6, 1.75], color=stills.SOFT, linewidth=1)
    axis.text(3, 2.55, "+ x, unchanged", ha="center", fontsize=8, color=stills.SOFT)
    canvas.suptitle(title, fontsize=10, color=stills.INK)
    return stills.finish(canvas)


def _size(mib):
    return f"{mib:.3g} MiB" if mib >= 1 else f"{mib * 1024:.3g} KiB"


def _bars(rows, batch, numbers, title):
    """MiB of Q, K, V and O, and of the map, at each level."""
    canvas, colour = Canvas(figsize=(6.8, 3.4), layout="constrained"), _colours()
    axis, mib = canvas.subplots(), batch * (4 if numbers == "float32" else 2) / 2**20
    for place, row in enumerate(rows):
        part, square = row["C"] * row["T"] * row["H"] * row["W"] * mib, (row["H"] * row["W"]) ** 2 * mib
        for k, name in enumerate(("query", "key", "value", "out")):
            axis.barh(place - 0.2, part, 0.36, left=k * part, color=colour[name], edgecolor="white")
        axis.barh(place + 0.2, square, 0.36, color=colour["map"])
        for shift, value in ((-0.2, 4 * part), (0.2, square)):
            axis.text(value, place + shift, f"  {_size(value)}", va="center", fontsize=8, color=stills.INK)
    axis.set_yticks(range(len(rows)), [f"{row['name']}\n{row['H']}×{row['W']}" for row in rows], fontsize=8)
    axis.set(title=title, xlabel="MiB: above Q, K, V and O, below the map")
    axis.margins(x=0.15)
    axis.invert_yaxis()
    axis.title.set_fontsize(10)
    axis.spines[["top", "right"]].set_visible(False)
    return stills.finish(canvas)
