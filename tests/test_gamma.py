"""The gamma study at a very small size: fair pairs, a queue that survives a stop, and what is said at the end."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import gamma
from gamma_study import arms, report, scores
from gamma_study.run import SCALES, Job, Protocol, run, unseen_skies
from ssagan_lite.cli.options import end_well
from ssagan_lite.data.clips import to_float
from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.teach.frames import unpack_clip

ROOT = Path(__file__).resolve().parents[1]
SMALL = Protocol("tiny", GeneratorConfig(size=16, width=2), seeds=2, steps=2, clips=16, unseen=4)
BLOCKS = """
from torch import nn

class Mine(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.mix = nn.Conv3d(channels, channels, (3, 1, 1), padding=(1, 0, 0))
    def forward(self, x):
        return x + self.mix(x)

class TwoArguments(Mine):
    def __init__(self, channels, heads):
        super().__init__(channels)

class Drops(Mine):
    def forward(self, x):
        return x[:, :, ::2]

class Fails(Mine):
    def forward(self, x):
        return x @ x.view(7)

def function(channels):
    return channels
"""


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Give gamma.py some options, at the small size, in one process."""
    monkeypatch.setitem(SCALES, "tiny", SMALL)

    def give(*options):
        given = ["gamma.py", "--processes", "1", "--runs", str(tmp_path / "runs"), *map(str, options)]
        monkeypatch.setattr(sys, "argv", given)
        end_well(gamma.main)

    return give


def system(arm: str, seed: int = 0):
    job = Job(arm, seed, SMALL, Path("unused"))
    return arms.matched_system(job.config, arms.block_of(arm, SMALL.generator))


def parameters(arm: str, seed: int, inside: bool) -> dict[str, torch.Tensor]:
    """The parameters inside or outside the blocks."""
    made = system(arm, seed)
    named = [*made.generator.named_parameters(), *made.discriminator.named_parameters(prefix="critic")]
    return {name: value for name, value in named if (".attention." in name) == inside}


@pytest.mark.parametrize("arm", arms.ARMS)
def test_what_arms_share_is_the_same_and_belongs_to_the_seed(arm):
    usual, ours, other = (parameters(*which, inside=False) for which in (("learned", 0), (arm, 0), (arm, 1)))
    assert usual.keys() == ours.keys()
    assert all(torch.equal(usual[name], ours[name]) for name in usual)
    drawn = [name for name, value in ours.items() if value.std() > 0]
    assert all(not torch.equal(ours[name], other[name]) for name in drawn)
    assert {name for name in ours if name not in drawn} == {name for name in ours if name.endswith("norm.bias")}
    assert all((ours[name] == 0).all() for name in ours if name.endswith("norm.bias"))


def test_shared_weights_are_drawn_as_in_the_package():
    shared = parameters("learned", 3, inside=False)
    for end, mean in (("convolution.weight", 0), ("norm.weight", 1)):
        values = torch.cat([value.flatten() for name, value in shared.items() if name.endswith(end)])
        assert values.mean().item() == pytest.approx(mean, abs=0.005)
        assert values.std().item() == pytest.approx(0.02, rel=0.15)


def test_blocks_differ_by_their_gate_alone():
    inside = {arm: parameters(arm, 0, inside=True) for arm in arms.ARMS}
    assert not inside.pop("none")
    for arm, ours in inside.items():
        same = {name.replace("query.0.", "query."): value for name, value in ours.items() if ".gate." not in name}
        assert all(torch.equal(value, inside["learned"][name]) for name, value in same.items()), arm
    assert all((value == 0).all() for name, value in inside["learned"].items() if "gamma" in name)
    assert not any("gate" in name for name in inside["one"])


@torch.no_grad()
def test_the_scaled_arm_multiplies_the_logits_everywhere():
    usual, scaled = (system(arm).generator.eval() for arm in ("learned", "scaled"))
    block, x = arms.stages(scaled)["conv4"].attention, torch.randn(2, 16, 4, 4, 4)
    before, after = scores.map_numbers(arms.stages(usual)["conv4"].attention, x), scores.map_numbers(block, x)
    assert after["logit_spread"] == pytest.approx(4 * before["logit_spread"], rel=1e-4)  # sqrt(1024 / 64)
    for stage in arms.stages(scaled).values():
        if hasattr(stage, "attention"):
            stage.attention.gate.gamma.fill_(2.0)
    first = torch.rand(2, 3, 16, 16) * 2 - 1
    torch.testing.assert_close(scaled(first), scaled(first.unsqueeze(2).expand(-1, -1, 8, -1, -1)))


def test_queue_resume_and_report(command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command("--arms", "learned", "none")
    printed = capsys.readouterr().out
    assert [line.split()[1] for line in printed.splitlines()[1:-1]] == [
        "learned-0:",
        "none-0:",
        "learned-1:",
        "none-1:",
    ]
    command("--arms", "learned", "none", "one", "--seeds", "1")
    assert "2 of 3 runs are finished, 1 to go" in capsys.readouterr().out
    command("--report")
    made = json.loads(Path("book/results/gamma.json").read_text("utf-8"))
    assert made["seeds_finished"] == {
        "none": 2,
        "learned": 2,
        "one": 1,
        "zero_init_norm": 0,
        "released": 0,
        "scaled": 0,
    }
    assert made["differences"].keys() == made["paired"].keys() == {"none"}
    assert made["arms"].keys() == {"none", "learned", "one"}
    ours, theirs = (made["arms"][arm]["per_seed"]["psnr"] for arm in ("learned", "none"))
    assert made["paired"]["none"]["psnr"]["per_seed"] == pytest.approx(np.subtract(ours, theirs), abs=1e-3)
    assert made["finding"].startswith("psnr of learned minus that of none: ")
    assert made["arms"]["learned"]["attention"].keys() == {"conv4", "conv5", "deconv1", "deconv2"}
    assert made["arms"]["learned"]["gamma"]["1"]["step"] == [1, 2]
    assert made["copy_first"]["flow_ratio"] == 0
    assert made["about"]["data_sha256"]
    assert made["clips"].keys() == {"truth", "learned", "none", "one"}
    assert unpack_clip(made["clips"]["one"]).shape == (8, 16, 16, 3)
    assert made["added"].keys() == {"learned", "one"}
    assert 0 < made["added"]["learned"]["mean"] < 0.01 < made["added"]["one"]["mean"]


def test_a_finished_run_goes_on_to_more_steps(command, tmp_path, capsys):
    command("--arms", "learned", "--seeds", "1")
    command("--arms", "learned", "--seeds", "1", "--steps", "3")
    assert "0 of 1 runs are finished" in capsys.readouterr().out
    record = json.loads((tmp_path / "runs" / "tiny" / "learned-0" / "scores.json").read_text("utf-8"))
    assert record["gamma"]["step"] == [1, 2, 3]


LONG = replace(SMALL, steps=25)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict:
    """The record of a run that was not stopped."""
    job = Job("learned", 0, LONG, tmp_path_factory.mktemp("whole"))
    run(job)
    return job.record()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_stopped_in_the_middle_it_ends_as_if_it_had_not_been(how, whole, tmp_path):
    code = (
        "from pathlib import Path; from gamma_study.queue import *; from gamma_study.run import *\n"
        f"job = Job('learned', 0, {LONG!r}, Path({str(tmp_path)!r}))\n"
        "side_by_side([job], 1, Clock(1))"
    )
    setting = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "experiments")])}
    job = Job("learned", 0, LONG, tmp_path)
    job.folder.parent.mkdir()
    queue = subprocess.Popen([sys.executable, "-c", code], env=setting, stderr=subprocess.DEVNULL)
    metrics, checkpoint = job.folder / "metrics.jsonl", job.folder / "checkpoints" / "last.pt"
    wait_for(lambda: metrics.exists() and len(metrics.read_text("utf-8").splitlines()) >= 2)
    os.kill(queue.pid, getattr(signal, how))
    queue.wait(30)
    wait_for(checkpoint.exists)  # written by the child, which is told by the end of its parent
    assert job.record() is None
    assert 2 <= torch.load(checkpoint, weights_only=True)["step"] < LONG.steps
    run(job)
    assert {**job.record(), "seconds": 0} == {**whole, "seconds": 0}


