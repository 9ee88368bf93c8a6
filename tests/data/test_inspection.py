import json
import re
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from ssagan_lite.data.clips import ClipDataset, write_clips
from ssagan_lite.data.inspection import evenly_spaced, histogram, inspect, printable, report_lines
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError

SCRIPT = Path(__file__).parents[2] / "data_scripts" / "inspect_clips.py"
SKIES = synthetic_clips(6, 16, 8, seed=0).frames
NAMES = tuple("aabbcc")  # two clips of each video
SPLITS = {"a": "train", "b": "train", "c": "test"}


def pack(path, clips=SKIES, sources=NAMES, split=SPLITS, **options):
    return write_clips(path, clips, sources=sources, split=split, **options)


def edit(folder, **changes):
    manifest = json.loads((folder / "clips.json").read_text())
    (folder / "clips.json").write_text(json.dumps({**manifest, **changes}))


def look(folder, count=None):
    inspection = inspect(ClipDataset(folder), count)
    return inspection, "\n".join(report_lines(inspection))


def run(monkeypatch, *arguments):
    """Run the script as its own program, in this process."""
    monkeypatch.setattr(sys, "argv", ["inspect_clips.py", *map(str, arguments)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def refusal(monkeypatch, capsys, *arguments):
    """The one sentence with which the script refuses."""
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, *arguments)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert len(printed.err.splitlines()) == 1
    return printed.err


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def test_a_sound_set(tmp_path):
    inspection, report = look(pack(tmp_path / "set", shard_clips=4))
    assert (inspection.total, len(inspection.clips), inspection.size, inspection.frames) == (6, 6, 16, 8)
    assert inspection.clip_counts == {"train": 4, "test": 2}
    assert list(inspection.clip_counts) == ["train", "test"]
    assert inspection.source_counts == {"train": 2, "test": 1}
    assert not inspection.still + inspection.duplicates + inspection.shared_sources + inspection.misfits
    assert "6 clips of 8 frames, 16 x 16 pixels" in report
    assert "train: 4 clips, 2 source videos" in report
    assert "inspected: all clips" in report
    assert "skipped when packed: 0" in report
    for absent in ("warning:", "paper"):
        assert absent not in report


def test_motion_and_brightness_are_in_grey_levels(tmp_path):
    clips = np.zeros((2, 3, 16, 16, 3), np.uint8)
    clips[0, 1] = 30  # black, 30, black: the difference must not wrap around
    clips[1, 2] = 255
    inspection, _ = look(pack(tmp_path / "set", clips, "ab"))
    assert [clip.motion for clip in inspection.clips] == pytest.approx([30, 127.5])
    assert [clip.brightness for clip in inspection.clips] == pytest.approx([10, 85])


def test_a_still_clip_is_found(tmp_path):
    clips = SKIES.copy()
    clips[3] = clips[3, 0]
    inspection, report = look(pack(tmp_path / "set", clips))
    assert [clip.index for clip in inspection.still] == [3]
    assert "warning: clips that do not move at all: 1 (b)" in report


def test_a_set_that_is_all_black_or_has_one_frame(tmp_path):
    black, report = look(pack(tmp_path / "black", np.zeros_like(SKIES)))
    assert len(black.still) == 6
    assert "clips with the bytes of an earlier one: 5 (a clip 0 = c clip 4)" in report
    single, _ = look(pack(tmp_path / "single", SKIES[:, :1]))
    assert len(single.still) == 6


def test_duplicates_leak_only_across_splits(tmp_path):
    within, report = look(pack(tmp_path / "within", SKIES[[0, 1, 2, 0, 4, 5]]))
    assert [[clip.index for clip in group] for group in within.duplicates] == [[0, 3]]
    assert not within.leaked_duplicates
    assert "warning:" not in report
    across, report = look(pack(tmp_path / "across", SKIES[[0, 1, 2, 3, 0, 5]]))
    assert [[clip.index for clip in group] for group in across.leaked_duplicates] == [[0, 4]]
    assert (
        "warning: leak, groups of clips with the same bytes in more than one split: 1 (a clip 0 = c clip 4)" in report
    )
    assert 4 not in [clip.index for group in across.look_alikes for clip in group]  # each kind apart


def test_look_alikes_are_no_warning(tmp_path):
    clips = SKIES.copy()
    clips[4] = clips[0]
    clips[4, 3, 0, 0, 0] ^= 1  # between the first and the last frame
    inspection, report = look(pack(tmp_path / "set", clips))
    assert not inspection.duplicates
    assert [[clip.index for clip in group] for group in inspection.leaked_look_alikes] == [[0, 4]]
    assert "look alike, groups in more than one split: 1 (a clip 0 = c clip 4)" in report
    assert "warning:" not in report


def test_a_source_in_both_splits_is_a_leak_even_in_a_subset(tmp_path):
    path = pack(tmp_path / "set")
    clips = json.loads((path / "clips.json").read_text())["clips"]
    clips[1]["split"] = "test"
    edit(path, clips=clips)
    inspection, report = look(path, count=1)
    assert inspection.shared_sources == ("a",)
    assert "warning: leak, source videos in more than one split: 1 (a)" in report


def test_all_damaged_shards_are_named(tmp_path):
    path = pack(tmp_path / "set", shard_clips=2)
    for name in ("clips-00000.npy", "clips-00002.npy"):
        content = bytearray((path / name).read_bytes())
        content[-1] ^= 1
        (path / name).write_bytes(content)
    inspection, report = look(path)
    assert inspection.misfits == ("clips-00000.npy", "clips-00002.npy")
    assert "warning: shards that differ from their checksum: 2 (clips-00000.npy, clips-00002.npy)" in report


def test_reasons_are_counted_without_what_differs(tmp_path):
    reasons = [f"/videos/{name} has {n} frames, 8 are needed." for n, name in enumerate(["x.mp4", "y.mp4"])]
    skipped = [*({"source": "x", "reason": reason} for reason in reasons), {"source": "z", "reason": "dark"}, "odd"]
    inspection, report = look(pack(tmp_path / "set", skipped=skipped))
    assert inspection.skipped == {"... has ... frames, ... are needed.": 2, "dark": 1, "no reason given": 1}
    assert "skipped when packed: 4" in report
    assert "  2: ... has ... frames" in report


@pytest.mark.parametrize(
    ("notes", "compared"), [({"data": "cloud"}, True), ({"data": "beach"}, False), ("cloud", False)]
)
def test_only_the_cloud_set_is_compared_with_the_paper(tmp_path, notes, compared):
    path = pack(tmp_path / "set")
    edit(path, notes=notes)
    _, report = look(path)
    for line in (
        "clips here: 4 / 2",
        "clips in the paper: 35,392 / 2,815",
        "clips in the archive's readme: 35,383 / 2,815",
        "source videos here: 2 / 1",
        "source videos in the archive's readme: 997 / 111",
        "short videos cut from them, in the archive's readme: 2,392 / 225",
    ):
        assert (line in report) == compared


def test_a_subset_is_evenly_spaced_and_says_so(tmp_path):
    path = pack(tmp_path / "set")
    inspection, report = look(path, count=2)
    assert [clip.index for clip in inspection.clips] == [0, 5]
    assert inspection.total == 6
    assert "inspected: 2 of 6 clips, evenly spaced" in report
    assert len(look(path, count=100)[0].clips) == 6
    assert look(path, count=1)[0].clips[0].index == 0
    with pytest.raises(InputError, match="count above 0"):
        inspect(ClipDataset(path), 0)


def test_one_split_alone(tmp_path):
    inspection = inspect(ClipDataset(pack(tmp_path / "set"), split="test"))
    assert inspection.clip_counts == {"test": 2}
    assert {clip.source for clip in inspection.clips} == {"c"}


@pytest.mark.parametrize(("total", "count"), [(1, 1), (7, 3), (61, 40), (79, 40), (40, None)])
def test_evenly_spaced_repeats_none(total, count):
    places = evenly_spaced(total, count)
    assert len(set(places)) == len(places) == min(total, count or total)
    assert (places[0], places[-1]) == (0, total - 1)


def test_histogram_counts_each_value():
    counts, edges = histogram([0, 1, 255], 255)
    assert (counts.sum(), edges[0], edges[-1]) == (3, 0, 255)
    assert histogram([0.0, 0.0])[0].sum() == 2


def test_names_are_fit_to_print():
    assert printable("é\x1b[31m\udc80") == "é\\x1b[31m\\udc80"


def test_the_page_is_self_contained_and_escaped(monkeypatch, capsys, tmp_path):
    names = ["<script>alert(1)</script>", '" onerror="x', "$title\n\udc80", "&amp;", "http://x.org/a", "c"]
    clips = SKIES.copy()
    clips[0] = clips[0, 0]
    path = pack(tmp_path / "<b>set", clips, names, dict.fromkeys(names, "<i>train"), skipped=["<u>"])
    run(monkeypatch, path, "--out", tmp_path / "new" / "report.html")
    page = Page(tmp_path / "new" / "report.html")
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "i", "u", "base"})
    pictures = page.all("img")
    assert len(pictures) == 18
    assert all(set(picture) == {"src", "alt"} and picture["alt"] for picture in pictures)
    assert all(picture["src"].startswith("data:image/jpeg;base64,") for picture in pictures)
    assert not [attributes for _, attributes in page.tags if "href" in attributes]
    style = (tmp_path / "new" / "report.html").read_text(encoding="utf-8").split("</style>")[0]
    assert not re.search(r"url\(|@import|https?:", style)
    for text in ("<script>alert(1)</script>", "$title\\n\\udc80", "<i>train", "warning: clips that do not move"):
        assert text in page.text
    assert all(svg["aria-label"] for svg in page.all("svg"))
    assert len(page.all("svg")) == 2
    assert "warning: clips that do not move at all: 1 (<script>" in capsys.readouterr().out


