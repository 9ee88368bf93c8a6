"""The numbers of a table, on clips whose answer is known."""

import csv
import io
import json

import pytest
import torch

from ssagan_lite.baselines.still import copy_first
from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.evaluation.scores import score_clips
from ssagan_lite.reproduction.rows import ROWS
from ssagan_lite.reproduction.statistics import compare, difference, measure
from ssagan_lite.reproduction.tables import RANGE_1, conventions, results, write_table


@pytest.fixture(scope="module")
def real() -> torch.Tensor:
    return stack_clips(list(synthetic_clips(6, 32, 16, seed=1).frames))


@pytest.fixture(scope="module")
def scores(real):
    """copy-first; a prediction half way to the truth; and one of noise."""
    still = copy_first(real[:, :, 0], real.shape[2])
    noise = (still + 0.5 * torch.randn(still.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    made = {"copy-first": still, "ours-a": (still + real) / 2, "mdgan-stage2": noise}
    return {name: score_clips(clips, real) for name, clips in made.items()}


@pytest.fixture(scope="module")
def found(scores):
    rows = [ROWS[name] for name in ("copy-first", "mdgan-stage2", "ours-a")]
    return {**results("table4", rows, scores), "conventions": conventions("table4", ["about this run"])}


def test_what_is_nearer_to_the_truth_beats_copy_first_and_noise_loses(found):
    mse, psnr, ssim, _ = found["verdict"]
    for sentence in (mse, psnr, ssim):
        assert "better: Ours (a); worse: MD-GAN Stage II; cannot be told: none." in sentence
    assert found["scored_clips"] == 6


def test_differences_are_of_the_same_clips(scores):
    parts = difference(scores["ours-a"], scores["copy-first"])
    assert parts["psnr"]["value"] == pytest.approx(20 * torch.log10(torch.tensor(2.0)).item(), rel=1e-4)
    assert parts["psnr"]["low"] == pytest.approx(parts["psnr"]["high"], rel=1e-4), "every clip gains the same"
    ours, still = measure(scores["ours-a"]), measure(scores["copy-first"])
    assert ours["frames_1_on"]["mse"]["value"] == pytest.approx(still["frames_1_on"]["mse"]["value"] / 4, rel=1e-4)
    assert still["frames_1_on"]["psnr"]["value"] == still["all_frames"]["psnr"]["value"], "frame 0 is no PSNR"
    assert still["all_frames"]["identical_frames"] >= 6
    nothing = difference(scores["copy-first"], scores["copy-first"])
    assert nothing["psnr"]["value"] == 0.0 == nothing["mse"]["high"]
    assert compare("mse", nothing["mse"]) == "cannot be told"
    assert compare("mse", {"low": -2.0, "high": -1.0}) == "better"
    assert compare("ssim", {"low": -2.0, "high": -1.0}) == "worse"
    assert compare("psnr", {"low": None, "high": None}) == "cannot be told"


def test_clips_of_one_video_widen_the_interval(scores):
    count = len(scores["ours-a"].mse)
    alone = measure(scores["ours-a"], [str(i) for i in range(count)])["frames_1_on"]["mse"]
    assert alone == measure(scores["ours-a"])["frames_1_on"]["mse"]
    pairs = measure(scores["ours-a"], [str(i // 2) for i in range(count)])["frames_1_on"]["mse"]
    assert pairs["value"] == alone["value"]
    assert pairs != alone
    assert measure(scores["ours-a"], ["one"] * count)["frames_1_on"]["mse"]["low"] is None, "one video has no interval"


def test_a_perfect_prediction_is_told_as_such(real, scores):
    perfect = measure(score_clips(real, real))
    assert perfect["all_frames"]["psnr"] == {"value": None, "low": None, "high": None}
    found = results("table3", [ROWS["copy-first"], ROWS["ours-a"]], {**scores, "ours-a": score_clips(real, real)})
    assert "better: Ours (a)" in found["verdict"][0]
    assert "cannot be told: Ours (a)" in found["verdict"][1], "no PSNR, nothing to compare"


def test_files_hold_the_same_numbers(found, tmp_path):
    text = write_table(tmp_path, "table4", "Table 4 made again", found, Stopwatch("test", 0), "0" * 64)
    stored = json.loads((tmp_path / "table4.json").read_text())
    assert stored["rows"] == found["rows"]
    assert stored["about"]["data_sha256"] == "0" * 64
    lines = list(csv.DictReader(io.StringIO((tmp_path / "table4.csv").read_text())))
    assert [line["row"] for line in lines] == list(found["rows"])
    psnr = found["rows"]["ours-a"]["frames_1_on"]["psnr"]["value"]
    assert float(lines[2]["frames_1_on.psnr.value"]) == psnr
    assert lines[0]["paper.mse"] == ""
    assert (tmp_path / "table4.md").read_text() == text
    line = next(line for line in text.splitlines() if line.startswith("| Ours (a)"))
    assert f"{psnr:.2f} [" in line
    assert f"| {psnr - RANGE_1:.2f} " in line
    assert "(0.0379)" in text
    assert "not comparable" in text
    assert "about this run" in text
    widths = {len(line) for line in text.split("## All frames")[0].splitlines() if line.startswith("|")}
    assert len(widths) == 1, "columns stand one below the other"
    with pytest.raises(InputError, match="exists already"):
        write_table(tmp_path, "table4", "again", found, Stopwatch("test", 0), "0" * 64)