def wait_for(holds, seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_broken_off_before_the_first_checkpoint_it_starts_again(tmp_path):
    job = Job("none", 0, SMALL, tmp_path)
    job.folder.mkdir(parents=True)
    (job.folder / "config.json").write_text("{}")
    run(job)
    assert job.record()["scores"]["psnr"] > 0


def test_a_block_of_ones_own(command, tmp_path, capsys):
    (tmp_path / "mine.py").write_text(BLOCKS)
    command("--variant", f"{tmp_path}/mine.py:Mine", "--steps", "1")
    command("--variant", f"{tmp_path}/mine.py:Mine", "--steps", "1", "--report")
    (file,) = (tmp_path / "runs" / "tiny").glob("Mine-*.json")
    made = json.loads(file.read_text("utf-8"))
    assert made["seeds_finished"] == {"learned": 2, file.stem: 2}
    assert file.stem in made["paired"]
    assert not made["arms"][file.stem]["attention"]


def test_a_block_of_ones_own_sees_all_frames():
    seen = []

    class Mine(nn.Identity):
        def forward(self, x):
            seen.append(x.shape[2])
            return x

    made = arms.matched_system(Job("Mine", 0, SMALL, Path("unused")).config, lambda channels: Mine(), whole_clips=True)
    made.generate(torch.zeros(2, 3, 8, 16, 16))
    assert seen == [4, 2, 2, 4]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mine.py", "takes a file and a class"),
        ("other.py:Mine", "there is no file"),
        ("mine.py:Yours", "has no class Yours"),
        ("broken.py:Mine", "cannot be run (ZeroDivisionError"),
        ("mine.py:TwoArguments", "cannot be made (TypeError"),
        ("mine.py:function", "a torch.nn.Module is needed"),
        ("mine.py:Drops", "must keep the shape"),
        ("mine.py:Fails", "Fails fails on"),
    ],
)
def test_a_block_that_cannot_be_used_is_told_before_training(command, tmp_path, capsys, monkeypatch, given, said):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(BLOCKS)
    Path("broken.py").write_text("1 / 0")
    with pytest.raises(SystemExit) as stopped:
        command("--variant", given)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not Path("runs").exists()


