"""What set-up says when something is missing: one sentence each, with the remedy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tools import set_up
from tools.set_up import SetUpError, check_disk, check_venv, failure_sentence, find_python

FILE = Path(set_up.__file__)


def one_sentence(error) -> str:
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_an_old_python_looks_for_a_newer_one_and_takes_it():
    there = {"python3.12": "/opt/python3.12"}
    found = find_python("/usr/bin/python3", (3, 8), lambda path: (3, 12), there.get)
    assert found == "/opt/python3.12"
    assert find_python("/usr/bin/python3", (3, 11)) == "/usr/bin/python3"


def test_a_python_that_is_tested_comes_before_a_newer_one():
    there = {"python3.12": "/opt/python3.12"}
    assert find_python("/usr/bin/python3", (3, 15), lambda path: (3, 12), there.get) == "/opt/python3.12"
    assert find_python("/usr/bin/python3", (3, 15), lambda path: None, lambda name: None) == "/usr/bin/python3"


def test_no_new_python_is_said():
    with pytest.raises(SetUpError) as error:
        find_python("/usr/bin/python3", (3, 9), lambda path: (3, 9), lambda name: "/usr/bin/" + name)
    assert "3.11 or newer is needed and only 3.9 was found" in one_sentence(error)


def test_too_little_disk_is_said_in_gigabytes():
    with pytest.raises(SetUpError) as error:
        check_disk("/somewhere", free_bytes=1.5e9)
    assert "needs 10 GB" in one_sentence(error)
    assert "1.5 GB" in str(error.value)
    check_disk("/somewhere", free_bytes=11e9)


def test_a_missing_venv_module_names_debians_package():
    with pytest.raises(SetUpError) as error:
        check_venv(sys.executable, call=lambda *_, **__: 1)
    assert f"python3.{sys.version_info[1]}-venv" in one_sentence(error)
    check_venv(sys.executable, call=lambda *_, **__: 0)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("ERROR: ... NewConnectionError: Failed to establish", "network could not be reached"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "network could not be reached"),
        ("OSError: [Errno 28] No space left on device", "disk ran full"),
        ("ERROR: No matching distribution found", "the reason stands at the end of pip.log"),
    ],
)
def test_what_stopped_pip_is_named(log, words):
    sentence = failure_sentence("PyTorch", log, "pip.log")
    assert words in sentence
    assert "PyTorch" in sentence
    assert sentence.endswith(".")


def test_main_prints_the_sentence_and_no_traceback(monkeypatch, capsys):
    def stop():
        raise SetUpError("the moon is missing: put it back.")

    monkeypatch.setattr(set_up, "set_up", stop)
    assert set_up.main() == 1
    assert capsys.readouterr().err == "set-up: the moon is missing: put it back.\n"


def test_it_is_done_when_its_stamp_says_so_and_not_when_requirements_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(set_up, "STAMP", str(tmp_path / "done"))
    monkeypatch.setattr(set_up, "venv_python", lambda: sys.executable)
    assert not set_up.is_done()
    (tmp_path / "done").write_text(set_up.fingerprint())
    assert set_up.is_done()
    (tmp_path / "done").write_text("of other requirements")
    assert not set_up.is_done()


def test_it_can_be_read_by_python_3_6_and_needs_no_library():
    tree = ast.parse(FILE.read_text("utf-8"), feature_version=(3, 6))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= set(sys.stdlib_module_names)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


def test_make_lists_its_targets_without_setting_anything_up():
    done = subprocess.run(["make", "-C", str(FILE.parents[1])], capture_output=True, text=True, check=True)
    for target in ("book", "serve", "lab", "test", "clean"):
        assert f"make {target}" in done.stdout
