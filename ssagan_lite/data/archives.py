"""A folder, a zip file, or a zip file on a web server: the names in it, and the bytes of one entry. Chapter 08.

A zip of a million entries takes Python's own zipfile 0.7 GiB of memory for its directory; here that is read as a
stream, and an entry is a few numbers. Entries that lead out of the folder, and links, are refused.
"""

import io
import os
import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from ssagan_lite.data.remote import RemoteFile
from ssagan_lite.errors import InputError

END, END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
CENTRAL = struct.Struct("<4s6H3I5H2I")
BUFFER = 2**20
HEADER_ROOM = 512  # bytes before an entry's own: its header, its name, and what else is told of it
STORED, DEFLATED = 0, 8


class Place(NamedTuple):
    """Where an entry lies: a path in a folder, or an offset in a zip with what is needed to unpack it. Bytes."""

    path: str | None = None
    offset: int = 0
    packed: int = 0
    size: int = 0
    method: int = STORED
    checksum: int = 0


class Entry(NamedTuple):
    """One name of an archive, and its place; without a place it is refused, and `reason` says why."""

    name: str
    place: Place | None
    reason: str = ""


def refusal(name: str, is_link: bool) -> str:
    """Why an entry must not be used, or an empty text."""
    if is_link:
        return "it is a link"
    path = PureWindowsPath(name)  # knows both / and \, and drives
    return "it leads out of the folder" if path.anchor or ".." in path.parts else ""


class Folder:
    """The files below a folder, and its empty folders (their names end with a slash), in sorted order."""

    etag = None

    def __init__(self, path: Path):
        self.path = path

    def __repr__(self) -> str:  # no address: the same in every run
        return "Folder"

    def entries(self) -> Iterator[Entry]:
        for folder, folders, files in os.walk(self.path):
            folders.sort()
            inside = Path(folder).relative_to(self.path)
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            folders[:] = [name for name in folders if name not in links]
            if not files and not folders and folder != str(self.path):
                yield Entry(inside.as_posix() + "/", Place(inside.as_posix()))
            for name in sorted([*files, *links]):
                path = (inside / name).as_posix()
                reason = refusal(path, os.path.islink(os.path.join(folder, name)))
                yield Entry(path, None if reason else Place(path), reason)

    def prefetch(self, places: Sequence[Place]) -> None:
        """On disk there is nothing to fetch."""

    def read(self, place: Place) -> bytes:
        return (self.path / place.path).read_bytes()


class Zip:
    """The entries of a zip file, by path or address (https://...), in the order of its directory.

    Picklable: another process opens the file again. Raises InputError for what is no zip file, or a damaged one.
    """

    def __init__(self, source: str | os.PathLike):
        self.source = str(source)
        self._remote = RemoteFile(self.source) if self.source.startswith(("http://", "https://")) else None
        self.etag = self._remote.etag if self._remote else None
        self._open: io.BufferedReader | None = None

    def __repr__(self) -> str:
        return f"Zip({self.etag})"

    def __getstate__(self) -> dict:
        return {**vars(self), "_open": None}

    @property
    def file(self) -> io.BufferedReader:
        """Opened at the first use, and once in each process."""
        if self._open is None:
            raw = self._remote or io.FileIO(self.source)
            self._open = io.BufferedReader(raw, BUFFER)
        return self._open

    def entries(self) -> Iterator[Entry]:
        try:
            count, start = self._directory()
            self.file.seek(start)
            for _ in range(count):
                yield self._entry()
        except (struct.error, ValueError, IndexError) as error:
            raise InputError(f"{self.source} is no zip file, or was cut short; download it again.") from error

    def prefetch(self, places: Sequence[Place]) -> None:
        """Say what is read next: of a zip on a server it comes in one piece, where it lies together there."""
        start = min(place.offset for place in places)
        stop = max(place.offset + place.packed + HEADER_ROOM for place in places)
        if self._remote and stop - start < 1.5 * sum(place.packed + HEADER_ROOM for place in places):
            self._remote.prefetch(start, stop)

    def read(self, place: Place) -> bytes:
        """The bytes of an entry; ValueError where they do not fit their checksum."""
        self.file.seek(place.offset)
        header = self.file.read(30)
        if header[:4] != b"PK\x03\x04":
            raise ValueError("its place in the zip file is damaged")
        name, extra = struct.unpack("<2H", header[26:30])
        self.file.seek(name + extra, os.SEEK_CUR)
        data = self.file.read(place.packed)
        if place.method == DEFLATED:
            unpacker = zlib.decompressobj(-15)
            try:
                data = unpacker.decompress(data, place.size + 1)  # never more than it says: no zip bomb
            except zlib.error as error:
                raise ValueError(f"it cannot be unpacked ({error})") from error
        if len(data) != place.size or zlib.crc32(data) != place.checksum:
            raise ValueError("its bytes do not fit their checksum in the zip file")
        return data

    def _directory(self) -> tuple[int, int]:
        """Number of entries, and where the central directory starts."""
        end = self.file.seek(0, os.SEEK_END)
        self.file.seek(max(0, end - 66_000))
        tail = self.file.read()
        at = tail.rindex(END)
        count, _, start = struct.unpack("<HII", tail[at + 10 : at + 20])
        if count != 0xFFFF and start != 0xFFFFFFFF:
            return count, start
        locator = tail.rindex(LOCATOR_64, 0, at)
        self.file.seek(struct.unpack("<Q", tail[locator + 8 : locator + 16])[0])
        record = self.file.read(56)
        if record[:4] != END_64:
            raise ValueError("no zip64 record")
        count, _, start = struct.unpack("<3Q", record[32:56])
        return count, start

    def _entry(self) -> Entry:
        fields = CENTRAL.unpack(self.file.read(CENTRAL.size))
        magic, _, _, flags, method, _, _, checksum, packed, size, names, extras, comments = fields[:13]
        attributes, offset = fields[15:17]
        if magic != b"PK\x01\x02":
            raise ValueError("no directory entry")
        raw, extra = self.file.read(names), self.file.read(extras)
        self.file.seek(comments, os.SEEK_CUR)
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", errors="replace")
        size, packed, offset = _wide(extra, size, packed, offset)
        reason = refusal(name, stat.S_ISLNK(attributes >> 16))
        if flags & 1 or method not in (STORED, DEFLATED):
            reason = reason or "it is encrypted, or packed in a way that is not known here"
        return Entry(name, None if reason else Place(None, offset, packed, size, method, checksum), reason)


def _wide(extra: bytes, *values: int) -> list[int]:
    """Numbers that did not fit 32 bits stand in the zip64 field of the extra bytes, in this order."""
    wide, at = b"", 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<2H", extra[at : at + 4])
        if kind == 1:
            wide = extra[at + 4 : at + 4 + length]
        at += 4 + length
    found = []
    for value in values:
        if value == 0xFFFFFFFF:
            value, wide = struct.unpack("<Q", wide[:8])[0], wide[8:]
        found.append(value)
    return found


def open_archive(source: str | os.PathLike) -> Folder | Zip:
    """The archive at a path or an https address. Raises InputError where there is none."""
    if str(source).startswith(("http://", "https://")):
        return Zip(source)
    path = Path(source).expanduser()
    if path.is_dir():
        return Folder(path)
    if path.is_file():
        return Zip(path)
    raise InputError(f"{path} does not exist; give a folder, a zip file, or an https address of one.")
