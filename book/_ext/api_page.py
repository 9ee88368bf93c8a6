"""The directives `api-module` and `api-names`: reference from signatures and docstrings, read anew in each build.

Docstrings here are Markdown with examples in them, which Sphinx's own autodoc would read as reStructuredText. The files
are parsed and not imported. What comes out is Sphinx's Python domain: names are in the index, and types that this
page documents are links; other libraries' types stay text.
"""

import ast
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from docutils.nodes import Element
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ssagan_lite"
sys.path.insert(0, str(ROOT))


@dataclass(frozen=True)
class Entry:
    """One documented name: its kind in the Python domain, its signature, its text, and what stands inside it."""

    kind: str
    name: str
    signature: str
    text: str
    options: tuple[str, ...] = ()
    inside: list["Entry"] = field(default_factory=list)


def file_of(module: str) -> Path:
    """The file of `model.attention`, a module below the package."""
    path = ROOT / PACKAGE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(file_of(module).read_text("utf-8"))


def entries(module: str) -> list[Entry]:
    """The public functions, classes and documented values of a module, in the order of the file."""
    return list(_entries(tree_of(module).body))


def _entries(body: list[ast.stmt], owner: ast.ClassDef | None = None) -> Iterator[Entry]:
    for node, after in zip(body, [*body[1:], None], strict=True):
        name = getattr(node, "name", None) or _target(node)
        if not name or name.startswith("_"):
            continue
        if isinstance(node, ast.FunctionDef):
            yield from _function(node, owner)
        elif isinstance(node, ast.ClassDef):
            inside, text = list(_entries(node.body, node)), markdown(ast.get_docstring(node))
            if bare := [f"`{_target(child)}: {annotation(child.annotation)}`" for child in _bare_fields(node)]:
                text += f"\n\nFields: {', '.join(bare)}."
            yield Entry("class", name, f"{name}({_made_with(node)})", text, inside=inside)
        elif _is_text(after):
            text = markdown(inspect.cleandoc(after.value.value))
            yield Entry("attribute" if owner else "data", name, name, text, tuple(_value(node)))


def _bare_fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    """The public fields of a class that no text explains."""
    fields = [
        child
        for child, after in zip(node.body, [*node.body[1:], None], strict=True)
        if isinstance(child, ast.AnnAssign) and not _is_text(after)
    ]
    return [field for field in fields if not _target(field).startswith("_")]


def _function(node: ast.FunctionDef, owner: ast.ClassDef | None) -> Iterator[Entry]:
    """A function or method with a docstring; what has none is explained by its class."""
    text, decorators = ast.get_docstring(node), {ast.unparse(decorator) for decorator in node.decorator_list}
    if not text:
        return
    result = f" -> {annotation(node.returns)}" if node.returns else ""
    signature, options = (
        f"{node.name}({_parameters(node, skip=owner and 'staticmethod' not in decorators)}){result}",
        (),
    )
    kind = "method" if owner else "function"
    if "property" in decorators:
        kind, signature = "property", node.name
        options = (option("type", annotation(node.returns)),) if node.returns else ()
    elif "staticmethod" in decorators:
        options = (":staticmethod:",)
    yield Entry(kind, node.name, signature, markdown(text), options)


