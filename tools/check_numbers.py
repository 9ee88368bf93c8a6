"""Compares every measured number in the book's prose with the result file, or the paper's table, it came from.

    <!--v:results/FILE.json#key.path-->0.0206          compared at the printed precision
    <!--v:results/FILE.json#key.path*100-->2.1 %       ... after a change of unit
    <!--paper:table3-->24.35                           one of the numbers of that table of the paper
    <!--paper:table3#ours_a.psnr-->24.35               that number of it

A decimal that looks measured (before dB, s, ms, MB, x or %, or beside MSE, PSNR or SSIM) and carries no reference is
reported too; book/number_exceptions.json lists the ones that are right as they are, each with a reason.

Run by hand: `python tools/check_numbers.py`; the tests run the same functions.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NUMBER = r"[-−+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?"
REFERENCE = re.compile(rf"<!--(?P<kind>v|paper):(?P<target>.*?)-->(?P<mark>[*_$~\s]*)(?P<printed>{NUMBER})?")
DECIMAL = r"(?<![\w.])[-−+]?\d+\.\d+(?![\w.]*\.\d)"
BEFORE_UNIT = re.compile(rf"({DECIMAL})[*_]*\s*(?:dB|ms|s|MB|MiB|GB|GiB|x|×|%|seconds?|minutes?)(?![\w])")
METRIC = r"\b(?:MSE|PSNR|SSIM)\b"
AFTER_METRIC = re.compile(rf"{METRIC}[^.;|\n]{{0,40}}?({DECIMAL})(?:[^.;|\n\d]{{0,8}}({DECIMAL}))?")
BEFORE_METRIC = re.compile(rf"({DECIMAL})[^.;|\n\d]{{0,12}}{METRIC}")
MEASURED_COLUMN = re.compile(rf"{METRIC}|\bdB\b|\bms\b|\bMi?B\b|\bseconds\b|\bmotion\b")
CODE_DIRECTIVES = ("{code", "{math", "{bibliography", "{literalinclude", "{raw")


@dataclass(frozen=True)
class Passage:
    """One stretch of prose: a Markdown file, or one Markdown cell of a notebook."""

    file: str
    place: str
    text: str


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where."""

    file: str
    place: str
    number: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.message}"


