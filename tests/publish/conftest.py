"""A small book that can be published, and a folder of commands that stand before all others."""

import json
import os
import sys
from pathlib import Path

import pytest

CONFIGURATION = """title: A book
repository: {url: "", branch: main, path_to_book: book}
sphinx:
  extra_extensions: [sphinxext.opengraph]
  config:
    ogp_site_url: ""    # where the pages are hosted
    ogp_social_cards: {enable: false}
"""
SET_UP = 'import sys\n\nSOURCE = ""  # where pip finds the package\n'


def notebook(title: str, source: str = SET_UP) -> str:
    """The text of a notebook with a heading and one code cell that was run."""
    prose = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": [f"# {title}\n"]}
    code = {"cell_type": "code", "id": "code", "metadata": {"tags": ["hide-input"]}, "source": source.splitlines(True)}
    code |= {"execution_count": 1, "outputs": []}
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    whole = {"cells": [prose, code], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1) + "\n"


@pytest.fixture
def book(tmp_path) -> Path:
    """A repository of two chapters and a configuration."""
    root = tmp_path / "repository"
    (root / "book").mkdir(parents=True)
    for name, title in {"01_one": "One?", "02_two": "Two?"}.items():
        (root / "book" / f"{name}.ipynb").write_text(notebook(title), "utf-8")
    (root / "_config.yml").write_text(CONFIGURATION)
    return root


@pytest.fixture
def commands(tmp_path) -> Path:
    """A folder for made-up commands; `python` and `python3` there are the interpreter of the tests."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("python", "python3"):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def variables(commands, tmp_path) -> dict[str, str]:
    """What a step finds in its environment on GitHub."""
    temporary = tmp_path / "runner"
    temporary.mkdir()
    given = {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    given |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "RUNNER_TEMP": str(temporary)}
    return given | {"GITHUB_REPOSITORY": "owner/name", "REFERENCE": "v0.1", "GITHUB_OUTPUT": str(tmp_path / "outputs")}
