"""The notebooks of the book, and the book built once for all page tests."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built_book(tmp_path_factory) -> Path:
    """The folder of built pages. Warnings are errors, as in `make book`."""
    out = tmp_path_factory.mktemp("book")
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(ROOT / "book")]
    command += ["--config", str(ROOT / "_config.yml"), "--path-output", str(out), "-W", "-n", "--keep-going"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return out / "_build" / "html"
