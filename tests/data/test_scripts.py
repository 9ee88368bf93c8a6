import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from ssagan_lite.cli.options import end_well
from ssagan_lite.data.clips import ClipDataset
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.sources import open_clips
from ssagan_lite.data.video import write_video
from ssagan_lite.errors import InputError

SCRIPTS = Path(__file__).parents[2] / "data_scripts"


def run(monkeypatch, script, *arguments):
    """Run a script as its own program, in this process."""
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    runpy.run_path(str(SCRIPTS / script), run_name="__main__")


@pytest.mark.parametrize("script", ["prepare_samples.py", "make_synthetic.py", "pack_videos.py"])
def test_help_teaches(monkeypatch, capsys, script):
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, script, "--help")
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    for word in ("--out", "--size", "--frames", "--force", "ssagan train"):
        assert word in printed


def test_make_synthetic(monkeypatch, capsys, tmp_path):
    options = ("--count", 40, "--size", 16, "--frames", 2, "--test-fraction", 0.25)
    run(monkeypatch, "make_synthetic.py", "--out", tmp_path / "a", *options)
    run(monkeypatch, "make_synthetic.py", "--out", tmp_path / "b", *options)
    run(monkeypatch, "make_synthetic.py", "--out", tmp_path / "c", *options, "--seed", 1)
    made, again, other = (ClipDataset(tmp_path / name) for name in "abc")
    assert (len(made), made.size, made.frames, len(ClipDataset(tmp_path / "a", "test"))) == (40, 16, 2, 10)
    assert made.manifest["shards"] == again.manifest["shards"]
    assert made.manifest["shards"] != other.manifest["shards"]
    assert not np.array_equal(made[0], made[32])  # the second chunk is not the first again
    assert "40 clips of 2 frames, 16 x 16" in capsys.readouterr().out


def test_pack_videos(monkeypatch, capsys, tmp_path):
    for number in range(12):
        write_video(tmp_path / "skies" / f"sky {number}.mp4", np.full((9, 16, 16, 3), 20 * number, np.uint8))
    write_video(tmp_path / "skies" / "short.mp4", np.zeros((2, 16, 16, 3), np.uint8))
    run(monkeypatch, "pack_videos.py", tmp_path / "skies", "--out", tmp_path / "set", "--size", 16, "--frames", 4)
    made, test = ClipDataset(tmp_path / "set"), ClipDataset(tmp_path / "set", "test")
    assert (len(made), made.frames) == (24, 4)
    assert len(test) % 2 == 0
    assert len(test) > 0
    assert not set(test.sources) & set(ClipDataset(tmp_path / "set", "train").sources)
    assert set(test.sources) <= set(open_clips(tmp_path / "skies", 16, 4, split="test").sources)
    printed = capsys.readouterr().out
    assert f"{24 - len(test)} clips to train on and {len(test)} to test" in printed
    assert "left out: short" in printed


def test_prepare_samples(monkeypatch, tmp_path):
    try:
        load_samples("real")
    except InputError as error:
        pytest.skip(f"the real samples are not available: {error}")
    run(monkeypatch, "prepare_samples.py", "--out", tmp_path / "set", "--size", 8, "--frames", 2)
    packed = ClipDataset(tmp_path / "set")
    assert (len(packed), packed.size, packed.frames, packed.sources[7]) == (48, 8, 2, "real-07")


def test_bad_input_is_one_sentence_and_exit_code_2(monkeypatch, capsys, tmp_path):
    (tmp_path / "photo.txt").touch()
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, "make_synthetic.py", "--out", tmp_path, "--count", 1, "--force")
    assert caught.value.code == 2
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert "photo.txt, which would be lost; choose another name" in sentence
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, "make_synthetic.py", "--out", tmp_path / "set", "--count", 0)
    assert caught.value.code == 2
    assert "above 0" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["photo.txt"]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (InputError("The file is not there; give another."), 2, "The file is not there; give another.\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (KeyboardInterrupt("stopped after step 3"), 130, "stopped after step 3\n"),
    ],
)
def test_scripts_end_in_a_sentence(error, status, said, capsys):
    def main():
        raise error

    with pytest.raises(SystemExit) as stopped:
        end_well(main)
    assert (stopped.value.code, capsys.readouterr().err) == (status, said)
