"""Pack the beach clips of VGAN's tiny videos, from the archive or a folder of its JPEGs. Kill it, and it goes on.

The archive is not downloaded by this script (tens of GB); this does, and goes on after a break:
curl -C - -O http://data.csail.mit.edu/videogan/beach.tar.bz2

python data_scripts/prepare_beach.py beach.tar.bz2 --out data/beach-64 --size 64 --dry-run
python data_scripts/prepare_beach.py beach.tar.bz2 --out data/beach-64 --size 64
ssagan train --data data/beach-64 --out runs/beach
"""

import shutil
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from ssagan_lite.cli.options import run_script
from ssagan_lite.data import beach
from ssagan_lite.data.manifest import SET_NAMES, read_manifest
from ssagan_lite.data.packing import JOURNAL, PLAN, check_room, pack
from ssagan_lite.data.paths import expand
from ssagan_lite.data.staging import check_free
from ssagan_lite.errors import InputError


def main(
    source: Annotated[Positional[Path | None], arg(metavar="SOURCE")] = None,
    *,
    out: Path,
    size: int = 64,
    short: beach.Short = "repeat",
    test_fraction: float = 0.1,
    limit: int | None = None,
    workers: int | None = None,
    dry_run: bool = False,
    force: bool = False,
) -> None:
    """Pack the beach clips.

    Args:
        source: beach.tar.bz2 (or .tar, .tar.gz), or a folder with its JPEGs at any depth. A compressed archive is
            unpacked into OUT.jpegs first; a plain tar is read in place.
        out: the folder to make.
        size: side of the square clips in pixels; the paper's squash with an area filter.
        short: what becomes of clips below 32 frames: their last frame is repeated, or they are dropped.
        test_fraction: share of the parent videos that get the split "test"; 0.1 is the paper's.
        limit: take only the first so many clips.
        workers: processes that decode; all cores when not given.
        dry_run: count the clips and the bytes they need, and write nothing.
        force: replace a set that is already there.
    """
    if min(size, limit or 1, workers or 1) < 1 or 0 in (limit, workers) or not 0 <= test_fraction <= 1:
        raise InputError("That cannot be packed; --size, --limit, --workers must be above 0, --test-fraction 0 to 1.")
    source, out = find(source), expand(out)
    check_free(out, force=force, own=(*SET_NAMES, JOURNAL, PLAN))  # now, and not after hours of unpacking
    if dry_run:
        print("\n".join(survey_lines(source, out, size, short, test_fraction, limit)))
        return
    listing, sha256 = list_clips(source, out, limit)
    check_room(out, set_bytes(len(listing.items), size))
    notes = {"data": "beach", "source": source.name, "sha256": sha256, "size": size, "short": short}
    notes |= {"resize": filter_name(size), "test_fraction": test_fraction, "split": "by parent video"}
    work = beach.BeachPacker(listing.place, size, short, test_fraction, default=source.name)
    count = len(listing.items)
    pack(out, listing.jobs(), work, notes=notes, clips=count, skipped=listing.skipped, workers=workers, force=force)
    print("\n".join(made_lines(out, listing.place)))


def find(source: Path | None) -> Path:
    """The source as an absolute path. Raises InputError, which tells how to get it, where there is none."""
    if source is None or not (found := expand(source)).exists():
        what = "SOURCE must be given" if source is None else f"{source} does not exist"
        raise InputError(f"{what}; download it with {beach.RECIPE} (tens of GB), and name the file or its folder.")
    return found.resolve()


def list_clips(source: Path, out: Path, limit: int | None) -> tuple[beach.Listing, str | None]:
    """What there is to pack, and the checksum of the archive, None for a folder."""
    if source.is_dir():
        return beach.list_folder(source, limit), None
    sha256 = beach.compute_sha256(source)
    if beach.compression_of(source):
        listing = beach.unpack_archive(source, cache_of(out), sha256, limit)
    else:
        listing = beach.list_archive(source, limit)
    if listing.whole:  # a download that still goes on is not what later runs should expect
        beach.record_sha256(source, sha256)
    return listing, sha256


def cache_of(out: Path) -> Path:
    """Where the JPEGs of a compressed archive lie."""
    return out.with_name(out.name + ".jpegs")


def set_bytes(clips: int, size: int) -> int:
    """Bytes of a packed set, but for its manifest."""
    return clips * beach.FRAMES * size * size * 3


def filter_name(size: int) -> str:
    """How `images.resize_image` makes frames of this size."""
    if size == beach.TILE:
        return "none"
    return "cv2.INTER_AREA" if size < beach.TILE else "cv2.INTER_LINEAR"


def survey_lines(
    source: Path, out: Path, size: int, short: beach.Short, test_fraction: float, limit: int | None
) -> list[str]:
    """What `--dry-run` prints."""
    survey = beach.survey_clips(beach.read_heads(source, limit), short, test_fraction, source.name)
    clips, place = survey.splits.total(), out.resolve().parent
    while not place.exists():
        place = place.parent
    lines = [f"{source.name}: {clips:,} clips of {len(survey.videos):,} videos found"]
    lines += [f"split {name}: {survey.splits[name]:,} clips" for name in ("train", "test")]
    lines += [f"{frames} frames: {count:,} clips" for frames, count in sorted(survey.frames.items())]
    lines += [f"left out: {count:,} ({reason})" for reason, count in survey.reasons.most_common()]
    lines.append(f"needed for {out}: {set_bytes(clips, size):,} bytes")
    if source.is_file() and beach.compression_of(source):
        lines.append(f"needed for {cache_of(out)}: {survey.jpeg_bytes:,} bytes, until the set is packed")
    return [*lines, f"free: {shutil.disk_usage(place).free:,} bytes", "nothing was written"]


def made_lines(out: Path, place: Path) -> list[str]:
    """What a finished run prints: the set, what was left out, and the cache that may go."""
    manifest = read_manifest(out)
    splits = [clip["split"] for clip in manifest["clips"]]
    told = f"{splits.count('train'):,} train, {splits.count('test'):,} test, {len(manifest['skipped']):,} left out"
    lines = [f"{out}: {len(splits):,} clips of {manifest['frames']} frames, {manifest['size']} x {manifest['size']}"]
    lines.append(told)
    if place == cache_of(out):
        lines.append(f"{place} holds the unpacked JPEGs; delete it, or give it as SOURCE for another --size.")
    return lines


if __name__ == "__main__":
    run_script(main, __doc__)
