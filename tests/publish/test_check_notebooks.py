"""What the check of stored notebooks finds: nothing in the book, and each thing that is put into one."""

import json
from pathlib import Path

import pytest

from tools import check_notebooks
from tools.check_notebooks import main, problems

ROOT = Path(check_notebooks.__file__).resolve().parents[1]


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_book_is_clean(path):
    assert list(problems(path)) == []


def said(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": [text]}


def html(text: str) -> dict:
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": [text]}}


CHANGES = {
    "a path of a machine": lambda code, _: code["outputs"].append(said("saved to /home/ann/sky.mp4")),
    "path of a machine: 'file:///'": lambda code, _: code["outputs"].append(html('<img src="file:///sky.png">')),
    "path of a machine: 'C:\\\\Users'": lambda code, _: code["outputs"].append(said("C:\\Users\\ann")),
    "site-packages": lambda code, _: code["outputs"].append(said("lib/site-packages/torch")),
    "a traceback": lambda code, _: code["outputs"].append(said("Traceback (most recent call last):")),
    "a traceback: '\\x1b[0;31m'": lambda code, _: code["outputs"].append(said("\x1b[0;31mNameError\x1b[0m")),
    "an address: 'ann@example.com'": lambda code, _: code["source"].append("\n# ann@example.com"),
    "an error or a warning": lambda code, _: code["outputs"].append(said("slow") | {"name": "stderr"}),
    "larger than 330000": lambda code, _: code["outputs"].append(said("x" * 330_000)),
    "not numbered": lambda code, _: code.update(execution_count=7),
    "kernel is not python3": lambda _, whole: whole["metadata"]["kernelspec"].update(name="sky-env"),
    "metadata of an editor: widgets": lambda _, whole: whole["metadata"].update(widgets={}),
    "metadata of an editor: execution": lambda code, _: code["metadata"].update(execution={"iopub.execute_input": "9"}),
    "an attachment": lambda _, whole: whole["cells"][0].update(attachments={"a.png": {"image/png": ""}}),
    "it is no notebook": lambda code, _: code.pop("outputs"),
    "differs from that of 01_one.ipynb": lambda code, _: code["source"].append("\nimport torch"),
    "it is filled in": lambda code, _: code.update(source=['SOURCE = "git+https://somewhere"  # where']),
}


@pytest.mark.parametrize("message", CHANGES)
def test_each_mistake_is_named(message, book, capsys):
    path = book / "book" / "02_two.ipynb"
    assert main([str(path)]) == 0
    whole = json.loads(path.read_text("utf-8"))
    CHANGES[message](whole["cells"][1], whole)
    path.write_text(json.dumps(whole, indent=1), "utf-8")
    assert main([str(path)]) == 1
    assert message in capsys.readouterr().out


def test_the_scripts_and_pictures_of_figures_may_hold_anything(book):
    path = book / "book" / "02_two.ipynb"
    whole = json.loads(path.read_text("utf-8"))
    figure = '<img src="data:image/png;base64,AA/tmp/x"><script>var path = "/usr/x";</script>'
    whole["cells"][1]["outputs"].append(html(figure))
    path.write_text(json.dumps(whole, indent=1), "utf-8")
    assert list(problems(path)) == []


def test_what_a_merge_left_is_named(book):
    path = book / "book" / "01_one.ipynb"
    path.write_text("<<<<<<< HEAD\n")
    assert list(problems(path)) == ["it is not JSON: a merge may have left its marks"]
