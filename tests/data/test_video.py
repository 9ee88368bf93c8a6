import errno
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ssagan_lite.data import video
from ssagan_lite.data.video import (
    check_video_target,
    frame_files,
    iterate_video,
    natural_order,
    read_video,
    write_video,
)
from ssagan_lite.errors import InputError


def moving_sky(frames=6, height=48, width=64):
    """A smooth gradient that drifts: what H.264 should keep nearly as it is."""
    rows, columns = np.mgrid[0:height, 0:width]
    clip = [
        np.stack((100 + 80 * np.sin((columns + 2 * t) / 15), 120 + rows, 220 - rows + 0 * columns), axis=2)
        for t in range(frames)
    ]
    return np.clip(np.stack(clip), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def mp4(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "sky.mp4", moving_sky(frames=12), fps=8)


def test_mp4_comes_back_within_a_few_levels(mp4):
    difference = np.abs(read_video(mp4).astype(int) - moving_sky(frames=12))
    assert difference.mean() < 1.5
    assert np.percentile(difference, 99) <= 5


def test_mp4_is_what_browsers_play(mp4):
    probe = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(mp4)], capture_output=True, text=True, check=False
    )
    line = next(line for line in probe.stderr.splitlines() if "Video:" in line)
    assert "h264" in line
    assert "yuv420p" in line
    assert "bt709" in line
    assert "8 fps" in line
    data = mp4.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # faststart


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (200, 30, 90), (20, 90, 200)])
def test_mp4_keeps_colours(tmp_path, colour):
    flat = np.full((2, 32, 32, 3), colour, np.uint8)
    found = read_video(write_video(tmp_path / "flat.mp4", flat))
    assert np.abs(found.astype(int) - flat).max() <= 2


@pytest.mark.parametrize(("height", "width"), [(47, 64), (48, 63), (1, 1), (2, 201)])
def test_odd_sides_grow_by_a_repeated_edge(tmp_path, height, width):
    clip = moving_sky(2, height, width)
    found = read_video(write_video(tmp_path / "odd.mp4", clip))
    assert found.shape == (2, height + height % 2, width + width % 2, 3)
    assert np.abs(found[:, :height, :width].astype(int) - clip).mean() < 3
    assert np.abs(found[:, -1].astype(int) - found[:, height - 1]).mean() < 3


def test_gif_keeps_every_frame(tmp_path):
    clip = moving_sky(5, 31, 33)
    found = read_video(write_video(tmp_path / "sky.GIF", clip, fps=8))
    assert found.shape == clip.shape
    assert np.abs(found.astype(int) - clip).mean() < 8
    still = np.repeat(clip[:1], 4, axis=0)  # equal frames must not be joined
    assert len(read_video(write_video(tmp_path / "still.gif", still))) == 4
    with Image.open(tmp_path / "still.gif") as image:
        assert image.info["loop"] == 0


@pytest.mark.parametrize("name", ["frames", "frames.v2/"])
def test_a_folder_of_frames_is_exact(tmp_path, name):
    clip = moving_sky(3, 7, 5)
    folder = write_video(f"{tmp_path}/{name}", clip)
    assert sorted(file.name for file in folder.iterdir()) == ["frame_0000.png", "frame_0001.png", "frame_0002.png"]
    assert np.array_equal(read_video(folder), clip)


def test_frames_are_read_in_natural_order(tmp_path):
    clip = moving_sky(12, 4, 4)
    for index, frame in enumerate(clip):
        Image.fromarray(frame).save(tmp_path / f"f{index}.png")
    Image.fromarray(clip[0]).save(tmp_path / ".f0.png")
    (tmp_path / "notes.txt").write_text("not a frame")
    assert [file.name for file in frame_files(tmp_path)] == [f"f{index}.png" for index in range(12)]
    assert np.array_equal(read_video(tmp_path), clip)


@given(st.lists(st.text("ab019.-", min_size=1, max_size=6), unique=True))
def test_natural_order_sorts_any_names_into_one_order(names):
    backwards = names[::-1]
    backwards.sort(key=natural_order)
    assert sorted(names, key=natural_order) == backwards


def test_numbers_are_compared_as_numbers():
    assert sorted(["f10", "f9", "f", "f9b"], key=natural_order) == ["f", "f9", "f9b", "f10"]


@pytest.mark.parametrize("name", ["clip.mov", "clip.webm", "clip.txt", "clip.png"])
def test_unknown_endings_are_listed(tmp_path, name):
    for call in (lambda: write_video(tmp_path / name, moving_sky(2)), lambda: check_video_target(tmp_path / name)):
        with pytest.raises(InputError, match=r"use \.mp4, \.gif, or a folder"):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["clip.mp4", "clip.gif", "clip"])
def test_nothing_is_overwritten_without_force(tmp_path, name):
    old, new = moving_sky(4), moving_sky(2)
    write_video(tmp_path / name, old)
    for call in (lambda: write_video(tmp_path / name, new), lambda: check_video_target(tmp_path / name)):
        with pytest.raises(InputError, match="exists already"):
            call()
    assert len(read_video(tmp_path / name)) == 4
    check_video_target(tmp_path / name, force=True)
    write_video(tmp_path / name, new, force=True)
    assert len(read_video(tmp_path / name)) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_force_never_removes_what_is_not_a_clip(tmp_path):
    folder = tmp_path / "photos"
    write_video(folder, moving_sky(2))
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.txt"):
        write_video(folder, moving_sky(2), force=True)
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(InputError, match=r"folder\.mp4 is a folder"):
        write_video(tmp_path / "folder.mp4", moving_sky(2), force=True)
    (tmp_path / "notes").write_text("years of notes")
    with pytest.raises(InputError, match="notes is a file"):
        write_video(tmp_path / "notes", moving_sky(2), force=True)
    assert (folder / "thesis.txt").exists()


