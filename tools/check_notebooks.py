"""What a stored notebook must be, beyond what tests/book/test_notebooks.py asks; fast, and needs no torch.

    python tools/check_notebooks.py book/*.ipynb       exit status 1 where something is wrong; pre-commit runs it

- a file that the notebook format allows, with the kernel `python3`, which Colab has, and no saved widgets or timings
- code cells numbered 1, 2, 3, ...: run from top to bottom in one go
- no traceback, no stderr, no path of a machine and no e-mail address, neither in outputs nor in what is written
- outputs of at most 330 kB a cell, 2 MB a notebook
- the first code cell is the same everywhere, and its SOURCE is empty: it is filled in when the book is published
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat.validator import NotebookValidationError

ROOT = Path(__file__).resolve().parents[1]
LARGEST_OUTPUT, LARGEST_NOTEBOOK = 330_000, 2_000_000  # characters of a cell's outputs; bytes
NOTEBOOK_METADATA = {"kernelspec", "language_info"}
CELL_METADATA = {"tags", "mystnb", "jupyter", "cellView"}
MACHINE = re.compile(
    r"(?<![\w.:/])/(?:home|root|tmp|Users|work|opt|mnt|usr|var|private|content|media|srv)/[\w.]"
    r"|\b[A-Z]:\\+(?:Users|Temp|Windows)\b|file:///|ipykernel_\d|\.\./shared|site-packages"
)
TRACEBACK = re.compile(r"Traceback \(most recent|\x1b\[[\d;]*m|\\u001b\[")
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}\.(?:com|org|net|edu|jp|local|io)\b")


def words(output: dict) -> str:
    """What an output says in words: pictures, and the scripts and data of figures, are left out."""
    data = output.get("data", {})
    parts = [output.get("text", ""), *(data.get(kind, "") for kind in ("text/plain", "text/html", "text/markdown"))]
    text = "\n".join("".join(part) for part in parts)
    text = re.sub(r"<script.*?</script>|<style.*?</style>", "", text, flags=re.DOTALL)
    return re.sub(r"data:[\w/+-]+;base64,[\w+/=]+", "", text)


def problems_of_text(where: str, text: str) -> Iterator[str]:
    """Names of machines and people, and tracebacks."""
    for what, pattern in {"a path of a machine": MACHINE, "a traceback": TRACEBACK, "an address": MAIL}.items():
        if found := pattern.search(text):
            yield f"{where} holds {what}: {found[0]!r}"


def problems_of_cell(number: int, cell: dict) -> Iterator[str]:
    """What is wrong with one cell; `number` counts all cells from 0."""
    where = f"cell {number}"
    yield from problems_of_text(where, "".join(cell["source"]))
    if unknown := set(cell["metadata"]) - CELL_METADATA:
        yield f"{where} carries metadata of an editor: {', '.join(sorted(unknown))}"
    if cell.get("attachments"):
        yield f"{where} has an attachment, which the book does not show"
    for output in cell.get("outputs", ()):
        if output["output_type"] == "error" or output.get("name") == "stderr":
            yield f"{where} stores an error or a warning"
        yield from problems_of_text(f"the output of {where}", words(output))
    if len(json.dumps(cell.get("outputs", []))) > LARGEST_OUTPUT:
        yield f"the output of {where} is larger than {LARGEST_OUTPUT} characters"


def problems_of_notebook(notebook: dict) -> Iterator[str]:
    """What is wrong with the notebook as a whole, then with each cell."""
    try:
        nbformat.validate(notebook)
    except NotebookValidationError as error:
        yield f"it is no notebook: {error.message.splitlines()[0]}"
        return
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        yield "its kernel is not python3, which is the one that Colab has"
    if unknown := set(notebook["metadata"]) - NOTEBOOK_METADATA:
        yield f"it carries metadata of an editor: {', '.join(sorted(unknown))}"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if [cell["execution_count"] for cell in code] != list(range(1, len(code) + 1)):
        yield "its code cells are not numbered 1, 2, 3, ...: restart, run all, save"
    for number, cell in enumerate(notebook["cells"]):
        yield from problems_of_cell(number, cell)


def set_up_cell(notebook: dict) -> str:
    """The source of the first code cell, or nothing."""
    return next(("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"), "")


def problems(path: Path) -> Iterator[str]:
    """Every problem of one file; the first cell is compared with that of the first notebook beside it."""
    try:
        notebook = json.loads(path.read_text("utf-8"))
    except ValueError:
        yield "it is not JSON: a merge may have left its marks"
        return
    if path.stat().st_size > LARGEST_NOTEBOOK:
        yield f"it is larger than {LARGEST_NOTEBOOK} bytes"
    yield from problems_of_notebook(notebook)
    first = set_up_cell(notebook)
    if len(re.findall(r'^SOURCE = ""  #', first, flags=re.MULTILINE)) != 1:
        yield 'its first code cell has no line SOURCE = "", or it is filled in: that happens on the branch colab'
    pattern = sorted(path.parent.glob("*.ipynb"))[0]
    if first != set_up_cell(json.loads(pattern.read_text("utf-8"))):
        yield f"its first code cell differs from that of {pattern.name}"


def main(arguments: list[str]) -> int:
    """Print every problem of the files that are named, or of the whole book; returns the exit status."""
    paths = [Path(name) for name in arguments] or sorted((ROOT / "book").glob("*.ipynb"))
    found = [f"{path.name}: {problem}" for path in paths for problem in problems(path)]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