def passages(file: Path, root: Path = ROOT) -> Iterator[Passage]:
    """The prose of a .md file, or of a notebook's Markdown cells."""
    name = file.relative_to(root).as_posix()
    if file.suffix == ".md":
        yield Passage(name, "line", file.read_text(encoding="utf-8"))
        return
    for index, cell in enumerate(json.loads(file.read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] == "markdown":
            yield Passage(name, f"cell {index}, line", "".join(cell["source"]))


def _blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def prose_only(text: str) -> str:
    """Blanks out code and formulas, character by character, so that lines and columns keep their place."""
    lines, fences = [], []  # a fence: (its length, whether prose stands inside)
    for line in text.split("\n"):
        fence = re.match(r"\s*(`{3,}|~{3,}|:{3,})\s*(\S*)", line)
        if fence and not fence[2] and fences and len(fence[1]) >= fences[-1][0]:
            fences.pop()
        elif fence and (not fences or fences[-1][1]):
            is_prose = fence[2].startswith("{") and not fence[2].startswith(CODE_DIRECTIVES)
            fences.append((len(fence[1]), is_prose))
        elif not fences or fences[-1][1]:
            lines.append(line)
            continue
        lines.append(" " * len(line))
    text = "\n".join(lines)
    for pattern in (r"\$\$.+?\$\$", r"(`+)(?!`).+?(?<!`)\1(?!`)", r"\]\([^)\n]*\)", r"https?://\S+"):
        text = re.sub(pattern, _blank, text, flags=re.DOTALL)
    return re.sub(r"(?<!-->)\$(?!\s)[^$\n]+\$", _blank, text)


def to_float(printed: str) -> float:
    """The value of a number as prose prints it: thousands separators and a typographic minus are allowed."""
    return float(printed.replace(",", "").replace("−", "-"))


def same_as_printed(value: float, printed: str) -> bool:
    """Whether `value`, rounded as `printed` is, gives `printed`."""
    mantissa, _, exponent = printed.partition("e")
    decimals = len(mantissa.partition(".")[2])
    half_step = 0.5 * 10.0 ** (int(exponent or 0) - decimals)
    return abs(value - to_float(printed)) <= half_step * (1 + 1e-9)


@cache
def load(file: Path) -> object:
    return json.loads(file.read_text(encoding="utf-8"))


def look_up(tree: object, path: str) -> object:
    """Follows `a.b.3` through dictionaries and lists; a key may itself contain dots."""
    if not path:
        return tree
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        key, rest = ".".join(parts[:count]), ".".join(parts[count:])
        if isinstance(tree, dict) and key in tree:
            return look_up(tree[key], rest)
        if isinstance(tree, list) and count == 1 and key.isdigit() and int(key) < len(tree):
            return look_up(tree[int(key)], rest)
    raise KeyError(path)


def numbers_in(tree: object) -> list[float]:
    """All numbers of a nested structure."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list):
        return [number for branch in tree for number in numbers_in(branch)]
    return [float(tree)] if isinstance(tree, int | float) and not isinstance(tree, bool) else []


def referenced_values(kind: str, target: str, book: Path) -> list[float]:
    """What a reference may print; empty where it leads nowhere or to something that is no number."""
    name, _, path = target.partition("#")
    path, _, factor = path.partition("*")
    file = book / ("paper_numbers.json" if kind == "paper" else name)
    try:
        tree = load(file)
        found = look_up(look_up(tree, name) if kind == "paper" else tree, path)
        return [value * float(factor or 1) for value in numbers_in(found)] if kind == "paper" or path else []
    except (OSError, KeyError, ValueError):
        return []


def check_reference(match: re.Match, book: Path) -> str | None:
    """The message for one reference, or None where it holds."""
    kind, target, printed = match["kind"], match["target"], match["printed"]
    if printed is None:
        return f"the reference {target} has no number after it"
    values = referenced_values(kind, target, book)
    if not values:
        return f"the reference {target} leads to no number"
    if kind == "v" and len(values) > 1:
        return f"the reference {target} leads to {len(values)} numbers, not one"
    if any(same_as_printed(value, printed) for value in values):
        return None
    said = values[0] if len(values) == 1 else f"none of its {len(values)} numbers"
    return f"prints {printed}, and {target} says {said}"


def unreferenced(text: str) -> Iterator[tuple[int, str]]:
    """Measured-looking numbers (offset, number) in prose whose references were taken out."""
    found = {}
    for pattern in (BEFORE_UNIT, AFTER_METRIC, BEFORE_METRIC):
        for match in pattern.finditer(text):
            for group in range(1, pattern.groups + 1):
                if match[group]:
                    found[match.start(group)] = match[group]
    found.update(in_tables(text))
    yield from sorted(found.items())


def in_tables(text: str) -> Iterator[tuple[int, str]]:
    """Decimals in table columns whose heading names a measured quantity."""
    offset, header = 0, []
    for line in text.split("\n"):
        cells = list(re.finditer(r"(?<=\|)[^|]*(?=\|)", line)) if line.lstrip().startswith("|") else []
        if cells and not header:
            header = [cell.group() for cell in cells]
        elif not cells:
            header = []
        else:
            for title, cell in zip(header, cells, strict=False):
                if MEASURED_COLUMN.search(title):
                    for number in re.finditer(DECIMAL, cell.group()):
                        yield offset + cell.start() + number.start(), number.group()
        offset += len(line) + 1


def check_passage(passage: Passage, book: Path) -> Iterator[Finding]:
    """All findings of one passage, in the order of the text."""
    text = prose_only(passage.text)

    def finding(offset: int, number: str, message: str) -> Finding:
        return Finding(passage.file, f"{passage.place} {text.count(chr(10), 0, offset) + 1}", number, message)

    for match in REFERENCE.finditer(text):
        number = match["printed"] or ""
        if message := check_reference(match, book):
            yield finding(match.start(), number, message)
        if not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip():
            yield finding(match.start(), number, f"the reference {match['target']} begins a line: Markdown hides it")
    without = re.sub(r"<!--.*?-->", _blank, REFERENCE.sub(_blank, text), flags=re.DOTALL)
    for offset, number in unreferenced(without):
        yield finding(offset, number, f"{number} looks measured and carries no reference")


def check(files: list[Path], root: Path = ROOT) -> list[Finding]:
    """All findings in `files`, without the excepted ones, and the exceptions that excuse nothing any more."""
    book = root / "book"
    excuses = load(book / "number_exceptions.json")
    findings, used = [], set()
    for file in files:
        for passage in passages(file, root):
            for finding in check_passage(passage, book):
                excuse = (finding.file, finding.number)
                if finding.message.endswith("no reference") and any(_key(e) == excuse for e in excuses):
                    used.add(excuse)
                else:
                    findings.append(finding)
    stale = [e for e in excuses if _key(e) not in used and root / e["file"] in files]
    return findings + [Finding(e["file"], "exceptions", e["number"], f"{e['number']} is not there") for e in stale]


def _key(excuse: dict[str, str]) -> tuple[str, str]:
    return excuse["file"], excuse["number"]


def prose_files(root: Path = ROOT) -> list[Path]:
    """The files that are held to this: the pages at the root, and the book with its teachers' part."""
    return sorted(
        path for where in ("*.md", "book/*.md", "book/teaching/*.md", "book/*.ipynb") for path in root.glob(where)
    )


def main() -> int:
    findings = check(prose_files())
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
