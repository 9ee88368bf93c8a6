"""Figures that change what the reader believes: the error of every frame, the plane, which would you watch.

Frames in them are our own procedural skies only; of real clips they show numbers.
"""

import base64
import json
import math
from dataclasses import asdict, dataclass

import numpy as np

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import SPRITE_BYTES, as_clip, as_clips, png, sprites, static_image
from ssagan_lite.teach.palette import ROLES, role_of


def veil(value):
    """What must not be read before the reader has committed: base64 of JSON, for assets/dom.js `unveil`."""
    return base64.b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()


def error_curves(truth, predictions, curves, *, unit="mean squared error", title, alt, note="", fps=8, autoplay=False):
    """Truth, a prediction and their difference, above the error of every frame; the scrubber is a cursor on the curves.

    truth: uint8 (T, H, W, 3), one of our own skies. predictions: {name: clip like truth}; where there are several the
    reader chooses which is shown. curves: {name: (T,)}, of these clips or of others. Chapter 01.
    """
    clips = as_clips({"truth": truth, **predictions})
    curves = {name: _finite(name, values, len(clips["truth"])) for name, values in curves.items()}
    gain, differences = _differences(clips)
    names = list(predictions)
    packed = [{**sprite, "id": "truth", "role": "truth"} for sprite in sprites({"truth": clips["truth"]}, 45_000)]
    room = (SPRITE_BYTES - 45_000) // 2
    for i, sprite in enumerate(sprites({name: clips[name] for name in names}, room)):
        packed.append({**sprite, "id": f"prediction-{i}", "role": role_of(sprite["name"])})
    for i, sprite in enumerate(sprites(differences, room)):
        packed.append({**sprite, "id": f"difference-{i}", "role": "", "name": f"|difference| × {gain}"})
    roles = {name: role_of(name) for name in curves}
    top = max(values.max() for values in curves.values())
    digits = max(0, 3 - math.floor(math.log10(top))) if 0 < top < 1 else 2
    data = {
        "clips": packed,
        "predictions": names,
        "curves": [{"name": name, "role": roles[name], "values": _rounded(line)} for name, line in curves.items()],
        "frames": len(clips["truth"]),
        "unit": unit,
        "digits": digits,
        "fps": fps,
        "autoplay": autoplay,
        "chart": f"{unit} of every frame: {', '.join(curves)}",
    }
    still = stills.curves(curves, roles, title, unit)
    html = component("curves", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _finite(name, values, length):
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (length,) or not np.isfinite(values).all():
        raise InputError(f"the curve {name!r} needs {length} finite numbers, one a frame; its shape is {values.shape}")
    return values


def _rounded(values):
    return [float(f"{value:.5g}") for value in values]


def _differences(clips):
    """Absolute differences to the truth in grey, brightened by one whole number that all of them share."""
    truth = clips["truth"].astype(np.int16)
    grey = {name: np.abs(clip - truth).mean(-1) for name, clip in clips.items() if name != "truth"}
    bright = max(np.percentile(difference, 99.5) for difference in grey.values())
    gain = max(1, int(255 // max(bright, 1)))
    return gain, {
        name: np.repeat((difference * gain).clip(0, 255).astype(np.uint8)[..., None], 3, -1)
        for name, difference in grey.items()
    }


@dataclass(frozen=True)
class Dot:
    """One predictor in the plane.

    psnr: dB. motion: ratio to the real clip's, or None where only the PSNR is known. clip: uint8 (T, H, W, 3) to play,
    our own sky. comparable: False for a number measured on other clips. note: one more sentence for its card.
    role: one of palette.ROLES, found from the name where it is left out.
    """

    name: str
    psnr: float
    motion: float | None = None
    clip: object = None
    comparable: bool = True
    note: str = ""
    role: str = ""

    def __post_init__(self):
        if not math.isfinite(self.psnr):
            raise InputError(f"{self.name}: PSNR {self.psnr} has no place in the plane; leave frame 0 out of the mean")
        object.__setattr__(self, "role", self.role or role_of(self.name))
        if self.role not in ROLES:
            raise InputError(f"{self.name}: role {self.role!r} is none of {', '.join(ROLES)}")

    @property
    def numbers(self):
        """The card's sentence."""
        motion = (
            "its motion was not measured" if self.motion is None else f"motion {self.motion:.2f} of the real clip's"
        )
        return f"PSNR {self.psnr:.2f} dB, {motion}" + ("." if self.comparable else "; not comparable yet.")


def plane(dots, *, title, alt, note="", guess=None, psnr_range=None, motion_range=None, fps=8):
    """The figure that grows through the book: distortion (PSNR) against motion.

    dots: list of Dot. A click or Enter on one tells its numbers and plays its clip. guess: the name of a dot that
    stays hidden until the reader has said where it will fall. Chapter 01, and each chapter that makes a predictor.
    """
    if not dots or len({dot.name for dot in dots}) != len(dots):
        raise InputError("the plane needs at least one dot, and no name twice")
    if guess is not None and guess not in {dot.name for dot in dots if dot.motion is not None}:
        raise InputError(f"guess={guess!r} is none of the dots with a PSNR and a motion")
    limits = psnr_range or _psnr_range(dots), motion_range or _motion_range(dots)
    clips = {dot.name: dot.clip for dot in dots if dot.clip is not None}
    packed = {sprite["name"]: sprite for sprite in sprites(as_clips(clips))} if clips else {}
    told = {dot.name: _dot_data(dot, packed.get(dot.name)) for dot in dots}
    hidden = told.pop(guess, None)
    data = {
        "dots": list(told.values()),
        "guess": guess,
        "hidden": veil(hidden) if hidden else None,
        "x": limits[0],
        "y": limits[1],
        "fps": fps,
        "chart": "plane of PSNR and motion",
    }
    still = stills.plane([dot for dot in dots if dot.name != guess], title, limits)
    html = component("plane", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _dot_data(dot, sprite):
    label = dot.name if dot.comparable else f"{dot.name} (not comparable yet)"
    facts = {name: value for name, value in asdict(dot).items() if name != "clip"}
    return {**facts, "label": label, "numbers": dot.numbers, "told": f"{dot.name}. {dot.numbers}", "clip": sprite}


def _psnr_range(dots):
    values = [dot.psnr for dot in dots]
    return [2 * math.floor((min(values) - 0.5) / 2), 2 * math.ceil((max(values) + 0.5) / 2)]


def _motion_range(dots):
    return [0, max(1.2, *(1.1 * dot.motion for dot in dots if dot.motion is not None))]


def cloud_machine(still, *, title, alt, note="", start=None, seed=1, fps=12):
    """The recipe of the procedural skies with a slider for each of its numbers; it draws in the page itself.

    still: uint8 (H, W, 3), for readers without scripts. start: {"slope", "cover", "wind", "direction", "eddies",
    "perspective"} to begin with. Breaks "clouds need a drawing of clouds". The page "How the skies are made".
    """
    first = {"slope": 1.7, "cover": 0.0, "wind": 0.25, "direction": 20, "eddies": 0.004, "perspective": True}
    if unknown := set(start or {}) - set(first):
        raise InputError(f"the cloud machine has no slider {', '.join(sorted(unknown))}; it has {', '.join(first)}")
    data = {"start": first | (start or {}), "seed": seed, "fps": fps}
    picture = png(as_clip(np.asarray(still)[None], "the still")[0])
    html = component("cloud_machine", data, title=title, static=static_image(picture, alt), note=note, label=alt)
    return Figure(html, picture, alt)


def which_would_you_watch(
    clips, scores, *, why, title, alt, truth=None, note="", question="Which would you watch?", fps=8
):
    """Two predictions without their names; the reader picks one, then names and scores are told.

    clips: two named clips, the names hidden at first. scores: {name: PSNR in dB}. why: what follows, told after
    either choice. truth: shown as a third clip once the names are out. Breaks "a higher score is a better video".
    Chapter 01.
    """
    clips = as_clips(clips)
    if len(clips) != 2 or set(scores) != set(clips):
        raise InputError(f"two clips and a score for each are compared here, not {list(clips)} and {list(scores)}")
    names = list(clips)
    packed = sprites({letter: clips[name] for letter, name in zip("AB", names, strict=True)}, SPRITE_BYTES * 2 // 3)
    hidden = {
        "names": names,
        "scores": [f"{scores[name]:.2f} dB" for name in names],
        "replies": [_verdict(names, scores, index) for index in (0, 1)],
        "why": why,
        "truth": {**sprites(as_clips({"truth": truth}), SPRITE_BYTES // 3)[0], "role": "truth"}
        if truth is not None
        else None,
    }
    data = {"clips": packed, "question": question, "fps": fps, "autoplay": True, "hidden": veil(hidden)}
    still = stills.contact_strip({letter: clips[name] for letter, name in zip("AB", names, strict=True)}, title)
    html = component("watch", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _verdict(names, scores, index):
    """The sentence for a choice, and whether PSNR agrees with it."""
    mine, other = scores[names[index]], scores[names[1 - index]]
    if mine < other:
        return "wrong", f"You chose the clip with the lower PSNR: {mine:.2f} dB against {other:.2f} dB."
    return "right", f"You chose the clip with the higher PSNR: {mine:.2f} dB against {other:.2f} dB."
