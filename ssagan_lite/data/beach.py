"""The beach clips of VGAN's "tiny videos" (Vondrick et al. 2016), ready to be packed. Chapter 08.

    a folder, a tar ------------------------------.
    tar.bz2, tar.gz --(unpack)--> a cache folder --+--> items --> jobs --(BeachPacker, on all cores)--> a packed set

One JPEG is one clip: 128 pixels wide, its frames of 128 x 128 stacked from top to bottom. It lies in a folder that
has the name of the video it was cut from: `videos2/7/5/0/9/7/5/9/7/5275097597.mp4/0000.jpg`.
"""

import hashlib
import io
import json
import os
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from ssagan_lite.data.archives import refusal
from ssagan_lite.data.images import resize_image
from ssagan_lite.data.packing import Packed, check_room
from ssagan_lite.data.splits import share_of
from ssagan_lite.data.video import natural_order
from ssagan_lite.errors import InputError

ADDRESS = "http://data.csail.mit.edu/videogan/beach.tar.bz2"
RECIPE = f"curl -C - -O {ADDRESS}"  # -C -: a download that broke goes on where it stopped
TILE, FRAMES = 128, 32  # side of a stacked frame in pixels; frames of a packed clip
JOB_CLIPS = 16  # about a second of work
HEAD = 2**16  # bytes of a JPEG that surely hold its size
UNPACKED = "unpacked.jsonl"  # in the cache folder: what became of each entry of the archive, in its order
MAGIC = {b"BZh": "bz2", b"\x1f\x8b": "gz"}
Short = Literal["repeat", "drop"]


class Item(NamedTuple):
    """One JPEG: its name, `/` between folders; where it begins in its file, 0 in a folder; its size in bytes."""

    name: str
    offset: int
    size: int


@dataclass
class Listing:
    """The items of a source and what it holds besides that is left out; `place` is the folder or plain tar they lie in.

    `whole`: the source was read to its end, and not only up to a limit.
    """

    place: Path
    items: list[Item] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    whole: bool = False

    def jobs(self) -> list[tuple[Item, ...]]:
        """The items in groups of JOB_CLIPS, in their order."""
        return [tuple(self.items[start : start + JOB_CLIPS]) for start in range(0, len(self.items), JOB_CLIPS)]


# --- videos and splits


def parent_video(name: str, default: str) -> str:
    """The video a JPEG was cut from: the folder `....mp4` it lies in, else any folder it lies in, else `default`."""
    folders = PurePosixPath(name).parts[:-1][::-1]  # the innermost first
    return next((folder for folder in folders if folder.lower().endswith(".mp4")), folders[0] if folders else default)


def split_of(video: str, test_fraction: float) -> str:
    """The split of all clips of a video, "train" or "test", by the hash of its name.

    So a video never lies on both sides, and its side does not depend on which part of the data was downloaded. The
    paper trains on 10 % of the data and evaluates 1,000 random clips of the other 90 % (sections 5.1 and 5.3), without
    saying how they were divided. Here 0.1 of the videos evaluate by default, as is usual.
    """
    return "test" if share_of(video) < test_fraction else "train"


# --- one clip


def count_frames(head: bytes) -> int:
    """Frames in a stacked JPEG, told by its first bytes (HEAD). Raises InputError where it is no stack of frames."""
    with _open_jpeg(head) as image:
        return image.height // TILE


def read_clip(data: bytes, short: Short) -> np.ndarray:
    """A stacked JPEG as a clip, uint8 `(FRAMES, TILE, TILE, 3)`: the first 32 frames.

    A shorter one repeats its last frame (`short` "repeat") or raises InputError ("drop"), as does what is damaged.
    """
    with _open_jpeg(data) as image:
        frames = image.height // TILE
        if frames < FRAMES and short == "drop":
            raise InputError(f"{frames} frames, {FRAMES} are needed")
        # Pillow fills with grey what an interrupted download left as zeros: the end marker must be there.
        if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
            raise InputError("the JPEG is cut short")
        try:
            stack = np.asarray(image.convert("RGB"))  # (frames * TILE, TILE, 3)
        except (OSError, SyntaxError, ValueError) as error:  # Pillow's decoder raises any of these
            raise InputError("the JPEG is damaged or cut short") from error
    clip = stack.reshape(frames, TILE, TILE, 3)
    return clip[np.minimum(np.arange(FRAMES), frames - 1)]  # (FRAMES, TILE, TILE, 3)


