"""The map of the paper: nothing of the paper is missing, and nothing on the map points nowhere."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import paper_map  # noqa: E402

ITEMS = paper_map.items()


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.label)
def test_each_item_has_a_symbol_a_test_and_a_reason(item):
    assert paper_map.gaps(item) == []


def test_every_equation_table_and_figure_is_there_in_order():
    labels = [item.label for item in ITEMS if item.kind != "sentence"]
    counts = {"Eq.": 7, "Table": 4, "Fig.": 4}
    expected = [f"{word} {number}" for word, count in counts.items() for number in range(1, count + 1)]
    assert labels == expected
    assert len({item.label for item in ITEMS}) == len(ITEMS)


def test_what_is_cited_and_what_is_marked_is_on_the_map():
    labels = {item.label for item in ITEMS}
    assert set().union(*(symbol.cites for symbol in paper_map.symbols())) <= labels
    assert set(paper_map.marked_tests()) <= labels


def test_every_quoted_number_of_training_stands_on_the_map():
    """What the chapters quote from section 4 (book/paper_numbers.json) is what the map compares with the code."""
    quoted = json.loads((ROOT / "book" / "paper_numbers.json").read_text("utf-8"))["training"]
    held = [item.equals for item in ITEMS if item.value]
    flat = [value for equals in held for value in (equals if isinstance(equals, list) else [equals])]
    assert {value for name, value in quoted.items() if name != "source"} <= set(flat)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Eq. 1-3: attention", {"Eq. 1", "Eq. 2", "Eq. 3"}),
        ("Eq. 4 and 6.", {"Eq. 4", "Eq. 6"}),
        ("(section 3.1, Fig. 3, Table 1)", {"Fig. 3", "Table 1"}),
        ("Gulrajani et al. (2017), Eq. 3; not in the paper", set()),
        ("nothing", set()),
    ],
)
def test_citations_are_read(text, labels):
    assert paper_map.cited(text) == labels


def test_an_item_with_gaps_is_told():
    item = paper_map.Item(
        "sentence", "Batch", "16", "perhaps", "", value="ssagan_lite.training.config: PAPER.batch", equals=17
    )
    told = " ".join(paper_map.gaps(item))
    assert "'perhaps' is none of" in told
    assert "no reason" in told
    assert "no docstring cites it" in told
    assert "the paper says 17, and the code holds 16" in told


def test_measured_numbers_are_filled_in_from_the_results():
    models = json.loads((ROOT / "book/results/samples.json").read_text("utf-8"))["models"]
    score = models["copy-first"]["frames_1_on"]["psnr"]
    assert paper_map.filled("{results/samples.json#models.copy-first.frames_1_on.psnr:.2f} dB") == f"{score:.2f} dB"
    with pytest.raises(KeyError):
        paper_map.filled("{results/samples.json#models.nobody}")


@pytest.mark.xdist_group("pages")  # where the book is built already
def test_the_page_shows_every_item_and_breaks_no_line_that_it_cannot(built_book):
    page = (built_book / "paper_map.html").read_text("utf-8")
    for item in ITEMS:
        assert item.label in page
    assert page.count("sd-badge") == len(ITEMS) + len(paper_map.VERDICTS)
    assert "{results/" not in page