def test_the_page_stays_small_even_for_noise(monkeypatch, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (41, 3, 160, 160, 3), dtype=np.uint8)
    path = pack(tmp_path / "set", noise, ["a"] * 41)
    run(monkeypatch, path, "--out", tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 3_000_000
    assert len(Page(tmp_path / "report.html").all("img")) == 120


def test_without_out_only_the_report_is_printed(monkeypatch, capsys, tmp_path):
    path = pack(tmp_path / "set")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, path, "--count", 3)
    assert "inspected: 3 of 6 clips" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before


def test_an_existing_page_is_replaced_only_with_force(monkeypatch, capsys, tmp_path):
    path, out = pack(tmp_path / "set"), tmp_path / "report.html"
    out.write_text("mine")
    assert "exists already" in refusal(monkeypatch, capsys, path, "--out", out)
    assert out.read_text() == "mine"
    run(monkeypatch, path, "--out", out, "--force")
    assert "Contact sheet" in out.read_text(encoding="utf-8")


def test_bad_input_is_one_sentence_and_exit_code_2(monkeypatch, capsys, tmp_path):
    assert "is not a packed set" in refusal(monkeypatch, capsys, tmp_path)
    assert "does not exist" in refusal(monkeypatch, capsys, tmp_path / "none")
    path = pack(tmp_path / "set")
    out = tmp_path / "report.html"
    assert "count above 0" in refusal(monkeypatch, capsys, path, "--count", 0, "--out", out)
    assert "is a folder" in refusal(monkeypatch, capsys, path, "--out", tmp_path)
    assert not out.exists()
    (path / "clips-00000.npy").write_bytes(b"short")
    assert "damaged" in refusal(monkeypatch, capsys, path)


def test_help_teaches(monkeypatch, capsys):
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, "--help")
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    for word in ("DATA", "--out", "--count", "--force", "inspect_clips.py data/skies-32"):
        assert word in printed
