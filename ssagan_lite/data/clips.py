"""The packed format: a folder of uint8 shards that are mapped into memory, beside a manifest that says what they are.

    sky/
      clips.json          size, frames, source and split of each clip, sha256 of each shard, what was skipped and why
      clips-00000.npy     uint8 (n <= 1024, T, H, W, 3)
      clips-00001.npy     ...

uint8 travels to the device; `to_float` scales it there. Chapter 08 packs the cloud data this way.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ssagan_lite.data.images import resize
from ssagan_lite.data.manifest import SET_NAMES, read_manifest, write_manifest
from ssagan_lite.data.paths import expand
from ssagan_lite.data.shards import SHARD_CLIPS, ShardWriter, open_shard, sha256_of
from ssagan_lite.data.staging import staged
from ssagan_lite.errors import InputError


def to_float(clips: torch.Tensor) -> torch.Tensor:
    """uint8 `(N, T, H, W, 3)` in 0..255 to float32 `(N, 3, T, H, W)` in [-1, 1], on the device where it lies.

    >>> clips = torch.tensor([0, 51, 255], dtype=torch.uint8).expand(2, 8, 16, 16, 3)
    >>> to_float(clips).shape, to_float(clips)[0, :, 0, 0, 0]
    (torch.Size([2, 3, 8, 16, 16]), tensor([-1.0000, -0.6000,  1.0000]))
    """
    # In place on a copy: three times faster on a CPU than three new tensors of this size.
    return clips.permute(0, 4, 1, 2, 3).to(torch.float32, copy=True).div_(127.5).sub_(1)  # (N, 3, T, H, W)


def to_uint8(clips: torch.Tensor) -> torch.Tensor:
    """float `(N, 3, T, H, W)` in [-1, 1] to uint8 `(N, T, H, W, 3)`: rounded, and clamped where it goes beyond.

    The exact inverse of `to_float` on uint8 values.

    >>> to_uint8(torch.tensor([-1.0, 0.0, 1.2]).view(1, 3, 1, 1, 1)).flatten()
    tensor([  0, 128, 255], dtype=torch.uint8)
    """
    levels = ((clips.detach().float() + 1) * 127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).permute(0, 2, 3, 4, 1).contiguous()  # (N, T, H, W, 3)


def resize_clips(clips: np.ndarray, size: int) -> np.ndarray:
    """Squash uint8 clips `(N, T, H, W, 3)` to `(N, T, size, size, 3)` with the area filter (linear where they grow)."""
    count, frames, height, width, _ = clips.shape
    if height == width == size:
        return clips
    resized = np.empty((count, frames, size, size, 3), np.uint8)
    for clip in range(count):
        for frame in range(frames):
            resized[clip, frame] = resize(clips[clip, frame], size, size)
    return resized


class ArrayClips:
    """Clips in memory with the interface of `ClipDataset`: uint8 `(N, T, size, size, 3)`.

    `sources` names the video of each clip (its number when unknown), `skipped` what was left out and why.
    """

    def __init__(
        self,
        array: np.ndarray,
        sources: Sequence[str] | None = None,
        split: str | None = None,
        skipped: Sequence[dict[str, str]] = (),
    ):
        if array.ndim != 5 or array.dtype != np.uint8 or array.shape[2] != array.shape[3] or array.shape[4] != 3:
            found = f"{array.dtype} {array.shape}"
            raise InputError(f"Clips are uint8 of shape (count, frames, size, size, 3), not {found}; convert them.")
        self.array = array
        self.frames, self.size = array.shape[1], array.shape[2]
        self.split = split
        self.sources = [str(index) for index in range(len(array))] if sources is None else list(sources)
        self.skipped = list(skipped)
        if len(self.sources) != len(array):
            raise InputError(f"{len(array)} clips have {len(self.sources)} sources; give one source for each clip.")

    @property
    def manifest(self) -> dict[str, Any]:
        """What a packed set's clips.json would say of these clips."""
        clips = [{"source": source, "split": self.split} for source in self.sources]
        return {"size": self.size, "frames": self.frames, "clips": clips, "skipped": self.skipped}

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.array[index].copy()  # (T, H, W, 3)