def test_a_block_that_changes_while_it_waits_is_not_run(tmp_path):
    (tmp_path / "mine.py").write_text(BLOCKS)
    place = f"{tmp_path}/mine.py:Mine"
    job = Job(arms.load_variant(place)[0], 0, SMALL, tmp_path, place)
    (tmp_path / "mine.py").write_text(BLOCKS + "# changed")
    with pytest.raises(InputError, match="was changed"):
        run(job)


@pytest.mark.parametrize("options", [("--seeds", "21"), ("--steps", "-1"), ("--report",)])
def test_options_that_cannot_be(command, capsys, options):
    with pytest.raises(SystemExit) as stopped:
        command(*options)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("share", "degrees", "value"),
    [(0.99375, 9, 3.1109), (0.975, 4, 2.7764), (0.975, 2, 4.3027), (0.975, 1, 12.7062), (0.995, 30, 2.7500)],
)
def test_students_t(share, degrees, value):
    assert report.t_quantile(share, degrees) == pytest.approx(value, abs=2e-4)


def test_the_intervals_of_chapter_10():
    assert report.paired_interval([0.4, -0.1, 0.3, 0.6, 0.3]) == pytest.approx([-0.0166, 0.6166], abs=1e-3)
    low, high = report.bootstrap_interval([0.4, -0.1, 0.3, 0.6, 0.3])
    assert 0 < low < 0.3 < high < 0.6
    assert report.bootstrap_interval([0.2] * 4) == pytest.approx([0.2, 0.2])


