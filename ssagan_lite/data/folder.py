"""A folder of someone's own videos becomes clips: mp4s, or folders of frames, at any depth."""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from ssagan_lite.data.clips import ArrayClips
from ssagan_lite.data.images import IMAGE_ENDINGS, resize_image
from ssagan_lite.data.paths import expand
from ssagan_lite.data.video import VIDEO_ENDINGS, iterate_video, natural_order
from ssagan_lite.errors import InputError

Windows = Literal["first", "all"]
MAX_BYTES = 2 * 2**30  # more than this belongs in a packed set, not in memory


def load_folder(
    path: str | os.PathLike,
    size: int,
    frames: int,
    windows: Windows = "first",
    count: int | None = None,
    wanted: Callable[[list[str]], set[str]] | None = None,
) -> ArrayClips:
    """Read the videos and frame folders below `path` as clips of `frames` frames, squashed to `size` x `size`.

    `windows` "first" takes the first frames of each video (MD-GAN's protocol for its test clips), "all" cuts the whole
    video into clips that follow each other without overlap. `count` stops after that many clips. wanted: from the names
    of all videos to those that are read; all of them by default. The result's `.sources` names the video of each clip;
    `.skipped` lists what could not be used (too few frames, damaged, frames of different sizes) and why. Raises
    `InputError` where nothing can be used, or where it would fill the memory.
    """
    skipped: list[dict[str, str]] = []
    clips, sources = [], []
    for clip, source in islice(iterate_folder(path, size, frames, windows, skipped, wanted), count):
        clips.append(clip)
        sources.append(source)
        if len(clips) * clip.nbytes > MAX_BYTES:
            raise InputError(
                f"{path} holds more clips than fit in memory; pack them first (data_scripts/pack_videos.py)."
            )
    if not clips and skipped:
        reason = f"{len(skipped)} left out, the first because: {skipped[0]['reason']}"
        raise InputError(f"{path} holds no usable clip of {frames} frames ({reason})")
    if not clips:
        raise InputError(f"{path} holds no videos and no folders of frames; put mp4s or folders of images there.")
    return ArrayClips(np.stack(clips), sources, skipped=skipped)


def iterate_folder(
    path: str | os.PathLike,
    size: int,
    frames: int,
    windows: Windows,
    skipped: list[dict[str, str]],
    wanted: Callable[[list[str]], set[str]] | None = None,
) -> Iterator[tuple[np.ndarray, str]]:
    """Yield `(clip, source)` for each clip of `load_folder`, one video in memory at a time, and fill `skipped`."""
    root = expand(path)
    if windows not in ("first", "all"):
        raise InputError(f"There are no windows named {windows!r}; choose first or all.")
    if not root.exists():
        raise InputError(f"{root} does not exist; check the name.")
    items = [(item, _source(item, root)) for item in _find_videos(root, skipped)]
    names = [source for _, source in items]
    kept = wanted(names) if wanted else set(names)
    for item, source in items:
        if source not in kept:
            continue
        try:
            clips = _cut(item, size, frames, windows)
        except (InputError, OSError) as error:
            skipped.append({"source": source, "reason": str(error)})
            continue
        for clip in clips:
            yield clip, source


def source_names(path: str | os.PathLike) -> list[str]:
    """The names of all source videos below `path`, as `load_folder` gives them, usable or not; nothing is read."""
    root = expand(path)
    return sorted({_source(item, root) for item in _find_videos(root, [])}, key=natural_order)


def _find_videos(root: Path, skipped: list[dict[str, str]]) -> list[Path]:
    """All video files and folders that hold images, in natural order, without hidden ones. Links are followed, once."""

    def leave_out(error: OSError) -> None:
        skipped.append({"source": str(error.filename), "reason": f"it cannot be read ({error.strerror})"})

    if root.is_file():
        return [root]
    found, seen = [], set()
    for folder, folders, files in os.walk(root, onerror=leave_out, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and real not in seen)
        if real in seen:
            continue
        seen.add(real)
        endings = {name: Path(name).suffix.lower() for name in files if not name.startswith(".")}
        found += [Path(folder) / name for name, ending in endings.items() if ending in VIDEO_ENDINGS]
        if any(ending in IMAGE_ENDINGS for ending in endings.values()):
            found.append(Path(folder))
    return sorted(found, key=natural_order)


def _source(item: Path, root: Path) -> str:
    """The video a clip comes from. Frame folders inside one folder are parts of one video, as in the cloud data.

    There the layout is `<video>/<video>_<part>/<frame>.jpg`. A video file stands for itself.
    """
    place = item.relative_to(root)
    if item.is_file():
        return (place if item != root else Path(root.name)).with_suffix("").as_posix()
    if len(place.parts) > 1:
        place = place.parent
    return place.as_posix() if place.parts else root.resolve().name


def _cut(item: Path, size: int, frames: int, windows: Windows) -> list[np.ndarray]:
    limit = frames if windows == "first" else None
    small = [resize_image(frame, size) for frame in islice(iterate_video(item), limit)]
    if len(small) < frames:
        raise InputError(f"{item} has {len(small)} frames, {frames} are needed; give a longer video.")
    starts = range(0, len(small) - frames + 1, frames)
    return [np.stack(small[start : start + frames]) for start in starts]  # (T, size, size, 3) each
