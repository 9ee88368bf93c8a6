"""A GAN on one number that trains in the page."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import static_image
from ssagan_lite.teach.palette import colours

SETTINGS = {
    "noise": ("on", "off"),
    "teacher": ("critic", "squares"),
    "loss": ("non-saturating", "minimax"),
    "steps": (1, 5),
    "start": ("middle", "far"),
    "lead": (0, 200),
}
ENDS = (  # what the still shows: name, and the places where the generator may end
    ("squared error", (0.0,), "one answer, where no data lies"),
    ("critic, no noise", (-1.0, 1.0), "one answer: -1 or +1, by the seed"),
    ("critic, noise", (-1.0, 1.0), "both at once"),
)


def one_number_gan(*, title, alt, note="", controls=("noise", "teacher"), start=None, seed=1, autoplay=False):
    """A generator of one number against a critic of one number; both train in the page, from seeded dice.

    The data lies at -1 and +1. Shown: the data, the generator's numbers, the critic's curve D(x), how hard the loss
    pushes each number, both losses. controls: which of the settings below the reader may change, in this order. start:
    {setting: value} to begin with:
      noise    "on" or "off": whether the generator's input is drawn, or always 0
      teacher  "critic", or "squares": the squared distance to numbers drawn from the data
      loss     "non-saturating" or "minimax": what the generator minimises (Eq. 4)
      steps    1 or 5 critic steps to one of the generator
      start    "middle" or "far": whether the generator begins at 0 or at -3
      lead     0 or 200 steps that the critic trains before the generator begins
    Breaks "a network that is trained against data covers it" and "a push is a push, whichever the loss".
    Raises InputError for a setting or a value that is not listed. Chapter 07.
    """
    first = {name: values[0] for name, values in SETTINGS.items()} | (start or {})
    for name in (*controls, *first):
        if name not in SETTINGS:
            raise InputError(f"a one-number GAN has no setting {name!r}; it has {', '.join(SETTINGS)}")
    for name, value in first.items():
        if value not in SETTINGS[name]:
            raise InputError(f"{name} is one of {', '.join(map(str, SETTINGS[name]))}, not {value!r}")
    if not isinstance(seed, int) or seed < 1:
        raise InputError(f"a seed is a whole number from 1 on, not {seed!r}")
    data = {"start": first | {"seed": seed}, "controls": list(controls), "autoplay": autoplay}
    still = _far(title) if first["start"] == "far" else _ends(title)
    html = component("one_number", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _ends(title):
    """Where three ways of training end, as a row each above the data."""
    canvas = Canvas(figsize=(6.8, 2.9), layout="constrained")
    axis = canvas.subplots()
    _data(axis, 4)
    axis.text(-2.1, 3.75, "the data", ha="right", va="center", fontsize=9)
    for row, (name, places, words) in enumerate(ENDS):
        filled = {} if name != "critic, no noise" else {"markerfacecolor": "none", "markeredgewidth": 2}
        axis.plot(places, [row + 0.5] * len(places), "o", markersize=11, color=colours()["ours"], **filled)
        axis.text(-2.1, row + 0.5, name, ha="right", va="center", fontsize=9)
        axis.text(2.1, row + 0.5, words, ha="left", va="center", fontsize=9, color=colours()["soft"])
    axis.set(xlim=(-2, 2), ylim=(4.05, 0), xticks=[-1, 0, 1], yticks=[])
    return _finished(canvas, axis, title)


def _far(title):
    """A generator at -3 before a critic that is certain: drawn by hand, as a trained one looks."""
    canvas = Canvas(figsize=(6.8, 2.6), layout="constrained")
    axis = canvas.subplots()
    _data(axis, 2)
    x = np.linspace(-3.5, 3.5, 401)
    axis.plot(x, 1 - 0.9 / (1 + np.exp(-12 * (x + 1.8))), "--", color=colours()["other"])
    axis.plot([-3], [1], "o", markersize=11, color=colours()["ours"])
    axis.text(-3, 1.15, "the generator:\nfound out, D is flat here", va="top", fontsize=9, color=colours()["soft"])
    axis.text(3.4, 0.25, "the critic's curve: 1 at the data, 0 at -3", ha="right", fontsize=9, color=colours()["soft"])
    axis.set(xlim=(-3.5, 3.5), ylim=(2.05, 0), xticks=[-3, -2, -1, 0, 1, 2, 3], yticks=[])
    return _finished(canvas, axis, title)


def _data(axis, base):
    """The two bumps, standing on `base` (upside down: the axis points down)."""
    x = np.linspace(-2, 2, 401)
    bumps = sum(np.exp(-(((x - place) / 0.15) ** 2) / 2) for place in (-1, 1))
    axis.fill_between(x, base, base - 0.6 * bumps, facecolor=colours()["line"], edgecolor=colours()["truth"])


def _finished(canvas, axis, title):
    axis.set_title(title, fontsize=10, color=colours()["ink"])
    axis.spines[["top", "right", "left"]].set_visible(False)
    return stills.finish(canvas)
