"""What the graders of this kernel have seen, and the report that a student hands in with a notebook."""

import contextlib
import hashlib
import inspect
import io
import json
import os
import platform
import re
import textwrap
import tokenize
from importlib import metadata
from pathlib import Path

import ssagan_lite
from ssagan_lite.errors import InputError

SEEN = {}  # "ch01.leak" -> {"tries", "passed", "answer"}, in the order of the first try
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def note(check, answer, passed: bool) -> None:
    """Remember that a grader looked at an answer. Whatever the answer is, this never raises."""
    with contextlib.suppress(Exception):
        name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
        seen = SEEN.setdefault(name, {"tries": 0, "passed": False})
        seen["tries"] += 1
        seen["passed"] = bool(passed)
        seen["answer"] = answer_hash(_source(answer))


def _source(answer) -> str | None:
    """The text of a function, where Python still knows it."""
    try:
        return inspect.getsource(answer)
    except Exception:  # it may be anything, and say anything of itself
        return None


def answer_hash(source: str | None) -> str | None:
    """A short hash of Python source without its comments and layout; None for None. The same in every Python."""
    if source is None:
        return None
    text = textwrap.dedent(source)
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        text = "".join(token.string for token in tokens if token.type not in LAYOUT)
    # Spaces and doubled braces inside f-strings are tokens of their own from Python 3.12 on.
    text = "".join(text.split()).replace("{{", "{").replace("}}", "}")
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def check_student(student) -> str:
    """The id itself. Raises InputError unless it is 1 to 40 letters, digits, dots, dashes or underscores."""
    if not isinstance(student, str) or not STUDENT.fullmatch(student):
        raise InputError(
            f"{str(student)[:60]!r} is no student's id: give 1 to 40 letters, digits, dots, dashes or underscores, "
            "the first of them a letter or digit."
        )
    return student


def seed_of(student: str) -> int:
    """A seed that belongs to the id: the same on every machine."""
    return int.from_bytes(hashlib.sha256(student.encode()).digest()[:4], "big")


def report(student: str, folder: str | Path = ".") -> Path:
    """Write report_ID.json beside the notebook: what this kernel's graders saw. What an earlier report of the same
    student says of other exercises stays in it. Prints one line; returns the file.

    Raises InputError for an id that is none, and for a file of that name that is not this student's.
    """
    student = check_student(student)
    file = Path(folder) / f"report_{student}.json"
    exercises = _earlier(file, student) | SEEN
    content = {
        "student": student,
        "seed": seed_of(student),
        "book": ssagan_lite.__version__,
        "versions": {"python": platform.python_version(), **_versions("torch", "numpy")},
        "exercises": exercises,
    }
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(file)
    passed = sum(bool(seen["passed"]) for seen in exercises.values())
    print(f"{file.name}: {len(exercises)} exercises tried, {passed} passed. Hand it in with your notebook.")
    return file


def _earlier(file: Path, student: str) -> dict:
    """The exercises of an earlier report of the same student."""
    if not file.exists():
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
        exercises = content["exercises"] if content["student"] == student else None
        whole = all({"tries", "passed", "answer"} <= seen.keys() for seen in exercises.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise InputError(f"{file.name} is there, and is no report of {student!r}: move it away first.")
    return exercises


def _versions(*packages: str) -> dict:
    """Of what is installed, without importing it."""
    found = {}
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