def _open_jpeg(data: bytes) -> Image.Image:
    """Read the header of a JPEG and check its size; the pixels are not decoded yet."""
    if not data:
        raise InputError("the file is empty")
    try:
        image = Image.open(io.BytesIO(data), formats=["JPEG"])
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise InputError("it is not a JPEG") from error
    if image.width != TILE or image.height % TILE:
        wanted = f"{TILE} wide and a multiple of {TILE} high"
        raise InputError(f"the image is {image.width} x {image.height} pixels, it should be {wanted}")
    return image


@dataclass(frozen=True)
class BeachPacker:
    """What `packing.pack` does with each job: read its JPEGs, and squash every frame to `size` pixels a side.

    place: the folder or plain tar of a Listing. default: the video of JPEGs that lie in no folder.
    """

    place: Path
    size: int
    short: Short
    test_fraction: float
    default: str

    def __call__(self, job: tuple[Item, ...]) -> Packed:
        clips, entries, skipped = [], [], []
        for item in job:
            try:
                clip = read_clip(read_item(self.place, item), self.short)
            except InputError as error:
                skipped.append({"source": item.name, "reason": str(error)})
                continue
            clips.append(np.stack([resize_image(frame, self.size) for frame in clip]))  # (FRAMES, size, size, 3)
            video = parent_video(item.name, self.default)
            entries.append({"source": video, "split": split_of(video, self.test_fraction)})
        return Packed(np.array(clips, np.uint8), entries, skipped)


def read_item(place: Path, item: Item, count: int = -1) -> bytes:
    """The first `count` bytes of an item, or all of it."""
    with open(place / item.name if place.is_dir() else place, "rb") as file:
        file.seek(item.offset)
        return file.read(item.size if count < 0 else min(count, item.size))


# --- folders


def list_folder(root: Path, limit: int | None = None) -> Listing:
    """The JPEGs at any depth below `root` in natural order, without hidden ones; the first `limit` of them."""
    listing = Listing(root)
    names = [(Path(folder) / name).relative_to(root) for folder, _, files in os.walk(root) for name in files]
    for name in sorted(filter(_is_clip, names), key=natural_order):
        if len(listing.items) == limit:
            return listing
        if (root / name).is_file():
            listing.items.append(Item(name.as_posix(), 0, (root / name).stat().st_size))
        else:
            listing.skipped.append({"source": name.as_posix(), "reason": "it is no file, or a link to nowhere"})
    listing.whole = True
    return listing


def _is_clip(name: Path | PurePosixPath) -> bool:
    hidden = any(part.startswith(".") for part in name.parts)  # such as the ._0000.jpg of a Mac
    return not hidden and name.suffix.lower() in (".jpg", ".jpeg")


# --- archives


def compression_of(archive: Path) -> str:
    """The compression of a file by its first bytes: "bz2", "gz", or "" for any other, such as a plain tar."""
    with archive.open("rb") as file:
        start = file.read(3)
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), "")


