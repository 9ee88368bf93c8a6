"""`ssagan reproduce` as a person runs it: from clips to the table, in one command."""

import json
import os
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ssagan_lite.cli import main
from ssagan_lite.data.clips import ClipDataset
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError

PREPARE = Path(__file__).parents[2] / "data_scripts" / "prepare_beach.py"
FEW = ["--steps", "2", "--batch", "4", "--clips", "8", "--test-clips", "4", "--device", "cpu"]


@pytest.fixture(autouse=True, scope="module")
def without_curves():
    """Drawing the curves takes longer than these runs; tests/training looks at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ssagan_lite.training.fit.draw_curves", lambda *_: None)
        yield


def reproduce(*arguments) -> int:
    return main(["reproduce", *map(str, arguments)])


def refused(capsys, *arguments) -> str:
    assert reproduce(*arguments) == 2
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return printed.err


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with Table 3 made from procedural skies."""
    folder = tmp_path_factory.mktemp("made")
    assert reproduce("table3", "--out", folder, *FEW) == 0
    return folder


@pytest.fixture(scope="module")
def beach(tmp_path_factory) -> Path:
    """A set packed from JPEGs in the layout of VGAN's beach: 16 videos of one clip, half of them test."""
    folder = tmp_path_factory.mktemp("beach")
    skies = synthetic_clips(16, 32, 32, seed=0).frames.repeat(4, axis=2).repeat(4, axis=3)  # (16, 32, 128, 128, 3)
    for number, sky in enumerate(skies):
        file = folder / "jpegs" / f"{number:010d}.mp4" / "0000.jpg"
        file.parent.mkdir(parents=True)
        Image.fromarray(sky.reshape(-1, 128, 3)).save(file, quality=90)
    argv = [str(PREPARE), str(folder / "jpegs"), "--out", str(folder / "set"), "--size", "16", "--workers", "1"]
    before, sys.argv = sys.argv, [*argv, "--test-fraction", "0.5"]
    try:
        runpy.run_path(str(PREPARE), run_name="__main__")
    finally:
        sys.argv = before
    return folder / "set"


@pytest.mark.paper("Table 3")
def test_table_3_from_nothing_to_the_text(made):
    found = json.loads((made / "table3.json").read_text())
    names = ["copy-first", "fading-copy", "mdgan-stage1", "mdgan-stage2", "ours-a", "ours-b-second", "ours-b-both"]
    assert list(found["rows"]) == names
    assert list(found["training"]) == names[2:]
    assert found["training"]["ours-b-both"]["stage1"] == "ours-a"
    assert all(run["steps"] == 2 and run["batch"] == 4 and run["seconds"] > 0 for run in found["training"].values())
    assert found["rows"]["ours-a"]["poster"]["psnr"] == 24.91
    assert (found["scored_clips"], found["drawn_clips"], found["frames"], found["train_data"]) == (4, 8, 8, "synthetic")
    assert sorted(folder.name for folder in (made / "runs").iterdir()) == sorted(names[2:])
    text = (made / "table3.md").read_text()
    assert "Ours (b) with attention in both stages" in text
    assert "8 procedural skies of other seeds" in text


def test_what_will_be_committed_is_small_and_names_no_machine(made):
    text = (made / "table3.json").read_text()
    assert len(text) < 60_000
    assert str(made.parent) not in text
    assert not re.search(r'"/|[ "=]/\w', text)
    assert not re.search(r"\d\.\d{12,}", text), "five digits that count"
    assert "NaN" not in text


def test_a_second_command_refuses_a_third_trains_only_what_is_missing(made, capsys):
    assert "--force" in refused(capsys, "table3", "--out", made, *FEW)
    assert "other settings (seed)" in refused(capsys, "table4", "--out", made, *FEW, "--seed", 5)
    assert "a run of 2 steps, not 3" in refused(capsys, "table4", "--out", made, *FEW[2:], "--steps", 3)
    before = {path: path.stat().st_mtime_ns for path in made.rglob("last.pt")}
    assert reproduce("table4", "--out", made, *FEW, "--dry-run") == 0
    plan = capsys.readouterr().out
    assert re.search(r"vgan +2 steps\n", plan)
    assert re.search(r"ours-b-both +trained, on top of ours-a\n", plan)
    assert {path: path.stat().st_mtime_ns for path in made.rglob("last.pt")} == before
    assert reproduce("table4", "--out", made, *FEW, "--models", "vgan,ours-a") == 0
    assert list(json.loads((made / "table4.json").read_text())["rows"]) == ["copy-first", "vgan", "ours-a"]
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.paper("Table 4")
def test_table_4_from_the_beach(beach, tmp_path, capsys):
    out = tmp_path / "out"
    assert len(ClipDataset(beach, split="train")) >= 4
    assert reproduce("table4", "--data", beach, "--out", out, *FEW) == 0
    found = json.loads((out / "table4.json").read_text())
    names = ["copy-first", "fading-copy", "recurrent", "vgan", "mdgan-stage2", "ours-a", "ours-b-second", "ours-b-both"]
    assert list(found["rows"]) == names
    assert found["data"] == found["train_data"] == "set"
    assert str(beach.parent) not in (out / "table4.json").read_text() + (out / "table4.md").read_text()
    printed = capsys.readouterr().out
    assert "PSNR, range 1" in printed
    assert "after 5 critic steps, with recurrent GAN (in the spirit of RNN-GAN) and VGAN after 1." in printed
    assert "no source video lies on both sides" in printed


