"""`make numbers`: prose follows the result files, in the digits that it has."""

import json

import pytest

from tools.check_numbers import check
from tools.refresh_numbers import as_printed, main


@pytest.mark.parametrize(
    ("value", "printed", "expected"),
    [
        (26.804, "26.85", "26.80"),
        (0.02, "0.0206", "0.0200"),
        (1234567.0, "1,234,566", "1,234,567"),
        (-1.26, "−1.3", "−1.3"),
        (1.26, "−1.3", "1.3"),
        (0.31, "+0.5", "+0.3"),
        (-0.04, "0.1", "0.0"),
        (3.27e-6, "3.3e-06", "3.3e-06"),
    ],
)
def test_a_number_keeps_its_form(value, printed, expected):
    assert as_printed(value, printed) == expected


@pytest.fixture
def root(tmp_path):
    (tmp_path / "book" / "results").mkdir(parents=True)
    (tmp_path / "book" / "results" / "a.json").write_text(json.dumps({"x": {"psnr": 27.126}, "list": [1, 2]}))
    (tmp_path / "book" / "number_exceptions.json").write_text("[]")
    page = "It has <!--v:results/a.json#x.psnr-->26.9 dB, or **<!--v:results/a.json#x.psnr-->27.13** dB."
    (tmp_path / "page.md").write_text(page + " <!--v:results/a.json#gone-->5.5 dB\n")
    cell = {"cell_type": "markdown", "source": ["So <!--v:results/a.json#x.psnr*100-->2600 of them.\n"]}
    (tmp_path / "book" / "01.ipynb").write_text(json.dumps({"cells": [cell]}))
    return tmp_path


def test_pages_and_notebooks_follow_the_results(root, capsys):
    main([], root)
    assert "<!--v:results/a.json#x.psnr-->27.1 dB, or **<!--v:results/a.json#x.psnr-->27.13**" in (
        root / "page.md"
    ).read_text("utf-8")
    assert "2713 of them" in (root / "book" / "01.ipynb").read_text("utf-8")
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "book/01.ipynb, results/a.json#x.psnr*100: 2600 -> 2713",
        "page.md, results/a.json#x.psnr: 26.9 -> 27.1",
    ]
    left = check([root / "page.md", root / "book" / "01.ipynb"], root)
    assert [finding.number for finding in left] == ["5.5"], "what leads nowhere is left for the checker"


def test_a_dry_run_changes_nothing(root, capsys):
    before = (root / "page.md").read_text("utf-8")
    main(["--dry-run"], root)
    assert "26.9 -> 27.1" in capsys.readouterr().out
    assert (root / "page.md").read_text("utf-8") == before
