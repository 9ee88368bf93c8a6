"""`make demo`, with two steps of training: scores, a clip that plays, and a page that stands alone."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from ssagan_lite.data.video import read_video

SCRIPT = Path(__file__).resolve().parents[1] / "experiments" / "demo.py"


def demo(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["demo.py", *map(str, arguments)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def test_demo(monkeypatch, capsys, tmp_path):
    out = tmp_path / "demo"
    for _ in range(2):  # the second replaces the first
        demo(monkeypatch, "--out", out, "--steps", 2)
        printed = capsys.readouterr().out
        assert all(word in printed for word in ("ours", "copy-first", "fading-copy", "index.html"))
    assert read_video(out / "sky.mp4").shape == (16, 256, 256, 3)
    page = (out / "index.html").read_text()
    assert "<script" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


def test_demo_loses_nothing_of_others(monkeypatch, capsys, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(SystemExit) as stopped:
        demo(monkeypatch, "--out", tmp_path)
    assert stopped.value.code == 2
    assert "thesis.txt" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").exists()
