"""Figures 1 and 4 made again: the same first frames, moved by each row, as a picture, as a video and as numbers."""

import textwrap
from pathlib import Path

import cv2
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.clips import to_uint8
from ssagan_lite.data.staging import check_free, staged
from ssagan_lite.data.video import write_video
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.reproduction.rows import ROWS, Row
from ssagan_lite.reproduction.scoring import Predictor, score
from ssagan_lite.reproduction.statistics import measure

CLIPS = 3  # the first ones of the test clips: nobody chose them
MOMENTS = 5
ENDINGS = (".png", ".mp4", ".json")
TRUTH = "ground truth"
WITH_GAMMA = "with gamma, learned"  # what Figure 4 calls (A)
TILE = 160  # pixels a side in the video, at least: the models' own frames are too small to look at
LINE = 18  # pixels a line of a label


def check_figure(folder: Path, name: str, force: bool) -> None:
    """Raise InputError where one of the figure's files is there already, before anything is trained."""
    for ending in ENDINGS:
        check_free(folder / f"{name}{ending}", force=force)


def write_figure(
    folder: Path,
    name: str,
    rows: list[Row],
    predictors: dict[str, Predictor],
    clips,
    values: dict,
    watch: Stopwatch,
    sha256: str,
    force: bool = False,
) -> dict:
    """Write figure1.png, .mp4 and .json (or figure4's) into the folder; returns the numbers by row.

    predictors: by the rows' names. clips: the test clips; the first three are shown, and all are scored.
    """
    check_figure(folder, name, force)
    shown = animated(rows, predictors, clips, name)
    with staged(folder / f"{name}.png", force=force) as file:
        contact_sheet(shown).savefig(file, dpi=120)
    write_video(folder / f"{name}.mp4", side_by_side(shown), fps=8, force=force)
    measured = {row.name: {"label": label_of(row, name)} for row in rows}
    for row in rows:
        measured[row.name] |= measure(score(predictors[row.name], clips, row.name), getattr(clips, "sources", None))
    with staged(folder / f"{name}.json", force=force) as file:
        watch.write(file, {**values, "scored_clips": len(clips), "rows": measured}, sha256)
    return measured


def label_of(row: Row, figure: str) -> str:
    """What the row is called in that figure."""
    return WITH_GAMMA if (row.name, figure) == ("ours-a", "figure4") else ROWS[row.name].label


@torch.inference_mode()
def animated(rows: list[Row], predictors: dict[str, Predictor], clips, figure: str) -> dict[str, np.ndarray]:
    """The first clips as they were and as each row makes them, by label: uint8 (N, T, H, W, 3)."""
    which = slice(0, min(CLIPS, len(clips)))
    real = stack_clips([clips[i] for i in range(which.stop)])  # (N, 3, T, H, W)
    made = {label_of(row, figure): to_uint8(predictors[row.name](real, which)).numpy() for row in rows}
    return {TRUTH: to_uint8(real).numpy(), **made}


def contact_sheet(shown: dict[str, np.ndarray]) -> Figure:
    """A picture: for each clip a row of frames a label, at five times from the first frame to the last."""
    count, length = next(iter(shown.values())).shape[:2]
    times = np.linspace(0, length - 1, MOMENTS).round().astype(int)
    figure = Figure(figsize=(1.5 + 1.1 * MOMENTS, 1.1 * count * len(shown) + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    blocks = np.atleast_1d(figure.subfigures(count, 1, hspace=0.04))
    for clip, block in enumerate(blocks):
        places = block.subplots(len(shown), MOMENTS, squeeze=False)
        for line, (label, clips) in enumerate(shown.items()):
            for place, time in zip(places[line], times, strict=True):
                place.imshow(clips[clip, time], interpolation="nearest")
                place.set_xticks([])
                place.set_yticks([])
            text = textwrap.fill(label, 16)
            places[line, 0].set_ylabel(text, rotation=0, ha="right", va="center", fontsize=9)
        for place, time in zip(places[0], times, strict=True):
            place.set_title(f"frame {time}", fontsize=9)
    return figure


def side_by_side(shown: dict[str, np.ndarray]) -> np.ndarray:
    """A video: a column a label, a row a clip, labels above: uint8 (T, height, width, 3)."""
    tile = max(TILE, next(iter(shown.values())).shape[2])
    head = np.hstack([heading(label, tile) for label in shown])
    frames = []
    for time in range(next(iter(shown.values())).shape[1]):
        columns = [np.vstack([enlarged(clip[time], tile) for clip in clips]) for clips in shown.values()]
        frames.append(np.vstack([head, np.hstack(columns)]))
    return np.stack(frames)  # (T, height, width, 3)


def heading(label: str, width: int) -> np.ndarray:
    """A label, black on white, on at most three lines: uint8 (height, width, 3)."""
    picture = np.full((3 * LINE + 6, width, 3), 255, np.uint8)
    for line, text in enumerate(textwrap.wrap(label, width // 8)[:3]):
        cv2.putText(picture, text, (4, LINE * (line + 1)), cv2.FONT_HERSHEY_SIMPLEX, 0.43, (0, 0, 0), 1, cv2.LINE_AA)
    return picture


def enlarged(frame: np.ndarray, side: int) -> np.ndarray:
    """A frame (H, W, 3) at side x side pixels; its own pixels stay visible."""
    return cv2.resize(frame, (side, side), interpolation=cv2.INTER_NEAREST)
