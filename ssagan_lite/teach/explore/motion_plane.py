"""The figure that grows through the book: distortion (PSNR) against motion."""

import math
import re
from dataclasses import asdict, dataclass
from itertools import cycle

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component, veil
from ssagan_lite.teach.frames import as_clips, sprites, static_image
from ssagan_lite.teach.palette import ROLES, role_of

# How several dots without a role of their own are told apart, in their order: assets/plane.js draws these shapes.
SHAPES_OF_OTHERS = ("hexagon", "plus", "right", "bar", "left", "pentagon")


@dataclass(frozen=True)
class Dot:
    """One predictor in the plane.

    psnr: dB. motion: ratio to the real clip's, or None where only the PSNR is known. clip: uint8 (T, H, W, 3) to play,
    our own sky. comparable: False for a number measured on other clips; apart: what its label then says of it. note:
    one more sentence for its card. role: one of palette.ROLES, found from the name where it is left out.
    """

    name: str
    psnr: float
    motion: float | None = None
    clip: object = None
    comparable: bool = True
    note: str = ""
    role: str = ""
    apart: str = "not comparable yet"

    def __post_init__(self):
        if not math.isfinite(self.psnr):
            raise InputError(f"{self.name}: PSNR {self.psnr} has no place in the plane; leave frame 0 out of the mean")
        object.__setattr__(self, "role", self.role or role_of(self.name))
        if self.role not in ROLES:
            raise InputError(f"{self.name}: role {self.role!r} is none of {', '.join(ROLES)}")

    @property
    def label(self):
        """What stands beside the dot and in the legend."""
        return self.name if self.comparable else f"{self.name} ({self.apart})"

    @property
    def numbers(self):
        """The card's sentence."""
        motion = (
            "its motion was not measured" if self.motion is None else f"motion {self.motion:.2f} of the real clip's"
        )
        return f"PSNR {self.psnr:.2f} dB, {motion}" + ("." if self.comparable else f"; {self.apart}.")


def plane(
    dots,
    *,
    title,
    alt,
    note="",
    guess=None,
    psnr_range=None,
    motion_range=None,
    motion_label="motion (1 = as much as the real clip)",
    fps=8,
):
    """The figure that grows through the book: distortion (PSNR) against motion.

    dots: list of Dot. A click or Enter on one tells its numbers and plays its clip. guess: the name of a dot that
    stays hidden until the reader has said where it will fall. motion_label: what the height is. Chapter 01, and each
    chapter that makes a predictor.
    """
    if not dots or len({dot.name for dot in dots}) != len(dots):
        raise InputError("the plane needs at least one dot, and no name twice")
    _check_alt(alt, next((dot for dot in dots if dot.name == guess), None))
    if guess is not None and guess not in {dot.name for dot in dots if dot.motion is not None}:
        raise InputError(f"guess={guess!r} is none of the dots with a PSNR and a motion")
    limits = psnr_range or _psnr_range(dots), motion_range or _motion_range(dots)
    clips = {dot.name: dot.clip for dot in dots if dot.clip is not None}
    packed = {sprite["name"]: sprite for sprite in sprites(as_clips(clips))} if clips else {}
    shapes = _shapes_of_others(dots)
    told = {dot.name: _dot_data(dot, packed.get(dot.name), shapes.get(dot.name)) for dot in dots}
    hidden = told.pop(guess, None)
    data = {
        "dots": list(told.values()),
        "guess": guess,
        "hidden": veil(hidden) if hidden else None,
        "x": limits[0],
        "y": limits[1],
        "motion_label": motion_label,
        "fps": fps,
        "chart": "plane of PSNR and motion",
    }
    still = stills.plane([dot for dot in dots if dot.name != guess], title, limits, motion_label, shapes)
    html = component("plane", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _check_alt(alt, hidden):
    """The description is read aloud before the reader guesses: it must not hold where the hidden dot falls."""
    if hidden is None or hidden.motion is None:
        return
    told = set(re.findall(r"\d+(?:\.\d+)?", alt))
    psnr = {f"{hidden.psnr:.{digits}f}" for digits in (0, 1, 2)}
    motion = {f"{hidden.motion:.{digits}f}" for digits in (1, 2)}
    if told & psnr and told & motion:
        raise InputError(f"alt= tells where {hidden.name} falls, and readers hear it before they guess; leave that out")


def _shapes_of_others(dots):
    """Name -> shape of the dots that have no role. Hidden ones count, so that no shape changes once they appear."""
    others = [dot.name for dot in dots if dot.role == "other"]
    return dict(zip(others, cycle(SHAPES_OF_OTHERS), strict=False))


def _dot_data(dot, sprite, shape):
    facts = {name: value for name, value in asdict(dot).items() if name not in ("clip", "apart")}
    words = {"label": dot.label, "numbers": dot.numbers, "told": f"{dot.name}. {dot.numbers}"}
    return {**facts, **words, "shape": shape, "clip": sprite}


def _psnr_range(dots):
    values = [dot.psnr for dot in dots]
    return [2 * math.floor((min(values) - 0.5) / 2), 2 * math.ceil((max(values) + 0.5) / 2)]


def _motion_range(dots):
    return [0, max(1.2, *(1.1 * dot.motion for dot in dots if dot.motion is not None))]