def test_an_empty_folder_is_free(tmp_path):
    (tmp_path / "frames").mkdir()
    assert len(read_video(write_video(tmp_path / "frames", moving_sky(2)))) == 2


@pytest.mark.parametrize("name", ["old", "new", "."])
def test_folders_of_any_name(tmp_path, monkeypatch, name):
    """Also names that the staging uses inside."""
    (tmp_path / "here").mkdir()
    for frames in (2, 3):
        monkeypatch.chdir(tmp_path / "here")
        write_video(name, moving_sky(frames), force=True)
        assert len(read_video((tmp_path / "here" / name).resolve())) == frames


def test_missing_parent_folders_are_made(tmp_path):
    assert len(read_video(write_video(tmp_path / "a" / "b" / "clip.mp4", moving_sky(2)))) == 2


@pytest.mark.parametrize("name", ["clip.mp4", "clip.gif"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_failing_encoder_leaves_nothing(tmp_path, monkeypatch, name, existing):
    if existing:
        (tmp_path / name).write_bytes(b"old")

    def full_disk(command, **_):
        with open(command[-1], "wb") as file:
            file.write(b"half a clip")
        return subprocess.CompletedProcess(
            command, 228, b"", b"x\nav_interleaved_write_frame(): No space left on device"
        )

    monkeypatch.setattr(video.subprocess, "run", full_disk)
    with pytest.raises(OSError, match=rf"{name} could not be written.*No space left on device"):
        write_video(tmp_path / name, moving_sky(2), force=existing)
    assert [entry.name for entry in tmp_path.iterdir()] == ([name] if existing else [])
    assert not existing or (tmp_path / name).read_bytes() == b"old"


def test_a_full_disk_leaves_no_folder_of_frames(tmp_path, monkeypatch):
    real_save, calls = Image.Image.save, []

    def save(self, path, *arguments, **options):
        calls.append(path)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real_save(self, path, *arguments, **options)

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(OSError, match="No space left"):
        write_video(tmp_path / "frames", moving_sky(5))
    assert len(calls) == 3
    assert not list(tmp_path.iterdir())


def test_a_read_only_folder_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(OSError, match="Read-only"):
        write_video(tmp_path / "clip.mp4", moving_sky(2))
    assert not list(tmp_path.iterdir())


def test_a_really_full_disk(tmp_path):
    """ffmpeg's own failure, by a device that is always full."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    options = [*video.GIF_OPTIONS, "-f", "gif", "-y", "/dev/full", *video.GIF_OPTIONS]
    with pytest.raises(OSError, match="could not be written"):
        video._encode(tmp_path / "clip.gif", moving_sky(40), 8, options, force=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((2, 4, 4, 3), float), ((4, 4, 3), np.uint8), ((0, 4, 4, 3), np.uint8), ((2, 4, 4, 4), np.uint8)],
)
def test_what_is_no_clip_is_refused(tmp_path, shape, dtype):
    with pytest.raises(InputError, match="A clip is uint8 of shape"):
        write_video(tmp_path / "clip.mp4", np.zeros(shape, dtype))


@pytest.mark.parametrize(("name", "fps"), [("a.mp4", 0), ("a.mp4", -1), ("a.mp4", float("nan")), ("a.gif", 60)])
def test_impossible_frame_rates(tmp_path, name, fps):
    with pytest.raises(InputError, match="frames per second"):
        write_video(tmp_path / name, moving_sky(2), fps=fps)


def test_damaged_videos(tmp_path, mp4):
    data = mp4.read_bytes()
    flipped = bytearray(data)
    start = data.index(b"mdat") + 1200
    flipped[start : start + 200] = bytes(255 - byte for byte in flipped[start : start + 200])
    files = {
        "half.mp4": data[: len(data) * 2 // 3],
        "empty.mp4": b"",
        "text.mp4": b"not a video",
        "flipped.mp4": flipped,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=rf"{name} is not a video, or is damaged"):
            read_video(tmp_path / name)
    with pytest.raises(InputError, match="does not exist"):
        read_video(tmp_path / "missing.mp4")


def test_folders_that_are_no_clips(tmp_path):
    with pytest.raises(InputError, match="holds no frames"):
        read_video(tmp_path)
    for index, size in enumerate([(8, 6), (8, 6), (6, 8)]):
        Image.new("RGB", size).save(tmp_path / f"f{index}.png")
    with pytest.raises(InputError, match=r"f2\.png has 6x8 pixels, the first frame 8x6"):
        read_video(tmp_path)
    (tmp_path / "f1.png").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"f1\.png"):
        read_video(tmp_path)


def test_names_that_ffmpeg_could_take_for_something_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-y.mp4", "a:b.mp4", "100%d.mp4", "blue sky é.mp4"):
        assert len(read_video(write_video(name, moving_sky(2)))) == 2


def test_reading_stops_when_no_more_frames_are_wanted(mp4):
    frames = iterate_video(mp4)
    first = next(frames)
    frames.close()
    assert np.array_equal(first, read_video(mp4)[0])
