"""The paper against its released code, row by row: measured into book/results/audit.json. Chapter 13.

    python experiments/audit.py [--only ROW ...] [--data PATH] [--quick]

Runs every row of ssagan_lite.teach.audit, with what takes minutes: about three on one core. PATH is a folder with the
three files of the 48 real sample clips; where it is not given, the one that SSAGAN_CACHE names. Where SSAGAN_REFERENCE
names the folder src of a checkout of the authors' code, that code is asked too. What could not be measured for lack of
either is named in the file, under `skipped`. --only replaces the rows that it names and keeps the others.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from ssagan_lite.cli.options import end_well
from ssagan_lite.data.samples import load_samples
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.provenance import Stopwatch, commit, fingerprint
from ssagan_lite.teach import audit
from ssagan_lite.teach.audit.row import reference


@dataclass
class Options:
    """Measure the audit's rows."""

    only: tuple[str, ...] = ()
    """The rows to measure; all by default."""
    data: Path | None = None
    """A folder with the three files of the sample clips; by default the one that SSAGAN_CACHE names."""
    quick: bool = False
    """Leave out what takes minutes."""
    out: Path = Path("book/results/audit.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    names = options.only or tuple(audit.ROWS)
    rows = {name: audit.row(name) for name in names}  # an unknown name stops here, before hours are spent
    command = " ".join(["python experiments/audit.py", *(["--only", *options.only] if options.only else [])])
    watch = Stopwatch(command + (" --quick" if options.quick else ""), seed=0)
    samples, code = samples_of(options.data), reference()
    found = kept(options.out) if options.only else {}
    used = None if samples is None else fingerprint(samples)
    for name, row in rows.items():
        started = time.perf_counter()
        made = row.run(code, samples, at_length=not options.quick)
        found[name] = made | {"commit": commit(), "seconds": round(time.perf_counter() - started, 1)}
        print(f"{name:32}{made['verdict']:24}{found[name]['seconds']:6.1f} s")
        ordered = {row: found[row] for row in audit.ROWS if row in found}
        watch.write(options.out, {"rows": ordered}, used)  # after each row, so that stopping loses one at most


def samples_of(folder: Path | None) -> np.ndarray | None:
    """The 48 real clips, uint8 (48, 32, 128, 128, 3), or None where no folder is known that holds them.

    Raises InputError where the folder is none; files that it lacks are downloaded into it.
    """
    if folder is None and not os.environ.get("SSAGAN_CACHE"):
        return None
    if folder is not None:
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder; give --data the one with the three files of the sample clips.")
        os.environ["SSAGAN_CACHE"] = str(folder)
    return load_samples("real")


def kept(file: Path) -> dict:
    """The rows that a file holds already."""
    return json.loads(file.read_text("utf-8"))["rows"] if file.is_file() else {}


if __name__ == "__main__":
    end_well(main)
