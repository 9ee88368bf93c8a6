import os

import numpy as np
import pytest
from PIL import Image

from ssagan_lite.data import folder as folder_module
from ssagan_lite.data.folder import iterate_folder, load_folder
from ssagan_lite.data.images import resize_image
from ssagan_lite.data.video import write_video
from ssagan_lite.errors import InputError


def flat_frames(count, first=0, height=12, width=20):
    """Frame t is grey of level first + t: a clip tells which frames it holds."""
    return np.stack([np.full((height, width, 3), first + t, np.uint8) for t in range(count)])


def levels(clips):
    return clips.array[:, :, 0, 0, 0].tolist()


@pytest.fixture
def videos(tmp_path):
    """Two usable videos, and one of every kind that is not."""
    write_video(tmp_path / "b" / "10", flat_frames(9, first=100))
    write_video(tmp_path / "b" / "9", flat_frames(4, first=50))
    write_video(tmp_path / "a_frames", flat_frames(5, first=10))
    write_video(tmp_path / "film.mp4", np.repeat(flat_frames(1, first=200), 6, axis=0))
    write_video(tmp_path / "short.mp4", flat_frames(3))
    (tmp_path / "broken.mp4").write_bytes(b"not a video")
    write_video(tmp_path / "sizes", flat_frames(4))
    Image.new("RGB", (5, 5)).save(tmp_path / "sizes" / "frame_0002.png")
    write_video(tmp_path / "cut", flat_frames(4))
    whole = (tmp_path / "cut" / "frame_0001.png").read_bytes()
    (tmp_path / "cut" / "frame_0001.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / ".hidden").mkdir()
    Image.new("RGB", (5, 5)).save(tmp_path / ".hidden" / "0.png")
    (tmp_path / "readme.txt").write_text("about these videos")
    return tmp_path


def test_what_can_be_used_is_used_and_the_rest_is_named(videos):
    clips = load_folder(videos, 8, 4)
    assert (len(clips), clips.size, clips.frames) == (4, 8, 4)
    assert clips.sources == ["a_frames", "b", "b", "film"]  # parts of one video share its name
    assert levels(clips)[:3] == [[10, 11, 12, 13], [50, 51, 52, 53], [100, 101, 102, 103]]
    reasons = {entry["source"]: entry["reason"] for entry in clips.skipped}
    assert list(reasons) == ["broken", "cut", "short", "sizes"]
    assert "not a video" in reasons["broken"]
    assert "frame_0001.png is damaged or cut short" in reasons["cut"]
    assert "3 frames, 4 are needed" in reasons["short"]
    assert "frame_0002.png has 5x5 pixels" in reasons["sizes"]


def test_all_windows_follow_each_other_without_overlap(videos):
    clips = load_folder(videos / "b", 8, 4, windows="all")
    assert levels(clips) == [[50, 51, 52, 53], [100, 101, 102, 103], [104, 105, 106, 107]]
    assert clips.sources == ["9", "10", "10"]


def test_a_single_folder_of_frames_and_a_single_video(videos):
    single = load_folder(videos / "a_frames", 8, 4)
    assert (levels(single), single.sources) == ([[10, 11, 12, 13]], ["a_frames"])
    film = load_folder(videos / "film.mp4", 8, 4)
    assert film.sources == ["film"]
    assert abs(int(film[0].mean()) - 200) <= 2


def test_frames_are_squashed(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    write_video(tmp_path / "clip", np.stack([photo] * 2))
    assert np.array_equal(load_folder(tmp_path, 8, 2)[0], np.stack([resize_image(photo, 8)] * 2))


def test_count_stops_early(videos, monkeypatch):
    opened = []
    monkeypatch.setattr(
        folder_module, "iterate_video", lambda path, read=folder_module.iterate_video: opened.append(path) or read(path)
    )
    assert levels(load_folder(videos, 8, 4, count=1)) == [[10, 11, 12, 13]]
    assert [path.name for path in opened] == ["a_frames"]


def test_streaming_names_what_it_skips_as_it_goes(videos):
    skipped = []
    stream = iterate_folder(videos, 8, 4, "first", skipped)
    next(stream)
    assert not skipped
    assert len(list(stream)) == 3
    assert len(skipped) == 4


def test_folders_without_a_usable_clip(videos):
    with pytest.raises(InputError, match=r"no usable clip of 99 frames \(8 left out, the first because: .*a_frames"):
        load_folder(videos, 8, 99)
    (videos / "nothing").mkdir()
    with pytest.raises(InputError, match="holds no videos and no folders of frames; put mp4s"):
        load_folder(videos / "nothing", 8, 4)
    with pytest.raises(InputError, match="does not exist"):
        load_folder(videos / "missing", 8, 4)
    with pytest.raises(InputError, match="choose first or all"):
        load_folder(videos, 8, 4, windows="some")


def test_more_than_memory_holds_is_refused(videos, monkeypatch):
    monkeypatch.setattr(folder_module, "MAX_BYTES", 2 * 4 * 8 * 8 * 3)
    with pytest.raises(InputError, match="fit in memory; pack them first"):
        load_folder(videos, 8, 4)
    assert len(load_folder(videos, 8, 4, count=2)) == 2


def test_linked_folders_are_followed_once_and_loops_end(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    write_video(elsewhere / "new", np.zeros((3, 16, 16, 3), np.uint8))
    (tmp_path / "skies").mkdir()
    for name in ("linked", "again"):
        (tmp_path / "skies" / name).symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "loop").symlink_to(elsewhere, target_is_directory=True)
    assert len(load_folder(tmp_path / "skies", 8, 3)) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="rights do not bind here")
def test_a_folder_that_may_not_be_read_is_named(tmp_path):
    write_video(tmp_path / "a.mp4", np.zeros((3, 16, 16, 3), np.uint8))
    (tmp_path / "closed").mkdir(mode=0)
    assert "cannot be read" in load_folder(tmp_path, 8, 3).skipped[0]["reason"]
