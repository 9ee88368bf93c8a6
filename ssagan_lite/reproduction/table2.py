"""Table 2, the preference opinion score: pages for people, and the table from what they return, never from else."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ssagan_lite.data.paths import expand
from ssagan_lite.errors import InputError
from ssagan_lite.reproduction.paper import TABLE_2
from ssagan_lite.reproduction.study.analysis import RULE, SIMULATED, compare, is_careless, span
from ssagan_lite.reproduction.study.answers import Sheet, read_all, read_answers
from ssagan_lite.reproduction.study.page import Made, make_page

METHODS = ("ours", "mdgan-stage1", "mdgan-stage2", "real")
COMPARISONS = tuple((*two, score) for two, score in TABLE_2.items())  # (first, second, printed score of 1000)


def pages(
    folders: Mapping[str, str | os.PathLike],
    out: str | os.PathLike,
    *,
    pairs: int = 100,
    checks: int | None = None,
    seed: int | None = None,
    fps: float = 8,
    force: bool = False,
) -> list[Made]:
    """Write study-1.html to study-5.html into the folder `out`, one for each line of Table 2.

    folders: {"ours": ..., "mdgan-stage1": ..., "mdgan-stage2": ..., "real": ...}, each a folder of clips, named alike.
    The other arguments are those of `make_page`. A page's name does not say what it compares. Raises InputError for
    other methods than these four, for clips that cannot be compared, and where a page exists, unless `force`: then
    before any is written.
    """
    if set(folders) != set(METHODS):
        given = ", ".join(sorted(folders)) or "none"
        raise InputError(f"Table 2 compares {', '.join(METHODS)}, and folders are given for {given}; give these four.")
    targets = [expand(out) / f"study-{number}.html" for number in range(1, len(COMPARISONS) + 1)]
    for target in targets:
        if target.exists() and not force:
            raise InputError(f"{target} exists already; choose another folder, or use force (--force) to replace it.")
    options = {"pairs": pairs, "checks": checks, "seed": seed, "fps": fps, "force": force}
    return [
        make_page([folders[first], folders[second]], target, names=(first, second), **options)
        for target, (first, second, _) in zip(targets, COMPARISONS, strict=True)
    ]


def table(files: Sequence[str | os.PathLike]) -> dict:
    """Table 2 from the files that raters saved, of one or more of the five studies, in any order.

    Returns {"simulated", "simulated_files", "files", "rule", "rows": one for each line of the table}. A row holds
    `paper` (0..1000) and what `analysis.compare` counts; `answers` is 0 and `score` None where nobody answered. Raises
    InputError where no file is given, for a file of another study, and for two studies of one comparison.
    """
    if not files:
        raise InputError("Table 2 is made from answers of people, and no file is given; build the pages, and ask them.")
    studies = _by_comparison(files)
    sheets = [sheet for group in studies.values() for sheet in group]
    return {
        "simulated": any(sheet.simulated for sheet in sheets),
        "simulated_files": sum(sheet.simulated for sheet in sheets),
        "files": len(sheets),
        "rule": RULE,
        "rows": [_row(studies.get(frozenset(two), []), *two, paper) for *two, paper in COMPARISONS],
    }


def _by_comparison(files: Sequence[str | os.PathLike]) -> dict[frozenset, list[Sheet]]:
    """The sheets of each comparison, each group of one study, checked as `read_all` does."""
    known = {frozenset(two) for *two, _ in COMPARISONS}
    grouped: dict[frozenset, list[Path]] = {}
    for file in files:
        names = frozenset(read_answers(file).study.names)
        if names not in known:
            raise InputError(
                f"{file} compares {' and '.join(sorted(names))}, which is no line of Table 2; leave it out."
            )
        grouped.setdefault(names, []).append(expand(file))
    return {names: read_all(group) for names, group in grouped.items()}


def _row(sheets: Sequence[Sheet], first: str, second: str, paper: int) -> dict:
    kept = [sheet for sheet in sheets if not is_careless(sheet)]
    excluded = [sheet.rater for sheet in sheets if is_careless(sheet)]
    counts = compare(kept, first, second)
    return {"paper": paper, **counts, "raters": [sheet.rater for sheet in kept], "excluded": excluded}


def as_text(result: dict) -> str:
    """What `table` returns, as text; the first line says SIMULATED where any answer is."""
    lines = [SIMULATED.format(result["simulated_files"], result["files"])] if result["simulated"] else []
    lines.append(f"{'preferred, in 1000':30}  paper   here  {'95 % of answers':>16}  {'95 % of raters':>16}  raters")
    for row in result["rows"]:
        label = f"{row['first']} over {row['second']}"
        here = "   - " if row["score"] is None else f"{row['score']:5.0f}"
        ends = f"{span(row['exact_interval']):>16}  {span(row['rater_interval']):>16}"
        lines.append(f"{label:30}  {row['paper']:5}  {here}  {ends}  {len(row['raters']):6}")
    excluded = [f"{rater} ({row['first']} over {row['second']})" for row in result["rows"] for rater in row["excluded"]]
    return "\n".join([*lines, f"Left out: {', '.join(excluded) or 'nobody'}; {RULE}."])