def _target(node: ast.stmt) -> str | None:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def _is_text(node: ast.stmt | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _value(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    """The type, and the value where it is short."""
    if isinstance(node, ast.AnnAssign):
        yield option("type", annotation(node.annotation))
    if node.value is not None and len(ast.unparse(node.value)) <= 40 and "field(" not in ast.unparse(node.value):
        yield option("value", ast.unparse(node.value))


def option(name: str, value: str) -> str:
    """An option of a directive; MyST reads its value as YAML, which would take away the quotes of a text."""
    return f":{name}: {json.dumps(value)}"


def _made_with(node: ast.ClassDef) -> str:
    """What a class is called with: its __init__, or the fields of a dataclass, which are listed below it."""
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and child.name == "__init__":
            return _parameters(child, skip=True)
    dataclass_like = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
    return "..." if dataclass_like or any("NamedTuple" in ast.unparse(base) for base in node.bases) else ""


def _parameters(node: ast.FunctionDef, skip: object) -> str:
    arguments = node.args
    if skip:
        arguments = ast.arguments(**{**dict(ast.iter_fields(arguments)), "args": arguments.args[1:]})
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        if isinstance(argument.annotation, ast.Constant):  # a type in quotes
            argument.annotation = ast.parse(argument.annotation.value, mode="eval").body
    return ast.unparse(arguments)


def annotation(node: ast.expr) -> str:
    """A type as text, out of its quotes."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)


def markdown(text: str | None) -> str:
    """A docstring as the page takes it: examples and drawings become blocks of code."""
    blocks = re.split(r"\n\s*\n", text or "")
    made, drawing = [], []
    for block in [*blocks, ""]:
        if block.startswith("    ") or re.search(r"-->|\S {3,}\S", block):
            drawing.append(block)
            continue
        if drawing:
            made.append("```text\n" + textwrap.dedent("\n\n".join(drawing)) + "\n```")
            drawing = []
        made.append(f"```pycon\n{block}\n```" if block.startswith(">>> ") else block)
    return "\n\n".join(made).strip()


def lines_of(entry: Entry, module: str, deep: int = 3) -> list[str]:
    """The entry in MyST; what stands inside has a shorter fence."""
    fence = ":" * (3 + deep)
    lines = [f"{fence}{{py:{entry.kind}}} {entry.signature}", f":module: {PACKAGE}.{module}", *entry.options, ""]
    lines += [*entry.text.splitlines(), ""]
    for child in entry.inside:
        lines += lines_of(child, module, deep - 1)
    return [*lines, fence, ""]


class ApiModule(SphinxDirective):
    """Takes a module below the package, as in `api-module} model.attention`."""

    required_arguments = 1

    def run(self):
        module = self.arguments[0]
        self.env.note_dependency(str(file_of(module)))
        lines = [*markdown(ast.get_docstring(tree_of(module))).splitlines(), ""]
        for entry in entries(module):
            lines += lines_of(entry, module)
        return self.parse(lines, module)

    def parse(self, lines: list[str], module: str):
        parent = Element()
        self.state.nested_parse(StringList(lines, source=str(file_of(module))), 0, parent)
        return parent.children


class ApiNames(ApiModule):
    """What `import ssagan_lite` offers: each name with the first line about it."""

    required_arguments = 0

    def run(self):
        self.env.note_dependency(str(ROOT / PACKAGE / "__init__.py"))
        return self.parse(["| name | |", "|---|---|", *(f"| {link} | {said} |" for link, said in public_names())], "")


def public_names() -> Iterator[tuple[str, str]]:
    """A link to each exported name, and the first line of its docstring."""
    import ssagan_lite

    for name, module in ssagan_lite._HOME.items():
        (entry,) = (entry for entry in entries(module) if entry.name == name)
        yield f"{{py:obj}}`{name} <{PACKAGE}.{module}.{name}>`", entry.text.splitlines()[0].replace("|", "\\|")


def resolve(app, env, node, contnode):
    """Types in signatures: ours become links by their short name; others' stay text, which is no mistake."""
    if node.get("refdomain") != "py" or node.get("refexplicit") or node.get("reftype") not in ("class", "obj", "exc"):
        return None
    objects, target = env.get_domain("py").objects, node["reftarget"].split(".")[-1]
    found = [name for name in objects if name.split(".")[-1] == target and objects[name].objtype == "class"]
    if len(found) == 1 and "py:module" in node:
        return make_refnode(app.builder, node["refdoc"], objects[found[0]].docname, objects[found[0]].node_id, contnode)
    return contnode if "py:module" in node else None


def setup(app):
    app.add_directive("api-module", ApiModule)
    app.add_directive("api-names", ApiNames)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
