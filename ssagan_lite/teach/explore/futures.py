"""One photo with three futures: which single clip to answer with, under two losses and as a bold guess. Chapter 06."""

import numpy as np

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import as_clips, data_uri, grid, png, static_image

COLUMNS = 4  # frames in a row of the picture that carries a clip
ALMOST = 1e-9  # shares that miss one half by less count as one half


def weighted_mean(futures, probabilities):
    """The clip with the least expected squared error: in each pixel the mean of what may happen.

    futures: (K, ...) numbers. probabilities: (K,), which sum to one. Returns float64 (...). Chapter 06.
    """
    return np.tensordot(probabilities, np.asarray(futures, float), axes=1)


def weighted_median(futures, probabilities):
    """The clip with the least expected absolute error: in each pixel the first value to reach half of the probability.

    futures: (K, ...) numbers. probabilities: (K,), which sum to one. Returns (...), each value one of that pixel's.
    Where the share is exactly one half, every value up to the next one is as good; this is the lowest. Chapter 06.
    """
    futures = np.asarray(futures)
    order = np.argsort(futures, axis=0, kind="stable")  # (K, ...)
    share = np.cumsum(np.asarray(probabilities)[order], axis=0)
    reached = np.argmax(share >= 0.5 - ALMOST, axis=0)[None]
    return np.take_along_axis(np.take_along_axis(futures, order, 0), reached, 0)[0]


def three_futures(futures, *, title, alt, note="", probabilities=None, fps=6):
    """Three probabilities to drag; the best clip under L2, the best under L1 and one drawn future follow, live.

    futures: three named clips, uint8 (T, H, W, 3), that begin with the same frame; our own skies only.
    probabilities: to begin with, equal where left out. Beneath stands what each answer may expect under both losses.
    Breaks "L1 fixes blur". Raises InputError for other clips or probabilities. Chapter 06.
    """
    clips = as_clips(futures)
    shares = _checked(clips, probabilities)
    names = list(clips)
    height, width = next(iter(clips.values())).shape[1:3]
    data = {
        "futures": [{"name": name, "picture": _exact(clip)} for name, clip in clips.items()],
        "columns": COLUMNS,
        "frames": len(clips[names[0]]),
        "width": width,
        "height": height,
        "probabilities": shares,
        "presets": _presets(names),
        "dice": 0.1,  # what the first drawn future is drawn with; from then on the page throws its own
        "fps": fps,
    }
    stacked = np.stack(list(clips.values()))
    answers = {"best under L2": weighted_mean(stacked, shares), "best under L1": weighted_median(stacked, shares)}
    shown = clips | {name: np.rint(clip).astype(np.uint8) for name, clip in answers.items()}
    still = stills.contact_strip(shown, title, count=5)
    html = component("futures", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _checked(clips, probabilities):
    """The three shares as floats, or what is wrong."""
    shapes = {clip.shape for clip in clips.values()}
    if len(clips) != 3 or len(shapes) != 1:
        raise InputError(f"three futures of one shape are compared here, not {len(clips)} of {sorted(shapes)}")
    first, *others = clips.values()
    if any((clip[0] != first[0]).any() for clip in others):
        raise InputError("three futures of one photo begin with the same frame, and these do not")
    shares = [1 / 3] * 3 if probabilities is None else [float(share) for share in probabilities]
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise InputError(f"three probabilities of 0 or more that sum to one are needed, not {shares}")
    return shares


def _presets(names):
    first, second, third = names
    return [
        {"name": "equal", "shares": [1 / 3] * 3},
        {"name": f"“{second}” a little likelier", "shares": [0.3, 0.4, 0.3]},
        {"name": f"a coin: {first} or {third}", "shares": [0.5, 0, 0.5]},
        {"name": f"almost surely {third}", "shares": [0.05, 0.05, 0.9]},
    ]


def _exact(clip):
    """All frames in one picture without loss, because the page computes with its pixels."""
    return data_uri(png(grid(clip, COLUMNS), limit=2**20), "png")
