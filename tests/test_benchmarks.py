"""The benchmarks run, at sizes that take seconds; and the forms that they compare compute the same."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.train_step import Textbook
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import RELEASED, TrainConfig
from ssagan_lite.training.systems import SSAGAN

ROOT = Path(__file__).resolve().parents[1]


def run(*command) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, cwd=ROOT)


def test_train_step(tmp_path):
    out = tmp_path / "train_step.json"
    done = run("benchmarks/train_step.py", "--size", 16, "--width", 2, "--batch", 2, "--out", out)
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(out.read_text())["rows"]}
    assert len(rows) == 7
    assert rows["textbook, paper objective"]["speed_up_over_textbook"] == 1
    assert all(row["seconds"] > 0 and row["peak_mib"] > row["imports_mib"] > 0 for row in rows.values())


@pytest.mark.parametrize("extras", [{}, RELEASED], ids=["paper", "released"])
@pytest.mark.parametrize("player", ["critic", "generator"])
def test_the_textbook_and_ours_play_the_same_game(extras, player):
    """Losses and gradients, in float64, on the same weights."""
    shape = GeneratorConfig(16, 3, spectral_norm=bool(extras))
    torch.manual_seed(0)
    plain = Textbook(TrainConfig(generator=shape, **extras))
    fast = SSAGAN(TrainConfig(generator=shape, **extras))
    for part in ("generator", "discriminator"):
        getattr(plain, part).double()
        setattr(fast, part, copy.deepcopy(getattr(plain, part)))
    for module in [*plain.generator.modules(), *fast.generator.modules()]:
        if hasattr(module, "gamma"):
            torch.nn.init.constant_(module.gamma, 0.3)
    real = torch.rand(3, 3, 8, 16, 16, dtype=torch.float64) * 2 - 1
    found = []
    for system in (plain, fast):
        torch.manual_seed(1)  # the penalty draws a point between the clips
        loss, _ = getattr(system, f"{player}_loss")(real)
        learner = system.discriminator if player == "critic" else system.generator
        found.append((loss, torch.autograd.grad(loss, list(learner.parameters()), allow_unused=True)))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-10, atol=1e-10)
    for ours, theirs in zip(found[0][1], found[1][1], strict=True):
        if ours is not None:
            torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-9)


def test_gpu_without_one_says_so_and_tests_itself_on_a_cpu(tmp_path):
    if not torch.cuda.is_available():
        done = run("benchmarks/gpu.py")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    out = tmp_path / "gpu.json"
    small = ("--device", "cpu", "--size", 16, "--width", 2, "--batches", 2, "--places", 64, "--repeats", 1)
    done = run("benchmarks/gpu.py", *small, "--out", out)
    assert done.returncode == 0, done.stderr
    values = json.loads(out.read_text())
    assert len(values["cycles"]) == 2
    assert len(values["attention"]) == 12
    assert all(row.get("seconds", 1) > 0 for row in values["cycles"])
    assert [row["form"] for row in values["attention"] if "error" in row] != [
        row["form"] for row in values["attention"]
    ]
