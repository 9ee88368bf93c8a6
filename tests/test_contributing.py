"""CONTRIBUTING.md walks through adding a baseline, a data set and a page; here its steps are followed, in a copy.

A block of code stands for what a person does: one that begins with a path is a file to write, a diff is lines to add
after lines that are there, bash is to be run, other Python is to be run too. The cells of a notebook are written in
MyST, as a person would type them into JupyterLab.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml
from myst_nb.core.read import read_myst_markdown_notebook
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})(?P<kind>\w+)\n(?P<text>.*?)^(?P=indent)(?P=fence)$", re.M | re.S)
PATH = re.compile(r"^(?:# |<!-- |--- )(?P<path>[\w./]+\.\w+)(?: -->)?\n")
COPIED = ("ssagan_lite", "data_scripts", "pyproject.toml", "book/_toc.yml")
COPIED += ("tests/book/test_notebooks.py", "tests/baselines/test_systems.py")
pytestmark = pytest.mark.xdist_group("contributing")


@dataclass(frozen=True)
class Block:
    """One block of code of the page: its language, the path it begins with, and the rest."""

    kind: str
    path: str
    text: str


def blocks(section: str) -> list[Block]:
    """The blocks of one section, in order."""
    text = PAGE.split(f"### {section}\n")[1]
    text = re.split(r"^#{2,3} [^#]*$(?![^`]*^ +````$)", text, maxsplit=1, flags=re.M)[0]
    found = []
    for match in FENCE.finditer(text):
        code = re.sub(f"^{match['indent']}", "", match["text"], flags=re.M)
        named = PATH.match(code)
        found.append(Block(match["kind"], named["path"] if named else "", code[named.end() :] if named else code))
    return found


def changed(lines: list[str], diff: str) -> list[str]:
    """Lines with a diff applied, whose pieces (between @@) say what is there (" ") and what comes after it ("+")."""
    for piece in diff.split("@@\n"):
        there = [line[1:] for line in piece.splitlines() if line.startswith(" ")]
        after = [line[1:] for line in piece.splitlines()]
        (place,) = (n for n in range(len(lines)) if lines[n : n + len(there)] == there)  # just one
        lines = [*lines[:place], *after, *lines[place + len(there) :]]
    return lines


class Copy:
    """A part of the repository in a folder of its own, in which a contributor works."""

    def __init__(self, folder: Path):
        self.folder, bin = folder, folder / "bin"
        for name in COPIED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("weights", "__pycache__"))
            else:
                shutil.copy(ROOT / name, folder / name)
        bin.mkdir()
        for name, module in {"python": "", "ssagan": "-m ssagan_lite.cli", "jupyter": "-m jupyter"}.items():
            (bin / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            (bin / name).chmod(0o755)
        self.environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        self.environment["PATH"] = os.pathsep.join([str(bin), os.environ["PATH"]])

    def follow(self, section: str) -> list[str]:
        """Do what the blocks of a section say; what each command printed."""
        return [said for block in blocks(section) if (said := self.do(block)) is not None]

    def do(self, block: Block) -> str | None:
        file = self.folder / block.path
        if block.kind == "diff":
            file.write_text("\n".join(changed(file.read_text("utf-8").splitlines(), block.text)) + "\n", "utf-8")
        elif block.kind == "markdown":
            write_notebook(block.text, file)
        elif block.path:
            assert not file.exists(), "a step would replace a file of the repository"
            file.write_text(block.text, "utf-8")
        else:
            command = ["bash", "-e"] if block.kind == "bash" else [str(self.folder / "bin" / "python"), "-"]
            options = {"cwd": self.folder, "env": self.environment, "capture_output": True, "text": True}
            done = subprocess.run(command, input=block.text, check=False, **options)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            return done.stdout
        return None


def write_notebook(text: str, file: Path) -> None:
    """What JupyterLab saves when these cells are typed into it."""
    notebook = read_myst_markdown_notebook(text)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, file)


@pytest.fixture
def copy(tmp_path) -> Copy:
    return Copy(tmp_path)


@pytest.mark.slow
def test_a_baseline(copy):
    Image.fromarray(np.full((12, 20, 3), 90, np.uint8)).save(copy.folder / "photo.png")
    (said,) = copy.follow("A baseline")
    assert "copy-first" in said
    assert re.search(r"\d+ passed", said)
    assert "failed" not in said
    assert (copy.folder / "toy.mp4").stat().st_size > 0
    assert_in_style(copy.folder / "ssagan_lite/baselines/toy.py", copy.folder / "ssagan_lite/baselines/registry.py")


@pytest.mark.slow
def test_a_data_set(copy):
    (copy.folder / "pictures").mkdir()
    random = np.random.default_rng(0)
    for number in range(9):
        picture = Image.fromarray(random.integers(0, 256, (4, 16, 3), np.uint8)).resize((80, 20))
        picture.save(copy.folder / "pictures" / f"{number}.png")
    Image.new("RGB", (20, 20)).save(copy.folder / "pictures" / "9.png")  # not wide: left out, with its reason
    said, _ = copy.follow("A data set")
    assert "9 clips" in said
    assert "not wider than high" in (copy.folder / "data/panoramas/clips.json").read_text("utf-8")
    assert (copy.folder / "panoramas.html").exists()
    assert_in_style(copy.folder / "data_scripts/prepare_panoramas.py")
    code = "import sys; sys.path.insert(0, 'data_scripts'); import prepare_panoramas; print('torch' in sys.modules)"
    assert copy.do(Block("python", "", code)) == "False\n"


@pytest.mark.slow
def test_a_page(copy):
    *_, said = copy.follow("A chapter, or a page")
    assert re.search(r"\d+ passed", said)
    assert "failed" not in said
    parts = yaml.safe_load((copy.folder / "book/_toc.yml").read_text("utf-8"))["parts"]
    listed = {chapter["file"] for part in parts for chapter in part["chapters"]}
    assert "toy" in listed
    assert_in_style(copy.folder / "ssagan_lite/teach/check/toy.py")
    # "A page behind the book may have less": as a chapter it lacks just what the first step lists.
    (copy.folder / "book/toy.ipynb").rename(copy.folder / "book/14_toy.ipynb")
    told = copy.do(Block("bash", "", "python -m pytest tests/book/test_notebooks.py -q -k toy || true"))
    assert re.findall(r"^FAILED [^:]+::(\w+)", told, flags=re.M) == [
        "test_asks_for_two_commitments_and_grades_three_exercises"
    ]


def assert_in_style(*files: Path) -> None:
    """What a reader copies from the page is in the style that `make test` asks for."""
    for what in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *what, "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
        done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_files_that_the_page_names_exist():
    named = re.findall(r"`((?:tests|tools|book|data_scripts|ssagan_lite|\.ci)/[\w./]*\w)`", PAGE)
    made = {block.path for section in ("A baseline", "A data set", "A chapter, or a page") for block in blocks(section)}
    missing = [name for name in named if not (ROOT / name).exists() and name not in made and not is_pattern(name)]
    assert named
    assert not missing


def is_pattern(name: str) -> bool:
    return re.search(r"NN|KIND|topic", name) is not None


def test_a_diff_whose_lines_are_not_there_is_not_applied():
    with pytest.raises(ValueError, match="not enough values"):
        changed(["a", "b"], " c\n+d\n")
    assert changed(["a", "b"], " a\n+d\n") == ["a", "d", "b"]
