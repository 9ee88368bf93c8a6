"""Tables 3 and 4 made again: what was measured beside what was printed, as text, as JSON and as CSV. Chapter 12."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from ssagan_lite.data.staging import check_free, staged
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.evaluation.scores import CONVENTION, Scores
from ssagan_lite.reproduction.paper import PRINTED, range_note
from ssagan_lite.reproduction.rows import Row
from ssagan_lite.reproduction.statistics import MEASURES, NAMES, difference, measure, verdict

RANGE_1 = 6.0206  # dB between PSNR at data range 2 and at 1: 20 log10 2
ENDINGS = (".md", ".json", ".csv")
PRINTED_DECIMALS = {"mse": 4, "psnr": 2, "ssim": 4}
DECIMALS = {"mse": 4, "psnr": 2, "ssim": 3, "end_point_error": 2}


def check_targets(folder: Path, name: str, force: bool) -> None:
    """Raise InputError where one of the table's files is there already, before anything is trained."""
    for ending in ENDINGS:
        check_free(folder / f"{name}{ending}", force=force)


def results(table: str, rows: list[Row], scores: dict[str, Scores], sources: Sequence[str] | None = None) -> dict:
    """All numbers of "table3" or "table4" as plain values. scores: by the rows' names, copy-first among them; sources:
    the video of each clip.
    """
    labels = {row.name: row.label for row in rows}
    copy_first = scores["copy-first"]
    others = {row.name: difference(scores[row.name], copy_first, sources) for row in rows if row.name != "copy-first"}
    made = {}
    for row in rows:
        made[row.name] = {"label": row.label, **measure(scores[row.name], sources)}
        if row.name in others:
            made[row.name]["difference_to_copy_first"] = others[row.name]
        for source, printed in PRINTED[table].items():
            if row.printed in printed:
                made[row.name][source] = {name: getattr(printed[row.printed], name) for name in MEASURES}
    return {"scored_clips": len(copy_first.mse), "rows": made, "verdict": verdict(others, labels)}


def conventions(table: str, about: list[str]) -> list[str]:
    """What has to be known before a number is read. about: what is true of this run alone, first."""
    lines = [
        *about,
        f"Scores: {CONVENTION}.",
        "In brackets: 95% percentile bootstrap over the source videos of the test clips. It knows nothing of another "
        "training seed, and where videos are not known (the 48 samples) each clip counts as one.",
        "Frame 0 was given, and the paper scores it too: all its frames count. Frames 1 on are the ones to read.",
        "What the paper and the poster print is not comparable with what is measured here: other clips, another length "
        "of training, and conventions that they do not state. It stands beside to be seen, not to be beaten.",
        f"What is printed: {range_note(table)}.",
    ]
    if table == "table4":
        lines.append(
            f"PSNR at a data range of 1 is {RANGE_1:.2f} dB less than at 2, for every clip; it stands beside because "
            "both ranges are in use. The poster prints the same Table 4 as the paper."
        )
    return lines


def as_text(table: str, title: str, found: dict) -> str:
    """The whole table as Markdown that can be read as it is."""
    differing = {name: row for name, row in found["rows"].items() if "difference_to_copy_first" in row}
    frames_1_on = [measured_line(row, "frames_1_on", table) for row in found["rows"].values()]
    printed = [printed_line(row, table) for row in found["rows"].values()]
    sections = {
        "Frames 1 on": columns(frames_1_on),
        "All frames, beside what was printed (not comparable)": columns(printed),
        "Difference from copy-first, frames 1 on": columns([difference_line(row) for row in differing.values()]),
        "Verdict, by the interval of the difference": "\n".join(f"- {line}" for line in found["verdict"]),
        "Conventions": "\n".join(f"- {line}" for line in found["conventions"]),
    }
    body = [f"## {heading}\n\n{content}" for heading, content in sections.items() if content]
    return "\n\n".join([f"# {title}", *body]) + "\n"