def test_sign_flips_are_exact():
    assert report.sign_flips([1, 2, 3]) == 0.25
    assert report.sign_flips([0.3] * 5) == 2 / 32
    d = np.random.default_rng(0).normal(0.3, 1, 10)
    means = np.array([np.mean(d * signs) for signs in product((1, -1), repeat=10)])
    assert report.sign_flips(d) == np.mean(abs(means) >= abs(d.mean()) - 1e-12)


def test_a_finding_says_what_the_intervals_allow():
    assert report.verdict([0.1, 0.3]) == report.verdict([-0.3, -0.1], more_is_better=False) == "gamma helps"
    assert report.verdict([-0.3, -0.1]) == "gamma hurts"
    assert report.verdict([-0.1, 0.3]) == "no difference found"
    assert report.finding({}, "psnr", "dB").startswith("Too few runs")
    runs = {
        arm: {s: record(20 + s + 0.01 * s * up + up) for s in range(3)} for arm, up in (("learned", 1), ("none", 0))
    }
    alone = report.report(runs, seeds=3, width=8)
    assert alone["differences"]["none"] == pytest.approx(1.01 + np.array([-1, 1]) * 4.3027 * 0.01 / 3**0.5, abs=1e-3)
    assert "256 numbers at width 8" in alone["limits"][1]
    made = report.report(runs | {arm: {} for arm in ("one", "zero_init_norm", "released")}, seeds=3, width=4)
    assert "none: gamma helps" in made["finding"]
    assert made["differences"]["none"] == pytest.approx(1.01 + np.array([-1, 1]) * 8.8602 * 0.01 / 3**0.5, abs=1e-3)


def record(psnr: float) -> dict:
    values = dict.fromkeys(report.METRICS, 0.5) | {"psnr": psnr}
    return {"scores": values, "seconds": 1, "attention": {}, "gamma": {"step": [1]}}


def test_flow_is_followed_as_long_as_it_is_known():
    flow, mask = np.zeros((3, 2, 8, 8), np.float32), np.ones((4, 8, 8), bool)
    flow[:, 0] = 1.5
    moved, known = scores.followed_flow(flow, mask, 0, 3)
    assert (moved[..., 0] == 4.5).all()
    assert (moved[..., 1] == 0).all()
    assert (known == (np.arange(8) + 4.5 < 7.5)).all()
    mask[0, 0] = mask[2, 1] = False
    assert not scores.followed_flow(flow, mask, 0, 3)[1][:2].any()


def test_true_flow_tells_the_true_clip_from_a_still():
    skies = unseen_skies(replace(SMALL, generator=GeneratorConfig(size=32, width=1), unseen=8))
    target = to_float(torch.from_numpy(skies.frames))
    still = target[:, :, :1].expand_as(target)
    true, copied = scores.clip_scores(target, target, skies), scores.clip_scores(still, target, skies)
    assert true["end_point_error"] == true["end_point_error_of_true_clip"] < 0.6 * true["end_point_error_of_no_flow"]
    assert copied["end_point_error"] == pytest.approx(copied["end_point_error_of_no_flow"], rel=0.01)


@torch.no_grad()
def test_equal_weights_have_full_entropy():
    block = arms.stages(system("learned").generator)["conv4"].attention
    for parameter in block.query.parameters():
        parameter.zero_()
    numbers = scores.map_numbers(block, torch.randn(2, 16, 4, 16, 16))
    assert numbers["entropy"] == pytest.approx(1)
    assert numbers["distance"] == pytest.approx(0.52, abs=0.01)
    assert numbers["logit_spread"] == 0
