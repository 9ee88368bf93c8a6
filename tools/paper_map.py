"""The map of the paper: where each equation, table, figure and numbered sentence lives, and whether it holds.

book/paper_items.json lists what the paper says, in its order, with our verdict. Everything else is looked up, so that
it cannot go stale: the symbols that cite an item in their docstrings, the tests marked with it
(`@pytest.mark.paper("Eq. 1")`), the chapter that those docstrings name, the value that the code holds today, and
measured numbers from book/results. book/_ext/paper_map_page.py puts the page together.

Run by hand: `python tools/paper_map.py` prints it; it exits with 1 where an item has a gap.
"""

import ast
import importlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
ITEMS = ROOT / "book" / "paper_items.json"
VERDICTS = {"holds": "success", "does not hold": "danger", "cannot be tested here": "secondary"}
PARTS = ("verdicts", "equation", "table", "figure", "sentence")
CITED = re.compile(r"\b(Eq\.|Tables?|Figs?\.)\s(\d)(?:-(\d))?(?:(?:,| and)\s(\d))?")
OTHERS = re.compile(r"et al\. \(\d{4}\)[,;]? ?(?:section|Eq\.|Table|Fig\.)\s[\d.]+")
CHAPTER = re.compile(r"\b[Cc]hapters?\s(\d\d)(?:[^.]{0,40}?and\s(\d\d))?")
FILLED = re.compile(r"\{(results/[\w.-]+\.json)#([\w.-]+?)(?::([^}]*))?\}")


@dataclass(frozen=True)
class Symbol:
    """A public name of the package: where it is, what its docstring cites, and the chapter it names."""

    module: str
    name: str
    cites: frozenset[str]
    chapters: tuple[str, ...]

    def __str__(self) -> str:
        return f"`{self.module.removeprefix('ssagan_lite.')}.{self.name}`"


@dataclass(frozen=True)
class Item:
    """One thing the paper says."""

    kind: str
    label: str
    says: str
    verdict: str
    why: str
    symbols: tuple[str, ...] = ()
    section: str = ""
    value: str = ""
    equals: object = None
    no_test: str = ""
    no_symbol: str = ""
    chapter: str = ""
    found: tuple[Symbol, ...] = field(default=(), compare=False)
    tests: tuple[str, ...] = field(default=(), compare=False)


def cited(text: str) -> frozenset[str]:
    """The equations, tables and figures of the paper that a docstring cites: "Eq. 1-3" is Eq. 1, Eq. 2 and Eq. 3.

    What follows the name of other authors, as in "Gulrajani et al. (2017), Eq. 3", is theirs.
    """
    found: set[str] = set()
    for word, first, last, other in CITED.findall(OTHERS.sub("", text)):
        word = {"Tables": "Table", "Figs.": "Fig."}.get(word, word)
        numbers = [*range(int(first), int(last or first) + 1), *([int(other)] if other else [])]
        found |= {f"{word} {number}" for number in numbers}
    return frozenset(found)


@cache
def symbols() -> tuple[Symbol, ...]:
    """Every class, function, method and commented constant of the package, outside of teach."""
    found = []
    for file in sorted((ROOT / "ssagan_lite").rglob("*.py")):
        if "teach" not in file.parts:
            found += _symbols_of(file)
    return tuple(found)


def _symbols_of(file: Path) -> Iterator[Symbol]:
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    source = file.read_text("utf-8")
    tree = ast.parse(source)
    lines = source.splitlines()
    home = _chapters(ast.get_docstring(tree) or "")

    def walk(node: ast.AST, prefix: str, chapters: tuple[str, ...]) -> Iterator[Symbol]:
        for child in getattr(node, "body", []):
            if isinstance(child, ast.ClassDef):
                here = _chapters(ast.get_docstring(child) or "") or chapters
                yield Symbol(module, prefix + child.name, cited(ast.get_docstring(child) or ""), here)
                yield from walk(child, f"{prefix}{child.name}.", here)
            elif isinstance(child, ast.FunctionDef):
                text = (ast.get_docstring(child) or "") + _comments(lines, child)
                yield Symbol(module, prefix + child.name, cited(text), _chapters(text) or chapters)
            else:
                text = _comments(lines, child)
                for name in _assigned(child):
                    yield Symbol(module, prefix + name, cited(text), chapters)

    yield from walk(tree, "", home)


def _assigned(node: ast.AST) -> list[str]:
    """The names on the left of an assignment."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return []
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return [name.id for name in getattr(target, "elts", [target]) if isinstance(name, ast.Name)]


def _comments(lines: list[str], node: ast.AST) -> str:
    """The comments within, and the text of the line after, which documents a field of a dataclass."""
    within = lines[node.lineno - 1 : node.end_lineno]
    comments = [line.split("# ", 1)[1] for line in within if "# " in line]
    after = lines[node.end_lineno].strip() if node.end_lineno < len(lines) else ""
    documented = isinstance(node, ast.AnnAssign) and after.startswith('"""')
    return " ".join(["", *comments, after if documented else ""])


def _chapters(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(number for pair in CHAPTER.findall(text) for number in pair if number))


@cache
def marked_tests() -> dict[str, tuple[str, ...]]:
    """Label -> the tests that carry `@pytest.mark.paper(label, ...)`."""
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for label in _marks(node):
                found.setdefault(label, []).append(f"{file.relative_to(ROOT / 'tests').as_posix()}::{node.name}")
    return {label: tuple(tests) for label, tests in found.items()}


