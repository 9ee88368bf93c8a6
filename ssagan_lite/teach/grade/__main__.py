"""python -m ssagan_lite.teach.grade FOLDER: grade a class's notebooks on cases that nobody has seen."""

import csv
import json
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ssagan_lite.errors import InputError


@dataclass
class Options:
    """Grade notebooks again, each in a process of its own, on cases that belong to the student and to your secret.

    FOLDER holds STUDENT/*.ipynb, and beside them the report that check.report wrote, if you ask for one. Nothing in it
    is changed. This runs other people's code and is no sandbox: do it in a container or on a machine of its own.
    """

    folder: Annotated[Path, tyro.conf.Positional]
    """Where the submissions lie."""
    out: Path | None = None
    """A CSV file to write; it must not be there yet."""
    timeout: float = 60.0
    """Seconds for each exercise, the start of Python and all imports included."""
    memory: float = 4.0
    """GB of address space for each notebook (Linux)."""
    secret: str = ""
    """With the same secret each student has the same cases again. Left out, one is drawn and printed."""
    json: bool = False
    """Print the rows as JSON, and nothing else."""


def main() -> None:
    """Read the options, grade, and print. Raises InputError for what cannot be used."""
    options = tyro.cli(Options, prog="python -m ssagan_lite.teach.grade", config=(tyro.conf.FlagCreatePairsOff,))
    _check(options)
    from ssagan_lite.teach.grade.confine import keep_memory_private
    from ssagan_lite.teach.grade.folder import as_records, grade_folder
    from ssagan_lite.teach.grade.process import Limits

    keep_memory_private()
    secret = options.secret or secrets.token_hex(8)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    grades = grade_folder(options.folder, secret, Limits(options.timeout, options.memory), tell)
    if options.json:
        print(json.dumps(as_records(grades.rows), indent=1))
    else:
        print(table(grades.rows), flush=True)
    for line in _footer(grades, options, secret):
        tell(line)
    if options.out:  # last: should it fail, the grades stand on the screen
        _write(options.out, as_records(grades.rows))


def _check(options: Options) -> None:
    if os.name != "posix":
        raise InputError("grading needs Linux or macOS; on Windows run it in WSL or in a container.")
    if not 0 < options.timeout <= 3600 or not 0.5 <= options.memory <= 1024:
        raise InputError("--timeout is between 0 and 3600 seconds, and --memory between 0.5 and 1024 GB.")
    if options.out and options.out.exists():
        raise InputError(f"{options.out} is there already: name another file, nothing is overwritten.")
    if options.out and not options.out.parent.is_dir():
        raise InputError(f"{options.out.parent} is no folder that {options.out.name} could be written to.")


def _write(out: Path, records: list[dict]) -> None:
    with out.open("x", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in record.items()} for record in records)


def _cell(value):
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def table(rows: list) -> str:
    """The rows as text, for a terminal."""
    lines = [("student", "exercise", "passed", "seconds", "report", "same as", "message")]
    for row in rows:
        passed = "yes" if row.passed else "no"
        where = row.exercise or row.notebook
        lines.append((row.student, where, passed, f"{row.seconds:.1f}", row.report, row.same_as, row.message))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]) - 1)]
    return "\n".join("  ".join([*map(str.ljust, line, widths), line[-1]]).rstrip() for line in lines)


def _footer(grades, options: Options, secret: str) -> list[str]:
    told = [f"warning: {warning}" for warning in grades.warnings]
    passed, all_of_them = sum(row.passed for row in grades.rows), len(grades.rows)
    told.append(f"{passed} of {all_of_them} passed.")
    told.append(f"Confined: {'; '.join(grades.confined) or 'by time only'}.")
    told += [] if options.secret else [f"Secret: {secret} (give it with --secret for the same cases again)."]
    return told


def run() -> None:
    """The command: what cannot be used ends in a sentence and status 2, Ctrl-C in 130."""
    try:
        main()
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    run()
