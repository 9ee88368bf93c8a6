"""The blind test without a browser: pages hide what they must, answers are read strictly, counts are right."""

import base64
import io
import json
import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.data.video import write_video
from ssagan_lite.errors import InputError
from ssagan_lite.reproduction.study import Item, Study, unveil
from ssagan_lite.reproduction.study.analysis import analyse, as_text, fleiss_kappa
from ssagan_lite.reproduction.study.answers import read_all, read_answers
from ssagan_lite.reproduction.study.clips import broken
from ssagan_lite.reproduction.study.page import make_page, read_page
from ssagan_lite.reproduction.study.simulate import simulate

NAMES = ("nimbus-method", "filmed-truth")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Six skies as mp4s, and blurred ones of another size and length as frames; a seventh in the first only."""
    root = tmp_path_factory.mktemp("clips")
    skies = synthetic_clips(7, 32, 8, seed=5).frames
    for number, sky in enumerate(skies):
        write_video(root / NAMES[0] / f"{number}.mp4", sky)
        if number < 6:
            write_video(root / NAMES[1] / f"{number}/", sky[:6, ::2, ::2])
    return [root / name for name in NAMES]


@pytest.fixture(scope="module")
def made(folders, tmp_path_factory):
    return make_page(folders, tmp_path_factory.mktemp("page") / "page.html", pairs=5, checks=4, seed=3)


def shown(path) -> dict:
    """What the page's script is given."""
    text = path.read_text("utf-8")
    return json.loads(re.search(r'id="study">(.*?)</script>', text, flags=re.DOTALL)[1])


def saved(tmp_path, made, rater="abc-123", changes=None, **options):
    """A file of simulated answers, with top-level changes; a change to None takes the key away."""
    told = simulate(made.path, rater, **options) | (changes or {})
    path = tmp_path / f"{rater}.json"
    path.write_text(json.dumps({key: value for key, value in told.items() if value is not None}))
    return path


def test_a_page_holds_the_pairs_and_checks_and_says_what_it_left_out(made):
    items = made.study.items
    assert len({item.id for item in items}) == len(items) == 9
    assert sorted(Counter(item.right is None for item in items).values()) == [4, 5]
    assert {item.clip for item in items} <= set("012345")
    assert [item.right is None for item in items] != sorted(item.right is None for item in items), "mixed"
    assert any("6" in note and NAMES[0] in note for note in made.notes)
    assert any("smaller" in note for note in made.notes)
    assert read_page(made.path) == made.study


def test_neither_names_nor_clip_names_nor_paths_can_be_read_in_the_page(made, folders):
    text = made.path.read_text("utf-8")
    hidden = [*NAMES, "nimbus", "filmed", str(folders[0].parent), "right"]
    told = json.dumps({key: value for key, value in shown(made.path).items() if key != "items"})
    assert not [word for word in hidden if word in told]
    assert not [word for word in (*NAMES, str(folders[0].parent)) if word in text]
    for name in NAMES:  # nor in base64, at whichever of the three places in a group a name begins
        coded = [base64.b64encode(b"\0" * first + name.encode()).decode()[4:12] for first in range(3)]
        assert not [letters for letters in coded if letters in text]
    assert {frozenset(item) for item in shown(made.path)["items"]} == {
        frozenset(("id", "clips", "frames", "columns", "height", "width"))
    }


def test_the_page_has_no_address_outside_itself_and_forbids_itself_every_connection(made):
    text = re.sub(r"data:image/webp;base64,[\w+/=]+", "", made.path.read_text("utf-8"))
    assert not re.findall(r"https?://|\bfetch\(|XMLHttpRequest|sendBeacon|WebSocket|\bsrc=|@import", text)
    assert "default-src 'none'" in text


def test_both_sides_have_one_encoding_size_and_length(made):
    for item in shown(made.path)["items"]:
        pictures = [base64.b64decode(clip.split(",")[1]) for clip in item["clips"]]
        images = [Image.open(io.BytesIO(picture)) for picture in pictures]
        assert (item["frames"], item["height"], item["width"]) == (6, 16, 16), "checks too: their size tells nothing"
        assert {image.size for image in images} == {(16 * 3, 16 * 2)}
        assert {picture[12:16] for picture in pictures} == {b"VP8 "}, "lossy, and no chunk of metadata"


def test_the_clip_that_a_check_calls_right_is_the_whole_one(made):
    """Noise lies only over the other one; it makes neighbours differ."""

    def grain(address):
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))), dtype=float)
        return abs(np.diff(image, axis=0)).mean()

    sheets = {item["id"]: item["clips"] for item in shown(made.path)["items"]}
    for item in made.study.items:
        if item.right is not None:
            assert grain(sheets[item.id][item.right]) * 1.5 < grain(sheets[item.id][1 - item.right])