class ClipDataset:
    """A packed set on disk; `dataset[i]` is a uint8 array `(T, size, size, 3)` of its own.

    `split` keeps the clips of one split ("train", "test"; None keeps all), `count` at most that many of them, and
    `frames` the first frames of each (None keeps all).
    Opening checks the manifest and the shape of every shard, and reads no clip; `verify()` compares the checksums.
    A folder that is missing, of another kind or damaged raises `InputError`. Worker processes of any kind may use it.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        split: str | None = None,
        count: int | None = None,
        frames: int | None = None,
    ):
        self.path = expand(path)
        self.split = split
        self.manifest = read_manifest(self.path)
        self.size: int = self.manifest["size"]
        packed = self.manifest["frames"]
        self.frames: int = min(frames or packed, packed)
        self.skipped: list[dict[str, str]] = self.manifest["skipped"]
        self._shards = [open_shard(self.path, shard, packed, self.size) for shard in self.manifest["shards"]]
        starts = [(number, row) for number, shard in enumerate(self._shards) for row in range(len(shard))]
        clips = self.manifest["clips"]
        if len(clips) != len(starts):
            raise InputError(f"{self.path} lists {len(clips)} clips, but holds {len(starts)}; pack the set again.")
        kept = [index for index, clip in enumerate(clips) if split in (None, clip["split"])][:count]
        if not kept:
            splits = ", ".join(sorted({str(clip["split"]) for clip in clips})) or "none"
            raise InputError(f"{self.path} has no clips of the split {split!r}; it has: {splits}.")
        self._places = [starts[index] for index in kept]
        self.sources: list[str] = [clips[index]["source"] for index in kept]
        self._arguments = (self.path, split, count, frames)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> np.ndarray:
        shard, row = self._places[index]
        return np.array(self._shards[shard][row, : self.frames])  # (T, H, W, 3)

    def __reduce__(self):
        """Send the arguments, not the clips, to another process."""
        return type(self), self._arguments

    def verify(self) -> None:
        """Read every shard and compare its sha256 with the manifest's; `InputError` names the first that differs."""
        for shard in self.manifest["shards"]:
            if sha256_of(self.path / shard["file"]) != shard["sha256"]:
                raise InputError(f"{self.path / shard['file']} differs from its checksum; pack or copy the set again.")


def write_clips(
    path: str | os.PathLike,
    clips: Iterable[np.ndarray],
    *,
    sources: Iterable[str],
    split: str | Mapping[str, str] = "train",
    skipped: Sequence[dict[str, str]] = (),
    notes: Mapping[str, Any] | None = None,
    force: bool = False,
    shard_clips: int = SHARD_CLIPS,
) -> Path:
    """Pack clips, each uint8 `(T, size, size, 3)`, into a new set at `path`, and return the path.

    `clips` may be a generator: one clip at a time is in memory. `sources` names the source video of each clip; `split`
    is one name for all, or a name for each source (so that no video lies on both sides). `skipped` holds
    `{"source": ..., "reason": ...}` and is read at the end: a generator may add to it as it goes. `notes` goes into the
    manifest as it is. The set appears as a whole or not at all, and the same clips give the same bytes. An existing
    set is replaced only with `force`, and a folder that holds anything else never.
    """
    target = expand(path)
    with staged(target, force=force, own=SET_NAMES) as folder:
        folder.mkdir()
        entries = []
        with ShardWriter(folder, shard_clips) as writer:
            for clip, source in zip(clips, sources, strict=True):
                writer.add(np.asarray(clip), source)
                entries.append({"source": source, "split": split if isinstance(split, str) else split[source]})
        if writer.shape is None:
            raise InputError(f"{target} was not written: there are no clips to pack; check where they come from.")
        written = {"shape": writer.shape, "shards": writer.shards, "clips": entries}
        write_manifest(folder, **written, skipped=skipped, notes=notes)
    return target
