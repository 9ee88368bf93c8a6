"""The whole list of paper against released code: read a row, say what it changes, then see what was measured."""

import html
import math
import textwrap

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component, veil
from ssagan_lite.teach.explore.audit_rows import EFFECTS, SHOWN
from ssagan_lite.teach.frames import static_image
from ssagan_lite.teach.palette import colours


def audit_list(rows, *, title, alt, note=""):
    """Rows of paper and code, closed: the reader says what each changes, and sees measurement, verdict and consequence.

    rows: {name: what `teach.audit.run` or the file book/results/audit.json says of it}; the numbers of all bars are
    read from their `values`. A claim of ours, where the paper is silent, is marked and counted apart. Raises InputError
    for a row that SHOWN does not know. Breaks "a difference is a mistake, and a mistake spoils the result". Chapter 13.
    """
    if unknown := [name for name in rows if name not in SHOWN]:
        raise InputError(f"explore.audit_list does not know how to draw {', '.join(unknown)}")
    data = {"effects": EFFECTS, "rows": [_row(number, *item) for number, item in enumerate(rows.items(), 1)]}
    static = "".join(_folded(number, *item) for number, item in enumerate(rows.items(), 1))
    still = _still(rows, title)
    page = component("audit_list", data, title=title, static=static_image(still, alt) + static, note=note, label=alt)
    return Figure(page, still, alt)


def _row(number, name, row):
    """What is told of a row at once, and behind a veil what is told after a guess."""
    shown = SHOWN[name]
    hidden = {key: row[key] for key in ("claim", "assumed", "verdict", "measured")}
    hidden |= {"effect": shown.effect, "so": shown.so, "unit": shown.unit, "bars": _bars(row["values"], shown)}
    open_part = {key: row[key] for key in ("title", "paper", "section", "code", "places")}
    return {"name": name, "number": number, **open_part, "hidden": veil(hidden)}


def _bars(values, shown):
    """Label, text, kind, begin and end of each bar, as shares of the width; a bar without a number is left out.

    Zero lies at the left edge unless a number is negative.
    """
    found = [(bar, _number(values, bar.path)) for bar in shown.bars]
    found = [(bar, value) for bar, value in found if value is not None]
    numbers = [value for _, value in found]
    low, high = min([0, *numbers]), max([0, shown.full or 0, *numbers])
    reach = high - low or 1

    def share(value):
        return round((value - low) / reach, 4)

    return [
        {
            "label": bar.label,
            "text": shown.text.format(value * shown.times),
            "kind": bar.kind,
            "from": share(min(0, value)),
            "to": share(max(0, value)),
            "zero": share(0),
        }
        for bar, value in found
    ]


def _number(values, path):
    """The number at a path: the mean of a list over seeds, the product of a shape's last three, None where none is."""
    for key in path.split("/"):
        if isinstance(values, list):
            values = values[int(key)]
        elif key in values:
            values = values[key]
        else:
            return None
    if isinstance(values, list):
        return math.prod(values[-3:]) if all(isinstance(one, int) for one in values) else sum(values) / len(values)
    return values


def _folded(number, name, row):
    """A row for pages where no script runs."""
    paper, code, claim, measured = (html.escape(row[key]) for key in ("paper", "code", "claim", "measured"))
    shown = SHOWN[name]
    head = f"<p><strong>{number}. {html.escape(row['title'])}.</strong> Paper: {paper} Code: {code}</p>"
    whose = " (our words; the paper is silent)" if row["assumed"] else ""
    told = (
        f"“{claim}”{whose} <strong>{row['verdict']}</strong>. {measured} It changes {EFFECTS[shown.effect]}. {shown.so}"
    )
    question = "What does it change? Say it first, then open this."
    return f"{head}<details><summary>{question}</summary><p>{told}</p></details>"


def _still(rows, title):
    """The claims as a numbered list, for print; the verdicts are not on it."""
    lines = []
    for number, row in enumerate(rows.values(), 1):
        wrapped = textwrap.wrap(f"{row['title']}: “{row['claim']}”", 84)
        lines += [(f"{number}", wrapped[0]), *(("", line) for line in wrapped[1:])]
    canvas = stills.Canvas(figsize=(6.8, 0.2 * (len(lines) + 3)))
    axis = canvas.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, 1), ylim=(len(lines) + 3, 0))
    axis.set_axis_off()
    axis.text(0.01, 1.0, title, fontsize=10, color=colours()["ink"], weight="bold")
    for place, (number, line) in enumerate(lines, 2):
        axis.text(0.045, place + 0.6, number, fontsize=8.5, color=colours()["soft"], ha="right")
        axis.text(0.06, place + 0.6, line, fontsize=8.5, color=colours()["ink"])
    return stills.finish(canvas)