def test_a_clip_that_stands_still_is_broken_visibly_too():
    still = np.full((4, 9, 7, 3), 128, np.uint8)
    spoilt = broken(still, np.random.default_rng(0))
    assert spoilt.shape == still.shape
    assert spoilt.std() > 40


def test_the_same_folders_make_the_same_page_and_another_seed_another(folders, tmp_path):
    pages = [make_page(folders, tmp_path / f"{number}.html", pairs=3) for number in range(2)]
    assert pages[0].path.read_bytes() == pages[1].path.read_bytes()
    other = make_page(folders, tmp_path / "other.html", pairs=3, seed=pages[0].study.seed + 1)
    assert other.study.id != pages[0].study.id
    assert len(pages[0].study.items) == 3 + 4, "four checks at least"


def test_coins_put_either_method_first(folders, tmp_path):
    made = make_page(folders, tmp_path / "page.html", pairs=6, checks=0, seed=1)
    assert {item.methods[0] for item in made.study.items} == set(NAMES)


def test_three_folders_make_three_comparisons(folders, tmp_path):
    made = make_page([*folders, folders[0]], tmp_path / "page.html", names=("a", "b", "c"), pairs=2, checks=0)
    assert Counter(frozenset(item.methods) for item in made.study.items) == dict.fromkeys(
        map(frozenset, ("ab", "ac", "bc")), 2
    )


def test_folders_that_cannot_be_compared_are_refused(folders, tmp_path):
    write_video(tmp_path / "others" / "sky.gif", np.zeros((4, 8, 8, 3), np.uint8))
    write_video(tmp_path / "wide" / "0.gif", np.zeros((4, 8, 16, 3), np.uint8))
    write_video(tmp_path / "still" / "0/", np.zeros((1, 16, 16, 3), np.uint8))
    write_video(tmp_path / "twice" / "0.gif", np.zeros((4, 8, 8, 3), np.uint8))
    write_video(tmp_path / "twice" / "0.mp4", np.zeros((4, 8, 8, 3), np.uint8))
    (tmp_path / "empty").mkdir()
    reasons = {"others": "in common", "wide": "shape", "still": "one frame", "twice": "one name", "empty": "no clips"}
    for folder, reason in (reasons | {"missing": "not a folder"}).items():
        with pytest.raises(InputError, match=reason):
            make_page([folders[0], tmp_path / folder], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"names": ("a",)}, "1 name"),
        ({"names": ("a", "a")}, "a name of its own"),
        ({"pairs": 0}, "0 pairs"),
        ({"checks": -1}, "-1 checks"),
        ({"seed": -1}, "seed -1"),
        ({"fps": float("nan")}, "nan frames"),
    ],
)
def test_options_without_sense_are_refused(folders, tmp_path, options, reason):
    with pytest.raises(InputError, match=reason):
        make_page(folders, tmp_path / "page.html", **options)


