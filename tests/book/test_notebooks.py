"""Every committed notebook: its outputs are stored and current, its exercises can be solved, it names no machine."""

import ast
import json
import re
from pathlib import Path

import pytest

from ssagan_lite.teach import check
from ssagan_lite.teach.check.grader import Result

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
CHAPTERS = [path for path in NOTEBOOKS if path.stem[:2].isdecimal()]
LONGEST_CELL, LARGEST_OUTPUT, LARGEST_NOTEBOOK = 20, 300_000, 2_000_000
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def only_chapters(path: Path) -> None:
    if path not in CHAPTERS:
        pytest.skip("a page behind the book, not a chapter")


def cells(path: Path, kind: str) -> list[dict]:
    notebook = json.loads(path.read_text("utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def test_runs_from_top_to_bottom_and_is_stored_so(path):
    counts = [cell["execution_count"] for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


def test_kernel_is_one_that_colab_accepts(path):
    metadata = json.loads(path.read_text("utf-8"))["metadata"]
    assert metadata["kernelspec"]["name"] == "python3"
    assert "version" not in metadata["language_info"], "the Python that wrote it is nobody's business"


def test_no_error_no_warning_and_no_path_of_a_machine(path):
    for cell in cells(path, "code"):
        kinds = {output["output_type"] for output in cell["outputs"]}
        assert "error" not in kinds
        assert not [output for output in cell["outputs"] if output.get("name") == "stderr"], source(cell)
    text = path.read_text("utf-8")
    assert not re.search(r"/(?:home|root|tmp|Users|work|opt|mnt)/\w|\.\./shared|Traceback|ipykernel_\d", text)


def test_cells_are_short_and_outputs_small(path):
    for cell in cells(path, "code"):
        assert len(source(cell).splitlines()) <= LONGEST_CELL, source(cell)
        assert sum(len(json.dumps(output)) for output in cell["outputs"]) <= LARGEST_OUTPUT * 1.1
    assert path.stat().st_size <= LARGEST_NOTEBOOK


def test_visible_code_fits_a_page(path):
    for cell in cells(path, "code"):
        if "remove-input" not in tags(cell):
            assert max(map(len, source(cell).splitlines())) <= 85, source(cell)


def test_figures_are_left_to_themselves_and_everything_else_is_compared(path):
    for cell in cells(path, "code"):
        is_figure = any("ssagan-" in "".join(o.get("data", {}).get("text/html", "")) for o in cell["outputs"])
        assert ("nbval-ignore-output" in tags(cell)) == is_figure, source(cell)


def test_questions_hide_the_code_that_holds_their_answer(path):
    for cell in cells(path, "code"):
        if re.search(r"\bpredict_first\(|guess=|which_would_you_watch\(", source(cell)):
            assert "remove-input" in tags(cell)
            assert cell["metadata"]["jupyter"]["source_hidden"]
            assert source(cell).startswith("# @title ")


def test_figures_carry_a_still_for_readers_without_scripts(path):
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            if "text/html" in output.get("data", {}):
                assert {"image/png", "text/plain"} <= set(output["data"])


def test_outputs_stand_alone(path):
    """On Colab each output is a frame of its own, and a reader may have neither network nor scripts."""
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            page = "".join(output.get("data", {}).get("text/html", ""))
            assert not re.search(r"(?:https?:)?//(?!www\.w3\.org)[\w-]+\.\w{2,}[/\w]", page), source(cell)
            without = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
            assert not page or re.search(r"<img [^>]*alt=\"[^\"]{8,}|<details", without), source(cell)


def test_asks_for_two_commitments_and_grades_three_exercises(path):
    only_chapters(path)
    code = "\n".join(map(source, cells(path, "code")))
    assert len(re.findall(r"\bpredict_first\(|guess=|which_would_you_watch\(", code)) >= 2
    assert len(re.findall(r"\bcheck\.ch\d\d\.\w+\(", code)) >= 3
    assert re.search(r"\bexplore\.\w+\(", code)


def is_exercise(cell: dict) -> bool:
    """A stub, and the grader that looks at it."""
    return bool(re.search(r"^check\.", source(cell), flags=re.MULTILINE))


def exercises(path: Path) -> list[tuple[str, str]]:
    """(stub cell, folded solution) of each exercise, in order."""
    stubs = [source(cell) for cell in cells(path, "code") if is_exercise(cell)]
    prose = "\n".join(map(source, cells(path, "markdown")))
    folded = re.findall(r"<summary>Solution</summary>\s+```python\n(.*?)```", prose, flags=re.DOTALL)
    assert len(stubs) == len(folded), "one folded solution to each stub"
    return list(zip(stubs, folded, strict=True))


def graded_by(stub: str, replaced: str | None) -> Result:
    """Run an exercise's cell, its function replaced where a solution is given; what the grader returns."""
    tree = ast.parse(stub)
    call = tree.body.pop()
    space = {"check": check}
    exec("import numpy as np\nimport torch\n" + (replaced or ast.unparse(tree)), space)
    return eval(compile(ast.Expression(call.value), "<exercise>", "eval"), space)


def test_stubs_are_not_yet_and_folded_solutions_pass(path, capsys):
    for stub, solution in exercises(path):
        result = graded_by(stub, None)
        assert not result
        assert result.message.startswith("not yet: ")
        result = graded_by(stub, solution)
        assert result, result.message
    assert capsys.readouterr().err == ""


def test_stored_stubs_say_not_yet(path):
    for cell in cells(path, "code"):
        if is_exercise(cell):
            assert "".join(cell["outputs"][0]["text"]).startswith("not yet: ")


def test_ends_with_what_the_reader_can_do_and_a_question(path):
    last = source(cells(path, "markdown")[-1])
    assert "## What you can do now" in last
    assert "?" in last.split("What stays open")[1]
