"""Sky Time-lapse in small: the real layout, the real size of frames, and every defect that it is known to have."""

import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError


def frames_of(count: int, seed: int) -> list[bytes]:
    """JPEGs of 640 x 360 pixels: frames of the real samples where they are at hand, of procedural skies elsewhere."""
    try:
        clips = load_samples("real")
        clip = clips[[(seed + part) % len(clips) for part in range(-(-count // 32))]].reshape(-1, 128, 128, 3)
    except InputError:
        clip = synthetic_clips(1, 64, count, seed).frames[0]
    return [jpeg(cv2.resize(frame, (640, 360))) for frame in clip[:count]]


def jpeg(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def part(split: str, video: str, number: int, frames: list[bytes], first: int = 86_550) -> dict[str, bytes]:
    """The files of one part."""
    folder = f"sky_timelapse/sky_{split}/{video}/{video}_{number}"
    return {f"{folder}/{video}_frames_{first + t:08d}.jpg": frame for t, frame in enumerate(frames)}


def cloud_files() -> dict[str, bytes]:
    """Good: 3 + 1 windows of train, 1 of test. Bad: one part or window for each kind of defect."""
    files = {"sky_timelapse/readme": b"what this is", "sky_timelapse/.DS_Store": b"", "__MACOSX/._readme": b""}
    files |= part("train", "videoA", 1, frames_of(70, 0)) | part("train", "videoA", 2, frames_of(32, 2))
    files |= part("train", "videoB", 1, frames_of(20, 3))  # short
    gap = part("train", "videoC", 1, frames_of(65, 4))
    gap.pop("sky_timelapse/sky_train/videoC/videoC_1/videoC_frames_00086583.jpg")  # 33 before it, 31 after it
    cut = frames_of(32, 6)
    cut[7] = cut[7][: len(cut[7]) // 2]
    small = frames_of(32, 7)
    small[3] = jpeg(np.zeros((180, 320, 3), np.uint8))
    files |= gap | part("train", "videoD", 1, cut) | part("train", "videoE", 1, small)
    files["sky_timelapse/sky_train/videoF/videoF_1/"] = b""  # an empty folder
    return files | part("test", "videoT", 1, frames_of(40, 8))


def write_folder(files: dict[str, bytes], root: Path) -> Path:
    for name, data in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root / "sky_timelapse"


def write_zip(files: dict[str, bytes], path: Path, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
