"""The still forms of the figures, drawn with matplotlib for print and for viewers that run no scripts."""

import io
import textwrap

import numpy as np
from matplotlib.figure import Figure as Canvas
from PIL import Image

from ssagan_lite.teach.frames import STILL_BYTES, png
from ssagan_lite.teach.palette import LINES, SHAPES, colours

INK, SOFT = colours()["ink"], colours()["soft"]

# Marker and line of the plane's dots without a role; the shapes and dashes of assets/plane.js.
OTHERS = {
    "hexagon": ("h", LINES["paper"]),
    "plus": ("P", (0, (8, 3))),
    "right": (">", (0, (1, 2))),
    "bar": ([(-0.5, -1), (0.5, -1), (0.5, 1), (-0.5, 1), (-0.5, -1)], (0, (8, 3, 1, 3))),
    "left": ("<", (0, (12, 3))),
    "pentagon": ("p", (0, (2, 5))),
}


def finish(canvas, limit=STILL_BYTES):
    """PNG bytes of a matplotlib figure, without the version of matplotlib in them."""
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="png", dpi=100, bbox_inches="tight", pad_inches=0.08, metadata={"Software": None})
    return png(np.asarray(Image.open(buffer).convert("RGB")), limit)


def contact_strip(clips, title="", count=6):
    """A few frames of each clip, one row a clip, named at the left and numbered above."""
    length = len(next(iter(clips.values())))
    chosen = np.unique(np.linspace(0, length - 1, min(count, length)).round().astype(int))
    canvas = Canvas(figsize=(1.15 * len(chosen) + 0.2, 1.15 * len(clips) + (0.35 if title else 0)), layout="compressed")
    axes = canvas.subplots(len(clips), len(chosen), squeeze=False)
    for row, (name, clip) in zip(axes, clips.items(), strict=True):
        for axis, frame in zip(row, chosen, strict=True):
            axis.imshow(clip[frame])
            axis.set(xticks=[], yticks=[], frame_on=False)
        row[0].set_ylabel("\n".join(textwrap.wrap(name, 14)), fontsize=8, color=INK)
    for axis, frame in zip(axes[0], chosen, strict=True):
        axis.set_title(f"frame {frame}", fontsize=8, color=SOFT)
    if title:
        canvas.suptitle(title, fontsize=10, color=INK)
    return finish(canvas)


def curves(lines, roles, title, unit):
    """The error of every frame. lines: {name: (T,)}."""
    canvas = Canvas(figsize=(6.8, 2.8), layout="constrained")
    axis = canvas.subplots()
    for name, values in lines.items():
        role = roles[name]
        every = max(1, len(values) // 8)
        style = {"linestyle": LINES[role], "marker": SHAPES[role], "markevery": every, "markersize": 5}
        axis.plot(values, label=name, color=colours()[role], **style)
    axis.set(xlabel="frame", ylabel=unit, title=title, ylim=(0, None))
    axis.legend(frameon=False, fontsize=9)
    quiet(axis)
    return finish(canvas)


def plane(dots, title, limits, motion_label, shapes):
    """Dots in the plane of PSNR and motion; a score without motion is a vertical line.

    shapes: {name: one of OTHERS} of the dots that have no role of their own.
    """
    canvas = Canvas(figsize=(6.8, 4), layout="constrained")
    axis = canvas.subplots()
    axis.axhline(1, color=colours()["truth"], linewidth=1)
    for dot in dots:
        marker, line = OTHERS.get(shapes.get(dot.name), (SHAPES[dot.role], LINES["paper"]))
        style = {"color": colours()[dot.role], "label": dot.label}
        if dot.motion is None:
            axis.axvline(dot.psnr, linestyle=line, **style)
        else:
            fill = {} if dot.comparable or dot.role == "paper" else {"markerfacecolor": "none"}
            axis.plot(dot.psnr, dot.motion, marker=marker, linestyle="", markersize=9, clip_on=False, **style, **fill)
    axis.set(xlim=limits[0], ylim=limits[1], xlabel="PSNR in dB (less distortion →)", title=title)
    axis.set_ylabel(motion_label)
    axis.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
    quiet(axis)
    return finish(canvas)


def question(text, choices, closing):
    """A question and its choices as a card; the answer is not on it."""
    asked = textwrap.wrap(text, 74)
    lines = list(asked)
    for choice in choices:
        lines += textwrap.wrap(choice, 68, initial_indent="○  ", subsequent_indent="     ")
    canvas = Canvas(figsize=(6.8, 0.27 * (len(lines) + 2) + 0.1))
    axis = canvas.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, 1), ylim=(len(lines) + 2, 0))
    axis.set_axis_off()
    for row, line in enumerate(lines):
        weight = "bold" if row < len(asked) else "normal"
        axis.text(0.02, row + 0.8, line, fontsize=10, color=INK, weight=weight)
    axis.text(0.02, len(lines) + 1.3, closing, fontsize=9, color=SOFT, style="italic")
    return finish(canvas)


def quiet(axis):
    """A small title, a grid across, and no frame."""
    axis.title.set_fontsize(10)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color=colours()["line"], linewidth=0.6)
    axis.set_axisbelow(True)
