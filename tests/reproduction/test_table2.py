"""Table 2: five pages that tell nothing, and a table from returned files alone."""

import json

import numpy as np
import pytest

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.data.video import write_video
from ssagan_lite.errors import InputError
from ssagan_lite.reproduction import table2
from ssagan_lite.reproduction.study.page import make_page
from ssagan_lite.reproduction.study.simulate import simulate


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("clips")
    skies = synthetic_clips(4, 16, 4, seed=6).frames
    for shade, method in enumerate(table2.METHODS):
        for number, sky in enumerate(skies):
            write_video(root / method / f"{number}/", np.maximum(sky, 20 * shade).astype(np.uint8))
    return {method: root / method for method in table2.METHODS}


@pytest.fixture(scope="module")
def made(folders, tmp_path_factory):
    return table2.pages(folders, tmp_path_factory.mktemp("pages"), pairs=4, checks=4, seed=0)


def saved(tmp_path, page, rater, real=False, **options):
    told = simulate(page.path, rater, **options)
    if real:
        del told["simulated"]
    path = tmp_path / f"{page.path.stem}-{rater}.json"
    path.write_text(json.dumps(told))
    return path


def test_five_pages_in_the_papers_order_whose_names_tell_nothing(made):
    assert [page.path.name for page in made] == [f"study-{number}.html" for number in range(1, 6)]
    assert [(*page.study.names, paper) for page, (*_, paper) in zip(made, table2.COMPARISONS, strict=True)] == [
        ("ours", "mdgan-stage1", 871),
        ("ours", "mdgan-stage2", 526),
        ("mdgan-stage1", "real", 286),
        ("mdgan-stage2", "real", 322),
        ("ours", "real", 334),
    ]
    for page in made:
        assert "mdgan" not in page.path.read_text("utf-8")


def test_pages_are_not_replaced_unasked_and_need_the_four_methods(folders, made):
    out = made[0].path.parent
    with pytest.raises(InputError, match=r"study-1\.html exists"):
        table2.pages(folders, out)
    with pytest.raises(InputError, match="mdgan-stage2"):
        table2.pages({"ours": folders["ours"], "real": folders["real"]}, out)


def test_the_table_counts_returned_files_beside_the_paper(made, tmp_path):
    chances = (1.0, 0.5, 0.0, 0.0, 1.0)
    files = [
        saved(tmp_path, page, f"rater-{n}", prefers=chance, seed=n)
        for n in range(3)
        for page, chance in zip(made, chances, strict=True)
    ]
    result = table2.table(files)
    rows = result["rows"]
    assert [row["paper"] for row in rows] == [871, 526, 286, 322, 334]
    assert [row["score"] for row in rows[:1] + rows[2:]] == [1000, 0, 0, 1000]
    assert {row["answers"] for row in rows} == {12}
    text = table2.as_text(result)
    assert text.splitlines()[0].startswith("SIMULATED: 15 of 15 files")
    assert result["simulated"] is True
    assert "mdgan-stage2 over real" in text
    assert json.loads(json.dumps(result)) == result


def test_lines_that_nobody_answered_stay_empty(made, tmp_path):
    result = table2.table([saved(tmp_path, made[4], "one-1", real=True, prefers=1.0)])
    assert [row["score"] for row in result["rows"]] == [None, None, None, None, 1000]
    text = table2.as_text(result)
    assert "SIMULATED" not in text
    assert text.splitlines()[1].split()[3:6] == ["871", "-", "-"]


def test_raters_who_do_not_look_are_left_out_and_named(made, tmp_path):
    good = saved(tmp_path, made[0], "good-1", prefers=1.0)
    bad = saved(tmp_path, made[0], "bad-1", prefers=0.0, attention=0.0)
    result = table2.table([good, bad])
    assert (result["rows"][0]["score"], result["rows"][0]["raters"]) == (1000, ["good-1"])
    assert "Left out: bad-1 (ours over mdgan-stage1)" in table2.as_text(result)


def test_a_study_that_names_the_two_the_other_way_round_counts_the_right_one(folders, tmp_path):
    page = make_page([folders["real"], folders["ours"]], tmp_path / "page.html", pairs=3, checks=0)
    row = table2.table([saved(tmp_path, page, "one-1", prefers=1.0)])["rows"][4]
    assert (row["first"], row["score"]) == ("ours", 0)


def test_the_table_is_made_of_nothing_else(made, folders, tmp_path):
    with pytest.raises(InputError, match="no file is given"):
        table2.table([])
    other = make_page([folders["ours"], folders["real"]], tmp_path / "page.html", names=("x", "y"), pairs=1, checks=0)
    with pytest.raises(InputError, match="no line of Table 2"):
        table2.table([saved(tmp_path, other, "one-1")])
    second = make_page([folders["ours"], folders["real"]], tmp_path / "again.html", pairs=2, checks=0)
    with pytest.raises(InputError, match="another study"):
        table2.table([saved(tmp_path, made[4], "one-1"), saved(tmp_path, second, "two-2")])
    one = saved(tmp_path, made[0], "one-1")
    with pytest.raises(InputError, match="both of the rater one-1"):
        table2.table([one, one])
