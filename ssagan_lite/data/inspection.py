"""Look at a packed set before training on it: counts, motion, copies, leaks between its splits, damaged shards.

One clip at a time is in memory. Two clips *look alike* when small pictures of their first and last frames agree: often
they are neighbours in one video, sometimes only two plain skies, so this is something to look at and no error.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from ssagan_lite.data.clips import ClipDataset
from ssagan_lite.data.shards import sha256_of
from ssagan_lite.errors import InputError

BINS = 8  # bars of each histogram
SHOWN = 5  # names or reasons that the report lists before it only counts the rest

# Sky Time-lapse (train, test), as the paper counts its clips, and the readme of the archive everything.
PAPER_CLIPS, README_CLIPS = (35_392, 2_815), (35_383, 2_815)
README_VIDEOS, README_SHORT_VIDEOS = (997, 111), (2_392, 225)


@dataclass(frozen=True)
class InspectedClip:
    """What is kept of one clip once it was read.

    index: its place in the dataset. source, split: as in the manifest. motion: mean absolute difference of consecutive
    frames, brightness: mean, both in grey levels 0..255. checksum: sha256 of its bytes. appearance: 16 bytes, equal
    for clips that look alike.
    """

    index: int
    source: str
    split: str
    motion: float
    brightness: float
    checksum: bytes
    appearance: bytes


@dataclass(frozen=True)
class Inspection:
    """What `inspect` found. Groups are tuples of clips that share something; "splits" are train and test.

    path: the set. size: side of a frame in pixels. frames: of each clip. clip_counts, source_counts: clips and source
    videos of each split, in the whole set. skipped: how many were left out when the set was packed, by reason; what
    differs from file to file in a reason is "...". is_cloud: the manifest says that this is Sky Time-lapse. clips: what
    was read. shared_sources: source videos in more than one split, in the whole set. misfits: names of the shards
    that differ from their checksum.
    """

    path: Path
    size: int
    frames: int
    clip_counts: dict[str, int]
    source_counts: dict[str, int]
    skipped: dict[str, int]
    is_cloud: bool
    clips: tuple[InspectedClip, ...]
    shared_sources: tuple[str, ...]
    misfits: tuple[str, ...]

    @property
    def total(self) -> int:
        """Clips of the whole set; `clips` may hold fewer."""
        return sum(self.clip_counts.values())

    @property
    def still(self) -> tuple[InspectedClip, ...]:
        """Clips in which no byte ever changes."""
        return tuple(clip for clip in self.clips if clip.motion == 0)

    @property
    def duplicates(self) -> tuple[tuple[InspectedClip, ...], ...]:
        """Groups of clips with the same bytes."""
        return _groups(self.clips, "checksum")

    @property
    def look_alikes(self) -> tuple[tuple[InspectedClip, ...], ...]:
        """Groups of clips that look alike and are not all the same bytes."""
        groups = _groups(self.clips, "appearance")
        return tuple(group for group in groups if len({clip.checksum for clip in group}) > 1)

    @property
    def leaked_duplicates(self) -> tuple[tuple[InspectedClip, ...], ...]:
        """The groups of `duplicates` with clips of more than one split."""
        return _across_splits(self.duplicates)

    @property
    def leaked_look_alikes(self) -> tuple[tuple[InspectedClip, ...], ...]:
        """The groups of `look_alikes` with clips of more than one split."""
        return _across_splits(self.look_alikes)


def inspect(dataset: ClipDataset, count: int | None = None) -> Inspection:
    """Read a packed set clip by clip; open it with split=None, or leaks between its splits cannot be seen.

    count: read only so many clips, evenly spaced from the first to the last. The checksums of all shards are compared
    all the same, and sources are counted in the whole set. Raises InputError for a count below 1.
    """
    indices = evenly_spaced(len(dataset), count)
    splits = _splits(dataset)
    names = sorted(set(splits), reverse=True)  # train before test
    pairs = set(zip(splits, dataset.sources, strict=True))
    times = Counter(source for _, source in pairs)
    return Inspection(
        path=dataset.path,
        size=dataset.size,
        frames=dataset.frames,
        clip_counts={name: splits.count(name) for name in names},
        source_counts={name: sum(split == name for split, _ in pairs) for name in names},
        skipped=dict(Counter(map(_reason, dataset.skipped)).most_common()),
        is_cloud=_is_cloud(dataset.manifest.get("notes")),
        clips=tuple(_inspect_clip(dataset, i, splits[i]) for i in tqdm(indices, "clips", unit="clip", disable=None)),
        shared_sources=tuple(sorted(source for source in times if times[source] > 1)),
        misfits=_misfits(dataset),
    )


def evenly_spaced(total: int, count: int | None) -> list[int]:
    """At most `count` (None: all) of the numbers 0 .. total - 1, with the first and the last. InputError below 1."""
    if count is not None and count < 1:
        raise InputError(f"{count} clips cannot be inspected; give a count above 0.")
    return np.linspace(0, total - 1, total if count is None else min(count, total)).round().astype(int).tolist()


def histogram(values: Iterable[float], highest: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Counts (BINS,) of the values, and the edges (BINS + 1,) of the bars, from 0 to `highest` (None: the largest)."""
    values = np.fromiter(values, float)
    return np.histogram(values, BINS, (0, highest or values.max() or 1))


