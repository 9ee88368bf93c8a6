"""Writes the measured numbers of the prose again from their result files, each with as many digits as it has now.

    python tools/refresh_numbers.py [--dry-run]

A result file was made again; what the pages say about it follows. References that lead nowhere are left alone, for
tools/check_numbers.py to report, and so is what the sentence around a number claims: read the lines that it prints.
"""

import argparse
import re
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.check_numbers import REFERENCE, ROOT, prose_files, referenced_values, same_as_printed


def as_printed(value: float, printed: str) -> str:
    """The value with the decimals, the separator of thousands and the minus of what is printed now."""
    mantissa, exponent, _ = printed.partition("e")
    decimals = len(mantissa.partition(".")[2])
    if exponent:
        return f"{value:.{decimals}e}"
    text = f"{value:{',' if ',' in printed or abs(value) >= 10_000 else ''}.{decimals}f}"
    text = re.sub(r"^-(?=[0.,]*$)", "", text)  # no minus before a zero
    if printed.startswith("+") and not text.startswith("-"):
        text = f"+{text}"
    return text.replace("-", "−") if "−" in printed else text


def refreshed(text: str, book: Path) -> tuple[str, list[str]]:
    """The text with measured numbers as they are now, and a line for each that changed."""
    changes = []

    def replace(match: re.Match) -> str:
        printed = match["printed"]
        values = referenced_values("v", match["target"], book) if match["kind"] == "v" and printed else []
        if len(values) != 1 or same_as_printed(values[0], printed):
            return match.group()
        new = as_printed(values[0], printed)
        changes.append(f"{match['target']}: {printed} -> {new}")
        return match.group().removesuffix(printed) + new

    return REFERENCE.sub(replace, text), changes


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    options = parser.parse_args(arguments)
    for file in prose_files(root):
        text, changes = refreshed(file.read_text("utf-8"), root / "book")
        for change in changes:
            print(f"{file.relative_to(root).as_posix()}, {change}")
        if changes and not options.dry_run:
            file.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
