"""Results and run times, and the foot of each page: told from the files, with nothing made up."""

import json
import re
import sys
from pathlib import Path

import pytest

from ssagan_lite import __version__

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import page_stamp  # noqa: E402
import results_page  # noqa: E402

FOUND = results_page.abouts()


@pytest.mark.parametrize("name", FOUND)
def test_every_result_file_says_how_it_was_made(name):
    about = FOUND[name]
    assert about.keys() >= {"command", "seed", "commit", "device", "versions", "date", "wall_seconds", "data_sha256"}
    assert about["wall_seconds"] > 0
    assert {"python", "torch"} <= about["versions"].keys()


def test_every_file_is_told_of_once_in_both_parts():
    table, listed = "\n".join(results_page.summary(FOUND)), "\n".join(results_page.files(FOUND))
    for name, about in FOUND.items():
        assert table.count(f"](#{results_page.anchor(name)})") == 1
        assert listed.count(f"({results_page.anchor(name)})=") == 1
        assert about["command"] in listed
    assert len({results_page.anchor(name) for name in FOUND}) == len(FOUND)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (8.41, "8.4 s"),
        (119.9, "119.9 s"),
        (1431.8, "24 min"),
        (4261.3, "71 min"),
        (12508, "3 h 28 min"),
        (None, "not noted"),
    ],
)
def test_times_are_told_as_people_do(seconds, text):
    assert results_page.took(seconds).replace("\N{NO-BREAK SPACE}", " ") == text


def test_what_a_file_does_not_say_is_not_made_up(tmp_path):
    (tmp_path / "old.json").write_text("[1, 2]")
    found = results_page.abouts(tmp_path)
    listed = "\n".join(results_page.files(found))
    assert listed.count("not noted") == 8
    assert not re.search(r"20\d\d", listed)
    assert "took" in "\n".join(results_page.summary(found))


def test_a_page_names_its_results_in_text_and_in_stored_outputs(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!--v:results/samples.json#a.b-->1.0, `audit.json`, config.json, my_skies.json")
    assert page_stamp.results_named(page) == ["audit", "samples"]
    page.write_text("```{paper-map} equation\n```")
    cited = json.loads((ROOT / "book" / "paper_items.json").read_text("utf-8"))
    named = {name for name in FOUND if f"{name}.json" in json.dumps(cited)}
    assert set(page_stamp.results_named(page)) == named


def test_the_date_is_that_of_the_newest_file_and_absent_without_one():
    found = {
        "a": {"date": "2026-01-02", "versions": {"torch": "1"}},
        "b": {"date": "2026-03-04", "versions": {"torch": "2"}},
        "c": {},
    }
    foot = page_stamp.stamp(["a", "b", "c"], found, "9.9", "../{}.html".format, "_sources/x.md")
    assert "2026-03-04, with torch 2" in foot
    assert "2026-01-02" not in foot
    assert 'href="../results_page.html#result-b"' in foot
    assert 'href="../paper_map.html"' in foot
    for names in ([], ["c"]):
        bare = page_stamp.stamp(names, found, "9.9", "{}.html".format, "")
        assert "ssagan-lite 9.9" in bare
        assert "2026" not in bare
        assert "source" not in bare


@pytest.mark.xdist_group("pages")  # where the book is built already
def test_every_built_page_has_a_foot_whose_links_lead_somewhere(built_book):
    anchors = set(re.findall(r'id="(result-[\w-]+)"', (built_book / "results_page.html").read_text("utf-8")))
    assert anchors == {results_page.anchor(name) for name in FOUND}
    for file in set(built_book.glob("*.html")) - {built_book / "genindex.html", built_book / "search.html"}:
        (foot,) = re.findall(r'<footer class="page-stamp".*?</footer>', file.read_text("utf-8"))
        assert f"ssagan-lite {__version__}" in foot
        assert 'href="paper_map.html"' in foot or file.name == "paper_map.html"
        assert set(re.findall(r'href="results_page\.html#([^"]+)"', foot)) <= anchors
        for source in re.findall(r'href="(_sources/[^"]+)"', foot):
            assert (built_book / source).is_file()
    measuring = (built_book / "09_measuring.html").read_text("utf-8")
    assert 'href="results_page.html#result-measuring"' in measuring