def test_a_page_is_never_overwritten_unasked(folders, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("precious")
    with pytest.raises(InputError, match="force"):
        make_page(folders, page, pairs=1, checks=0)
    assert page.read_text() == "precious"
    make_page(folders, page, pairs=1, checks=0, force=True)
    with pytest.raises(InputError, match=r"\.html"):
        make_page(folders, tmp_path / "page.txt")
    with pytest.raises(InputError, match="not a page"):
        read_page(folders[0] / "0.mp4")


def test_the_veil_hides_and_gives_back_and_notices_any_change():
    study = Study(("été", "real"), (Item("1", "sky", ("real", "été")),), 7, 8.0)
    veiled = study.veiled()
    assert unveil(veiled, study.id) == study
    assert b"real" not in base64.b64decode(veiled)
    other = Study(study.names, study.items, 8, 8.0)
    for damaged, name in ((veiled[:-8], study.id), (veiled, other.id), ("!", study.id), ("", study.id)):
        with pytest.raises(InputError, match="study"):
            unveil(damaged, name)


def test_answers_are_read_as_they_were_given(made, tmp_path):
    path = saved(tmp_path, made, prefers=1.0)
    told, sheet = json.loads(path.read_text()), read_answers(path)
    assert (sheet.rater, sheet.simulated, len(sheet.pairs), len(sheet.checks)) == ("abc-123", True, 5, 4)
    assert sheet.wrong_checks == 0
    for one, answer in zip(told["answers"], sheet.answers, strict=True):
        assert answer.chose_left == (one["choice"] == "left")
        assert "AB"[answer.chosen] == one["sides"][["left", "right"].index(one["choice"])]
    assert all(answer.item.methods[answer.chosen] == NAMES[0] for answer in sheet.pairs)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_answers(path) == sheet, "an editor's mark at the beginning does no harm"


def test_what_is_no_file_of_answers_is_refused_by_name(made, tmp_path):
    whole = saved(tmp_path, made).read_bytes()
    path = tmp_path / "odd.json"
    without = re.sub(rb'"seconds": [0-9.]+', b'"seconds": NaN', whole, count=1)
    assert without != whole
    for content in (whole[:-40], b"", b"[]", b"3", b"\xff", b"{}", b"[" * 100_000, without):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"odd\.json.*(damaged|not a file of answers)"):
            read_answers(path)
    with pytest.raises(InputError, match="not a file"):
        read_answers(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, "version 2"),
        ({"rater": None}, "lacks rater"),
        ({"rater": "../../etc"}, "no code"),
        ({"rater": 3}, "texts"),
        ({"started": "yesterday"}, "times"),
        ({"simulated": "no"}, "true or false"),
        ({"simulatd": True}, "simulatd"),
        ({"answers": {}}, "list"),
        ({"study": "0" * 16}, "key"),
        ({"veil": "AAAA"}, "key"),
    ],
)
def test_files_with_nonsense_are_refused_by_name(made, tmp_path, changes, reason):
    with pytest.raises(InputError, match=rf"abc-123\.json.*{reason}"):
        read_answers(saved(tmp_path, made, changes=changes))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"choice": "both"}, "'both' in its answer 2"),
        ({"choice": ["left"]}, r"\['left'\]"),
        ({"sides": ["A", "A"]}, "sides"),
        ({"sides": "AB"}, "sides"),
        ({"seconds": -1}, "-1 for seconds"),
        ({"seconds": True}, "True for seconds"),
        ({"seconds": "3"}, "'3' for seconds"),
        ({"seconds": 10**400}, "for seconds"),
        ({"pair": "unknown"}, "'unknown'"),
        ({"pair": ["x"]}, r"\['x'\]"),
        ({"more": 1}, "must hold"),
    ],
)
def test_answers_with_nonsense_are_refused_by_name(made, tmp_path, change, reason):
    answers = simulate(made.path, "abc-123")["answers"]
    answers[1] |= change
    with pytest.raises(InputError, match=rf"abc-123\.json.*{reason}"):
        read_answers(saved(tmp_path, made, changes={"answers": answers}))


def test_missing_and_doubled_pairs_are_refused_by_name(made, tmp_path):
    answers = simulate(made.path, "abc-123")["answers"]
    with pytest.raises(
        InputError, match=rf"abc-123\.json lacks 2 of 9 pairs.*({answers[7]['pair']}|{answers[8]['pair']})"
    ):
        read_answers(saved(tmp_path, made, changes={"answers": answers[:7]}))
    with pytest.raises(InputError, match=f"{answers[0]['pair']} twice"):
        read_answers(saved(tmp_path, made, changes={"answers": [*answers, answers[0]]}))
    with pytest.raises(InputError, match=r"abc-123\.json lacks 9"):
        read_answers(saved(tmp_path, made, changes={"answers": []}))


def test_files_of_two_studies_and_of_one_rater_twice_are_refused(made, folders, tmp_path):
    other = make_page(folders, tmp_path / "other.html", pairs=2, checks=0)
    first, second = saved(tmp_path, made, "one-1"), saved(tmp_path, other, "two-2")
    with pytest.raises(InputError, match=r"two-2\.json is of another study than .*one-1\.json"):
        read_all([first, second])
    again = tmp_path / "again.json"
    again.write_bytes(first.read_bytes())
    with pytest.raises(InputError, match=r"again\.json and .*one-1\.json are both of the rater one-1"):
        read_all([first, again])
    told = json.loads(first.read_text()) | {"rater": "two-2"}
    del told["simulated"]
    again.write_text(json.dumps(told))
    first.write_text(json.dumps({k: v for k, v in json.loads(first.read_text()).items() if k != "simulated"}))
    with pytest.raises(InputError, match=r"again\.json is .*one-1\.json under another code"):
        read_all([first, again])
    with pytest.raises(InputError, match="no file"):
        read_all([])


