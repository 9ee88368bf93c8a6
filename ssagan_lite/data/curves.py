"""The curves of a training run, from the lines of metrics.jsonl to curves.png. Chapter 08."""

import io
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

POINTS = 200  # for each curve: a panel is some 400 pixels wide, and more points than half of that are a black smear
INK, SOFT, GRID = "#222222", "#666666", "#dddddd"
STYLES = (("#0b5394", "-"), ("#e07b00", "--"))  # dark and solid, light and dashed: told apart in grey as well


@dataclass(frozen=True)
class Panel:
    """What one panel says, and the metrics it draws: {key in metrics.jsonl: name in the legend}. Chapter 08."""

    title: str
    unit: str
    curves: dict[str, str]
    log: bool = False
    level: float | None = None  # a value worth a line across the panel


class Curve(NamedTuple):
    """Steps, and mean, lowest and highest value of the stretch around each: four float64 (P,). Chapter 08."""

    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


PANELS = (
    Panel("Is either network running away?", "loss", {"critic/loss": "critic", "generator/loss": "generator"}),
    Panel(
        "Do the critic's answers part?",
        "mean logit of the critic",
        {"critic/real_logit": "real clips", "critic/fake_logit": "generated clips"},
    ),
    Panel("Do the clips come closer to the real ones?", "content loss (L1)", {"generator/content": "generator"}),
    Panel("Which layers use their attention?", "gamma (0 = attention is off)", {}),
    Panel(
        "Does the gradient neither vanish nor explode?",
        "norm of the gradient",
        {"gradient/discriminator": "critic", "gradient/generator": "generator"},
        log=True,
    ),
    Panel(
        "Does it move as much as the real clips?",
        "flow ratio (1 = as much)",
        {"motion/flow_ratio": "generated clips"},
        level=1,
    ),
)


def draw_curves(lines: list[dict[str, float]], path: Path) -> None:
    """Draw the metrics of a run as a PNG, about 1000 pixels wide. Chapter 08.

    lines: as in metrics.jsonl, each with "step" and any metrics. Where there is nothing to draw, no file is written.
    The file is replaced as a whole or not at all.
    """
    figure = plot_curves(lines)
    if figure is None:
        return
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(_png(figure))
        os.replace(part, path)
    except OSError as error:  # a failed write does not know its file
        part.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def _png(figure) -> bytes:
    """The figure with a palette of 256 colours, a third of the size; nothing in it but pixels, no version of a tool."""
    drawn, picture = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100, metadata={"Software": None})
    few = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(picture, format="png", optimize=True)
    return picture.getvalue()


def plot_curves(lines: list[dict[str, float]]):
    """The matplotlib Figure, 10 inches wide, with a panel for all that was measured; None for nothing. Chapter 08."""
    panels = [(panel, found) for panel in PANELS if (found := _measured(panel, lines))]
    if not panels:
        return None
    from matplotlib.figure import Figure  # slow to import, and training needs it only here; pyplot would keep windows

    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(10, 3 * rows), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    for cell, (panel, found) in enumerate(panels, start=1):
        _draw(figure.add_subplot(rows, columns, cell), panel, found)
    return figure


