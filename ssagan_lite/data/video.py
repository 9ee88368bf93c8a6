"""Clips to and from files that people can open: H.264 mp4, gif, and folders of PNG frames."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import numpy as np
from PIL import Image

from ssagan_lite.data.images import IMAGE_ENDINGS, read_image
from ssagan_lite.data.paths import expand
from ssagan_lite.data.staging import check_free, staged
from ssagan_lite.errors import InputError

VIDEO_ENDINGS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".gif")
FRAME_NAMES = ("frame_[0-9][0-9][0-9][0-9]*.png",)

# BT.709 is stated in the file, so that no player has to guess it; faststart puts the index first, so that a browser
# can play while it loads.
BT709 = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int"
TAGS = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
MP4_OPTIONS = [
    *("-vf", f"{BT709},format=yuv420p,{TAGS}"),
    *("-c:v", "libx264", "-crf", "14", "-movflags", "+faststart"),
]
GIF_OPTIONS = ["-vf", "split[a][b];[a]palettegen[palette];[b][palette]paletteuse=dither=sierra2_4a", "-loop", "0"]


def write_video(path: str | os.PathLike, frames: np.ndarray, fps: float = 8, force: bool = False) -> Path:
    """Write frames, uint8 RGB `(T, H, W, 3)`, to `path`; the ending of the name decides the format.

    * `.mp4`: H.264, yuv420p, with the index first: it plays in every browser. H.264 stores colour at half resolution,
      so both sides must be even; an odd side grows by one pixel that repeats the edge. Within a few grey levels.
    * `.gif`: 256 colours, loops; at most 50 frames per second.
    * no ending, or a `/` at the end: a folder of `frame_0000.png`, exact.

    Raises `InputError` for other endings, for frames of another type or shape, and where `path` exists unless `force`.
    The clip is made under a temporary name and moved: a failure leaves nothing behind. Returns the path.
    """
    target, ending = _target(path)
    frames = _check_frames(frames)
    _check_fps(fps, ending)
    if ending == ".mp4":
        _encode(target, _pad_to_even(frames), fps, MP4_OPTIONS, force)
    elif ending == ".gif":
        _encode(target, frames, fps, GIF_OPTIONS, force)
    else:
        _write_folder(target, frames, force)
    return target


def check_video_target(path: str | os.PathLike, fps: float = 8, force: bool = False) -> None:
    """Raise the `InputError` that `write_video` would raise for this name and speed, before any work is done for it."""
    target, ending = _target(path)
    _check_fps(fps, ending)
    check_free(target, force=force, own=() if ending else FRAME_NAMES)


def read_video(path: str | os.PathLike) -> np.ndarray:
    """Read a video file or a folder of images as uint8 RGB `(T, H, W, 3)`, every stored frame once.

    Images of a folder are taken in natural order (`frame_2` before `frame_10`). Raises `InputError` for a missing,
    damaged or truncated file, for a folder without images, and for a frame of another size than the first.
    """
    return np.stack(list(iterate_video(path)))


def iterate_video(path: str | os.PathLike) -> Iterator[np.ndarray]:
    """Yield the frames of `read_video` one by one, `(H, W, 3)`, so that a long video never lies in memory."""
    path = expand(path)
    if not path.exists():
        raise InputError(f"{path} does not exist; check the name.")
    frames = (read_image(file) for file in frame_files(path)) if path.is_dir() else _decode(path)
    first = None
    for index, frame in enumerate(frames):
        first = frame.shape if first is None else first
        if frame.shape != first:
            name = frame_files(path)[index] if path.is_dir() else f"Frame {index} of {path}"
            sizes = f"{frame.shape[1]}x{frame.shape[0]} pixels, the first frame {first[1]}x{first[0]}"
            raise InputError(f"{name} has {sizes}; give all frames of a clip one size.")
        yield frame
    if first is None:
        raise InputError(f"{path} holds no frames; give an mp4, a gif, or a folder of PNG or JPEG frames.")


def frame_files(folder: Path) -> list[Path]:
    """The images directly in a folder, in natural order, without hidden files."""
    files = (file for file in folder.iterdir() if file.suffix.lower() in IMAGE_ENDINGS and file.name[0] != ".")
    return sorted(files, key=natural_order)


def natural_order(path: Path) -> tuple:
    """A sort key in which `frame_2` comes before `frame_10`; the name itself settles ties such as `1` and `01`.

    >>> sorted([Path("frame_10.png"), Path("frame_2.png")], key=natural_order)[0].name
    'frame_2.png'
    """
    pieces = re.split(r"([0-9]+)", str(path))  # text, number, text, ...: equal kinds meet at each place
    return [int(piece) if index % 2 else piece for index, piece in enumerate(pieces)], str(path)


def _target(path: str | os.PathLike) -> tuple[Path, str]:
    """The path and the ending that decides its format: `.mp4`, `.gif`, or nothing for a folder."""
    target = expand(path)
    ending = "" if str(path).endswith(("/", os.sep)) else target.suffix.lower()
    if ending not in ("", ".mp4", ".gif") or target.name in (".mp4", ".gif") or target.name.endswith("."):
        raise InputError(f"{target} has the ending {ending}; use .mp4, .gif, or a folder name (no ending).")
    return target, ending


def _check_fps(fps: float, ending: str) -> None:
    fastest = 50 if ending == ".gif" else 240
    if not 0.01 <= fps <= fastest:  # also false for NaN
        raise InputError(f"{fps} frames per second cannot be written; use 0.01 to {fastest}.")


def _check_frames(frames: np.ndarray) -> np.ndarray:
    frames = np.asarray(frames)
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or 0 in frames.shape:
        found = f"{frames.dtype} {frames.shape}"
        raise InputError(f"A clip is uint8 of shape (frames, height, width, 3), not {found}; convert it with to_uint8.")
    return frames


def _pad_to_even(frames: np.ndarray) -> np.ndarray:
    _, height, width, _ = frames.shape
    return np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _encode(target: Path, frames: np.ndarray, fps: float, options: list[str], force: bool) -> None:
    _, height, width, _ = frames.shape
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-"]
    with staged(target, force=force) as temporary:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, *options, str(temporary.absolute())]
        # Run by hand, because imageio-ffmpeg's own writer does not look at the exit status: a full disk would pass.
        done = subprocess.run(command, input=np.ascontiguousarray(frames).data, capture_output=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{target} could not be written: {_last_line(done.stderr)}")


def _write_folder(target: Path, frames: np.ndarray, force: bool) -> None:
    with staged(target, force=force, own=FRAME_NAMES) as temporary:
        temporary.mkdir()
        for index, frame in enumerate(frames):
            Image.fromarray(frame).save(temporary / f"frame_{index:04d}.png")


def _decode(path: Path) -> Iterator[np.ndarray]:
    """Frames of a video file as ffmpeg shows them, upright; any error in the stream ends in an `InputError`."""
    strict = ["-v", "error", "-xerror", "-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *strict, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"]
    ffmpeg = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        while (frame := _read_ppm(ffmpeg.stdout)) is not None:
            yield frame
        failed = ffmpeg.wait() != 0
    finally:  # also when the caller wants no more frames
        ffmpeg.kill()
        ffmpeg.stdout.close()
        ffmpeg.wait()
    if failed:
        raise InputError(f"{path} is not a video, or is damaged; copy it again, or give an mp4 that plays.")


def _read_ppm(stream: IO[bytes]) -> np.ndarray | None:
    """The next frame `(H, W, 3)` of a stream of binary PPM images (header: P6, width height, 255), None at its end."""
    if stream.readline() != b"P6\n":
        return None
    width, height = map(int, stream.readline().split())
    stream.readline()
    data = stream.read(width * height * 3)
    if len(data) < width * height * 3:
        return None  # cut short: the exit status tells
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


def _last_line(log: bytes) -> str:
    lines = log.decode(errors="replace").strip().splitlines()
    telling = [line for line in lines if "No space left" in line] or lines[-1:] or ["no reason given"]
    return re.sub(r"\[\S+ @ 0x[0-9a-f]+\] ", "", telling[0]).rstrip(".")
