"""The manifest of a packed set, clips.json: what the shards beside it hold, where it came from, what was left out."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ssagan_lite.errors import InputError

MANIFEST = "clips.json"
FORMAT = "ssagan-clips-1"
SET_NAMES = (MANIFEST, "clips-*.npy")


def write_manifest(
    folder: Path,
    *,
    shape: tuple[int, ...],
    shards: Sequence[dict[str, Any]],
    clips: Sequence[dict[str, str]],
    skipped: Sequence[dict[str, str]] = (),
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Write clips.json. `shape` is one clip's, `(T, size, size, 3)`; `clips` has a source and a split for each."""
    manifest = {"format": FORMAT, "size": shape[1], "frames": shape[0], "notes": dict(notes or {})}
    manifest |= {"shards": list(shards), "skipped": list(skipped), "clips": list(clips)}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the set in `folder`. Raises `InputError` where there is none, or a damaged one."""
    path = folder / MANIFEST
    if not folder.exists():
        raise InputError(f"{folder} does not exist; check the name, or pack a set there.")
    if not path.is_file():
        raise InputError(f"{folder} is not a packed set: it has no {MANIFEST}; pack the clips first.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        sound = manifest["format"] == FORMAT and _is_sound(manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise InputError(f"{path} is damaged or of another format than {FORMAT}; pack the set again.")
    return manifest


def _is_sound(manifest: dict[str, Any]) -> bool:
    """Whether a manifest has every field, of its type; shard names may not lead out of the folder."""
    shards, clips = manifest["shards"], manifest["clips"]
    return (
        all(type(manifest[name]) is int and manifest[name] > 0 for name in ("size", "frames"))
        and isinstance(manifest["skipped"], list)
        and all(re.fullmatch(r"clips-[0-9]+\.npy", shard["file"]) for shard in shards)
        and all(isinstance(shard["clips"], int) and isinstance(shard["sha256"], str) for shard in shards)
        and all(isinstance(clip["source"], str) and isinstance(clip["split"], str) for clip in clips)
    )