def _marks(node: ast.AST) -> Iterator[str]:
    for decorator in getattr(node, "decorator_list", []):
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.paper":
            yield from (argument.value for argument in decorator.args)


def items() -> list[Item]:
    """The list, with what was found for each."""
    made = []
    for entry in json.loads(ITEMS.read_text("utf-8")):
        entry["symbols"] = tuple(entry.get("symbols", ()))
        wanted = set(entry["symbols"])
        found = [s for s in symbols() if entry["label"] in s.cites or f"{s.module}.{s.name}" in wanted]
        missing = wanted - {f"{s.module}.{s.name}" for s in found}
        if missing:
            raise SystemExit(f"{ITEMS.name}, {entry['label']}: there is no {', '.join(sorted(missing))}")
        made.append(Item(**entry, found=tuple(found), tests=marked_tests().get(entry["label"], ())))
    return made


def gaps(item: Item) -> list[str]:
    """What an item still lacks, in sentences."""
    told = []
    if item.verdict not in VERDICTS:
        told.append(f"the verdict {item.verdict!r} is none of {', '.join(VERDICTS)}")
    if not item.why:
        told.append("the verdict has no reason")
    if not item.found and not item.no_symbol:
        told.append("no docstring cites it, and no_symbol gives no reason")
    if not item.tests and not item.value and not item.no_test:
        told.append('no test is marked @pytest.mark.paper("..."), and no_test gives no reason')
    if item.value and held_value(item) != item.equals:
        told.append(f"the paper says {item.equals!r}, and the code holds {held_value(item)!r}")
    return told


def held_value(item: Item) -> object:
    """What the code holds today: `ssagan_lite.module: expression`, tuples as lists."""
    module, expression = item.value.split(": ", 1)
    value = eval(expression, vars(importlib.import_module(module)).copy())
    return list(value) if isinstance(value, tuple) else value


def filled(text: str) -> str:
    """Text with {results/FILE.json#key:format} replaced by the measured number."""

    def number(match: re.Match) -> str:
        node = json.loads((ROOT / "book" / match[1]).read_text("utf-8"))
        for name in match[2].split("."):
            node = node[int(name) if isinstance(node, list) else name]
        return format(node, match[3] or "")

    return FILLED.sub(number, text)


def chapters(item: Item) -> list[str]:
    """The chapters that teach it, by file name without ending; those that exist."""
    numbers = [item.chapter] if item.chapter else list(dict.fromkeys(n for s in item.found for n in s.chapters))
    there = {file.stem[:2]: file.stem for file in sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))}
    return [there[number] for number in numbers if number in there]


def part(name: str) -> str:
    """Markdown of one of PARTS: "verdicts" counts them; of a kind, each item is a term with what is known of it."""
    if name == "verdicts":
        counts = {verdict: sum(item.verdict == verdict for item in items()) for verdict in VERDICTS}
        return " · ".join(f"{badge(verdict)} {count}" for verdict, count in counts.items()) + "\n"
    return "\n".join(line for item in items() if item.kind == name for line in entry(item)) + "\n"


def badge(verdict: str) -> str:
    return f"{{bdg-{VERDICTS[verdict]}}}`{verdict}`"


def entry(item: Item) -> list[str]:
    """One item of the page: what is said, the verdict with its reason, then where to look."""
    where = f" (section {item.section})" if item.section else ""
    taught = ", ".join(f"[{int(name[:2])}]({name}.ipynb)" for name in chapters(item))
    facts = [
        f"{badge(item.verdict)} {filled(item.why)}",
        f"*In the code:* {in_the_code(item)}.",
        f"*Held by:* {held_by(item)}.",
        *([f"*Taught in chapter* {taught}."] if taught else []),
    ]
    listed = [line for fact in facts for line in (f"  {fact}", "")]
    return [f"{item.label}{where}: {item.says}", ": " + listed[0].lstrip(), *listed[1:]]


def in_the_code(item: Item) -> str:
    """The symbols by file: `model/attention.py`: attention_map, SpatialSelfAttention. Private ones stay at home."""
    files: dict[str, list[str]] = {}
    for symbol in item.found:
        if not any(part.startswith("_") for part in symbol.name.split(".")):
            file = symbol.module.removeprefix("ssagan_lite.").replace(".", "/") + ".py"
            files.setdefault(file, []).append(f"`{symbol.name}`")
    return "; ".join(f"{', '.join(names)} in `{file}`" for file, names in files.items()) or item.no_symbol


def held_by(item: Item) -> str:
    """The tests by file, their names read as sentences; and the value that this map compares itself."""
    files: dict[str, list[str]] = {}
    for test in item.tests:
        file, name = test.split("::")
        files.setdefault(file, []).append(f"“{name.removeprefix('test_').replace('_', ' ')}”")
    told = [f"{', '.join(names)} in `{file}`" for file, names in files.items()]
    if item.value:
        module, expression = item.value.split(": ", 1)
        file = module.removeprefix("ssagan_lite.").replace(".", "/") + ".py"
        told.append(f"this map itself: `{expression}` in `{file}` is `{item.equals}`")
    return "; ".join(told) or item.no_test


def main() -> int:
    print("\n".join(part(name) for name in PARTS))
    told = [f"{item.label}: {gap}" for item in items() for gap in gaps(item)]
    print("\n".join(told), file=sys.stderr)
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main())