def measured_line(row: dict, part: str, table: str) -> dict[str, str]:
    """The cells of a row by the column's title: what is measured of it, with intervals."""
    cells = {"": row["label"]} | {NAMES[name]: cell(name, row[part][name]) for name in MEASURES}
    if table == "table4":
        cells["PSNR, range 1"] = number("psnr", row[part]["psnr"]["value"], less=RANGE_1)
    ratio = row["flow_magnitude_ratio"]
    cells["flow ratio"] = "-" if ratio is None else f"{ratio:.2f}"
    cells["end-point error"] = number("end_point_error", row["end_point_error"])
    return cells | {"of no flow": number("end_point_error", row["end_point_error_of_no_flow"])}


def printed_line(row: dict, table: str) -> dict[str, str]:
    """The cells of a row: measured over all frames, then what the paper prints, then the poster."""
    cells = {"": row["label"]} | {NAMES[name]: cell(name, row["all_frames"][name]) for name in MEASURES}
    if table == "table4":
        cells["PSNR, range 1"] = number("psnr", row["all_frames"]["psnr"]["value"], less=RANGE_1)
    for source in ("paper", "poster") if table == "table3" else ("paper",):
        for name in MEASURES:
            cells[f"{source}: {NAMES[name]}"] = (
                f"({row[source][name]:.{PRINTED_DECIMALS[name]}f})" if source in row else ""
            )
    return cells


def difference_line(row: dict) -> dict[str, str]:
    """The cells of a row: each measure less copy-first's, with its interval."""
    parts = row["difference_to_copy_first"]
    return {"": row["label"]} | {NAMES[name]: cell(name, part, sign="+") for name, part in parts.items()}


def cell(name: str, part: dict, sign: str = "") -> str:
    """A number and its interval: 0.0206 [0.0180, 0.0233]."""
    low, high = (number(name, part[end], sign) for end in ("low", "high"))
    return number(name, part["value"], sign) + (f" [{low}, {high}]" if part["low"] is not None else "")


def number(name: str, value: float | None, sign: str = "", less: float = 0.0) -> str:
    """A number at the decimals of its measure; "inf" where every frame equals its target."""
    if value is None:
        return "inf"
    text = f"{value - less:{sign}.{DECIMALS[name]}f}"
    return text if sign or float(text) else text.removeprefix("-")  # a difference keeps the side it is on


def columns(lines: list[dict[str, str]]) -> str:
    """A Markdown table whose columns stand one below the other; all lines have the same keys."""
    if not lines:
        return ""
    titles = list(lines[0])
    widths = {title: max(len(title), *(len(line[title]) for line in lines)) for title in titles}
    rows = [{title: title for title in titles}, {title: "-" * widths[title] for title in titles}, *lines]
    return "\n".join("| " + " | ".join(row[title].ljust(widths[title]) for title in titles) + " |" for row in rows)


def as_csv(found: dict) -> str:
    """One line a row, one column a number; empty where there is none."""
    lines = [flat({"row": name, **row}) for name, row in found["rows"].items()]
    titles = list(dict.fromkeys(title for line in lines for title in line))
    out = io.StringIO()
    writer = csv.DictWriter(out, titles, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def flat(values: dict, prefix: str = "") -> dict:
    """Nested values with their keys joined by dots."""
    made = {}
    for key, value in values.items():
        made |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return made


def write_table(
    folder: Path, table: str, title: str, found: dict, watch: Stopwatch, sha256: str, force: bool = False
) -> str:
    """Write table3.md, .json and .csv (or table4's) into the folder; returns the text. Raises InputError as above."""
    text = as_text(table, title, found)
    check_targets(folder, table, force)
    with staged(folder / f"{table}.json", force=force) as file:
        watch.write(file, found, sha256)
    for ending, content in ((".csv", as_csv(found)), (".md", text)):
        with staged(folder / f"{table}{ending}", force=force) as file:
            file.write_text(content, "utf-8")
    return text