def printable(text: str) -> str:
    """Text from a file, fit for a terminal and for UTF-8: control characters and lone surrogates become escapes."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def report_lines(inspection: Inspection) -> list[str]:
    """The report as lines of text; what should be looked into before training starts with "warning:"."""
    motion = histogram(clip.motion for clip in inspection.clips)
    brightness = histogram((clip.brightness for clip in inspection.clips), 255)
    return [
        *_content_lines(inspection),
        *(_cloud_lines(inspection) if inspection.is_cloud else []),
        *_histogram_lines("motion, mean absolute difference of consecutive frames in grey levels", *motion),
        *_histogram_lines("brightness, mean grey level", *brightness),
        *_copy_lines(inspection),
        *_leak_lines(inspection),
        *_checksum_lines(inspection),
    ]


def _splits(dataset: ClipDataset) -> list[str]:
    """The split of each clip of the dataset, which may be only a part of its manifest."""
    splits = [clip["split"] for clip in dataset.manifest["clips"] if dataset.split in (None, clip["split"])]
    return splits[: len(dataset)]


def _is_cloud(notes: Any) -> bool:
    return isinstance(notes, dict) and notes.get("data") == "cloud"


def _reason(entry: Any) -> str:
    """Why a video was left out, without its path and its number of frames, so that equal reasons can be counted."""
    reason = entry.get("reason") if isinstance(entry, dict) else None
    return re.sub(r"\S*[/\\]\S*|\b\d+\b", "...", str(reason or "no reason given"))


def _inspect_clip(dataset: ClipDataset, index: int, split: str) -> InspectedClip:
    clip = dataset[index]  # (T, H, W, 3)
    rows = clip.reshape(len(clip), -1)
    motion = cv2.absdiff(rows[1:], rows[:-1]).mean() if len(clip) > 1 else 0.0
    checksum = hashlib.sha256(clip.data).digest()
    appearance = _mean_hash(clip[0]) + _mean_hash(clip[-1])
    return InspectedClip(index, dataset.sources[index], split, float(motion), float(clip.mean()), checksum, appearance)


def _mean_hash(frame: np.ndarray) -> bytes:
    """64 bits of a frame (H, W, 3): where its 8 x 8 grey picture is brighter than the mean of it."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey.astype(np.float32), (8, 8), interpolation=cv2.INTER_AREA)
    return np.packbits(small > small.mean()).tobytes()


def _misfits(dataset: ClipDataset) -> tuple[str, ...]:
    # ClipDataset.verify stops at the first shard that differs; to copy the set again one wants to know all of them.
    shards = tqdm(dataset.manifest["shards"], "checksums", unit="shard", disable=None)
    return tuple(shard["file"] for shard in shards if sha256_of(dataset.path / shard["file"]) != shard["sha256"])


def _groups(clips: Iterable[InspectedClip], field: str) -> tuple[tuple[InspectedClip, ...], ...]:
    groups: dict[Hashable, list[InspectedClip]] = defaultdict(list)
    for clip in clips:
        groups[getattr(clip, field)].append(clip)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _across_splits(groups: Iterable[tuple[InspectedClip, ...]]) -> tuple[tuple[InspectedClip, ...], ...]:
    return tuple(group for group in groups if len({clip.split for clip in group}) > 1)


