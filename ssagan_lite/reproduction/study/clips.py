"""Clips of several folders, matched by name and made alike, so that nothing but what they show tells them apart."""

import base64
import hashlib
import io
import math
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from ssagan_lite.data.images import resize
from ssagan_lite.data.video import VIDEO_ENDINGS, frame_files, iterate_video
from ssagan_lite.errors import InputError

LONGEST_SIDE = 256  # px; the paper's clips have 128
MOST_FRAMES = 128
QUALITY = 90  # of WebP, for every clip alike
NOISE = 70  # grey levels; visible in every clip, also in one that stands still


def match(folders: Sequence[Path]) -> tuple[dict[str, list[Path]], list[str]]:
    """Clips by the name that they have in all folders, {name: one path a folder}, and notes on those left out.

    Raises InputError for a folder without clips, and where no name is in all of them.
    """
    found = [_clips_in(folder) for folder in folders]
    common = set.intersection(*(set(clips) for clips in found))
    if not common:
        examples = " and ".join(f"{min(clips)} in {folder}" for folder, clips in zip(folders, found, strict=True))
        raise InputError(f"the folders have no clip of one name in common ({examples}); name the clips alike.")
    notes = []
    for folder, clips in zip(folders, found, strict=True):
        if alone := sorted(set(clips) - common):
            more = f" and {len(alone) - 5} more" if len(alone) > 5 else ""
            notes.append(f"left out of {folder}, because another folder lacks it: {', '.join(alone[:5])}{more}.")
    return {name: [clips[name] for clips in found] for name in sorted(common)}, notes


def _clips_in(folder: Path) -> dict[str, Path]:
    """Name without ending -> video file or folder of frames, directly in the folder, without hidden ones."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name a folder of clips.")
    clips: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name[0] == "." or not (frame_files(path) if path.is_dir() else path.suffix.lower() in VIDEO_ENDINGS):
            continue
        name = path.name if path.is_dir() else path.stem
        if name in clips:
            raise InputError(f"{clips[name]} and {path} have one name; keep one of the two.")
        clips[name] = path
    if not clips:
        raise InputError(f"{folder} holds no clips; put mp4s, gifs or folders of frames there.")
    return clips


def seed_of(clips: dict[str, list[Path]]) -> int:
    """A seed in 0..2**32 - 1 that the files' bytes decide, so that the same folders make the same page."""
    total = hashlib.sha256()
    for name, paths in clips.items():
        for path in paths:
            for file in frame_files(path) if path.is_dir() else [path]:
                total.update(f"{name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return int(total.hexdigest()[:8], 16)


def read_alike(paths: Sequence[Path]) -> tuple[list[np.ndarray], bool]:
    """Two clips, uint8 (T, H, W, 3) both, at the shorter length and the smaller size; and whether one was changed.

    Raises InputError for a clip of one frame, and for two of different shapes: squashing one would tell it apart.
    """
    clips = [np.stack(list(islice(iterate_video(path), MOST_FRAMES + 1))) for path in paths]
    for clip, path in zip(clips, paths, strict=True):
        if len(clip) < 2:
            raise InputError(f"{path} has one frame, which is no clip; leave it out.")
    aspects = [clip.shape[2] / clip.shape[1] for clip in clips]
    if max(aspects) > 1.05 * min(aspects):
        raise InputError(
            f"{paths[0]} and {paths[1]} differ in shape, which would tell them apart; give both one shape."
        )
    shape = _common_shape(clips)
    frames, height, width = shape
    alike = [np.stack([resize(frame, height, width) for frame in clip[:frames]]) for clip in clips]
    return alike, any(clip.shape[:3] != shape for clip in clips)


def _common_shape(clips: list[np.ndarray]) -> tuple[int, int, int]:
    """Frames, height and width that all clips have or exceed, within the limits of a page."""
    height, width = min((clip.shape[1:3] for clip in clips), key=math.prod)
    scale = min(1, LONGEST_SIDE / max(height, width))
    frames = min(MOST_FRAMES, *(len(clip) for clip in clips))
    return frames, max(1, round(height * scale)), max(1, round(width * scale))


def broken(clip: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The clip with its frames in another order and coarse noise over each: nobody who looks takes it for real."""
    count, height, width, _ = clip.shape
    coarse = random.normal(0, NOISE, (count, -(-height // 2), -(-width // 2), 3)).repeat(2, axis=1).repeat(2, axis=2)
    noisy = clip[random.permutation(count)] + coarse[:, :height, :width]  # (T, H, W, 3)
    return noisy.clip(0, 255).astype(np.uint8)


def pictures(clips: Sequence[np.ndarray]) -> dict:
    """What page.js plays: all frames of a clip, row by row in one WebP picture, the same for both clips."""
    count, height, width, _ = clips[0].shape
    columns = math.ceil(math.sqrt(count))
    sheets = [_sheet(clip, columns) for clip in clips]
    return {"clips": sheets, "frames": count, "columns": columns, "height": height, "width": width}


def _sheet(clip: np.ndarray, columns: int) -> str:
    """A data address of the frames in rows of `columns`; black where the last row is not full."""
    count, height, width, _ = clip.shape
    padded = np.zeros((-(-count // columns) * columns, height, width, 3), np.uint8)
    padded[:count] = clip
    rows = padded.reshape(-1, columns, height, width, 3).swapaxes(1, 2)  # (rows, H, columns, W, 3)
    buffer = io.BytesIO()
    Image.fromarray(rows.reshape(-1, columns * width, 3)).save(buffer, "WEBP", quality=QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
