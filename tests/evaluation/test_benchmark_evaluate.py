"""The benchmark of scoring, on two tiny clips: scores agree with scikit-image's, and all that is asked is written."""

import json

import numpy as np
import pytest

from benchmarks.evaluate import METRICS, THREADS, Options, largest_differences, measure
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation.provenance import Stopwatch


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    file = tmp_path_factory.mktemp("results") / "evaluate.json"
    skies = synthetic_clips(2, 32, 4, seed=0).frames
    measure(skies, Options(clips=2, rounds=2, out=file), Stopwatch("a test", seed=0))
    return json.loads(file.read_text("utf-8"))


def test_scores_agree_with_scikit_image(written):
    assert list(written["differences"]) == list(METRICS)
    assert max(written["differences"].values()) <= 1e-6


def test_every_way_has_its_row(written):
    rows = {row["name"]: row for row in written["rows"]}
    assert list(rows) == list(THREADS)
    assert all(row["milliseconds_a_clip"] > 0 and row["threads"] for row in rows.values())
    assert rows["ours"]["times_ours"] == 1
    assert (written["clips"], written["size"], written["frames"]) == (2, 32, 4)
    assert written["about"]["data_sha256"]


def test_what_only_one_calls_infinite_is_a_difference():
    scores = np.full((1, 3, 2), 0.5)
    scores[0, 1, 0] = np.inf
    assert largest_differences(scores, scores) == {"mse": 0, "psnr": 0, "ssim": 0}
    assert largest_differences(scores, np.full((1, 3, 2), 0.5)) == {"mse": 0, "psnr": np.inf, "ssim": 0}
