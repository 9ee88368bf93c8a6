"""Figures 1 and 4: what is shown is what was made, under its own label."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from ssagan_lite.baselines.still import copy_first
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.data.video import read_video
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.reproduction.figures import TILE, animated, contact_sheet, side_by_side, write_figure
from ssagan_lite.reproduction.rows import ROWS, TABLES

CLIPS = synthetic_clips(4, 16, 8, seed=1).frames
ROWS_4 = [ROWS[name] for name in TABLES["figure4"]]
PREDICTORS = {
    "ours-a": lambda real, _: real,
    "gate-one": lambda real, _: copy_first(real[:, :, 0], real.shape[2]),
    "gate-released": lambda real, _: torch.full_like(real, -1),
}


@pytest.fixture(scope="module")
def shown():
    return animated(ROWS_4, PREDICTORS, CLIPS, "figure4")


def test_every_row_moves_the_same_first_frames(shown):
    assert list(shown) == ["ground truth", "with gamma, learned", "without gamma (o + x)", "without gamma, as released"]
    truth, ours, still, black = shown.values()
    assert np.array_equal(truth, CLIPS[:3])
    assert np.array_equal(ours, truth)
    assert np.array_equal(still, np.repeat(truth[:, :1], 8, axis=1))
    assert not black.any()


def test_the_picture_has_a_labelled_line_a_row_for_each_clip(shown):
    figure = contact_sheet(shown)
    axes = [place for block in figure.subfigs for place in block.axes]
    assert len(axes) == 3 * 4 * 5
    assert [place.get_title() for place in axes[:5]] == [f"frame {time}" for time in (0, 2, 4, 5, 7)]
    labels = [place.get_ylabel().replace("\n", " ") for place in axes if place.get_ylabel()]
    assert labels == list(shown) * 3
    assert np.array_equal(axes[10 + 4].images[0].get_array(), CLIPS[0, 0]), "the still row, last frame"


def test_the_video_has_a_column_a_row(shown):
    video = side_by_side(shown)
    head = video.shape[1] - 3 * TILE
    assert video.shape == (8, head + 3 * TILE, 4 * TILE, 3)
    assert video[0, :head].min() == 0, "labels are drawn"
    assert np.array_equal(video[5, head : head + TILE : 10, TILE : 2 * TILE : 10], CLIPS[0, 5])


def test_files_and_numbers(tmp_path):
    arguments = (tmp_path, "figure4", ROWS_4, PREDICTORS, CLIPS, {"figure": "figure4"}, Stopwatch("test", 0), "0" * 64)
    write_figure(*arguments)
    rows = json.loads((tmp_path / "figure4.json").read_text())["rows"]
    assert rows["ours-a"]["flow_magnitude_ratio"] == 1.0
    assert rows["ours-a"]["end_point_error"] == 0.0
    assert rows["gate-one"]["flow_magnitude_ratio"] < 0.01
    assert rows["gate-one"]["label"] == "without gamma (o + x)"
    assert read_video(tmp_path / "figure4.mp4").shape[0] == 8
    with Image.open(tmp_path / "figure4.png") as picture:
        assert picture.width > 500
    with pytest.raises(InputError, match="exists already"):
        write_figure(*arguments)
