"""The loop: what it updates, what it keeps, and that it goes on exactly where it stopped."""

import json
import math
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from ssagan_lite.data.run_folder import RunFolder
from ssagan_lite.data.video import read_video
from ssagan_lite.errors import InputError
from ssagan_lite.training import devices
from ssagan_lite.training.checkpoint import load_checkpoint, restore_random_numbers, save_checkpoint
from ssagan_lite.training.fit import check_finite, fit
from ssagan_lite.training.systems import SSAGAN

ROOT = Path(__file__).resolve().parents[2]


def metrics(run) -> list[dict]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def same(first, second) -> bool:
    """Equality of nested checkpoints."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


@pytest.fixture
def run(config, clips):
    return fit(config, clips)


def test_a_run_leaves_config_metrics_samples_and_a_checkpoint(run, config):
    written = json.loads((run / "config.json").read_text())
    assert written["generator"]["width"] == 2
    assert written["batch"] == 4
    lines = metrics(run)
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    for key in ("critic/loss", "critic/real_logit", "critic/fake_logit", "generator/loss", "generator/content"):
        assert all(math.isfinite(line[key]) for line in lines)
    assert {key for key in lines[0] if key.startswith("gamma/")} == {
        f"gamma/{name}" for name in config.generator.attended
    }
    assert sorted(path.name for path in (run / "samples").iterdir()) == ["step-000002.mp4", "step-000004.mp4"]
    video = read_video(run / "samples" / "step-000004.mp4")
    assert video.shape == (8, 32, 64, 3)
    assert not list(run.rglob("*.part"))
    assert sorted(path.name for path in run.iterdir()) == [
        "checkpoints",
        "config.json",
        "curves.png",
        "metrics.jsonl",
        "samples",
    ]


def test_the_samples_show_the_real_clips_above(run, clips):
    video = read_video(run / "samples" / "step-000002.mp4").astype(float)
    real = np.concatenate(clips[:4], axis=2)
    above, below = (np.abs(half - real).mean() for half in (video[:, :16], video[:, 16:]))
    assert above < 0.5 * below


def test_gamma_opens_in_the_first_step(run):
    assert any(line[key] != 0 for line in metrics(run)[:1] for key in line if key.startswith("gamma/"))


def test_stopped_and_resumed_is_bit_identical_to_uninterrupted(config, clips, tmp_path):
    whole = fit(config, clips)
    halves = config.replace(out=str(tmp_path / "halves"))
    fit(halves.replace(steps=2), clips)
    resumed = fit(halves, clips, resume=True)
    assert metrics(resumed) == metrics(whole)
    states = [load_checkpoint(run / "checkpoints" / "last.pt") for run in (whole, resumed)]
    assert same(*states)


def test_lines_after_the_checkpoint_are_dropped_on_resume(config, clips):
    run = fit(config.replace(steps=2), clips)
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 3, "critic/loss": 99}) + "\n")
    fit(config, clips, resume=True)
    assert [line["step"] for line in metrics(run)] == [1, 2, 3, 4]
    assert all(line["critic/loss"] != 99 for line in metrics(run))


class Counting(SSAGAN):
    """Counts what is asked of it, and checks who may learn meanwhile."""

    def __init__(self, config):
        super().__init__(config)
        self.batches, self.frozen = [], []

    def critic_loss(self, real):
        self.batches.append(real.clone())
        self.frozen.append(not any(p.requires_grad for p in self.generator.parameters()))
        return super().critic_loss(real)

    def generator_loss(self, real):
        self.frozen.append(not any(p.requires_grad for p in self.discriminator.parameters()))
        return super().generator_loss(real)


@pytest.mark.paper("Critic steps")
def test_five_critic_steps_on_five_batches_to_a_generator_step(config, clips):
    config = config.replace(critic_steps=5, steps=2, batch=2)
    system = Counting(config)
    fit(config, clips, system=system)
    assert len(system.batches) == 10
    assert len(system.frozen) == 12
    assert all(system.frozen), "only the network being updated requires gradients"
    first_epoch = torch.cat(system.batches[:6]).flatten(1)
    assert len(torch.unique(first_epoch, dim=0)) == 12, "each clip once an epoch"


def test_data_order_depends_on_the_seed_alone(config, clips):
    orders = []
    for seed in (1, 1, 2):
        system = Counting(config.replace(seed=seed))
        fit(config.replace(seed=seed, out=f"{config.out}-{len(orders)}"), clips, system=system)
        orders.append(torch.stack(system.batches))
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])


def test_content_alone_learns_one_clip(config, clips):
    config = config.replace(
        steps=150, critic_steps=1, batch=2, adversarial_weight=0.0, sample_every=150, learning_rate=2e-3
    )
    run = fit(config, [clips[0], clips[1]])
    content = [line["generator/content"] for line in metrics(run)]
    assert content[-1] < 0.3 * content[0]


def test_a_run_folder_is_never_overwritten(run, config, clips):
    before = (run / "metrics.jsonl").read_bytes()
    with pytest.raises(InputError, match="--resume"):
        fit(config, clips)
    assert (run / "metrics.jsonl").read_bytes() == before


def test_another_configuration_is_refused_and_its_keys_named(run, config, clips):
    with pytest.raises(InputError, match=r"batch, learning_rate"):
        fit(config.replace(batch=2, learning_rate=1e-3), clips, resume=True)


def test_nothing_to_resume_is_said(config, clips):
    with pytest.raises(InputError, match="--resume"):
        fit(config, clips, resume=True)
    assert not os.path.exists(config.out)


def test_fewer_clips_than_a_batch_are_refused_before_a_folder_is_made(config, clips):
    with pytest.raises(InputError, match="3 clips do not fill a batch of 4"):
        fit(config, clips[:3])
    assert not os.path.exists(config.out)


def test_clips_of_another_shape_are_refused(config):
    with pytest.raises(InputError, match=r"\(8, 32, 32, 3\).*\(8, 16, 16, 3\)"):
        fit(config, [np.zeros((8, 32, 32, 3), np.uint8)] * 4)
    assert not os.path.exists(config.out)


@pytest.mark.parametrize("damage", ["cut", "bytes", "code", "missing"])
def test_a_damaged_checkpoint_is_named_and_nothing_in_it_runs(run, config, clips, damage, tmp_path):
    file = run / "checkpoints" / "last.pt"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "bytes":
        file.write_bytes(b"hello")  # a KeyError of the unpickler's
    elif damage == "code":
        torch.save({"step": os.system}, file)
    else:
        file.unlink()
    with pytest.raises(InputError, match=r"last\.pt"):
        fit(config, clips, resume=True)


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    path = tmp_path / "last.pt"
    save_checkpoint(path, {"step": 1})

    def full(state, part):
        part.write_bytes(b"half")
        raise OSError(28, "No space left on device", str(part))

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(path, {"step": 2})
    monkeypatch.undo()
    assert load_checkpoint(path)["step"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pt"]


class Interrupted(SSAGAN):
    """Ctrl-C comes in the middle of the third step."""

    def generator_loss(self, real):
        self.steps = getattr(self, "steps", 0) + 1
        if self.steps == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return super().generator_loss(real)


def test_control_c_finishes_the_step_saves_and_goes_on_exactly(config, clips, tmp_path):
    config = config.replace(steps=5, sample_every=50)
    torch.manual_seed(config.seed)
    with pytest.raises(KeyboardInterrupt, match="after step 3"):
        fit(config, clips, system=Interrupted(config))
    stopped = Path(config.out)
    assert load_checkpoint(stopped / "checkpoints" / "last.pt")["step"] == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    fit(config, clips, resume=True)
    whole = fit(config.replace(out=str(tmp_path / "whole")), clips)
    assert metrics(stopped) == metrics(whole)
    ours, theirs = (load_checkpoint(run / "checkpoints" / "last.pt") for run in (stopped, whole))
    assert same(ours | {"random": None}, theirs | {"random": None})  # the interrupted system was made outside of fit()


KILLED = """
import json, os, pickle, signal, sys
import torch
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.fit import check_finite, fit