def _content_lines(inspection: Inspection) -> list[str]:
    name, read, skipped = printable(str(inspection.path)), len(inspection.clips), inspection.skipped
    shape = f"{inspection.frames} frames, {inspection.size} x {inspection.size} pixels"
    lines = [f"{name}: {inspection.total:,} clips of {shape}"]
    for split, clips in inspection.clip_counts.items():
        lines.append(f"  {printable(split)}: {clips:,} clips, {inspection.source_counts[split]:,} source videos")
    if read < inspection.total:
        lines.append(
            f"inspected: {read:,} of {inspection.total:,} clips, evenly spaced; copies among the rest are unseen"
        )
    else:
        lines.append("inspected: all clips")
    lines.append(f"skipped when packed: {sum(skipped.values()):,}")
    lines += [f"  {times:,}: {printable(reason)}" for reason, times in list(skipped.items())[:SHOWN]]
    if len(skipped) > SHOWN:
        lines.append(f"  and for {len(skipped) - SHOWN:,} other reasons")
    return lines


def _cloud_lines(inspection: Inspection) -> list[str]:
    def here(counts: dict[str, int]) -> tuple[int, int]:
        return counts.get("train", 0), counts.get("test", 0)

    rows = {
        "clips here": here(inspection.clip_counts),
        "clips in the paper": PAPER_CLIPS,
        "clips in the archive's readme": README_CLIPS,
        "source videos here": here(inspection.source_counts),
        "source videos in the archive's readme": README_VIDEOS,
        "short videos cut from them, in the archive's readme": README_SHORT_VIDEOS,
    }
    return ["Sky Time-lapse, train / test", *(f"  {name}: {a:,} / {b:,}" for name, (a, b) in rows.items())]


def _histogram_lines(title: str, counts: np.ndarray, edges: np.ndarray) -> list[str]:
    lines = [title]
    for count, low, high in zip(counts.tolist(), edges, edges[1:], strict=False):  # one more edge than bars
        bar = "#" * int(np.ceil(30 * count / counts.max()))
        lines.append(f"  {low:6.2f} to {high:6.2f}  {count:7,}  {bar}".rstrip())
    return lines


def _copy_lines(inspection: Inspection) -> list[str]:
    still, copies, alike = inspection.still, inspection.duplicates, inspection.look_alikes
    names = _names(clip.source for clip in still)
    extra = sum(len(group) - 1 for group in copies)
    return [
        f"warning: clips that do not move at all: {len(still):,} ({names})" if still else "still clips: none",
        f"duplicates, clips with the bytes of an earlier one: {extra:,}{_examples(copies)}",
        f"look alike: {sum(map(len, alike)):,} clips, in groups: {len(alike):,}{_examples(alike)}",
    ]


def _leak_lines(inspection: Inspection) -> list[str]:
    sources, copies = inspection.shared_sources, inspection.leaked_duplicates
    alike = inspection.leaked_look_alikes
    lines = []
    if sources:
        lines.append(f"warning: leak, source videos in more than one split: {len(sources):,} ({_names(sources)})")
    if copies:
        groups = f"groups of clips with the same bytes in more than one split: {len(copies):,}{_examples(copies)}"
        lines.append(f"warning: leak, {groups}")
    if not lines:
        lines.append("leaks between splits: none by source video, none by bytes")
    return [*lines, f"look alike, groups in more than one split: {len(alike):,}{_examples(alike)}"]


def _checksum_lines(inspection: Inspection) -> list[str]:
    if not inspection.misfits:
        return ["checksums: all shards are as their manifest says"]
    names = ", ".join(inspection.misfits)  # all of them, to copy again
    return [f"warning: shards that differ from their checksum: {len(inspection.misfits):,} ({names})"]


def _names(names: Iterable[str]) -> str:
    names = [printable(name) for name in dict.fromkeys(names)]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")


def _examples(groups: Iterable[tuple[InspectedClip, ...]]) -> str:
    """The first two clips of the first groups; a pair from two splits where there is one."""
    pairs = []
    for group in groups:
        other = next((clip for clip in group if clip.split != group[0].split), group[1])
        pairs.append(" = ".join(f"{printable(clip.source)} clip {clip.index}" for clip in (group[0], other)))
    return f" ({_names(pairs)})" if pairs else ""
