import bz2
import hashlib
import io
import os
import pickle
import runpy
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ssagan_lite.data.beach import (
    UNPACKED,
    BeachPacker,
    count_frames,
    list_archive,
    list_folder,
    parent_video,
    read_clip,
    split_of,
    unpack_archive,
)
from ssagan_lite.data.clips import ClipDataset
from ssagan_lite.data.images import resize_image
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError

SCRIPT = Path(__file__).parents[2] / "data_scripts" / "prepare_beach.py"


def stacked_jpeg(frames, seed=0, size=128) -> bytes:
    """A sky as VGAN stores its clips: frames of 128 x 128, one below the other. Each seed gives other bytes."""
    clip = np.resize(SKY, (frames, 128, 128, 3))  # repeats the sky from its beginning
    stack = np.roll(clip, 3 * seed, axis=2).reshape(-1, 128, 3)[:, :size]
    file = io.BytesIO()
    Image.fromarray(stack).save(file, "JPEG", quality=90)
    return file.getvalue()


SKY = synthetic_clips(1, 128, 4, seed=0).frames[0]  # (4, 128, 128, 3)
JPEG = {frames: stacked_jpeg(frames) for frames in (20, 32, 33)}


def name_of(video: int, clip: int) -> str:
    digits = f"{video:010d}"
    return f"videos2/{'/'.join(digits[-1:-4:-1])}/{digits}.mp4/{clip:04d}.jpg"


def clips(videos=4, each=2) -> dict[str, bytes]:
    """Names and JPEGs in the layout of the archive, in natural order."""
    made = {
        name_of(video, clip): stacked_jpeg(32, 10 * video + clip) for video in range(videos) for clip in range(each)
    }
    return dict(sorted(made.items()))


def write_tree(root, files) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def write_tar(path, files, members=()) -> Path:
    with tarfile.open(path, "w:" + path.suffix[1:].replace("tar", "")) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for member in members:
            tar.addfile(member)
    return path


def special(name, kind) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member


def bytes_of(root) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def prepare(monkeypatch):
    """Run the script as its own program, in this process; returns its exit status."""

    def run(*arguments, workers=1) -> int:
        options = ["--workers", workers] if workers else []
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, [*arguments, *options])])
        try:
            runpy.run_path(str(SCRIPT), run_name="__main__")
        except SystemExit as stop:
            return stop.code
        return 0

    return run


# --- one clip


@pytest.mark.parametrize("frames", [20, 32, 33])
def test_a_jpeg_becomes_32_frames(frames):
    clip = read_clip(JPEG[frames], "repeat")
    stack = np.asarray(Image.open(io.BytesIO(JPEG[frames]))).reshape(frames, 128, 128, 3)
    assert clip.shape == (32, 128, 128, 3)
    assert np.array_equal(clip[:frames], stack[:32])
    assert all(np.array_equal(frame, stack[min(frames, 32) - 1]) for frame in clip[frames - 1 :])
    assert count_frames(JPEG[frames][:2000]) == frames


def test_short_clips_can_be_dropped():
    with pytest.raises(InputError, match=r"^20 frames, 32 are needed$"):
        read_clip(JPEG[20], "drop")
    assert np.array_equal(read_clip(JPEG[33], "drop"), read_clip(JPEG[33], "repeat"))


