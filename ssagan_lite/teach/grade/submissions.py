"""What students handed in: read once, before any of it runs."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ssagan_lite.errors import InputError
from ssagan_lite.teach.grade.judge import one_line
from ssagan_lite.teach.grade.notebook import LARGEST

LARGEST_REPORT = 1_000_000  # bytes


@dataclass(frozen=True)
class Submissions:
    """notebooks: what is in them, by (student, path); reports: {exercise: what it says}, by student; without: students
    whose folder holds no notebook.
    """

    notebooks: dict[tuple[str, str], bytes]
    reports: dict[str, dict]
    without: list[str]


def read(folder: Path) -> Submissions:
    """All that was handed in, in memory. Raises InputError where there is no folder, or no notebook in it."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give the one that holds the submissions.")
    notebooks, reports = {}, {}
    for file, inner in _handed_in(folder):
        student = inner.parts[0] if len(inner.parts) > 1 else file.stem
        if file.suffix.lower() == ".ipynb":
            key = _shown(student), _shown(inner.as_posix())
            while key in notebooks:  # two names that only differ in what cannot be shown
                key = key[0], f"{key[1]}+"
            notebooks[key] = _bytes(file, LARGEST + 1)
        elif file.name.startswith("report_") and file.suffix == ".json":
            student = _shown(student if len(inner.parts) > 1 else file.stem.removeprefix("report_"))
            reports[student] = reports.get(student, {}) | _exercises(_bytes(file, LARGEST_REPORT))
    if not notebooks:
        raise InputError(f"{folder} holds no notebook: put each student's into {folder.name}/STUDENT/.")
    return Submissions(notebooks, reports, _without(folder, {student for student, _ in notebooks}))


def _handed_in(folder: Path) -> list[tuple[Path, Path]]:
    """(a file, its path inside the folder) for all that students put there; not what Jupyter and macOS add."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    pairs = [(file, file.relative_to(folder)) for file in files if not file.name.startswith("._")]
    return [(file, inner) for file, inner in pairs if not {".ipynb_checkpoints", "__MACOSX"} & set(inner.parts)]


def _without(folder: Path, given: set[str]) -> list[str]:
    """Students who have a folder, and no notebook in it."""
    folders = [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__MACOSX"))]
    return sorted({_shown(name) for name in folders} - given)


def _shown(name: str) -> str:
    """The name of a file, in one line. Bytes that are no UTF-8 are spelled out, so that two names stay two."""
    return one_line(os.fsencode(name).decode("utf-8", "backslashreplace"))


def _bytes(file: Path, most: int) -> bytes:
    """What is in a file, and no more than that many bytes of it."""
    try:
        with file.open("rb") as stream:
            return stream.read(most)
    except OSError:
        return b""


def _exercises(data: bytes) -> dict:
    """{exercise: what a report says of it}; nothing where it cannot be read."""
    try:
        exercises = json.loads(data)["exercises"]
        return {name: seen for name, seen in exercises.items() if isinstance(seen, dict)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def fingerprint(folder: Path) -> dict:
    """Names, sizes and times of everything in a folder, to tell whether it was changed."""
    found = {}
    for path in folder.rglob("*"):
        try:
            state = path.lstat()
            found[path] = (state.st_size, state.st_mtime_ns, state.st_mode, state.st_ino)
        except OSError:
            found[path] = None
    return found