def read_curve(lines: list[dict[str, float]], key: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps (L,) and values (L,) of one metric, without the lines that lack it or hold no finite number. Chapter 08."""
    kept = [(line["step"], line[key]) for line in lines if _is_number(line.get("step")) and _is_number(line.get(key))]
    steps, values = np.array(kept, dtype=float).reshape(-1, 2).T
    return steps, values


def thin(steps: np.ndarray, values: np.ndarray, points: int = POINTS) -> Curve:
    """Means over equal stretches, at most `points` of them, from the first step to the last. Chapter 08.

    steps, values: (L,). Where L <= points nothing is lost. Stretches differ in length by one value at most.
    """
    if len(steps) <= points:
        return Curve(steps, values, values, values)
    stretches = np.array_split(values, points)
    centres = np.array([part.mean() for part in np.array_split(steps, points)])
    centres[[0, -1]] = steps[[0, -1]]  # so that the curve does not seem to end before the run
    mean, low, high = (np.array([of(part) for part in stretches]) for of in (np.mean, np.min, np.max))
    return Curve(centres, mean, low, high)


def gamma_names(lines: list[dict[str, float]]) -> dict[str, str]:
    """{"gamma/conv2": "conv2"} for each attended layer, from encoder to decoder. Chapter 08."""
    names = {key.removeprefix("gamma/") for line in lines for key in line if key.startswith("gamma/")}
    return {f"gamma/{name}": name for name in sorted(names, key=_depth)}


def _depth(name: str) -> tuple[bool, int, str]:
    """The encoder first, conv10 after conv9."""
    number = re.search(r"\d+$", name)
    return name.startswith("deconv"), int(number[0]) if number else 0, name


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _measured(panel: Panel, lines: list[dict[str, float]]) -> list[tuple[str, Curve, tuple]]:
    """Name, curve and (colour, line style) of every metric of a panel that was measured."""
    names = panel.curves or gamma_names(lines)
    styles = STYLES if panel.curves else _gradation(names.values())
    curves = [(name, *read_curve(lines, key), style) for (key, name), style in zip(names.items(), styles, strict=False)]
    return [(name, thin(steps, values), style) for name, steps, values, style in curves if len(steps)]


def _gradation(names) -> list[tuple]:
    """One colour map from dark (first layer) to light (last); the decoder's lines are dashed."""
    from matplotlib import colormaps

    shades = np.linspace(0, 0.85, len(names))  # the end of the map is too light on white
    return [
        (colormaps["viridis"](shade), "--" if name.startswith("deconv") else "-")
        for name, shade in zip(names, shades, strict=True)
    ]


def _draw(axis, panel: Panel, found: list[tuple[str, Curve, tuple]]) -> None:
    """All curves of one panel."""
    curves = [curve for _, curve, _ in found]
    log = panel.log and any((curve.high > 0).any() for curve in curves)
    axis.set_yscale("log" if log else "linear")
    if panel.level is not None:
        axis.axhline(panel.level, color=SOFT, linewidth=1, linestyle=":", label="real clips")
    for name, curve, (colour, style) in found:
        few = "o" if len(curve.steps) <= 40 else None  # a single point has no line that would show it
        axis.fill_between(curve.steps, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
        axis.plot(curve.steps, curve.mean, color=colour, linestyle=style, linewidth=1.5, marker=few, ms=3, label=name)
    _limit(axis, *_range(curves, panel.level, log), log)
    _dress(axis, panel)
    if not panel.curves:
        _label_ends(axis, found)
    elif len(panel.curves) > 1 or panel.level is not None:  # also where one of two was measured: which one?
        axis.legend(loc="best", fontsize=8, framealpha=0.8, edgecolor="none", handlelength=2.5)


def _range(curves: list[Curve], level: float | None, log: bool) -> tuple[float, float]:
    """Lowest and highest value to show. One wild step must not press all others flat; a wild end is news."""
    ends = [] if level is None else [level]
    for curve in curves:
        share = [1, 99] if len(curve.steps) == POINTS else [0, 100]  # of a short run, everything
        ends += [*np.percentile(curve.low, share), *np.percentile(curve.high, share), *curve.mean[-2:]]
    ends = [end for end in ends if end > 0 or not log]
    return (min(ends), max(ends)) if ends else (0, 0)


def _limit(axis, low: float, high: float, log: bool) -> None:
    """Limits with a margin of a twentieth, as matplotlib leaves; on a log axis plain numbers, 0.3 for 3 x 10^-1."""
    from matplotlib.ticker import LogLocator

    if log:
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("{x:g}" if high < 10 * low else "")
        axis.yaxis.set_minor_locator(LogLocator(subs=(2, 3, 5)))
    if low < high and log:
        axis.set_ylim(low * (low / high) ** 0.05, high * (high / low) ** 0.05)
    elif low < high:
        axis.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))


def _dress(axis, panel: Panel) -> None:
    """Title, labels, ticks and grid."""
    from matplotlib.ticker import MaxNLocator

    axis.set_title(panel.title, fontsize=11, color=INK, loc="left")
    axis.set_xlabel("step", fontsize=9, color=SOFT)
    axis.set_ylabel(panel.unit, fontsize=9, color=SOFT)
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))  # there is no half a step
    axis.tick_params(which="both", labelsize=8, colors=SOFT)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(color=GRID, linewidth=0.6)
    axis.set_axisbelow(True)


def _label_ends(axis, found: list[tuple[str, Curve, tuple]]) -> None:
    """The name of each curve beside its end, with a thin line from one to the other."""
    low, high = axis.get_ylim()
    heights = spread(np.array([(curve.mean[-1] - low) / (high - low) for _, curve, _ in found]), gap=0.075)
    for (name, curve, (colour, _)), height in zip(found, heights, strict=True):
        axis.annotate(
            name,
            (curve.steps[-1], curve.mean[-1]),
            (1.06, height),
            textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 1, "relpos": (0, 0.5)},
            va="center",
            fontsize=8,
            color=INK,
        )


def spread(heights: np.ndarray, gap: float) -> np.ndarray:
    """Heights (N,) in [0, 1] moved apart to `gap` at least, in the same order; closer where N are too many. Chapter 08.

    Half way between pushing all up from the lowest and pushing all down from the highest.
    """
    gap = min(gap, 1 / max(1, len(heights) - 1))
    order = np.argsort(heights, kind="stable")
    slots = gap * np.arange(len(heights))
    raised = np.maximum.accumulate(heights[order] - slots)
    sunk = np.minimum.accumulate((heights[order] - slots)[::-1])[::-1]
    moved = np.empty(len(heights))
    moved[order] = np.clip((raised + sunk) / 2, 0, 1 - slots[-1]) + slots
    return moved
