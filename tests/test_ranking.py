"""The ranking experiment of chapter 12: it runs, and what it stored shows what the chapter says."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SCRIPT, STORED = ROOT / "experiments" / "ranking.py", ROOT / "book" / "results" / "ranking.json"
RESULT = json.loads(STORED.read_text("utf-8"))


def test_the_experiment_runs_in_small(monkeypatch, tmp_path):
    space = runpy.run_path(str(SCRIPT))
    monkeypatch.setitem(space["main"].__globals__, "SEEDS", (0,))
    monkeypatch.setitem(space["main"].__globals__, "TEST_CLIPS", 4)
    out = tmp_path / "ranking.json"
    asked = ["--steps", "2", "--first-steps", "1", "--width", "1", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["ranking.py", *asked])
    space["main"]()
    made = json.loads(out.read_text("utf-8"))
    assert made.keys() == RESULT.keys()
    assert made["runs"].keys() == RESULT["runs"].keys()
    assert all(len(run["ranking"]) == 2 and np.isfinite(run["psnr"]) for runs in made["runs"].values() for run in runs)


def test_it_runs_away_where_the_critic_plays_and_nowhere_else():
    peaks = {rule: [max(run["ranking"]) for run in runs] for rule, runs in RESULT["runs"].items()}
    assert min(peaks["both"]) > 100
    assert max(peaks["nobody"] + peaks["generator"]) < 1


def test_where_it_does_not_it_ends_at_log_2():
    ends = [run["ranking"][-1] for rule in ("nobody", "generator") for run in RESULT["runs"][rule]]
    assert np.allclose(ends, np.log(2), atol=0.02)


def test_the_runaway_gains_nothing():
    runs = RESULT["runs"]
    assert max(run["psnr"] for run in runs["both"]) < min(run["psnr"] for run in runs["nobody"] + runs["generator"])
    faint = max(run["features"] for run in runs["nobody"] + runs["generator"])
    assert min(run["features"] for run in runs["both"]) > 90 * faint