fields, clips, act = pickle.load(open(sys.argv[1], "rb")), pickle.load(open(sys.argv[2], "rb")), sys.argv[3]
config = TrainConfig(**{**fields, "generator": GeneratorConfig(**fields["generator"])})
config = config.replace(out=config.out + ("-whole" if act == "whole" else ""))
saved, save = [], torch.save

def killed(state, part):
    saved.append(part)
    save(state, part)
    if act == "kill" and len(saved) == 2:
        os.truncate(part, os.path.getsize(part) // 2)
        os.kill(os.getpid(), signal.SIGKILL)

torch.save = killed
fit(config, clips, resume=act == "resume")
"""


def test_killed_in_the_middle_of_a_save_goes_on_exactly(config, clips, tmp_path):
    config = config.replace(steps=5, sample_every=2)
    for name, value in (("config", asdict(config)), ("clips", clips)):
        (tmp_path / name).write_bytes(pickle.dumps(value))
    (tmp_path / "run.py").write_text(KILLED)
    for act, status in (("kill", -signal.SIGKILL), ("resume", 0), ("whole", 0)):
        command = [sys.executable, tmp_path / "run.py", tmp_path / "config", tmp_path / "clips", act]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
        assert done.returncode == status, done.stderr
        if act == "kill":
            assert load_checkpoint(Path(config.out) / "checkpoints" / "last.pt")["step"] == 2
            assert len(metrics(Path(config.out))) == 4, "two lines are ahead of the checkpoint, and will be dropped"
    runs = Path(config.out), Path(config.out + "-whole")
    assert metrics(runs[0]) == metrics(runs[1])
    assert same(*(load_checkpoint(run / "checkpoints" / "last.pt") for run in runs))


class Exploding(SSAGAN):
    """Its loss leaves all bounds, by a factor, in the third step."""

    factor = 1e9

    def generator_loss(self, real):
        self.steps = getattr(self, "steps", 0) + 1
        loss, _ = super().generator_loss(real)
        scale = self.factor if self.steps == 3 else 1.0
        return loss * scale, {"loss": loss * scale}


@pytest.mark.parametrize(("factor", "said"), [(1e9, "exploded"), (math.nan, "is no number any more")])
def test_a_loss_that_leaves_all_bounds_stops_the_run_and_keeps_the_checkpoint(config, clips, factor, said):
    system = Exploding(config)
    system.factor = factor
    with pytest.raises(InputError, match=rf"generator/loss {said} .* at step 3; the checkpoint in .* is from before"):
        fit(config, clips, system=system)
    assert load_checkpoint(Path(config.out) / "checkpoints" / "last.pt")["step"] == 2


def test_only_fp16_may_overflow_its_gradients(run):
    folder, line = RunFolder(run, {}, resume=True), {"generator/loss": 1.0, "gradient/generator": math.inf}
    check_finite(line, 5, folder, fp16=True)
    with pytest.raises(InputError, match="gradient/generator"):
        check_finite(line, 5, folder)
    with pytest.raises(InputError, match="generator/loss"):
        check_finite({"generator/loss": math.nan}, 5, folder, fp16=True)


def test_gradients_flow_ratio_and_curves_are_kept(run):
    lines = metrics(run)
    assert all(line["gradient/generator"] > 0 and line["gradient/discriminator"] > 0 for line in lines)
    assert [line["step"] for line in lines if "motion/flow_ratio" in line] == [2, 4]
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_tensorboard_gets_the_same_curves(config, clips):
    run = fit(config.replace(log="tensorboard"), clips)
    (events,) = (run / "tensorboard").iterdir()
    found = events.read_bytes()
    for name in ("critic/loss", "generator/content", "gamma/conv4", "gradient/generator", "motion/flow_ratio"):
        assert name.encode() in found


def test_tensorboard_that_is_not_installed_is_said(config, clips, monkeypatch):
    def missing(**_):
        raise ModuleNotFoundError("tensorboardX")

    monkeypatch.setattr(devices, "TensorBoardLogger", missing)
    with pytest.raises(InputError, match="pip install tensorboardX"):
        fit(config.replace(log="tensorboard"), clips)
    assert not Path(config.out).exists()


def test_milestones_divide_the_step_size_also_after_a_resume(config, clips, tmp_path):
    config = config.replace(milestones=(1, 3), sample_every=1)
    rates = []
    for steps, resume in ((2, False), (4, True)):
        run = fit(config.replace(steps=steps), clips, resume=resume)
        state = load_checkpoint(run / "checkpoints" / "last.pt")
        rates.append([state[f"{name}_optimizer"]["param_groups"][0]["lr"] for name in ("generator", "discriminator")])
    assert rates == [pytest.approx([2e-5] * 2), pytest.approx([2e-6] * 2)]
    with pytest.raises(InputError, match="milestones"):
        config.replace(milestones=(0,))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_gradient_penalty_works_in_every_precision(config, clips, precision):
    run = fit(config.replace(gradient_penalty=10.0, critic_spectral_norm=True, precision=precision), clips)
    assert all(math.isfinite(line["critic/penalty"]) and line["critic/penalty"] > 0 for line in metrics(run))


def test_a_model_without_its_system_is_not_trained_as_another(config, clips):
    with pytest.raises(InputError, match="vgan needs system=maker"):
        fit(config.replace(model="vgan"), clips)
    assert not os.path.exists(config.out)


def test_fewer_gpus_than_when_it_was_saved_do_not_stop_a_run(monkeypatch):
    had, given = [torch.get_rng_state(), torch.get_rng_state()], []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", given.extend)
    restore_random_numbers({"random": {"cpu": torch.get_rng_state(), "cuda": had}})
    assert len(given) == 1


def test_a_home_folder_in_the_name_is_meant(config, clips, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fit(config.replace(out="~/run"), clips) == tmp_path / "run"


def test_a_folder_into_which_another_process_trains_is_left_alone(run, config, clips):
    hold = (
        "import sys, time, pathlib; from ssagan_lite.data.locking import Lock; lock = Lock(pathlib.Path(sys.argv[1]));"
    )
    code = f"{hold} lock.hold(); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, run], stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:
        assert other.stdout.readline() == "held\n"
        before = (run / "metrics.jsonl").read_bytes()
        with pytest.raises(InputError, match="is being written by another process"):
            fit(config.replace(steps=6), clips, resume=True)
        assert (run / "metrics.jsonl").read_bytes() == before
        other.kill()
    fit(config.replace(steps=6), clips, resume=True)
    assert len(metrics(run)) == 6
