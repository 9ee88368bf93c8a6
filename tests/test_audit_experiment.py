"""experiments/audit.py with a few quick rows: what it writes, keeps, leaves out and refuses."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "experiments" / "audit.py"
STORED = SCRIPT.parents[1] / "book" / "results" / "audit.json"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs the script and returns what it wrote."""
    monkeypatch.delenv("SSAGAN_REFERENCE", raising=False)
    monkeypatch.delenv("SSAGAN_CACHE", raising=False)
    out = tmp_path / "audit.json"

    def start(*words: str) -> dict:
        monkeypatch.setattr(sys, "argv", ["audit.py", *words, "--quick", "--out", str(out)])
        runpy.run_path(str(SCRIPT), run_name="__main__")
        return json.loads(out.read_text("utf-8"))

    return start


def test_rows_are_written_kept_and_replaced(run, capsys):
    first = run("--only", "drop-last", "learning-rate")
    assert list(first["rows"]) == ["drop-last", "learning-rate"]
    assert first["about"]["command"].endswith("--only drop-last learning-rate --quick")
    assert "does not hold" in capsys.readouterr().out
    second = run("--only", "first-skip-order")
    assert list(second["rows"]) == ["drop-last", "first-skip-order", "learning-rate"], "in the chapter's order"
    assert second["rows"]["drop-last"] == first["rows"]["drop-last"]


def test_what_cannot_be_measured_says_so(run):
    found = run("--only", "size-64-branch", "ssim-window")["rows"]
    assert "SSAGAN_REFERENCE" in found["size-64-branch"]["skipped"]["of_reference"]
    assert "sample clips" in found["ssim-window"]["skipped"]["of_samples"]
    assert "of_samples" not in found["ssim-window"]["values"]


def test_samples_are_used_where_they_are(run, monkeypatch, tmp_path):
    """Two grey clips in place of the real ones."""
    clips = np.full((2, 3, 24, 24, 3), 200, np.uint8)
    monkeypatch.setattr("ssagan_lite.data.samples.load_samples", lambda name: clips)
    monkeypatch.setenv("SSAGAN_CACHE", "")  # put back afterwards, as --data sets it
    made = run("--only", "ssim-window", "--data", str(tmp_path))
    found = made["rows"]["ssim-window"]["values"]["of_samples"]
    assert (found["clips"], found["clips_of_range_1"]) == (2, 2), "bright clips have the range 1, says the guess"
    assert found["on_clips_of_range_1"]["uniform_7"] == pytest.approx(1)
    assert len(made["about"]["data_sha256"]) == 64


@pytest.mark.parametrize("words", [("--only", "nothing"), ("--only", "drop-last", "--data", "no/such/folder")])
def test_bad_input_is_one_sentence_and_exit_2(run, capsys, words):
    with pytest.raises(SystemExit) as stopped:
        run(*words)
    assert stopped.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_stored_file_has_every_row_whole():
    from ssagan_lite.teach import audit

    stored = json.loads(STORED.read_text("utf-8"))
    assert list(stored["rows"]) == list(audit.ROWS)
    assert {name for name, row in stored["rows"].items() if row["skipped"]} == set(), "measured with all that it needs"
    text = json.dumps(stored)
    assert "/work" not in text
    assert "/tmp" not in text
    assert stored["about"]["data_sha256"]
    assert stored["rows"]["size-64-branch"]["verdict"] == "does not hold"
    assert stored["rows"]["ssim-as-loss"]["values"]["seeds"] == [0, 1, 2]
