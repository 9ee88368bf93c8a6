"""The commands as a person runs them: what they print, what they leave behind, and how they refuse."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from ssagan_lite import __version__
from ssagan_lite.cli import COMMANDS, main
from ssagan_lite.data.clips import write_clips
from ssagan_lite.data.sources import open_clips
from ssagan_lite.data.video import read_video, write_video

TINY = ["--size", "16", "--width", "2", "--batch", "4", "--critic-steps", "1", "--device", "cpu"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder of two steps on procedural skies."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    train = ["train", "--preset", "smoke", "--data", "synthetic", "--clips", "8", "--steps", "2", "--out", str(folder)]
    assert main([*train, *TINY]) == 0
    return folder


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 44, 3), dtype=np.uint8)).save(path)
    return path


def refused(capsys, *arguments: str) -> str:
    """The one sentence with which a command refuses; status 2, nothing on standard output, no traceback."""
    assert main([str(argument) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    sentences = [line for line in printed.err.splitlines() if line.startswith("ssagan: ")]
    assert len(sentences) == 1
    assert sentences[0].endswith((".", ")"))
    return sentences[0]


def test_help_lists_every_command_with_examples(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert "ssagan predict photo.jpg --out sky.mp4" in text
    assert main([]) == 0
    assert capsys.readouterr().out == text
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_explains_every_option(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "usage: ssagan" in capsys.readouterr().out


def test_help_does_not_wait_for_slow_libraries():
    code = "import sys, ssagan_lite.cli as cli; cli.main(['--help']); print(*sys.modules, file=sys.stderr)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr.split()
    assert "ssagan_lite.cli" in loaded
    assert not {"lightning_fabric", "cv2", "tyro", "matplotlib"} & set(loaded)


def test_predict_from_a_run_keeps_the_photos_aspect(run, photo, tmp_path, capsys):
    clip = tmp_path / "sky.mp4"
    assert main(["predict", str(photo), "--checkpoint", str(run), "--out", str(clip), "--size", "88", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["height"], told["width"]) == (8, 60, 88)
    assert read_video(clip).shape == (8, 60, 88, 3)


def test_predict_refuses_to_overwrite_unless_forced(run, photo, tmp_path, capsys):
    clip = tmp_path / "sky.gif"
    clip.write_bytes(b"precious")
    arguments = ["predict", photo, "--checkpoint", run, "--out", clip, "--size", "32"]
    assert "--force" in refused(capsys, *arguments)
    assert clip.read_bytes() == b"precious"
    assert main([*map(str, arguments), "--force"]) == 0
    assert read_video(clip).shape[0] == 8


def test_train_resumes_and_refuses_another_run(run, capsys):
    again = ["train", "--preset", "smoke", "--clips", "8", *TINY, "--out", run]
    assert "--resume" in refused(capsys, *again, "--steps", "2")
    assert "learning_rate" in refused(capsys, *again, "--resume", "--learning-rate", "1")
    assert main([*map(str, again), "--resume", "--steps", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["last"]["step"] == 3


def test_dry_run_prints_table_1_and_the_parameters_and_trains_nothing(tmp_path, capsys):
    folder = tmp_path / "run"
    assert main(["train", "--preset", "paper", "--dry-run", "--out", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "52,319,370" in text
    assert "11,164,032" in text
    assert "(512, 2, 4, 4) + attention" in text
    assert not folder.exists()


def test_dry_run_shows_what_the_wind_adds_to_table_1(capsys):
    assert main(["train", "--preset", "smoke", "--model", "wind", "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["shapes"]["deconv3"] == [10, 8, 16, 16]


def test_evaluate_a_run_beside_copy_first(run, capsys):
    command = ["evaluate", "--data", "synthetic", "--clips", "3", "--model", str(run), "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["scores"]) == {str(run), "copy-first"}
    assert told["scores"]["copy-first"]["motion_energy_ratio"] == 0
    assert told["scores"]["copy-first"]["all_frames"]["identical_frames"] == 3
    assert (told["size"], told["frames"]) == (16, 8)


def test_a_run_that_was_trained_on_the_samples_is_told_so(run, tmp_path, capsys, monkeypatch):
    trained = tmp_path / "run"
    shutil.copytree(run, trained)
    config = json.loads((trained / "config.json").read_text())
    (trained / "config.json").write_text(json.dumps(config | {"data": str(tmp_path / "set")}))
    clips = np.zeros((2, 8, 16, 16, 3), np.uint8)
    write_clips(
        tmp_path / "set", clips, sources=["a", "b"], split="test", notes={"data": "MD-GAN sample outputs: real"}
    )
    command = ["evaluate", "--data", str(tmp_path / "set"), "--model", str(trained)]
    assert main(command) == 0
    assert "NO TEST" in capsys.readouterr().out
    assert main([*command[:3], "--model", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trained_on_these_clips"] is False


def test_a_sky_that_stands_still_makes_sound_json(tmp_path, capsys):
    for name in "ab":
        write_video(tmp_path / f"{name}.mp4", np.full((32, 32, 32, 3), 90, np.uint8))
    command = ["evaluate", "--data", str(tmp_path), "--model", "copy-first", "--size", "32", "--json"]
    assert main(command) == 0

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    scores = json.loads(capsys.readouterr().out, parse_constant=refuse)["scores"]["copy-first"]
    assert scores["frames_1_on"]["psnr"] is None
    assert scores["flow_magnitude_ratio"] is None


def test_evaluate_prints_a_table_with_its_conventions(capsys):
    assert main(["evaluate", "--data", "synthetic", "--clips", "2", "--size", "32", "--model", "fading-copy"]) == 0
    text = capsys.readouterr().out
    for words in ("fading-copy", "copy-first", "PSNR", "data range 2", "identical frames"):
        assert words in text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["fly"], "fly"),
        (["train", "--preset", "huge"], "huge"),
        (["train", "--data", "no-such-folder", "--out", "never"], "no-such-folder"),
        (["train", "--preset", "smoke", "--clips", "3", "--out", "never"], "batch"),
        (["predict", "missing.jpg", "--out", "sky.mp4"], "missing.jpg"),
        (["predict", "photo.jpg", "--out", "sky.xyz"], ".xyz"),
        (["evaluate", "--data", "synthetic", "--model", "mdgan-stage1"], "samples"),
        (["evaluate", "--data", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(arguments, named, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert named in refused(capsys, *arguments)
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_a_model_that_is_not_there_is_named(photo, tmp_path, capsys):
    assert "sky-99" in refused(capsys, "predict", photo, "--out", tmp_path / "sky.mp4", "--checkpoint", "sky-99")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--stepps", "3"], "--stepps, 3 (did you mean --steps?); see ssagan train --help."),
        (["predict"], "PATH and --out must be given; see ssagan predict --help."),
        (["predict", "photo.jpg"], "--out must be given"),
        (["train", "--steps", "many"], "--steps: invalid literal for int() with base 10: 'many'"),
        (["train", "--size", "100"], "size 100 is not one that Table 1 can be cut to; choose 128, 64, 32 or 16;"),
        (["train", "--attention", "conv99"], "attention cannot follow conv99"),
        (["train", "--steps", "0"], "steps must be 1 or more, not 0"),
        (["train", "--learning-rate", "nan"], "learning_rate must be above 0, not nan"),
        (["train", "--betas", "2", "3"], "betas must be two numbers from 0 up to, but not, 1"),
        (["train", "--content-weight", "inf"], "content_weight must be 0 or more, not inf"),
        (["train", "--seed", "-1"], "seed must be"),
        (["train", "--workers", "-1"], "workers must be"),
        (["train", "--model", "stylegan"], "there is no model 'stylegan' to train; choose one of ssagan, mdgan-stage1"),
        (["evaluate", "--clips", "few"], "--clips"),
    ],
)
def test_options_that_cannot_be_used_are_said_in_one_sentence(arguments, sentence, capsys):
    assert sentence in refused(capsys, *arguments)


@pytest.mark.parametrize(
    "option", [["--device", "cuda"], ["--gate", "door"], ["--backend", "flash"], ["--reduction", "7"]]
)
def test_a_run_that_cannot_start_leaves_no_folder_in_the_way(option, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    train = ["train", "--preset", "smoke", "--clips", "8", "--steps", "1", "--out", tmp_path / "run", *TINY]
    assert option[1] in refused(capsys, *train, *option)
    assert not (tmp_path / "run").exists()


def test_resuming_survives_a_line_that_was_cut_short_and_refuses_damage(run, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    with (folder / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 3, "crit\xff')
    steps = len((run / "metrics.jsonl").read_text().splitlines())
    again = ["train", "--preset", "smoke", "--clips", "8", *TINY, "--out", folder, "--resume", "--steps"]
    assert f"{steps} steps behind it" in refused(capsys, *again, "1")
    assert main([*map(str, again), str(steps + 1)]) == 0
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == steps + 1
    capsys.readouterr()
    before = (folder / "config.json").read_bytes()
    for broken in (b"{", b"", b"3", b"\xff"):
        (folder / "config.json").write_bytes(broken)
        assert "config.json is damaged" in refused(capsys, *again, "9")
    (folder / "config.json").write_bytes(before)
    for state in ({}, [], {"step": "x"}, {"generator": {}}):
        torch.save(state, folder / "checkpoints" / "last.pt")
        assert "last.pt does not hold the state" in refused(capsys, *again, "9")
    (folder / "checkpoints" / "last.pt").unlink()
    assert "choose another --out" in refused(capsys, *again, "9")
    assert (folder / "config.json").read_bytes() == before, "a refused resumption changes nothing"


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(tmp_path, capsys):
    train = ["train", "--preset", "smoke", "--clips", "8", "--sample-every", "1", *TINY, "--out", tmp_path / "run"]
    sentence = refused(capsys, *train, "--steps", "50", "--learning-rate", "1e30")
    assert "Lower --learning-rate" in sentence
    assert "at step" in sentence


def test_a_slash_at_the_end_means_a_folder_and_loses_no_file(run, photo, tmp_path, capsys):
    (tmp_path / "sky.mp4").write_bytes(b"precious")
    predict = ["predict", photo, "--checkpoint", run, "--size", "32", "--out"]
    assert "sky.mp4" in refused(capsys, *predict, f"{tmp_path}/sky.mp4/", "--force")
    assert (tmp_path / "sky.mp4").read_bytes() == b"precious"
    assert main([*map(str, predict), f"{tmp_path}/frames/"]) == 0
    assert len(list((tmp_path / "frames").iterdir())) == 8


@pytest.mark.parametrize("option", [["--fps", "0"], ["--fps", "nan"], ["--fps", "1e9"], ["--size", "5000"]])
def test_speeds_and_sizes_without_sense_are_refused_before_any_work(option, photo, run, tmp_path, capsys):
    refused(capsys, "predict", photo, "--checkpoint", run, "--out", tmp_path / "sky.mp4", *option)
    assert not (tmp_path / "sky.mp4").exists()


def test_clips_that_are_left_out_are_named(run, tmp_path, capsys, caplog):
    for name, frames in (("good", 8), ("short", 2)):
        write_video(tmp_path / "clips" / f"{name}.mp4", np.zeros((frames, 16, 16, 3), np.uint8))
    clips = open_clips(tmp_path / "clips", 16, 8, split=None)
    assert len(clips) == 1
    assert "1 clip(s)" in caplog.text
    assert "short.mp4" in caplog.text


def test_a_user_that_does_not_exist_is_a_name_like_any_other(capsys):
    assert "~nobody-of-this-name/a.jpg does not exist" in refused(
        capsys, "predict", "~nobody-of-this-name/a.jpg", "--out", "never.mp4"
    )


def test_a_full_disk_is_said_in_a_sentence(run, photo, tmp_path, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", str(tmp_path / "sky.mp4"))

    monkeypatch.setattr("ssagan_lite.cli.predict.write_video", full)
    sentence = refused(capsys, "predict", photo, "--checkpoint", run, "--out", tmp_path / "sky.mp4")
    assert "No space left on device" in sentence
    assert "sky.mp4" in sentence


def test_ctrl_c_says_so_and_ends_with_130(capsys, monkeypatch, photo, tmp_path):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ssagan_lite.cli.predict.load_generator", interrupted)
    assert main(["predict", str(photo), "--out", str(tmp_path / "sky.mp4")]) == 130
    assert capsys.readouterr().err.strip() == "stopped."
