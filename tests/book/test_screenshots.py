"""tools/screenshots.py says what it cannot picture."""

import subprocess
import sys
from pathlib import Path

import pytest

from browser import find_chromium

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it")
def test_a_page_that_is_not_there_is_named():
    command = [sys.executable, ROOT / "tools" / "screenshots.py", "no_such_page"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "There is no built page no_such_page; run `make book` first.\n"
