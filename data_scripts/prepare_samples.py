"""Download the 48 real sample clips (or one of MD-GAN's predictions of them), check them, and pack them as a set.

python data_scripts/prepare_samples.py --out data/samples-64 --size 64
ssagan train --preset laptop --data data/samples-64 --out runs/first
"""

from pathlib import Path
from typing import Literal

from ssagan_lite.cli.options import run_script
from ssagan_lite.data.clips import resize_clips, write_clips
from ssagan_lite.data.samples import SAMPLES_NOTE, load_samples
from ssagan_lite.errors import InputError


def main(
    out: Path,
    size: int = 64,
    frames: int = 32,
    name: Literal["real", "mdgan-stage1", "mdgan-stage2"] = "real",
    split: str = "train",
    force: bool = False,
) -> None:
    """Pack the 48 sample clips.

    Args:
        out: the folder to make.
        size: side of the square clips in pixels; the paper's squash with an area filter.
        frames: keep this many of the 32 frames, from the first on.
        name: the real clips, or the official predictions of MD-GAN's first or second stage.
        split: the split all clips get; the videos they were cut from are unknown, so they are not divided.
        force: replace a set that is already there.
    """
    clips = load_samples(name)
    if not 1 <= frames <= clips.shape[1] or size < 1:
        raise InputError(f"{frames} frames of size {size} cannot be made; use 1 to {clips.shape[1]} frames, size >= 1.")
    small = resize_clips(clips[:, :frames], size)
    sources = [f"{name}-{index:02d}" for index in range(len(small))]
    notes = {"data": f"{SAMPLES_NOTE}: {name}", "resize": "squash, cv2.INTER_AREA"}
    write_clips(out, small, sources=sources, split=split, notes=notes, force=force)
    print(f"{out}: {len(small)} clips of {frames} frames, {size} x {size}")


if __name__ == "__main__":
    run_script(main, __doc__)