class _Header(tarfile.TarInfo):
    """An entry of an archive. Python's tarfile ends quietly at a header it cannot read; here that is an error."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> tarfile.TarInfo:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # the mark of a proper end
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


@contextmanager
def _damage_told(archive: Path) -> Iterator[None]:
    """Turn what the decoders of an archive raise into one sentence; a failing disk stays an OSError."""
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(
            f"{archive} is no tar archive, or damaged, or cut short; continue it with {RECIPE}."
        ) from error


@dataclass(frozen=True)
class Entry:
    """One JPEG of an archive, or what is refused, with the reason. `read` it before the next entry is taken."""

    item: Item
    reason: str | None
    member: tarfile.TarInfo
    tar: tarfile.TarFile

    def read(self, count: int = -1) -> bytes:
        with _damage_told(Path(self.tar.name)):
            return self.tar.extractfile(self.member).read(count)


def walk_archive(archive: Path) -> Iterator[Entry]:
    """The JPEGs of a tar in its order, and what is refused, one at a time in memory, with a progress bar.

    Raises InputError for what is no tar, and for one that is damaged or cut short, once the walk comes there.
    """
    size, seen = archive.stat().st_size, set()
    with (
        archive.open("rb") as raw,
        tqdm(total=size, unit="B", unit_scale=True, desc=archive.name) as bar,
        _damage_told(archive),
        tarfile.open(archive, f"r:{compression_of(archive)}", fileobj=raw, tarinfo=_Header) as tar,
    ):
        while (member := tar.next()) is not None:
            tar.members.clear()  # tarfile keeps all entries: gigabytes, for a million of them
            bar.update(raw.tell() - bar.n)
            reason, name = _refusal(member), PurePosixPath(member.name)
            if reason is None and not (member.isreg() and _is_clip(name)):
                continue
            if reason is None and name in seen:
                reason = "the archive holds this name twice; the first is taken"
            if reason is None:
                seen.add(name)
            yield Entry(Item(str(name), member.offset_data, member.size), reason, member, tar)
        while tar.fileobj.read(2**20):  # behind the last entry stands a compressed file's own checksum
            pass


def _refusal(member: tarfile.TarInfo) -> str | None:
    """Why an entry is not taken from an archive, or None."""
    if reason := refusal(member.name, member.issym() or member.islnk()):
        return reason
    return None if (member.isreg() and not member.issparse()) or member.isdir() else "it is no plain file"


def list_archive(archive: Path, limit: int | None = None) -> Listing:
    """The JPEGs of a plain tar in its order, the first `limit` of them; workers read them by offset."""
    listing = Listing(archive)
    for entry in walk_archive(archive):
        if entry.reason:
            listing.skipped.append({"source": entry.item.name, "reason": entry.reason})
            continue
        listing.items.append(entry.item)
        if len(listing.items) == limit:
            return listing
    listing.whole = True
    return listing


def unpack_archive(archive: Path, cache: Path, sha256: str, limit: int | None = None) -> Listing:
    """Write the JPEGs of a compressed tar, in which nobody can seek, below `cache`; the first `limit` of them.

    Can be killed at any moment and started again: entries that stand in the cache's journal are passed over. `sha256`
    is the archive's; a cache of another one raises InputError, as does a disk that is too small.
    """
    lines = _read_unpacked(archive, cache, sha256)
    sizes = [line["size"] for line in lines if "size" in line]
    missing = None if limit is None else limit - len(sizes)
    if "end" not in lines[-1] and (missing is None or missing > 0):
        # Nobody knows before: bz2 made stacked JPEGs of our skies a quarter smaller. The dry run counts exactly.
        check_room(cache, 0 if limit else archive.stat().st_size * 4 // 3 - sum(sizes))
        with (cache / UNPACKED).open("a", encoding="utf-8") as journal:
            for line in _unpack(archive, cache, len(lines) - 1, missing):
                journal.write(json.dumps(line) + "\n")
                journal.flush()
                lines.append(line)
    return _list_unpacked(cache, lines, limit)


def _list_unpacked(cache: Path, lines: list[dict], limit: int | None) -> Listing:
    """The listing that a journal tells of, of the first `limit` JPEGs."""
    listing = Listing(cache)
    for line in lines:
        if "size" in line:
            listing.items.append(Item(line["name"], 0, line["size"]))
        elif "reason" in line:
            listing.skipped.append(line)
        if len(listing.items) == limit:
            return listing
    listing.whole = "end" in lines[-1]
    return listing


def _unpack(archive: Path, cache: Path, done: int, missing: int | None) -> Iterator[dict]:
    """Write `missing` JPEGs (None: all) behind the first `done` entries; yield the journal's line for each entry."""
    for number, entry in enumerate(walk_archive(archive)):
        if number < done:
            continue
        if entry.reason:
            yield {"source": entry.item.name, "reason": entry.reason}
            continue
        path = cache / entry.item.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(entry.read())
        yield {"name": entry.item.name, "size": entry.item.size}
        missing = None if missing is None else missing - 1
        if missing == 0:
            return
    yield {"end": True}


