"""What of a notebook has to run so that its answers can be asked: found by reading it, running nothing."""

import ast
import json
import re
import symtable
from dataclasses import dataclass
from functools import cached_property
from types import FunctionType

from ssagan_lite.errors import InputError
from ssagan_lite.teach import check
from ssagan_lite.teach.check.record import answer_hash

LARGEST, LARGEST_CELL = 20_000_000, 200_000  # bytes, characters


@dataclass(frozen=True)
class Statement:
    """One statement of a cell, with what it gives names to and which names it needs."""

    cell: int
    node: ast.stmt
    source: str

    @cached_property
    def scopes(self) -> tuple[set[str], set[str]]:
        """(names that it binds, names that it needs). A function needs its globals, not its own variables."""
        top = symtable.symtable(self.source, "<cell>", "exec")
        binds = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
        needs, inner = {s.get_name() for s in top.get_symbols() if s.is_referenced()}, list(top.get_children())
        while inner:
            scope = inner.pop()
            inner += scope.get_children()
            needs |= {s.get_name() for s in scope.get_symbols() if s.is_global()}
        return binds | _written_into(self.node), needs

    @property
    def at_its_line(self) -> str:
        """The source, pushed down to its line in the cell, so that errors name that line."""
        return "\n" * (_first_line(self.node) - 1) + self.source


@dataclass(frozen=True)
class Answer:
    """What was handed to a grader: an expression, the statements it needs, and a hash of the function's source.

    broken: the sentence that says why it cannot run, or "".
    """

    exercise: str
    expression: str = ""
    statements: tuple[Statement, ...] = ()
    hash: str | None = None
    broken: str = ""


def answers(data: bytes) -> list[Answer]:
    """The last answer to each exercise of a notebook, in order.

    Raises InputError with a sentence for what is no notebook, is too large, or asks no grader.
    """
    found, before = {}, []
    for cell, source in enumerate(_code(data)):
        statements = _statements(cell, source)
        if statements is None:
            told = f"cell {cell + 1} cannot be read as Python."
            found |= {exercise: Answer(exercise, broken=told) for exercise in _mentioned(source)}
        for statement in statements or ():
            before.append(statement)
            found |= {exercise: _answer(exercise, handed, before) for exercise, handed in _asked(statement)}
    if not found:
        raise InputError("no cell of it that can be read asks a grader, as in check.ch02.attention(attention).")
    return list(found.values())


def _code(data: bytes) -> list[str]:
    """The source of every cell; "" for those that hold no code, so that cells keep their numbers."""
    if len(data) > LARGEST:
        raise InputError(f"it is larger than {LARGEST // 1_000_000} MB: hand it in without its outputs.")
    try:
        cells = json.loads(data)["cells"]
        sources = ["".join(cell["source"]) if cell["cell_type"] == "code" else "" for cell in cells]
    except (ValueError, RecursionError) as error:
        raise InputError("it is no notebook: it cannot be read as JSON.") from error
    except (KeyError, TypeError) as error:
        raise InputError("it is no notebook: it has no list of cells.") from error
    return sources


def _statements(cell: int, source: str) -> list[Statement] | None:
    """The statements of a cell; None where it is no Python. Lines of magic (% and !) are left out."""
    try:
        if len(source) > LARGEST_CELL:
            return None
        text, nodes = _parsed(source)
        statements = [Statement(cell, node, _segment(text, node)) for node in nodes]
        return [statement for statement in statements if statement.scopes]
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # what Python's own parser cannot take
        return None


def _parsed(text: str) -> tuple[str, list[ast.stmt]]:
    """The text without its lines of magic, and its statements. Raises SyntaxError where it is no Python without them.

    Inside brackets a line of Python may begin with % as well: only lines that Python cannot read are left out.
    """
    while True:
        try:
            return text, ast.parse(text).body
        except SyntaxError as error:
            text = _without_magic(text, error)


def _without_magic(text: str, error: SyntaxError) -> str:
    """The text, blank where the error is; without any magic where the error names another line."""
    lines = text.split("\n")
    magic = {place for place, line in enumerate(lines) if line.lstrip().startswith(("%", "!"))}
    if not magic:
        raise error
    blank = {(error.lineno or 0) - 1} & magic or magic
    return "\n".join("" if place in blank else line for place, line in enumerate(lines))


def _mentioned(source: str) -> list[str]:
    """The exercises that a cell names, be it Python or not."""
    pairs = re.findall(r"check\.(\w{1,40})\.(\w{1,40})\(", source[:LARGEST_CELL])
    return [f"{chapter}.{name}" for chapter, name in pairs if _grader(chapter, name)]


def _grader(chapter: str | None, name: str):
    """The grader of that name, or None. What functools.lru_cache wraps is no grader."""
    grader = getattr(getattr(check, chapter), name, None) if chapter in check.CHAPTERS else None
    return grader if isinstance(grader, FunctionType) and hasattr(grader, "__wrapped__") else None


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])


def _segment(text: str, node: ast.stmt) -> str:
    """The text of a statement, decorators included."""
    if getattr(node, "decorator_list", None):
        return "\n".join(text.split("\n")[_first_line(node) - 1 : node.end_lineno])
    return ast.get_source_segment(text, node)


def _written_into(node: ast.stmt) -> set[str]:
    """The names of what a statement changes without binding it: `table` in table["x"] = 1."""
    return {
        inner.id
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store)
        for inner in ast.walk(part.value)
        if isinstance(inner, ast.Name)
    }


def _asked(statement: Statement) -> list[tuple[str, ast.expr]]:
    """(exercise, what was handed over) for each call of a grader, such as check.ch02.attention(attention)."""
    found = []
    for node in ast.walk(statement.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
            chapter = node.func.value
            chapter = getattr(chapter, "attr", getattr(chapter, "id", None))
            if _grader(chapter, node.func.attr):
                found.append((f"{chapter}.{node.func.attr}", node.args[0]))
    return found


def _answer(exercise: str, handed: ast.expr, before: list[Statement]) -> Answer:
    """The answer with what it needs: whatever binds a needed name, in the notebook's order, and nothing else."""
    expression = ast.unparse(handed)
    needed, taken = {node.id for node in ast.walk(handed) if isinstance(node, ast.Name)}, set()
    while True:
        more = {
            place
            for place, statement in enumerate(before)
            if place not in taken and (statement.scopes[0] & needed or _takes_all(statement)) and not _asked(statement)
        }
        if not more:
            break
        taken |= more
        needed |= {name for place in more for name in before[place].scopes[1]}
    chosen = tuple(before[place] for place in sorted(taken))
    own = [s for s in chosen if isinstance(handed, ast.Name) and handed.id in s.scopes[0]]
    return Answer(exercise, expression, chosen, answer_hash(own[-1].source) if own else None)


def _takes_all(statement: Statement) -> bool:
    """from module import *"""
    return isinstance(statement.node, ast.ImportFrom) and statement.node.names[0].name == "*"
