"""A folder of submissions, graded: one row for each exercise of each notebook."""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ssagan_lite.errors import InputError
from ssagan_lite.teach.grade.judge import judge, one_line
from ssagan_lite.teach.grade.notebook import Answer, answers
from ssagan_lite.teach.grade.process import OWN_TIME, Ended, Limits, Runner, patience
from ssagan_lite.teach.grade.submissions import fingerprint, read


@dataclass(frozen=True)
class Row:
    """One exercise of one notebook; with exercise "" one notebook that could not be graded.

    cases: "unseen", "the book's", or "" where it came to no end. report: what the student's report says of the same
    exercise. same_as: other students whose answer has the same hash.
    """

    student: str
    notebook: str
    exercise: str
    passed: bool
    message: str
    seconds: float = 0.0
    cases: str = ""
    report: str = ""
    same_as: str = ""
    hash: str = ""


@dataclass(frozen=True)
class Grades:
    """The rows, what the students' processes could not do, and what was done to the folder meanwhile."""

    rows: list[Row]
    confined: list[str]
    warnings: list[str]


def grade_folder(folder: Path, secret: str, limits: Limits, tell: Callable[[str], None] = lambda line: None) -> Grades:
    """Grade FOLDER/STUDENT/*.ipynb and FOLDER/STUDENT.ipynb. All files are read before the first of them runs.

    Raises InputError where there is no folder, or no notebook in it.
    """
    handed_in = read(folder)
    limits = replace(limits, hidden=folder.resolve())
    rows, confined, warnings, before = [], None, [], fingerprint(folder)
    for (student, name), data in handed_in.notebooks.items():
        tell(f"{student}: {name}")
        new, had = _grade(student, name, data, handed_in.reports.get(student), secret, limits)
        rows += new
        confined = had if confined is None else [right for right in confined if right in had or not had]
        if (after := fingerprint(folder)) != before:
            warnings.append(f"the folder of submissions changed while {name} ran; what was read before was graded.")
            before = after
    empty = "not graded: its folder holds no .ipynb file."
    rows += [Row(student, "", "", False, empty) for student in handed_in.without]
    return Grades(_with_the_same(rows), confined or [], warnings)


def _answers(data: bytes) -> list[Answer]:
    """The answers of a notebook. Raises InputError, with a sentence, for all that can go wrong in reading it."""
    try:
        with patience(OWN_TIME, f"reading it took longer than {OWN_TIME:g} s."):
            return answers(data)
    except InputError:
        raise
    except Ended as error:
        raise InputError(str(error)) from error
    except Exception as error:  # nothing in one notebook may stop the others' grading
        raise InputError(f"reading it raised {type(error).__name__}.") from error


def _grade(student: str, name: str, data: bytes, report: dict | None, secret: str, limits: Limits):
    """The rows of one notebook, and what its process could not do."""
    try:
        asked = _answers(data)
    except InputError as error:
        return [Row(student, name, "", False, one_line(f"not graded: {error}"))], []
    rows, runner, had = [], None, []
    try:
        for answer in asked:
            if runner is None or runner.closed:  # one that has ended is begun anew
                runner = Runner(limits)
            verdict = judge(runner, answer, seed_for(secret, student, answer.exercise))
            had = runner.had or had
            cases, told = {True: "unseen", False: "the book's", None: ""}[verdict.unseen], _told(answer, report)
            graded = (verdict.passed, verdict.message, verdict.seconds, cases, told)
            rows.append(Row(student, name, answer.exercise, *graded, hash=answer.hash or ""))
    finally:
        if runner is not None:
            runner.close()
    return rows, had


def seed_for(secret: str, student: str, exercise: str) -> int:
    """A seed that only who knows the secret can tell."""
    digest = hmac.digest(secret.encode(), f"{student}\0{exercise}".encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "big")


def _told(answer: Answer, report: dict | None) -> str:
    """What the report says of an exercise."""
    if report is None:
        return "no report"
    if answer.exercise not in report:
        return "not in it"
    seen = report[answer.exercise]
    passed = "passed" if seen.get("passed") is True else "not passed"
    return passed if seen.get("answer") == answer.hash else f"{passed}, with another answer"


def _with_the_same(rows: list[Row]) -> list[Row]:
    """The rows, each with the other students who gave the same answer."""
    who = defaultdict(set)
    for row in rows:
        who[row.exercise, row.hash].add(row.student)
    others = [sorted(who[row.exercise, row.hash] - {row.student}) if _is_own_work(row) else [] for row in rows]
    return [replace(row, same_as="; ".join(same)) for row, same in zip(rows, others, strict=True)]


def _is_own_work(row: Row) -> bool:
    """Stubs are all alike."""
    return bool(row.hash) and not row.message.startswith("not yet: ")


def as_records(rows: list[Row]) -> list[dict]:
    """For JSON and CSV."""
    return [asdict(row) for row in rows]
