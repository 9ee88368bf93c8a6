"""The failing runs of chapter 08: the experiment runs, and in what it stored each mistake shows its symptom."""

import json
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT, STORED = ROOT / "experiments" / "failures.py", ROOT / "book" / "results" / "failures.json"
RESULT = json.loads(STORED.read_text("utf-8"))
RISES = {"large_steps", "strong_critic", "idle_critic", "foreign_parameters", "gradients_pile_up", "zero_to_one",
         "swapped_labels", "few_clips"}  # fmt: skip


@pytest.fixture
def small(monkeypatch):
    """The experiment with sixteen skies of 16 pixels in place of the real ones."""
    from ssagan_lite.model.generator import GeneratorConfig

    space = runpy.run_path(str(SCRIPT))
    names = space["main"].__globals__
    monkeypatch.setitem(names, "CLIPS", 16)
    monkeypatch.setitem(names, "UNSEEN", 4)
    monkeypatch.setitem(names, "GeneratorConfig", lambda size, width: GeneratorConfig(size=16, width=1))
    monkeypatch.setattr(space["Healthy"], "clips", 16)
    return space


def test_the_experiment_runs_and_goes_on_where_it_was(small, monkeypatch, tmp_path, capsys):
    out, runs = tmp_path / "failures.json", tmp_path / "runs"
    monkeypatch.setattr(sys, "argv", ["failures.py", "--steps", "2", "--out", str(out), "--runs", str(runs)])
    small["main"]()
    made = json.loads(out.read_text("utf-8"))
    assert made.keys() == RESULT.keys()
    assert made["failed"].keys() == RESULT["failed"].keys()
    assert "training" in capsys.readouterr().out
    small["main"]()
    assert "training" not in capsys.readouterr().out, "each finished run is kept"
    again = json.loads(out.read_text("utf-8"))
    assert {**again, "about": None} == {**made, "about": None}


def test_a_run_is_the_same_again(small):
    shape = small["main"].__globals__["GeneratorConfig"](16, 1)
    records = [small["train"](small["Healthy"](shape, 3), 2) for _ in range(2)]
    assert records[0]["curves"] == records[1]["curves"]


@pytest.mark.parametrize("name", sorted(RISES))
def test_each_mistake_shows_its_symptom(name):
    symptom = RESULT["symptoms"][name]
    usual = symptom["healthy_high"] - symptom["healthy_low"]
    assert symptom["value"] > symptom["healthy_high"] + 3 * usual
    assert symptom["value"] > 1.5 * abs(symptom["healthy_high"]) or name == "zero_to_one"


def test_the_file_is_small_and_its_runs_are_the_gallerys():
    assert STORED.stat().st_size < 250_000
    assert RESULT["failed"].keys() == RISES
    assert len(RESULT["healthy"]) == 3


def test_healthy_runs_are_healthy():
    for run in RESULT["healthy"]:
        content = run["curves"]["content"]
        assert content[-1] < 0.25 * content[0]
        assert run["unseen"][-1]["psnr"] > 25
