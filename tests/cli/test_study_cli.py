"""`ssagan study` as a person runs it."""

import json

import numpy as np
import pytest

from ssagan_lite.cli import COMMANDS, main
from ssagan_lite.cli import run as run_command
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.data.video import write_video
from ssagan_lite.reproduction.study.simulate import simulate


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    root = tmp_path_factory.mktemp("clips")
    for number, sky in enumerate(synthetic_clips(4, 16, 4, seed=9).frames):
        write_video(root / "ours" / f"{number}/", np.maximum(sky, 60))
        write_video(root / "real" / f"{number}/", sky)
    write_video(root / "ours" / "alone.gif", np.zeros((4, 16, 16, 3), np.uint8))
    return root


@pytest.fixture
def page(clips, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert study("make", clips / "ours", clips / "real", "--out", out, "--pairs", "3", "--names", "new", "filmed") == 0
    capsys.readouterr()
    return out


def study(*arguments) -> int:
    return run_command("study", [str(argument) for argument in arguments])


def refused(capsys, *arguments) -> str:
    """The one sentence with which the command refuses; status 2, nothing on standard output."""
    assert study(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    sentences = [line for line in printed.err.splitlines() if line.startswith("ssagan: ")]
    assert len(sentences) == 1
    assert "Traceback" not in printed.err
    return sentences[0]


def answers(page, folder, rater, **options):
    path = folder / f"{rater}.json"
    path.write_text(json.dumps(simulate(page, rater, **options)))
    return path


@pytest.mark.skipif("study" not in COMMANDS, reason="the command is not registered")
def test_it_is_one_of_the_commands(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["study", "--help"])
    assert stopped.value.code == 0
    assert "usage: ssagan study" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["make", "analyse"])
def test_help_explains_every_option(part, capsys):
    with pytest.raises(SystemExit) as stopped:
        study(part, "--help")
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: ssagan study {part}" in text
    assert ("--checks" in text) == (part == "make")


def test_make_says_what_it_made_and_what_it_left_out(clips, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert study("make", clips / "ours", clips / "real", "--out", out, "--seed", "5", "--checks", "1") == 0
    printed = capsys.readouterr()
    assert "4 pairs of ours and real, 1 checks" in printed.out
    assert "seed 5" in printed.out
    assert "alone" in printed.err
    assert "100 pairs are wanted, and 4" in printed.err
    assert "ours" not in out.read_text("utf-8").split('id="study"')[1][:200]


def test_make_tells_in_json_too(clips, tmp_path, capsys):
    make = ["make", clips / "ours", clips / "real", "--out", tmp_path / "page.html", "--pairs", "2", "--json"]
    assert study(*make) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["pairs"], told["checks"], told["names"]) == (2, 4, ["ours", "real"])


def test_analyse_prints_the_table_stamped_where_it_is_simulated(page, tmp_path, capsys):
    files = [answers(page, tmp_path, f"rater-{n}", prefers=1.0, seed=n) for n in range(2)]
    assert study("analyse", *files) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("SIMULATED")
    assert any(line.split()[:4] == ["new", "over", "filmed", "1000"] for line in lines)
    assert study("analyse", *files, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["simulated"] is True
    assert told["comparisons"][0]["score"] == 1000


def test_a_page_is_replaced_only_when_forced(page, clips, capsys):
    before = page.read_bytes()
    make = ["make", clips / "ours", clips / "real", "--out", page, "--pairs", "2"]
    assert "--force" in refused(capsys, *make)
    assert page.read_bytes() == before
    assert study(*make, "--force") == 0
    assert page.read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "choose make or analyse"),
        (["mkae"], "no part 'mkae'"),
        (["make", "a"], "--out must be given"),
        (["make", "a", "--out", "page.html"], "give two folders"),
        (["make", "a", "b", "--out", "page.html"], "a is not a folder"),
        (["make", "a", "b", "--out", "page.txt"], ".html"),
        (["make", "a", "b", "--out", "page.html", "--pears", "3"], "did you mean --pairs?"),
        (["make", "a", "b", "--out", "page.html", "--pairs", "0"], "0 pairs"),
        (["make", "a", "b", "--out", "page.html", "--names", "x", "x"], "a name of its own"),
        (["analyse"], "no file of answers"),
        (["analyse", "missing.json"], "missing.json is not a file"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(capsys, *arguments)
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_a_file_that_was_cut_short_is_named(page, tmp_path, capsys):
    whole, short = answers(page, tmp_path, "whole-1"), answers(page, tmp_path, "short-1")
    short.write_text(short.read_text()[:-30])
    assert "short-1.json is cut short" in refused(capsys, "analyse", whole, short)
    assert "both of the rater whole-1" in refused(capsys, "analyse", whole, whole)
