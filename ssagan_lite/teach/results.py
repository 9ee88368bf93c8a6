"""The measured numbers of the book: every one lies in book/results/*.json, with how it came about."""

import json
from pathlib import Path

from ssagan_lite.errors import InputError

REPOSITORY = Path(__file__).parents[2]
SHIPPED = Path(__file__).parent / "stored_results"  # what an installed package brings along (pyproject.toml)


def results_folder():
    """book/results of the repository that the notebook lies in, or of the one that the package runs from.

    Where there is no repository, as on Colab, the copy that was installed with the package.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, REPOSITORY, REPOSITORY / "book"):
        for candidate in (folder / "book" / "results", folder / "results"):
            if candidate.is_dir() and candidate.parent.name == "book":
                return candidate
    if SHIPPED.is_dir():
        return SHIPPED
    raise InputError("book/results was not found: run the notebook inside a clone of the repository")


def value(file, key):
    """One measured value: `value("samples.json", "copy_first.psnr")`.

    key: names (or list positions) joined by dots. Raises InputError that names what is there when the file or the key
    is missing. Chapter 01.
    """
    path = results_folder() / file
    if not path.is_file():
        there = ", ".join(sorted(other.name for other in path.parent.glob("*.json"))) or "nothing"
        raise InputError(f"book/results/{file} is not there; there is {there}")
    found = json.loads(path.read_text("utf-8"))
    for name in key.split("."):
        found = _enter(found, name, f"book/results/{file}", key)
    return found


def _enter(node, name, file, key):
    if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
        return node[int(name)]
    if isinstance(node, dict) and name in node:
        return node[name]
    there = ", ".join(node) if isinstance(node, dict) else "no names"
    raise InputError(f"{file} has no {key!r}: at {name!r} there is {there}")