def test_counts_stand_on_the_scale_of_table_2(made, tmp_path):
    files = [saved(tmp_path, made, f"rater-{n}", prefers=float(n < 3), seed=n) for n in range(4)]
    result = analyse(read_all(files))
    (one,) = result["comparisons"]
    assert (one["first"], one["second"], one["preferred"], one["answers"]) == (*NAMES, 15, 20)
    assert one["score"] == 750
    assert one["exact_interval"] == pytest.approx([508.9541, 913.4285], abs=1e-3)  # 15 of 20, as scipy has it
    assert one["rater_interval"] == [250, 1000]
    assert one["agreement"] == pytest.approx(-1 / 3)  # 3 to 1 in each pair: (0.5 - 0.625) / (1 - 0.625)
    lefts = sum(answer.chose_left for sheet in read_all(files) for answer in sheet.pairs)
    assert (result["left"]["chosen"], result["left"]["share"]) == (lefts, lefts / 20)
    seconds = [answer["seconds"] for file in files for answer in json.loads(file.read_text())["answers"]]
    assert min(seconds) < result["median_seconds"] < max(seconds)
    assert json.loads(json.dumps(result)) == result
    assert "With 4 raters the interval over raters is narrower" in as_text(result)


def test_raters_who_do_not_look_are_left_out_and_named(made, tmp_path):
    careful = saved(tmp_path, made, "careful-1", prefers=1.0)
    careless = saved(tmp_path, made, "careless-1", prefers=0.0, attention=0.0)
    result = analyse(read_all([careful, careless]))
    assert result["comparisons"][0]["score"] == 1000, "only the careful one counts"
    assert result["excluded"] == [{"rater": "careless-1", "file": str(careless), "wrong": 4, "checks": 4}]
    assert "careless-1 (4 of 4 wrong" in as_text(result)
    assert "more than one in four" in as_text(result)


@pytest.mark.parametrize(("wrong", "out"), [(0, False), (1, False), (2, True)])
def test_one_slip_in_four_is_forgiven(made, tmp_path, wrong, out):
    told = simulate(made.path, "abc-123")
    checks = {item.id for item in made.study.items if item.right is not None}
    slips = [one for one in told["answers"] if one["pair"] in checks][:wrong]
    for one in slips:
        one["choice"] = {"left": "right", "right": "left"}[one["choice"]]
    result = analyse(read_all([saved(tmp_path, made, changes={"answers": told["answers"]})]))
    assert bool(result["excluded"]) == out


def test_one_rater_and_no_rater_are_told_in_words(made, tmp_path):
    alone = analyse(read_all([saved(tmp_path, made, "alone-1")]))
    assert alone["comparisons"][0]["rater_interval"] is None
    assert alone["comparisons"][0]["agreement"] is None
    assert "One rater alone" in as_text(alone)
    nobody = analyse(read_all([saved(tmp_path, made, "nobody-1", attention=0.0)]))
    assert nobody["comparisons"][0]["score"] is None
    assert nobody["median_seconds"] is None
    assert "No answers are left" in as_text(nobody)
    with pytest.raises(InputError, match="no answers"):
        analyse([])


def test_a_liking_for_the_left_shows(made, tmp_path):
    files = [saved(tmp_path, made, f"rater-{n}", left=1.0, seed=n) for n in range(3)]
    result = analyse(read_all(files))
    assert result["left"]["share"] == 1
    assert result["left"]["exact_interval"][0] > 0.75
    assert "100.0 %" in as_text(result)
    assert not result["excluded"], "checks were still answered"


def test_tables_with_any_simulated_answer_say_so_first(made, tmp_path):
    invented, real = saved(tmp_path, made, "invented-1"), saved(tmp_path, made, "real-1", {"simulated": None})
    mixed = analyse(read_all([real, invented]))
    assert mixed["simulated"] is True
    assert as_text(mixed).splitlines()[0].startswith("SIMULATED: 1 of 2 files")
    only_real = analyse(read_all([real]))
    assert only_real["simulated"] is False
    assert "SIMULATED" not in as_text(only_real)


def test_fleiss_kappa_is_the_textbooks():
    # Fourteen raters, ten subjects, five categories: https://en.wikipedia.org/wiki/Fleiss'_kappa
    rows = "00 0 0 0 14|0 2 6 4 2|0 0 3 5 6|0 3 9 2 0|2 2 8 1 1|7 7 0 0 0|3 2 6 3 0|2 5 3 2 2|6 5 2 1 0|0 2 2 3 7"
    assert fleiss_kappa([[int(x) for x in row.split()] for row in rows.split("|")]) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa([[2, 0], [0, 2]]) == 1
    assert fleiss_kappa([[1, 1], [1, 1]]) == -1
    assert fleiss_kappa([[3, 0], [3, 0]]) is None
    for counts in ([[2, 0], [2, 1]], [[1, 0], [0, 1]], [], [3, 4]):
        with pytest.raises(InputError, match="one number of ratings"):
            fleiss_kappa(counts)
