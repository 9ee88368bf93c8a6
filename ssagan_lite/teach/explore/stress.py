"""A photo spoilt in several ways, what the network makes of each, and which yardstick notices."""

from dataclasses import dataclass

import numpy as np

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component, veil
from ssagan_lite.teach.frames import as_clip, as_clips, sprites, static_image

PHOTO_BYTES, CLIP_BYTES = 20_000, 110_000  # before base64: with stills and scripts the figure stays in its budget
BAND = (0.1, 0.9)  # eight of ten untouched photos lie between


@dataclass(frozen=True)
class Yardstick:
    """One number of a clip. unit and digits: how it is written. says: what it means, in a sentence."""

    name: str
    label: str
    unit: str
    digits: int
    says: str


YARDSTICKS = (
    Yardstick("motion", "how much", "×", 2, "Motion energy, as a multiple of the untouched photos' mean."),
    Yardstick("place", "where", "×", 2, "Motion where something really moves, over motion elsewhere. 1 means that the "
              "network does not know where. Needs the truth."),
    Yardstick("frame0", "the picture", "dB", 1, "PSNR of the clip's frame 0 against the photo: can the network draw "
              "it at all? Needs no truth."),
)  # fmt: skip


def stress_test(versions, scores, *, title, alt, note="", about=(0.8, 1.25), fps=8):
    """Bet which disturbance changes the motion; then all clips run, and three yardsticks say what they notice.

    versions: {name: (photo, clip)}, uint8 (H, W, 3) and (T, H, W, 3), our own skies only; the first is the untouched
    one. scores: {name: {yardstick: n numbers, one for each photo measured; NaN where it means nothing}}, with the
    names of YARDSTICKS; "motion" as a multiple of the untouched mean. about: the range of the mean motion that counts
    as unchanged. Raises InputError where a version has no scores. Breaks "outside its data a network stops working,
    and one would see it". Chapter 11.
    """
    _check(versions, scores)
    clips = as_clips({name: clip for name, (_, clip) in versions.items()})
    photos = as_clip(np.stack([photo for photo, _ in versions.values()]), "the photos")
    motions = [_summary(scores[name]["motion"])["mean"] for name in versions]
    data = {
        "names": list(versions),
        "photos": sprites({"photos": photos}, PHOTO_BYTES)[0],
        "clips": sprites(clips, CLIP_BYTES),
        "frames": len(next(iter(clips.values()))),
        "fps": fps,
        "yardsticks": [vars(yardstick) for yardstick in YARDSTICKS],
        "hidden": veil({
            "answers": [_answer(motion, about) for motion in motions],
            "rows": {y.name: [_summary(scores[name][y.name]) for name in versions] for y in YARDSTICKS},
            "bands": {y.name: _band(next(iter(scores.values()))[y.name]) for y in YARDSTICKS},
        }),
    }  # fmt: skip
    still = _still(dict(zip(versions, photos, strict=True)), title)
    html = component("stress", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _check(versions, scores):
    """An InputError unless there is something to compare, with a number for each yardstick."""
    if len(versions) < 2:
        raise InputError("the stress test takes an untouched photo and at least one disturbed version")
    for name in versions:
        missing = [y.name for y in YARDSTICKS if y.name not in scores.get(name, {})]
        if missing:
            raise InputError(f"{name} lacks scores for {', '.join(missing)}")
    first = next(iter(versions))
    for yardstick in YARDSTICKS:
        if not np.isfinite(np.asarray(scores[first][yardstick.name], dtype=float)).any():
            raise InputError(f"{first}, the untouched photo, has no number for {yardstick.name}")


def _summary(values):
    """Mean and the middle eight tenths of the numbers; None where there are none."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return {"mean": None, "low": None, "high": None}
    low, high = np.quantile(values, BAND)
    return {"mean": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _band(values):
    summary = _summary(values)
    return [summary["low"], summary["high"]]


def _answer(motion, about):
    """0: less, 1: about as much, 2: more."""
    if motion is None:
        raise InputError("each version needs a motion: its clip can always be measured")
    return int(motion >= about[0]) + int(motion > about[1])


def _still(photos, title, columns=4):
    """The photos with their names, for print: the bets' answers are not on it."""
    rows = -(-len(photos) // columns)
    canvas = stills.Canvas(figsize=(6.8, 1.75 * rows + 0.3), layout="constrained")
    axes = canvas.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (name, photo) in zip(axes, photos.items(), strict=False):
        axis.imshow(photo)
        axis.set_title(name, fontsize=9, color=stills.INK)
    canvas.suptitle(title, fontsize=10, color=stills.INK)
    return stills.finish(canvas)
