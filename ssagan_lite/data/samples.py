"""The real clips this project learns from: 48 test clips of the cloud data, and MD-GAN's two predictions of them.

Three public files of the MD-GAN repository, downloaded once and checked by sha256. That repository states no licence,
so they are never copied into this one.
"""

import functools
import hashlib
import os
from pathlib import Path

import numpy as np
import pooch

from ssagan_lite.data.video import iterate_video
from ssagan_lite.errors import InputError

BASE_URL = (
    "https://raw.githubusercontent.com/weixiong-ur/mdgan/809f6e7dd9a7a381c66e8f98d2c332dee4594bda/sample_outputs/"
)
FILES = {
    "real": ("real_video.mp4", "2888bb544fe7c03ed9ddd1f83cabf39af430f13d629f9ecc86ef3edd6e7d8dd4"),
    "mdgan-stage1": ("s1_video.mp4", "732f334d7eb89c51b8bc9d088a00278165fc4943f50bf72f3089f772c60d8b03"),
    "mdgan-stage2": ("s2_video.mp4", "c324765eac4a6fcfaac318e4fac701d663e88afc2779fb6ef49fb7c186df5721"),
}
SAMPLES_NOTE = "MD-GAN sample outputs"  # how a packed set of them says what it is
ROWS, COLUMNS, TILE, STEP, PADDING, FRAMES = 6, 8, 128, 130, 2, 32


def cache_folder() -> Path:
    """Where the files are looked for and kept: the folder named by SSAGAN_CACHE, else the user's cache folder.

    The folder may already hold the files, and may then be read-only.
    """
    named = os.environ.get("SSAGAN_CACHE")
    return Path(named).expanduser() if named else Path(pooch.os_cache("ssagan-lite"))


def load_samples(name: str = "real") -> np.ndarray:
    """Return the 48 clips of "real", "mdgan-stage1" or "mdgan-stage2", uint8 `(48, 32, 128, 128, 3)`, read-only.

    Clip i is the same scene in all three: "real" is what happened, the others are MD-GAN's predictions from its first
    frame. They are lossy, and were contrast-stretched frame by frame when they were saved. Downloads 1.6 to 2.1 MB on
    first use; `InputError` says what to put where when there is no network. Chapter 01 looks at them first.
    """
    if name not in FILES:
        raise InputError(f"There are no samples named {name!r}; choose from {', '.join(FILES)}.")
    return _read_grid(_sample_file(name))


def _sample_file(name: str) -> Path:
    file, sha256 = FILES[name]
    path = cache_folder() / file
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return path  # asked first, so that a read-only folder works
    try:
        return Path(pooch.retrieve(BASE_URL + file, known_hash=f"sha256:{sha256}", fname=file, path=path.parent))
    except (OSError, ValueError) as error:  # no network (requests' errors are OSErrors), no room, a wrong checksum
        files = ", ".join(entry for entry, _ in FILES.values())
        raise InputError(
            f"{file} could not be downloaded to {path.parent}: check the network, or put {files} from {BASE_URL} "
            "there yourself (the variable SSAGAN_CACHE may name another folder)."
        ) from error


@functools.lru_cache(maxsize=len(FILES))
def _read_grid(path: Path) -> np.ndarray:
    """Cut the video, a grid of 6 x 8 tiles with 2 px of padding, into clips, row by row."""
    clips = np.empty((ROWS * COLUMNS, FRAMES, TILE, TILE, 3), np.uint8)
    for time, frame in enumerate(iterate_video(path)):
        for index in range(ROWS * COLUMNS):
            top, left = (PADDING + STEP * place for place in divmod(index, COLUMNS))
            clips[index, time] = frame[top : top + TILE, left : left + TILE]
    clips.flags.writeable = False
    return clips
