"""Runs are trained once, go on where they broke off, and are refused where they are others."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from ssagan_lite.data.clips import write_clips
from ssagan_lite.errors import InputError
from ssagan_lite.reproduction.clips import open_test_clips, training_source
from ssagan_lite.reproduction.rows import ROWS, rows_of, to_train
from ssagan_lite.reproduction.runs import Runs, Settings, like_the_learned_gate, seconds_of

SETTINGS = Settings(data="synthetic", size=16, width=2, steps=3, batch=4, clips=8, device="cpu")
ROW = ROWS["ours-a"]


@pytest.fixture(autouse=True, scope="module")
def without_curves():
    """Drawing the curves takes longer than these runs; tests/training looks at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ssagan_lite.training.fit.draw_curves", lambda *_: None)
        yield


class Stopping:
    """Clips of which one is read as Ctrl-C is pressed."""

    def __init__(self, clips, at: int):
        self.clips, self.at, self.read = clips, at, 0

    def __len__(self):
        return len(self.clips)

    def __getitem__(self, index):
        self.read += 1
        if self.read == self.at:
            os.kill(os.getpid(), signal.SIGINT)
        return self.clips[index]


def weights(runs: Runs) -> dict[str, torch.Tensor]:
    return runs.generator(ROW).state_dict()


def test_first_stages_are_trained_first_and_nothing_twice():
    names = [row.name for row in to_train(rows_of("table3", "synthetic"), {})]
    assert names == ["mdgan-stage1", "mdgan-stage2", "ours-a", "ours-b-second", "ours-b-both"]
    rows = rows_of("table4", "synthetic", "ours-b-both,vgan")
    assert [row.name for row in rows] == ["copy-first", "vgan", "ours-b-both"]
    assert [row.name for row in to_train(rows, {})] == ["vgan", "ours-a", "ours-b-both"]
    assert [row.name for row in to_train(rows, {"ours-b-both": "file"})] == ["vgan"]
    assert [row.name for row in to_train(rows, {"ours-a": "file"})] == ["vgan", "ours-b-both"]
    assert "mdgan-stage2-published" in [row.name for row in rows_of("table3", "samples")]
    with pytest.raises(InputError, match="no row 'ours'"):
        rows_of("table3", "synthetic", "ours")


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path):
    whole, stopped = Runs(tmp_path / "whole", SETTINGS), Runs(tmp_path / "stopped", SETTINGS)
    expected = weights(whole)
    stopped._clips = Stopping(stopped.clips(), at=10)
    with pytest.raises(KeyboardInterrupt):
        stopped.train(ROW)
    assert stopped.done(ROW) == 1
    again = Runs(tmp_path / "stopped", SETTINGS)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights(again).items())
    assert again.done(ROW) == 3
    assert seconds_of(tmp_path / "stopped" / "ours-a") > 0


def test_what_is_trained_is_not_trained_again_and_other_settings_are_refused(tmp_path):
    runs = Runs(tmp_path, SETTINGS)
    checkpoint = runs.train(ROW) / "checkpoints" / "last.pt"
    before = checkpoint.stat().st_mtime_ns
    again = Runs(tmp_path, SETTINGS)
    again.train(ROW)
    assert checkpoint.stat().st_mtime_ns == before
    assert again._clips is None, "no clip is opened for what is trained"
    with pytest.raises(InputError, match=r"other settings \(seed\)"):
        Runs(tmp_path, replace(SETTINGS, seed=1)).check([ROW])
    for steps in (2, 4):
        with pytest.raises(InputError, match=rf"a run of 3 steps, not {steps}"):
            Runs(tmp_path, replace(SETTINGS, steps=steps)).check([ROW])
    checkpoint.unlink()  # killed before the first checkpoint was written
    again = Runs(tmp_path, SETTINGS)
    assert again.done(ROW) == 0
    again.train(ROW)
    assert again.done(ROW) == 3


def test_weights_that_are_given_stand_for_a_run(tmp_path):
    first = Runs(tmp_path / "one", SETTINGS)
    file = first.train(ROW)
    runs = Runs(tmp_path / "two", SETTINGS, {"ours-a": str(file)})
    expected = weights(first)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights(runs).items())
    stages = runs.generator(ROWS["ours-b-both"])
    assert torch.equal(next(stages.stage1.parameters()), next(runs.generator(ROW).parameters()))
    assert not (tmp_path / "two" / "ours-a").exists()
    with pytest.raises(InputError, match="of 16 pixels, and here they have 32"):
        Runs(tmp_path / "three", replace(SETTINGS, size=32), {"ours-a": str(file)}).generator(ROW)


@pytest.mark.paper("Without gamma")
@pytest.mark.parametrize("name", ["gate-one", "gate-released"])
def test_gates_begin_with_the_same_weights(tmp_path, name):
    runs = Runs(tmp_path, SETTINGS)
    torch.manual_seed(0)
    learned = runs._maker(ROW, runs.configuration(ROW))(runs.configuration(ROW))
    torch.manual_seed(0)
    other = like_the_learned_gate(runs.configuration(ROWS[name]))
    for network in ("generator", "discriminator"):
        ours, theirs = getattr(learned, network).state_dict(), getattr(other, network).state_dict()
        shared = ours.keys() & theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in shared)
        assert {key.split(".")[-1] for key in ours.keys() - shared} <= {"gamma"}


def test_nothing_is_trained_on_what_is_scored(tmp_path):
    assert training_source("samples") == "synthetic"
    assert training_source("samples", "somewhere") == "somewhere"
    assert training_source("synthetic") == "synthetic"
    with pytest.raises(InputError, match="cannot be trained on and scored"):
        training_source("samples", "samples")
    clips = np.random.default_rng(0).integers(0, 256, (6, 8, 16, 16, 3), dtype=np.uint8)
    only_test = write_clips(tmp_path / "test", clips, sources="abcdef", split="test")
    assert training_source(str(only_test)) == "synthetic"
    both = write_clips(
        tmp_path / "both", clips, sources="abcdef", split=dict.fromkeys("abc", "train") | dict.fromkeys("def", "test")
    )
    assert training_source(str(both)) == str(both)
    assert len(open_test_clips(str(both), 16, 8, None)) == 3
    some = open_test_clips(str(only_test), 16, 8, 4)
    assert [some[i].tobytes() for i in range(4)] == [clips[i].tobytes() for i in some.indices]
    with pytest.raises(InputError, match="two or more"):
        open_test_clips("synthetic", 16, 8, 1)
    drawn, trained = open_test_clips("synthetic", 16, 8, 8), Runs(tmp_path, SETTINGS).clips()
    assert not {drawn[i].tobytes() for i in range(8)} & {trained[i].tobytes() for i in range(8)}
