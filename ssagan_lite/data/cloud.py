"""Sky Time-lapse, the paper's "cloud" data (Xiong et al., 2018; section 5.1): from its JPEGs to clips. Chapter 08.

    sky_train/<video>/<video>_<part>/<video>_frames_<number>.jpg     997 videos, 2392 parts, 35,383 clips of 32 frames
    sky_test/ ...                                                    111 videos,  225 parts,  2,815 clips

The counts are those of the readme inside the archive; the paper says 35,392 and 2,815 clips. Nothing here needs torch:
it runs in many worker processes.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from ssagan_lite.data.archives import Folder, Place, Zip
from ssagan_lite.data.images import decode_image, resize_image
from ssagan_lite.data.packing import Packed
from ssagan_lite.errors import InputError

REPOSITORY, REVISION = "maxin-cn/SkyTimelapse", "ed7959102d369642cf7b090bbca0a84db4796283"
MIRROR = f"https://huggingface.co/datasets/{REPOSITORY}/resolve/{REVISION}/sky_timelapse.zip"
DRIVE = "1xWLiU-MBGN7MrsFHQm4_yXmfHBsMbJQo"  # the authors' own copy; its quota is often used up
FRAME_SIZE = (640, 360)  # width and height of each JPEG
FRAMES = 32
JOB_WINDOWS = 4  # of one part at a time: 6 MB of clips at 128 pixels

FRAME_NAME = re.compile(r"(?:^|.*/)sky_(train|test)/([^/]+)/(?:([^/]+)/)?[^/]*?(\d+)\.jpe?g$", re.IGNORECASE)
PART_NAME = re.compile(r"(?:^|.*/)sky_(?:train|test)/[^/]+/[^/]+/$")
NOT_DATA = re.compile(r"(^|/)(__MACOSX/|\._|\.)")  # what operating systems leave in archives

Windows = Literal["all", "first"]
Frame = tuple[int, Place]


@dataclass
class Part:
    """One folder of frames: a stretch of one video. frames: (number, place) of each, sorted."""

    split: str
    video: str
    name: str
    frames: list[Frame] = field(default_factory=list)


class Job(NamedTuple):
    """A few windows of one part, each a list of (number, place)."""

    archive: Folder | Zip
    split: str
    video: str
    part: str
    windows: list[list[Frame]]
    size: int
    frame_size: tuple[int, int]


@dataclass
class Plan:
    """What will be packed, and what was left out before a single frame was read."""

    jobs: list[Job]
    skipped: list[dict[str, str]]
    clips: Counter  # by split
    videos: Counter
    parts: Counter
    bytes_read: int  # of JPEGs; 0 where the archive does not tell


def plan(
    archive: Folder | Zip,
    size: int,
    *,
    windows: Windows = "all",
    limit: int | None = None,
    frame_size: tuple[int, int] = FRAME_SIZE,
) -> Plan:
    """Find all windows of 32 frames.

    windows: "all" that follow each other without overlap, as in the paper, or the "first" of each part (MD-GAN's
    protocol for its test clips). limit: at most that many clips of each split. A window never spans a missing frame
    number. Raises InputError where nothing has the layout of Sky Time-lapse.
    """
    parts, skipped = _collect(archive)
    if not parts:
        raise InputError(
            "There are no frames of Sky Time-lapse in it (sky_train/<video>/<part>/<...number>.jpg); check what it is."
        )
    result = Plan([], skipped, Counter(), Counter(), Counter(), 0)
    videos = defaultdict(set)
    for part in parts:
        found = _windows(part, windows, skipped)[: None if limit is None else max(0, limit - result.clips[part.split])]
        result.clips[part.split] += len(found)
        result.parts[part.split] += 1
        videos[part.split].add(part.video)
        result.bytes_read += sum(place.packed for window in found for _, place in window)
        for start in range(0, len(found), JOB_WINDOWS):
            group = found[start : start + JOB_WINDOWS]
            result.jobs.append(Job(archive, part.split, part.video, part.name, group, size, frame_size))
    result.videos.update({split: len(names) for split, names in videos.items()})
    return result


def pack_windows(job: Job) -> Packed:
    """Decode, squash and stack the windows of a job; a window with a bad frame is left out, and the frame is named."""
    clips, entries, skipped = [], [], []
    job.archive.prefetch([place for window in job.windows for _, place in window])
    for window in job.windows:
        place = f"{job.video}/{job.part}"
        try:
            clips.append(_clip(job, window))
            entries.append({"source": job.video, "split": job.split, "from": f"{place}, frame {window[0][0]}"})
        except (InputError, ValueError) as error:
            skipped.append({"source": place, "reason": str(error)})
    shape = (0, FRAMES, job.size, job.size, 3)
    return Packed(np.stack(clips) if clips else np.empty(shape, np.uint8), entries, skipped)


def _clip(job: Job, window: list[Frame]) -> np.ndarray:
    """uint8 (T, size, size, 3)."""
    clip = np.empty((len(window), job.size, job.size, 3), np.uint8)
    for t, (number, place) in enumerate(window):
        name = f"frame {number}"
        try:
            image = decode_image(job.archive.read(place), name)  # (360, 640, 3)
        except ValueError as error:  # InputError is one too
            raise InputError(str(error) if name in str(error) else f"{name}: {error}") from error
        if image.shape[1::-1] != job.frame_size:
            raise InputError(
                f"{name} is {image.shape[1]} x {image.shape[0]}, not {job.frame_size[0]} x {job.frame_size[1]}"
            )
        clip[t] = resize_image(image, job.size)
    return clip


def _collect(archive: Folder | Zip) -> tuple[list[Part], list[dict[str, str]]]:
    """The parts in sorted order, and what was refused."""
    parts: dict[tuple[str, str, str], Part] = {}
    empty, skipped = set(), []
    prefix = f"{archive.path.resolve().name}/" if isinstance(archive, Folder) else ""  # sky_train itself may be given
    for name, place, reason in archive.entries():
        if reason:
            skipped.append({"source": name, "reason": reason})
        elif NOT_DATA.search(name):
            continue
        elif match := FRAME_NAME.match(prefix + name):
            split, video, part, number = match.groups()
            key = (split.lower(), video, part or video)
            parts.setdefault(key, Part(*key)).frames.append((int(number), place))
        elif PART_NAME.match(prefix + name):
            empty.add(name.rstrip("/"))
    for part in parts.values():
        part.frames.sort(key=lambda frame: frame[0])
    full = {f"{part.video}/{part.name}" for part in parts.values()}
    skipped += [
        {"source": name, "reason": "it is empty"}
        for name in sorted(empty)
        if "/".join(name.split("/")[-2:]) not in full
    ]
    order = sorted(parts, key=lambda key: (key[0] != "train", key[1:]))
    return [parts[key] for key in order], skipped


def _windows(part: Part, windows: Windows, skipped: list[dict[str, str]]) -> list[list[Frame]]:
    """Windows of 32 frames whose numbers follow each other; what is left over is no defect, what is missing is."""
    place = f"{part.video}/{part.name}"
    runs = list(_runs(part, skipped))
    found = [run[start : start + FRAMES] for run in runs for start in range(0, len(run) - FRAMES + 1, FRAMES)]
    if not found:
        skipped.append({"source": place, "reason": f"{max(map(len, runs))} frames in a row, {FRAMES} are needed"})
    return found[:1] if windows == "first" else found


def _runs(part: Part, skipped: list[dict[str, str]]) -> Iterator[list[Frame]]:
    """Stretches of frames without a missing number, or with the same distance between numbers throughout."""
    numbers = np.array([number for number, _ in part.frames])
    steps = np.diff(numbers)
    step = Counter(steps.tolist()).most_common(1)[0][0] if len(steps) else 1
    breaks = np.flatnonzero(steps != step) + 1
    for at in breaks:
        before, after = numbers[at - 1], numbers[at]
        reason = (
            f"frame {before} is there twice" if before == after else f"frames between {before} and {after} are missing"
        )
        skipped.append({"source": f"{part.video}/{part.name}", "reason": reason})
    for start, end in zip([0, *breaks], [*breaks, len(numbers)], strict=True):
        yield part.frames[start:end]
