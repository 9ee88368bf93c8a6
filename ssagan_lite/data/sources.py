"""One name for any source of clips, as on the command line: `--data synthetic`, `samples`, or a path."""

import logging
import os
from pathlib import Path

from ssagan_lite.data.clips import ArrayClips, ClipDataset, resize_clips
from ssagan_lite.data.folder import load_folder
from ssagan_lite.data.manifest import MANIFEST, read_manifest
from ssagan_lite.data.paths import expand
from ssagan_lite.data.samples import SAMPLES_NOTE, load_samples
from ssagan_lite.data.splits import split_by_name
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError

logger = logging.getLogger(__name__)

SYNTHETIC_COUNT = 64
TEST_FRACTION = 0.1


def open_clips(
    source: str | os.PathLike,
    size: int,
    frames: int,
    *,
    split: str | None = "train",
    count: int | None = None,
    seed: int = 0,
    longer: bool = False,
) -> ArrayClips | ClipDataset:
    """Open clips of `frames` frames of `size` x `size`; `len(clips)`, `clips[i]` is uint8 `(frames, size, size, 3)`.

    * "synthetic": `count` (64) procedural skies, made from `seed`; "train" and "test" never share a sky.
    * "samples": the 48 real clips, squashed, their first `frames` (at most 32). The videos they were cut from are not
      known, so they cannot be divided fairly: both splits are all 48. What was trained on them cannot be judged by
      them.
    * the path of a packed set: the clips of `split`, of this size; the first `frames` frames of each, or with `longer`
      all of them, for training on temporal crops.
    * the path of a video or a folder of videos or frame folders: the first `frames` of each, squashed. About a tenth of
      the source videos is "test", by their names: a video that comes or goes later does not move the others.

    `split` None gives all clips, and `count` at most that many. Anything else raises `InputError`.
    """
    if not 1 <= size <= 4096 or frames < 1 or (count is not None and count < 1):
        wanted = f"{frames} frames of size {size}, count {count}"
        raise InputError(f"There are no clips of {wanted}; use numbers above 0, and at most 4096 pixels.")
    if source == "synthetic":
        return _open_synthetic(size, frames, split, count or SYNTHETIC_COUNT, seed)
    if source == "samples":
        return _open_samples(size, frames, split, count)
    path = expand(source)
    if (path / MANIFEST).is_file():
        return _open_packed(path, size, frames, split, count, longer)
    if not path.exists():
        raise InputError(f"There are no clips at {path}; give synthetic, samples, a packed set or a folder of videos.")
    return _open_folder(path, size, frames, split, count)


def natural_shape(source: str | os.PathLike) -> tuple[int, int]:
    """The size and the number of frames that a source has by itself, or, where it has none, those of the paper."""
    path = expand(source)
    if (path / MANIFEST).is_file():
        clips = ClipDataset(path)
        return clips.size, clips.frames
    return (64, 32) if source == "synthetic" else (128, 32)


def are_samples(source: str | os.PathLike) -> bool:
    """Whether these are the 48 sample clips, by name or as a packed set: what was trained on them has no test there."""
    path = expand(source)
    if source == "samples" or not (path / MANIFEST).is_file():
        return source == "samples"
    return str(read_manifest(path)["notes"].get("data", "")).startswith(SAMPLES_NOTE)


def _open_synthetic(size: int, frames: int, split: str | None, count: int, seed: int) -> ArrayClips:
    # Even seeds train, odd seeds test: whatever the two seeds are, the skies differ.
    return ArrayClips(synthetic_clips(count, size, frames, seed=2 * seed + (split == "test")).frames, split=split)


def _open_samples(size: int, frames: int, split: str | None, count: int | None) -> ArrayClips:
    clips = load_samples("real")
    if frames > clips.shape[1]:
        raise InputError(f"The samples have {clips.shape[1]} frames, {frames} are wanted; use a model of fewer frames.")
    return ArrayClips(resize_clips(clips[:count, :frames], size), split=split)


def _open_packed(path: Path, size: int, frames: int, split: str | None, count: int | None, longer: bool) -> ClipDataset:
    clips = ClipDataset(path, split=split, count=count, frames=None if longer else frames)
    if clips.size != size or clips.frames < frames:
        there, wanted = f"{clips.frames} frames of size {clips.size}", f"{frames} of size {size}"
        raise InputError(f"{path} holds clips of {there}, {wanted} are needed; pack it again, or choose that model.")
    return clips


def _open_folder(path: Path, size: int, frames: int, split: str | None, count: int | None) -> ArrayClips:
    def wanted(names: list[str]) -> set[str]:
        labels = split_by_name(names, TEST_FRACTION)
        chosen = {name for name, label in zip(names, labels, strict=True) if split in (None, label)}
        if not chosen:
            there = f"{len(set(names))} source video(s)"
            raise InputError(f"{path} has no clips of the split {split!r}, as it holds {there}; add more.")
        return chosen

    clips = load_folder(path, size, frames, count=count, wanted=wanted)
    if clips.skipped:
        first = clips.skipped[0]
        logger.warning("%d clip(s) in %s are left out; the first: %s", len(clips.skipped), path, first["reason"])
    return ArrayClips(clips.array, clips.sources, split, clips.skipped)
