"""Sky Time-lapse from a folder, a zip and a web server: the same bytes, every defect named, killed and gone on with."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cloud_files import cloud_files, frames_of, part, write_folder, write_zip
from range_server import RangeServer

from ssagan_lite.data import cloud
from ssagan_lite.data.archives import Zip, open_archive
from ssagan_lite.data.clips import ClipDataset
from ssagan_lite.data.images import resize_image
from ssagan_lite.errors import InputError

SCRIPT = Path(__file__).resolve().parents[2] / "data_scripts" / "prepare_cloud.py"
SIZE = 24


@pytest.fixture(scope="module")
def files():
    return cloud_files()


@pytest.fixture(scope="module")
def folder(files, tmp_path_factory):
    return write_folder(files, tmp_path_factory.mktemp("folder"))


@pytest.fixture(scope="module")
def archive(files, tmp_path_factory):
    return write_zip(files, tmp_path_factory.mktemp("zip") / "sky_timelapse.zip")


def prepare(source, out, *options, check=True) -> subprocess.CompletedProcess:
    command = [sys.executable, SCRIPT, "--source", source, "--out", out, "--size", SIZE, "--workers", 2, *options]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert not check or run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="module")
def packed(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("set") / "cloud"
    prepare(folder, out)
    return out


def shards(out: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(out.glob("clips-*.npy"))]


@pytest.mark.paper("Clips of clouds")
def test_whole_windows_are_packed_by_split(packed):
    train, test = ClipDataset(packed, "train"), ClipDataset(packed, "test")
    assert train.sources == ["videoA", "videoA", "videoA", "videoC"]
    assert test.sources == ["videoT"]
    assert train[0].shape == (32, SIZE, SIZE, 3)
    starts = [clip["from"] for clip in train.manifest["clips"]]
    assert starts[:2] == ["videoA/videoA_1, frame 86550", "videoA/videoA_1, frame 86582"]
    train.verify()


@pytest.mark.paper("Image size")
def test_frames_are_squashed_by_the_area_filter_that_the_notes_name(packed, folder):
    from PIL import Image

    first = np.asarray(Image.open(next(iter(sorted((folder / "sky_train/videoA/videoA_1").iterdir())))))
    np.testing.assert_array_equal(ClipDataset(packed, "train")[0][0], resize_image(first, SIZE))
    notes = ClipDataset(packed).manifest["notes"]
    assert (notes["data"], notes["resize"], notes["windows"]) == ("cloud", "squash, cv2.INTER_AREA", "all")


def test_every_defect_is_named(packed):
    reasons = {skipped["source"].split("/")[-1]: skipped["reason"] for skipped in ClipDataset(packed).skipped}
    assert reasons["videoB_1"] == "20 frames in a row, 32 are needed"
    assert reasons["videoC_1"] == "frames between 86582 and 86584 are missing"
    assert "frame 86557 is damaged or cut short" in reasons["videoD_1"]
    assert reasons["videoE_1"] == "frame 86553 is 320 x 180, not 640 x 360"
    assert reasons["videoF_1"] == "it is empty"
    assert len(reasons) == 5


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_gives_the_same_shards_as_the_folder(packed, files, tmp_path, method):
    prepare(write_zip(files, tmp_path / "sky_timelapse.zip", method), tmp_path / "out")
    assert shards(tmp_path / "out") == shards(packed)


@pytest.mark.parametrize("inside", ["sky_train", ""])
def test_a_folder_within_or_above_will_do(folder, inside, tmp_path):
    planned = cloud.plan(open_archive(folder / inside if inside else folder.parent), SIZE)
    assert planned.clips["train"] == 6, "bad frames are found later, when they are read"


def test_first_windows_and_a_limit(archive):
    everything, first, limited = (
        cloud.plan(Zip(archive), SIZE, **options) for options in ({}, {"windows": "first"}, {"limit": 2})
    )
    assert (everything.clips["train"], first.clips["train"], limited.clips["train"]) == (6, 5, 2)
    assert first.clips["test"] == limited.clips["test"] == 1


def test_entries_that_leave_the_folder_and_links_are_refused(files, tmp_path):
    path = tmp_path / "evil.zip"
    good = part("train", "videoA", 1, frames_of(32, 0))
    with zipfile.ZipFile(write_zip(good, path), "a") as evil:
        evil.writestr("../../sky_train/v/v_1/v_frames_00000001.jpg", b"x")
        evil.writestr("/etc/sky_train/v/v_1/v_frames_00000002.jpg", b"x")
        link = zipfile.ZipInfo("sky_timelapse/sky_train/v/v_1/v_frames_00000003.jpg")
        link.external_attr = 0o120777 << 16
        evil.writestr(link, "/etc/passwd")
    prepare(path, tmp_path / "out")
    skipped = ClipDataset(tmp_path / "out").skipped
    assert sorted(entry["reason"] for entry in skipped) == ["it is a link", *["it leads out of the folder"] * 2]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["evil.zip", "out"]


def test_links_in_a_folder_are_refused(tmp_path):
    root = write_folder(part("train", "videoA", 1, frames_of(32, 0)), tmp_path)
    (root / "sky_train/videoA/videoA_1/videoA_frames_00086582.jpg").symlink_to("/etc/passwd")
    (root / "sky_train/videoZ").symlink_to("/etc")
    reasons = [entry["reason"] for entry in cloud.plan(open_archive(root), SIZE).skipped]
    assert reasons == ["it is a link"] * 2


def test_a_dry_run_says_what_it_takes_and_writes_nothing(archive, tmp_path):
    told = prepare(archive, tmp_path / "out", "--dry-run").stdout
    assert "train  5 videos, 6 parts, 6 clips of 32 frames" in told
    assert "GB of JPEGs; to write: 0.00 GB" in told
    assert not list(tmp_path.iterdir())


def test_an_interrupted_download_is_resumed_by_range(packed, archive, tmp_path):
    with RangeServer() as server:
        server.data, server.cut = archive.read_bytes(), 2_500_000
        threading.Thread(target=server.serve_forever, daemon=True).start()
        prepare(server.url(), tmp_path / "out")
        server.shutdown()
    assert shards(tmp_path / "out") == shards(packed)
    assert ClipDataset(tmp_path / "out").manifest["notes"]["etag"] == "one"
    spans = [span.removeprefix("bytes=").split("-") for _, span in server.asked]
    assert any(int(first) % 2**22 for first, _ in spans), "some ranges begin where an answer broke off"


def test_killed_and_started_again_gives_the_same_bytes(tmp_path):
    files = {}
    for video in range(8):
        files |= part("train", f"v{video}", 1, frames_of(96, 2 * video))
    root = write_folder(files, tmp_path)
    prepare(root, tmp_path / "whole")
    command = [sys.executable, SCRIPT, "--source", root, "--out", tmp_path / "killed", "--size", SIZE, "--workers", "1"]
    journal = tmp_path / "killed.partial" / "journal.jsonl"
    for lines in (2, 4):
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (journal.exists() and journal.read_bytes().count(b"\n") >= lines):
            assert process.poll() is None
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with journal.open("a") as file:
        file.write('{"shape": [32, 24')  # a line that the kill cut short
    with (tmp_path / "killed.partial" / "clips-00000.npy").open("ab") as file:
        file.write(b"half a clip")
    assert process.returncode == -signal.SIGKILL
    prepare(root, tmp_path / "killed")
    for file in sorted((tmp_path / "whole").iterdir()):
        assert (tmp_path / "killed" / file.name).read_bytes() == file.read_bytes(), file.name
    assert not (tmp_path / "killed.partial").exists()
    assert sorted(file.name for file in (tmp_path / "killed").iterdir()) == ["clips-00000.npy", "clips.json"]


def test_a_part_that_was_begun_otherwise_is_not_gone_on_with(archive, tmp_path):
    partial_set = tmp_path / "out.partial"
    partial_set.mkdir()
    plan = {"notes": {"size": 99}, "jobs": 1, "sha256": ""}
    (partial_set / "plan.json").write_text(json.dumps(plan))
    run = prepare(archive, tmp_path / "out", check=False)
    assert run.returncode == 2
    assert "was begun with other settings (data, resize, size, source, windows)" in run.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--size", "0"], "must be above 0"),
        (["--source", "nowhere.zip"], "does not exist"),
        (["--source", __file__], "is no zip file"),
        (["--source", "http://127.0.0.1:9/sky.zip"], "127.0.0.1"),
        (["--frame-size", "320", "180"], "no clip could be used"),
    ],
)
def test_bad_input_is_a_sentence(archive, tmp_path, options, said):
    run = prepare(archive, tmp_path / "out", *options, check=False)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out").exists()


def test_an_existing_set_is_replaced_only_by_force(archive, tmp_path):
    out = tmp_path / "out"
    prepare(archive, out, "--limit", 1)
    before = shards(out)
    assert prepare(archive, out, check=False).returncode == 2
    assert shards(out) == before
    prepare(archive, out, "--force")
    assert len(ClipDataset(out)) == 5


def test_an_archive_of_something_else(tmp_path):
    with pytest.raises(InputError, match="no frames of Sky Time-lapse"):
        cloud.plan(Zip(write_zip({"cats/1.jpg": b"x"}, tmp_path / "cats.zip")), SIZE)


def test_a_zip_with_a_64_bit_directory(files, tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 2_000_000)
    wide = Zip(write_zip(files, tmp_path / "wide.zip"))
    entries = list(wide.entries())
    assert [entry.name for entry in entries] == list(files)
    for entry in entries[::40]:
        assert wide.read(entry.place) == files[entry.name]
