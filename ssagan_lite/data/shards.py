"""One shard of a packed set: a plain `.npy` file of clips, written clip by clip and mapped into memory to read."""

import hashlib
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from ssagan_lite.errors import InputError

SHARD_CLIPS = 1024


class ShardWriter:
    """A context that appends clips to clips-00000.npy, clips-00001.npy, ...; `shards` describes the closed ones.

    To go on where another writer was stopped, give what is known to be whole: the `shards` it had closed, the `shape`
    of a clip, and how many clips (`count`) of the shard it was writing. What lies behind them is overwritten.
    """

    def __init__(self, folder: Path, shard_clips: int, *, shards: Sequence[dict[str, Any]] = (), shape=None, count=0):
        self.folder, self.shard_clips = folder, shard_clips
        self.shape: tuple[int, ...] | None = shape
        self.shards: list[dict[str, Any]] = list(shards)
        self.file: IO[bytes] | None = None
        self.count = 0
        if count:
            self.file = self._path().open("r+b")
            self._write_header()
            end = self.file.tell() + count * math.prod(shape)
            if self.file.seek(0, os.SEEK_END) < end:
                raise InputError(f"{self._path()} is shorter than its journal says; delete {folder} and begin again.")
            self.file.seek(end)
            self.file.truncate()
            self.count = count

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, *_) -> None:
        if self.file is not None:
            self._finish()

    def add(self, clip: np.ndarray, source: str) -> None:
        """Append one clip, uint8 `(T, size, size, 3)`; `source` names it where its type or shape is wrong."""
        self.shape = self.shape or clip.shape
        square = clip.ndim == 4 and clip.shape[1] == clip.shape[2] and clip.shape[3] == 3 and clip.size > 0
        if not square or clip.dtype != np.uint8 or clip.shape != self.shape:
            found = f"{clip.dtype} {clip.shape}, the set is {self.shape}"
            raise InputError(f"The clip of {source} is {found}; give uint8 clips of one shape (frames, size, size, 3).")
        if self.file is None:
            self.file = self._path().open("wb")
            self._write_header()
        self.file.write(np.ascontiguousarray(clip).data)
        self.count += 1
        if self.count == self.shard_clips:
            self._finish()

    def flush(self) -> None:
        """Hand all clips to the operating system: a killed process loses none of them."""
        if self.file is not None:
            self.file.flush()

    def _path(self) -> Path:
        return self.folder / f"clips-{len(self.shards):05d}.npy"

    def _write_header(self) -> None:
        # numpy leaves room in the header for the first axis to grow: it is written again, in place, once n is known.
        header = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.shape)}
        np.lib.format.write_array_header_1_0(self.file, header)

    def _finish(self) -> None:
        with self.file as file:
            file.seek(0)
            self._write_header()
        path = Path(file.name)
        self.shards.append({"file": path.name, "clips": self.count, "sha256": sha256_of(path)})
        self.file, self.count = None, 0


def open_shard(folder: Path, shard: dict[str, Any], frames: int, size: int) -> np.ndarray:
    """Map one shard of a set into memory, `(n, T, size, size, 3)`; `InputError` unless it is what its manifest says."""
    path = folder / shard["file"]
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; copy the whole set, or pack it again.") from error
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"{path} is damaged or cut short; copy it again, or pack the set again.") from error
    if array.dtype != np.uint8 or array.shape != (shard["clips"], frames, size, size, 3):
        raise InputError(f"{path} is {array.dtype} {array.shape}, unlike its manifest; pack the set again.")
    return array


def sha256_of(path: Path) -> str:
    """The checksum of a file, as 64 hexadecimal digits; the file is read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
