"""Pack a folder of your own time-lapses: all windows of each video, divided by video, read by training in parts.

python data_scripts/pack_videos.py my_skies --out data/my-skies-64 --size 64
ssagan train --preset laptop --data data/my-skies-64 --out runs/mine
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from tqdm import tqdm

from ssagan_lite.cli.options import run_script
from ssagan_lite.data.clips import write_clips
from ssagan_lite.data.folder import Windows, iterate_folder, source_names
from ssagan_lite.data.splits import split_by_name
from ssagan_lite.errors import InputError


def main(
    videos: Annotated[Path, tyro.conf.Positional],
    out: Path,
    size: int = 64,
    frames: int = 32,
    windows: Windows = "all",
    test_fraction: float = 0.1,
    force: bool = False,
) -> None:
    """Pack a folder of videos.

    Args:
        videos: a folder of mp4s, or of folders of frames, at any depth. Frame folders inside one folder are parts of
            one video.
        out: the folder to make.
        size: side of the square clips in pixels.
        frames: frames of each clip; the model has 32 at sizes 128 and 64, 16 at 32, 8 at 16.
        windows: all that follow each other without overlap, or the first of each video.
        test_fraction: about this share of the videos gets the split "test", by the hash of their names.
        force: replace a set that is already there.
    """
    if min(size, frames) < 1 or not 0 <= test_fraction <= 1:
        raise InputError("There are no such clips; size and frames must be above 0, and the fraction from 0 to 1.")
    names = source_names(videos)
    splits = dict(zip(names, split_by_name(names, test_fraction), strict=True))
    skipped: list[dict[str, str]] = []
    sources: list[str] = []

    def clips() -> Iterator[np.ndarray]:
        for clip, source in iterate_folder(videos, size, frames, windows, skipped):
            sources.append(source)
            yield clip

    notes = {"data": "own videos", "windows": windows, "resize": "squash, cv2.INTER_AREA"}
    made = tqdm(clips(), unit="clip")
    # The list grows as clips are made, and is read as it grows.
    write_clips(out, made, sources=sources, split=splits, skipped=skipped, notes=notes, force=force)
    count = {split: sum(splits[source] == split for source in sources) for split in ("train", "test")}
    print(f"{out}: {count['train']} clips to train on and {count['test']} to test, {frames} frames, {size} x {size}")
    for one in skipped:
        print(f"left out: {one['source']}: {one['reason']}")


if __name__ == "__main__":
    run_script(main, __doc__)