@pytest.mark.paper("Fig. 1")
@pytest.mark.paper("Fig. 4")
def test_figures_share_the_runs_of_a_table(made, tmp_path, capsys):
    ours = made / "runs" / "ours-a"
    assert reproduce("figure4", "--out", tmp_path, *FEW, "--checkpoint", f"ours-a={ours}") == 0
    found = json.loads((tmp_path / "figure4.json").read_text())
    assert list(found["rows"]) == ["ours-a", "gate-one", "gate-released"]
    assert found["training"]["ours-a"] == {"given": "ours-a"}
    assert not (tmp_path / "runs" / "ours-a").exists()
    before = sorted(path.name for path in (made / "runs").iterdir())
    assert reproduce("figure1", "--out", made, *FEW) == 0
    assert sorted(path.name for path in (made / "runs").iterdir()) == before
    assert (made / "figure1.png").exists()
    assert (made / "figure1.mp4").exists()


def test_samples_are_scored_and_never_trained_on(tmp_path, capsys):
    try:
        load_samples("mdgan-stage2")
    except InputError as error:
        pytest.skip(str(error))
    models = "mdgan-stage1-published,mdgan-stage2-published,ours-a"
    assert reproduce("table3", "--data", "samples", "--out", tmp_path, "--models", models, *FEW) == 0
    found = json.loads((tmp_path / "table3.json").read_text())
    assert list(found["rows"])[1:3] == ["mdgan-stage1-published", "mdgan-stage2-published"]
    assert found["train_data"] == "synthetic"
    real = found["rows"]["mdgan-stage1-published"]["frames_1_on"]["psnr"]["value"]
    assert 15 < real < 35, "the clips and the predictions belong together"
    assert "no training split" in capsys.readouterr().out


def test_ctrl_c_says_how_to_go_on(made, tmp_path, capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("ssagan_lite.reproduction.runs.Runs.train", stop)
    assert reproduce("table3", "--out", tmp_path / "new", *FEW) == 130
    assert "give the same command again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["table3", "--models", "ours"], "no row 'ours'"),
        (["table3", "--checkpoint", "ours-a"], "NAME=PLACE"),
        (["table3", "--checkpoint", "copy-first=x"], "no trained row 'copy-first'"),
        (["table3", "--checkpoint", "ours-a=nowhere"], "nowhere"),
        (["table3", "--steps", "0"], "--steps must be 1 or more"),
        (["table3", "--data", "nowhere"], "no clips at nowhere"),
        (["table3", "--folders", "real=x"], "belong to table2"),
        (["table2", "--folders", "real=x", "--answers", "y.json"], "give one of them"),
        (["table2", "--answers", "nowhere.json"], "nowhere.json"),
        (["table2", "--folders", "ours=x"], "give these four"),
        (["table5"], "table5"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(arguments, said, tmp_path, capsys):
    models = [] if {"--models", "--folders", "--answers"} & set(arguments) or "2" in arguments[0] else FEW
    models = [*models, "--models", "ours-a"] if models else []
    models = models if "--steps" not in arguments else models[2:]
    error = refused(capsys, *arguments, "--out", tmp_path / "out", *models)
    assert said in error
    assert error.count("ssagan: ") == 1
    assert not (tmp_path / "out" / "runs" / "ours-a").exists()


@pytest.mark.paper("Table 2")
def test_table_2_from_runs_to_pages(made, capsys):
    assert reproduce("table2", "--out", made, *FEW) == 0
    assert len(list(made.glob("study-*.html"))) == 5
    for name in ("ours", "mdgan-stage1", "mdgan-stage2", "real"):
        assert [file.name for file in sorted((made / "clips" / name).iterdir())] == [f"{n:04d}.mp4" for n in range(4)]
    assert "Each person opens" in capsys.readouterr().out
    assert "exists already" in refused(capsys, "table2", "--out", made, *FEW)


def test_table_2_from_folders_to_pages(tmp_path, capsys):
    clips = synthetic_clips(3, 16, 8, seed=3).frames
    folders = []
    for number, name in enumerate(("ours", "mdgan-stage1", "mdgan-stage2", "real")):
        for index, clip in enumerate(clips):
            place = tmp_path / name / f"clip{index}"
            place.mkdir(parents=True)
            for time, frame in enumerate(np.roll(clip, 2 * number, axis=2)):
                Image.fromarray(frame).save(place / f"frame_{time:04d}.png")
        folders.append(f"{name}={tmp_path / name}")
    assert reproduce("table2", "--folders", *folders, "--out", tmp_path / "pages") == 0
    assert len(list((tmp_path / "pages").glob("*.html"))) == 5
    assert "Each person opens" in capsys.readouterr().out
    assert os.listdir(tmp_path / "pages")