PNG = io.BytesIO()
Image.new("RGB", (128, 4096)).save(PNG, "PNG")
UPRIGHT = io.BytesIO()
Image.new("RGB", (128, 4000)).save(UPRIGHT, "JPEG")
DEFECTS = {
    "empty.jpg": (b"", "the file is empty"),
    "narrow.jpg": (stacked_jpeg(32, size=96), "96 x 4096 pixels"),
    "odd.jpg": (UPRIGHT.getvalue(), "128 x 4000 pixels"),
    "short.jpg": (JPEG[32][:-5000], "cut short"),
    "zeros.jpg": (JPEG[32][:-5000] + bytes(5000), "cut short"),
    "head.jpg": (JPEG[32][:10], "not a JPEG"),
    "text.jpg": (b"404 not found", "not a JPEG"),
    "png.jpg": (PNG.getvalue(), "not a JPEG"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_are_told(name):
    data, reason = DEFECTS[name]
    with pytest.raises(InputError, match=reason):
        read_clip(data, "repeat")


# --- videos and splits


@pytest.mark.parametrize(
    ("name", "video"),
    [
        ("videos2/7/5275097597.mp4/0000.jpg", "5275097597.mp4"),
        ("5275097597.mp4/part/0000.jpg", "5275097597.mp4"),
        ("videos2/5275097597/0000.jpg", "5275097597"),
        ("0000.jpg", "beach"),
    ],
)
def test_parent_video(name, video):
    assert parent_video(name, "beach") == video


@pytest.mark.paper("Split of the beach")
def test_split_is_a_tenth_and_nested():
    videos = [f"{number}.mp4" for number in range(4000)]
    tenth, fifth = ({video for video in videos if split_of(video, share) == "test"} for share in (0.1, 0.2))
    assert 350 < len(tenth) < 450
    assert tenth < fifth
    assert {split_of(video, 0) for video in videos} == {"train"}
    assert {split_of(video, 1) for video in videos} == {"test"}
    assert split_of("5275097597.mp4", 0.1) == "train"  # for ever: sets made on two machines agree


# --- folders and archives


def test_list_folder_is_in_natural_order(tmp_path):
    names = ["v.mp4/2.jpg", "v.mp4/10.jpg", "v.mp4/._2.jpg", ".cache/1.jpg", "v.mp4/notes.txt", "w.mp4/1.JPEG"]
    write_tree(tmp_path, dict.fromkeys(names, b"x"))
    (tmp_path / "w.mp4" / "2.jpg").symlink_to("nowhere")
    listing = list_folder(tmp_path)
    assert [item.name for item in listing.items] == ["v.mp4/2.jpg", "v.mp4/10.jpg", "w.mp4/1.JPEG"]
    assert [skipped["source"] for skipped in listing.skipped] == ["w.mp4/2.jpg"]
    assert [item.name for item in list_folder(tmp_path, limit=1).items] == ["v.mp4/2.jpg"]


HOSTILE = {"../out.jpg": "leads out", "/abs.jpg": "leads out", "a/../../b.jpg": "leads out", "C:\\x.jpg": "leads out"}


@pytest.mark.parametrize("ending", [".tar", ".tar.bz2", ".tar.gz"])
def test_entries_that_lead_out_are_refused(tmp_path, ending):
    files = {**dict.fromkeys(HOSTILE, b"x"), "./v.mp4/0.jpg": b"jpeg", "v.mp4/0.jpg": b"again", "beach.txt": b"list"}
    links = [special("v.mp4/1.jpg", tarfile.SYMTYPE), special("v.mp4/2.jpg", tarfile.LNKTYPE)]
    members = [*links, special("v.mp4/3.jpg", tarfile.CHRTYPE), special("v.mp4", tarfile.DIRTYPE)]
    archive = write_tar(tmp_path / f"beach{ending}", files, members)
    inside = tmp_path / "inside"
    if ending == ".tar":
        listing = list_archive(archive)
    else:
        listing = unpack_archive(archive, inside / "cache", sha256="0")
        assert sorted(bytes_of(tmp_path)) == [archive.name, f"inside/cache/{UNPACKED}", "inside/cache/v.mp4/0.jpg"]
    assert [item.name for item in listing.items] == ["v.mp4/0.jpg"]
    assert listing.whole
    reasons = {skipped["source"]: skipped["reason"] for skipped in listing.skipped}
    twice = reasons.pop("v.mp4/0.jpg")
    assert "twice" in twice
    assert {name: "leads out" for name in reasons if "leads out" in reasons[name]} == HOSTILE
    assert reasons["v.mp4/1.jpg"] == reasons["v.mp4/2.jpg"] == "it is a link"
    assert reasons["v.mp4/3.jpg"] == "it is no plain file"
    assert len(reasons) == 7


@pytest.mark.parametrize("ending", [".tar", ".tar.bz2", ".tar.gz"])
@pytest.mark.parametrize("kept", [0, 10, 0.3, 0.6, "header", "end"])
def test_an_archive_that_is_cut_short_is_told(tmp_path, ending, kept):
    archive = write_tar(tmp_path / f"beach{ending}", {f"v.mp4/{clip}.jpg": os.urandom(3000) for clip in range(5)})
    data = archive.read_bytes()
    length = int(kept * len(data)) if isinstance(kept, float) else {"header": 3 * 3584 + 100, "end": 5 * 3584}.get(kept)
    archive.write_bytes(data[: kept if length is None else min(length, len(data) - 20)])
    with pytest.raises(InputError, match=r"damaged, or cut short; continue it with curl -C - -O http"):
        list_archive(archive) if ending == ".tar" else unpack_archive(archive, tmp_path / "cache", sha256="0")


def test_a_damaged_header_is_no_quiet_end(tmp_path):
    archive = write_tar(tmp_path / "beach.tar", {f"v.mp4/{clip}.jpg": bytes(3000) for clip in range(5)})
    data = bytearray(archive.read_bytes())
    data[2 * 3584 + 20] ^= 1
    archive.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        list_archive(archive)


def test_unpacking_goes_on_where_it_was_killed(tmp_path):
    files = {f"v.mp4/{clip}.jpg": os.urandom(3000) for clip in range(6)}
    archive = write_tar(tmp_path / "beach.tar.bz2", files, [special("link", tarfile.SYMTYPE)])
    whole = unpack_archive(archive, tmp_path / "whole", "0")
    cache = tmp_path / "cache"
    assert [item.name for item in unpack_archive(archive, cache, "0", limit=2).items] == list(files)[:2]
    assert not (cache / "v.mp4/2.jpg").exists()
    (cache / "v.mp4/2.jpg").write_bytes(b"half")  # a kill while it was written
    with (cache / UNPACKED).open("a") as journal:
        journal.write('{"name": "v.mp4/2.j')
    again = unpack_archive(archive, cache, "0")
    assert (again.items, again.skipped) == (whole.items, whole.skipped)
    assert bytes_of(cache) == bytes_of(tmp_path / "whole")
    archive.write_bytes(b"gone")  # a complete cache needs the archive no more
    assert unpack_archive(archive, cache, "0").items == whole.items
    assert not unpack_archive(archive, cache, "0", limit=3).whole
    with pytest.raises(InputError, match="unpacked from another archive"):
        unpack_archive(archive, cache, "1")
    with pytest.raises(InputError, match="is in the way"):
        unpack_archive(archive, write_tree(tmp_path / "mine", {"photo.jpg": b""}), "0")


# --- the script


def test_every_kind_of_source_gives_the_same_clips(prepare, tmp_path, capsys):
    files = clips(videos=6, each=3)
    sources = [write_tree(tmp_path / "tree", files)]
    sources += [write_tar(tmp_path / f"beach{ending}", files) for ending in (".tar", ".tar.bz2")]
    outs = [tmp_path / f"set-{number}" for number in range(3)]
    for source, out in zip(sources, outs, strict=True):
        assert prepare(source, "--out", out, "--size", 16, "--test-fraction", 0.3) == 0
    made = ClipDataset(outs[0])
    assert (len(made), made.size, made.frames) == (18, 16, 32)
    first = np.asarray(Image.open(io.BytesIO(next(iter(files.values()))))).reshape(32, 128, 128, 3)
    assert np.array_equal(made[0], np.stack([resize_image(frame, 16) for frame in first]))
    for out, source in zip(outs, sources, strict=True):
        manifest = ClipDataset(out).manifest
        for name in ("clips", "shards", "skipped"):
            assert manifest[name] == made.manifest[name]
        digest = hashlib.sha256(source.read_bytes()).hexdigest() if source.is_file() else None
        assert manifest["notes"] == {
            "data": "beach",
            "source": source.name,
            "sha256": digest,
            "size": 16,
            "short": "repeat",
            "resize": "cv2.INTER_AREA",
            "test_fraction": 0.3,
            "split": "by parent video",
        }
    sides = {(clip["source"], clip["split"]) for clip in made.manifest["clips"]}
    assert len(sides) == 6  # no video on both sides
    assert {side for _, side in sides} == {"train", "test"}
    assert "beach.tar.sha256" in bytes_of(tmp_path)
    assert f"{outs[2]}.jpegs holds the unpacked JPEGs" in capsys.readouterr().out


def test_defects_and_short_clips_are_named(prepare, tmp_path):
    files = {f"bad.mp4/{name}": data for name, (data, _) in DEFECTS.items()}
    files |= {f"a.mp4/{frames}.jpg": data for frames, data in JPEG.items()}
    root = write_tree(tmp_path / "tree", files)
    for short, kept in (("repeat", 3), ("drop", 2)):
        out = tmp_path / short
        assert prepare(root, "--out", out, "--size", 8, "--short", short) == 0
        manifest = ClipDataset(out).manifest
        reasons = {skipped["source"]: skipped["reason"] for skipped in manifest["skipped"]}
        assert len(manifest["clips"]) == kept
        assert reasons.pop("a.mp4/20.jpg", None) == (None if short == "repeat" else "20 frames, 32 are needed")
        assert reasons.keys() == {f"bad.mp4/{name}" for name in DEFECTS}
        assert all(reason in reasons[f"bad.mp4/{name}"] for name, (_, reason) in DEFECTS.items())


def test_a_killed_run_goes_on_to_the_same_bytes(prepare, tmp_path):
    some = [stacked_jpeg(32, seed) for seed in range(3)]
    files = {name_of(number // 4, number % 4): some[number % 3] for number in range(80)}
    archive = write_tar(tmp_path / "beach.tar", files)
    command = [archive, "--out", tmp_path / "killed", "--size", "32", "--workers", "1"]
    process = subprocess.Popen([sys.executable, SCRIPT, *command], stderr=subprocess.DEVNULL)
    journal = tmp_path / "killed.partial" / "journal.jsonl"
    while process.poll() is None and not (journal.is_file() and journal.read_bytes()):
        time.sleep(0.002)
    process.kill()
    assert process.wait() != 0
    assert 1 <= len(journal.read_text().splitlines()) < 5
    assert not (tmp_path / "killed").exists()
    assert prepare(archive, "--out", tmp_path / "killed", "--size", 64) == 2  # begun with another size
    assert prepare(*command, workers=None) == 0
    assert prepare(archive, "--out", tmp_path / "whole", "--size", 32) == 0
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "whole")
    assert len(ClipDataset(tmp_path / "whole")) == 80


@pytest.mark.parametrize("kind", ["tree", ".tar", ".tar.bz2"])
def test_dry_run_counts_and_writes_nothing(prepare, capsys, tmp_path, kind):
    files = {f"a.mp4/{frames}.jpg": data for frames, data in JPEG.items()}
    files |= {"b.mp4/empty.jpg": b"", "b.mp4/odd.jpg": DEFECTS["odd.jpg"][0], "c.mp4/1.jpg": JPEG[32]}
    source = tmp_path / f"beach{kind}"
    write_tree(source, files) if kind == "tree" else write_tar(source, files)
    before = bytes_of(tmp_path)
    out = tmp_path / "deep" / "set"
    assert prepare(source, "--out", out, "--short", "drop", "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{source.name}: 3 clips of 2 videos found"
    for line in ("20 frames: 1 clips", "32 frames: 2 clips", "33 frames: 1 clips", "nothing was written"):
        assert line in lines
    assert "left out: 1 (20 frames, 32 are needed)" in lines
    assert "left out: 1 (the file is empty)" in lines
    assert f"needed for {out}: {3 * 32 * 64 * 64 * 3:,} bytes" in lines
    told = f"needed for {out}.jpegs: {sum(map(len, files.values())):,} bytes, until the set is packed"
    assert (told in lines) == (kind == ".tar.bz2")
    assert bytes_of(tmp_path) == before
    assert not out.parent.exists()
    assert prepare(source, "--out", out, "--dry-run", "--limit", 2) == 0
    assert "20 frames: 1 clips\n32 frames: 1 clips\nneeded" in capsys.readouterr().out


def test_limit_takes_the_first(prepare, tmp_path):
    files = clips(videos=2, each=2)
    prepare(write_tree(tmp_path / "tree", files), "--out", tmp_path / "a", "--size", 8, "--limit", 3)
    archive = write_tar(tmp_path / "beach.tar.bz2", files)
    prepare(archive, "--out", tmp_path / "b", "--size", 8, "--limit", 3)
    assert ClipDataset(tmp_path / "a").sources == ClipDataset(tmp_path / "b").sources
    assert len(ClipDataset(tmp_path / "a")) == 3
    assert not (tmp_path / "beach.tar.bz2.sha256").exists()  # it was not read to its end


def test_an_archive_that_changed_is_told(prepare, capsys, tmp_path):
    archive = write_tar(tmp_path / "beach.tar", clips(videos=1, each=1))
    assert prepare(archive, "--out", tmp_path / "a", "--size", 8) == 0
    record = (tmp_path / "beach.tar.sha256").read_text()
    assert record == f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  beach.tar\n"
    write_tar(archive, clips(videos=1, each=2))
    assert prepare(archive, "--out", tmp_path / "b", "--size", 8) == 2
    assert "is not the file that" in capsys.readouterr().err
    assert not list(tmp_path.glob("b*.partial"))


def test_bad_input_is_one_sentence_and_exit_code_2(prepare, capsys, tmp_path):
    (tmp_path / "list.txt").write_text("videos2/7/5/5275097597.mp4/0000.jpg\n" * 100)
    (tmp_path / "fake.tar.bz2").write_bytes(bz2.compress(b"no tar" * 1000))
    (tmp_path / "empty").mkdir()
    out = ("--out", tmp_path / "set")
    cases = [
        ((tmp_path / "none", *out), "does not exist; download it with curl -C - -O http://data.csail.mit.edu/"),
        (out, "SOURCE must be given; download it with curl"),
        ((tmp_path / "list.txt", *out), "is no tar archive"),
        ((tmp_path / "fake.tar.bz2", *out), "is no tar archive"),
        ((tmp_path / "empty", *out), "nothing to pack"),
        ((tmp_path / "empty", *out, "--size", 0), "must be above 0"),
        ((tmp_path / "empty", *out, "--limit", 0), "must be above 0"),
        ((tmp_path / "empty", *out, "--test-fraction", 1.5), "0 to 1"),
        ((tmp_path / "list.txt", "--out", tmp_path / "list.txt"), "choose another name"),
    ]
    for arguments, message in cases:
        assert prepare(*arguments) == 2
        sentence = capsys.readouterr().err.splitlines()[-1]
        assert message in sentence
    assert not (tmp_path / "set").exists()


def test_help_tells_where_the_data_is(prepare, capsys):
    assert prepare("--help", workers=None) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for word in ("SOURCE", "--short", "--dry-run", "--test-fraction", "curl -C - -O", "beach.tar.bz2", "ssagan train"):
        assert word in printed


def test_a_packer_travels_small():
    work = BeachPacker(Path("beach.tar"), 64, "repeat", 0.1, "beach.tar")
    assert pickle.loads(pickle.dumps(work)) == work
    assert len(pickle.dumps(work)) < 500