def _read_unpacked(archive: Path, cache: Path, sha256: str) -> list[dict]:
    """All whole lines of a cache's journal, of which the first names the archive; a new journal where there is none."""
    path = cache / UNPACKED
    whole = b"".join(line for line in path.open("rb") if line.endswith(b"\n")) if path.is_file() else b""
    if not whole:
        if cache.is_dir() and any(entry != path for entry in cache.iterdir()):
            raise InputError(f"{cache} is in the way, and holds no {UNPACKED}; move it away.")
        cache.mkdir(parents=True, exist_ok=True)
        whole = json.dumps({"sha256": sha256}).encode() + b"\n"
        path.write_bytes(whole)
    os.truncate(path, len(whole))  # a line that a kill cut short goes
    lines = [json.loads(line) for line in whole.splitlines()]
    if lines[0] != {"sha256": sha256}:
        raise InputError(f"{cache} was unpacked from another archive than {archive}; delete it to begin again.")
    return lines


# --- trust on first use: the host gives no checksum


def compute_sha256(archive: Path) -> str:
    """The checksum of an archive, 64 hexadecimal digits, with a progress bar; it takes minutes for tens of GB.

    Raises InputError where `ARCHIVE.sha256` beside it, from an earlier run, says another.
    """
    digest, size, record = hashlib.sha256(), archive.stat().st_size, _record_of(archive)
    with archive.open("rb") as file, tqdm(total=size, unit="B", unit_scale=True, desc="sha256") as bar:
        while block := file.read(2**20):
            digest.update(block)
            bar.update(len(block))
    if record.is_file() and record.read_text("utf-8", "replace").split()[:1] != [digest.hexdigest()]:
        raise InputError(f"{archive} is not the file that {record} tells of; download it again, or delete that record.")
    return digest.hexdigest()


def record_sha256(archive: Path, sha256: str) -> None:
    """Write `ARCHIVE.sha256` (for `sha256sum -c`) where there is none; call it once the archive proved to be whole."""
    record = _record_of(archive)
    if record.exists():
        return
    new = record.with_name(record.name + ".new")
    try:
        new.write_text(f"{sha256}  {archive.name}\n", encoding="utf-8")
        os.replace(new, record)
    except OSError:  # a place that cannot be written: the notes of the set keep it
        return


def _record_of(archive: Path) -> Path:
    return archive.with_name(archive.name + ".sha256")


# --- looking without writing


@dataclass
class Survey:
    """What `--dry-run` found: usable clips per split, clips per number of frames, reasons, bytes of all JPEGs."""

    splits: Counter = field(default_factory=Counter)
    frames: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    videos: set[str] = field(default_factory=set)
    jpeg_bytes: int = 0


def survey_clips(
    heads: Iterable[tuple[Item, bytes | None, str | None]], short: Short, test_fraction: float, default: str
) -> Survey:
    """Count clips by their headers alone; `heads` gives item, first bytes, and why it is left out already, or None."""
    survey = Survey()
    for item, head, reason in heads:
        try:
            if reason:
                raise InputError(reason)
            survey.jpeg_bytes += item.size
            frames = count_frames(head)
            survey.frames[frames] += 1
            if frames < FRAMES and short == "drop":
                raise InputError(f"{frames} frames, {FRAMES} are needed")
        except InputError as error:
            survey.reasons[str(error)] += 1
            continue
        video = parent_video(item.name, default)
        survey.videos.add(video)
        survey.splits[split_of(video, test_fraction)] += 1
    return survey


def read_heads(source: Path, limit: int | None = None) -> Iterator[tuple[Item, bytes | None, str | None]]:
    """What `survey_clips` asks for, of a folder or of a tar of any kind; reads a compressed tar, and writes nothing."""
    if source.is_dir():
        listing = list_folder(source, limit)
        for skipped in listing.skipped:
            yield Item(skipped["source"], 0, 0), None, skipped["reason"]
        for item in tqdm(listing.items, unit="clip"):
            yield item, read_item(source, item, HEAD), None
        return
    count = 0
    for entry in walk_archive(source):
        yield entry.item, None if entry.reason else entry.read(HEAD), entry.reason
        count += entry.reason is None
        if count == limit:
            return
