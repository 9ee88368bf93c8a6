"""Pack Sky Time-lapse, the paper's cloud data, at any size, without ever storing its 29 GB of JPEGs.

python data_scripts/prepare_cloud.py --out data/cloud-64 --dry-run             # what would be read and written
python data_scripts/prepare_cloud.py --out data/cloud-taste --limit 50         # a first taste: 50 clips of each split
python data_scripts/prepare_cloud.py --out data/cloud-64                       # all of it, 15 GB at 64 pixels
python data_scripts/prepare_cloud.py --source sky_timelapse.zip --out data/cloud-128 --size 128

It may be stopped at any time: the same command goes on where it was.
"""

from pathlib import Path

from ssagan_lite.cli.options import run_script
from ssagan_lite.data import cloud
from ssagan_lite.data.archives import Folder, Zip, open_archive
from ssagan_lite.data.packing import check_room, pack
from ssagan_lite.data.shards import sha256_of
from ssagan_lite.errors import InputError

FALLBACK = f"""\
The mirror on Hugging Face cannot be read from here. Fetch the archive in another way, and name it:
  pip install gdown && gdown {cloud.DRIVE} -O sky_timelapse.zip      # the authors' copy on Google Drive
  python data_scripts/prepare_cloud.py --source sky_timelapse.zip --out ..."""


def main(
    out: Path,
    source: str = cloud.MIRROR,
    size: int = 64,
    windows: cloud.Windows = "all",
    limit: int | None = None,
    frame_size: tuple[int, int] = cloud.FRAME_SIZE,
    workers: int | None = None,
    check_hash: bool = False,
    dry_run: bool = False,
    force: bool = False,
) -> None:
    """Pack Sky Time-lapse.

    Args:
        out: the folder to make.
        source: a folder or zip that is there already, or an https address. The default is the copy on Hugging Face, at
            a pinned revision; of its zip only what is needed is read.
        size: side of the square clips in pixels; the paper's squash, with OpenCV's area filter.
        windows: all windows of 32 frames that follow each other, as in the paper; or the first of each part, as in
            MD-GAN's test script.
        limit: at most this many clips of each split.
        frame_size: width and height that each JPEG must have.
        workers: processes that decode; all cores by default.
        check_hash: read a local zip once, and compare its sha256 with the one that the mirror reports.
        dry_run: say what would be read and written, and stop.
        force: replace a set that is already there.
    """
    if size < 1 or (limit is not None and limit < 1) or (workers is not None and workers < 1):
        raise InputError("There are no such clips; size, limit and workers must be above 0.")
    archive = _open(source)
    if check_hash:
        _compare_hash(source)
    print(f"reading the names in {source} ...")
    planned = cloud.plan(archive, size, windows=windows, limit=limit, frame_size=frame_size)
    needed = sum(planned.clips.values()) * cloud.FRAMES * size * size * 3
    _describe(planned, needed)
    if dry_run:
        return
    check_room(out, needed)
    notes = {"data": "cloud", "source": _name(source), "etag": archive.etag, "windows": windows, "limit": limit}
    notes |= {"resize": "squash, cv2.INTER_AREA", "size": size}
    counted = {"clips": sum(planned.clips.values()), "skipped": planned.skipped}
    pack(out, planned.jobs, cloud.pack_windows, notes=notes, workers=workers, force=force, **counted)
    print(f"{out} is packed; python data_scripts/inspect_clips.py {out} --out report.html shows what is in it")


def _open(source: str) -> Folder | Zip:
    try:
        return open_archive(source)
    except InputError as error:
        raise InputError(f"{error}\n{FALLBACK}" if source == cloud.MIRROR else str(error)) from error


def _name(source: str) -> str:
    """What the manifest says of the source: an address as it is, of a path its last part."""
    return source if "://" in source else Path(source).expanduser().resolve().name


def _describe(planned: cloud.Plan, needed: int) -> None:
    for split in ("train", "test"):
        counts = (planned.videos[split], planned.parts[split], planned.clips[split])
        print("{:5}  {:,} videos, {:,} parts, {:,} clips of 32 frames".format(split, *counts))
    told = (
        f"{planned.bytes_read / 1e9:.2f} GB of JPEGs" if planned.bytes_read else "JPEGs that are on this disk already"
    )
    print(f"to read: {told}; to write: {needed / 1e9:.2f} GB; left out so far: {len(planned.skipped)}")


def _compare_hash(source: str) -> None:
    if "://" in source or not Path(source).is_file():
        raise InputError("--check-hash reads a zip file on this disk; give one with --source.")
    found = sha256_of(Path(source))
    reported = Zip(cloud.MIRROR).etag
    if found != reported:
        raise InputError(f"{source} has the sha256 {found}; the mirror reports {reported}: download it again.")
    print(f"sha256 {found}: as the mirror reports it")


if __name__ == "__main__":
    run_script(main, __doc__)
