"""What is published: one line of each notebook, one of the configuration, and nothing in the tree."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools import publish_notebooks
from tools.publish_notebooks import PublishError, fill_source, main, pip_address

ROOT = Path(publish_notebooks.__file__).resolve().parents[1]
ADDRESS = "git+https://github.com/owner/name@v0.1"


def publish(out: Path, root: Path = ROOT, repository: str = "owner/name", tag: str = "v0.1") -> int:
    return main([f"--repository={repository}", f"--tag={tag}", f"--out={out}"], root)


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda path: path.stem)
def test_each_notebook_of_the_book_changes_in_one_line(path):
    text = path.read_text("utf-8")
    filled = fill_source(text, ADDRESS)
    changed = [pair for pair in zip(text.splitlines(), filled.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(changed) == 1
    first = next(cell for cell in json.loads(filled)["cells"] if cell["cell_type"] == "code")
    space: dict = {}
    exec(re.search(r"^SOURCE = .*$", "".join(first["source"]), flags=re.MULTILINE)[0], space)
    assert space["SOURCE"] == ADDRESS


def test_the_configuration_of_the_book_leads_to_the_branch(tmp_path):
    assert publish(tmp_path / "out") == 0
    before = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    after = yaml.safe_load((tmp_path / "out" / "_config.yml").read_text("utf-8"))
    assert after.pop("repository") == {
        "url": "https://github.com/owner/name",
        "branch": "colab",
        "path_to_book": "book",
    }
    assert before.pop("repository")["url"] == ""
    assert after["sphinx"]["config"].pop("ogp_site_url") == "https://owner.github.io/name/"
    assert before["sphinx"]["config"].pop("ogp_site_url") == ""
    assert after == before


def test_pages_of_an_owner_lie_at_the_top_of_their_site():
    assert publish_notebooks.pages_address("Owner/Name") == "https://owner.github.io/Name/"
    assert publish_notebooks.pages_address("Owner/owner.github.io") == "https://owner.github.io/"


def test_nothing_in_the_tree_changes(book, tmp_path, capsys):
    before = contents(book)
    assert publish(tmp_path / "out", book) == 0
    assert contents(book) == before
    assert set(contents(tmp_path / "out")) == {
        "_config.yml",
        "colab/README.md",
        "colab/book/01_one.ipynb",
        "colab/book/02_two.ipynb",
    }
    assert "2 notebooks for owner/name@v0.1" in capsys.readouterr().out


def test_the_branch_says_what_it_is_and_opens_each_notebook(book, tmp_path):
    publish(tmp_path / "out", book)
    text = (tmp_path / "out" / "colab" / "README.md").read_text("utf-8")
    assert "Made from `v0.1`" in text
    assert "[Two?](https://colab.research.google.com/github/owner/name/blob/colab/book/02_two.ipynb)" in text


@pytest.mark.parametrize("tag", ["v0.1", "main", "release/1.2", "a" * 40])
def test_tags_branches_and_commits_are_taken(tag):
    assert pip_address("some-owner/some.name_1", tag).endswith(f"some-owner/some.name_1@{tag}")


BAD = [("name", "v1"), ("-owner/name", "v1"), ("a--b/name", "v1"), ("owner/", "v1"), ("owner/..", "v1")]
BAD += [("owner/name.git", "v1"), ("owner/na me", "v1"), ('owner/n"', "v1"), ("owner/name/more", "v1"), ("", "v1")]
BAD += [
    ("owner/name", tag) for tag in ("", "v 1", "v1..2", "/v1", "v1/", "v1.lock", "-v1", "v1@x", 'v1"', "v1;ls", "v1\n")
]


@pytest.mark.parametrize(("repository", "tag"), BAD)
def test_bad_names_are_refused_in_one_sentence(repository, tag, book, tmp_path, capsys):
    assert publish(tmp_path / "out", book, repository, tag) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"publish: .+\.\n", said.err)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_as_it_is(book, tmp_path, capsys):
    before = contents(book)
    assert publish(book, book) == 2
    assert contents(book) == before
    assert publish(book / "_config.yml", book) == 2
    assert "not an empty folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change", [('SOURCE = \\"\\"', 'SOURCE = \\"x\\"'), ("import sys", 'SOURCE = \\"\\"  # twice')]
)
def test_a_notebook_without_the_line_or_with_two_stops_everything(change, book, tmp_path, capsys):
    path = book / "book" / "02_two.ipynb"
    path.write_text(path.read_text("utf-8").replace(*change), "utf-8")
    assert publish(tmp_path / "out", book) == 2
    assert "02_two.ipynb: the line SOURCE" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_configuration_that_is_filled_in_already_is_refused(book, tmp_path, capsys):
    (book / "_config.yml").write_text("title: A book\n")
    assert publish(tmp_path / "out", book) == 2
    assert "_config.yml must have one line" in capsys.readouterr().err


def test_a_source_that_would_break_the_line_is_refused():
    with pytest.raises(PublishError, match="cannot be a source"):
        fill_source("{}", 'x"; import os')


def test_it_runs_by_itself_with_the_standard_library_alone(tmp_path):
    script = [sys.executable, "-I", "-S", str(ROOT / "tools" / "publish_notebooks.py")]
    command = [*script, "--repository", "owner/name", "--tag", "v0.1", "--out", str(tmp_path / "out")]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    assert len(list((tmp_path / "out" / "colab" / "book").iterdir())) == len(list((ROOT / "book").glob("*.ipynb")))


@pytest.mark.slow
def test_the_buttons_of_a_built_page_open_the_published_notebook(book, tmp_path):
    """Two chapters, built with the settings of the book that concern its buttons."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    kept = {name: settings[name] for name in ("execute", "launch_buttons", "only_build_toc_files")}
    (book / "_config.yml").write_text((book / "_config.yml").read_text() + yaml.safe_dump(kept))
    (book / "book" / "_toc.yml").write_text("format: jb-book\nroot: 01_one\nchapters:\n- file: 02_two\n")
    assert publish(tmp_path / "out", book) == 0
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(book / "book")]
    command += ["--config", str(tmp_path / "out" / "_config.yml"), "--path-output", str(tmp_path), "-W", "-n"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    page = (tmp_path / "_build" / "html" / "02_two.html").read_text("utf-8")
    assert 'href="https://colab.research.google.com/github/owner/name/blob/colab/book/02_two.ipynb"' in page
