"""Pairs of clips without their names: what does the reader choose, and what does PSNR say to it?"""

import math

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component, veil
from ssagan_lite.teach.frames import as_clips, sprites, static_image
from ssagan_lite.teach.palette import role_of

CLIP_BYTES = 150_000  # of all pairs together, before base64: figure, still and scripts then stay within the budget

WITHOUT_SCRIPTS = "The test itself runs where the page may run its scripts: in the book, in Jupyter or on Colab."


def blind_test(
    pairs,
    scores,
    *,
    checks=(),
    title,
    alt,
    question="Which looks more like a sky that was filmed?",
    check_question="Another question, to see whether you look: which of the two moves?",
    note="",
    seed=None,
    fps=8,
):
    """The reader compares two unnamed clips at a time; then the names, and how often the worse PSNR was chosen.

    pairs: list of {name: uint8 (T, H, W, 3)}, two clips of one sky each, our own skies only. scores: for each pair
    {name: PSNR in dB}, infinite for the truth. checks: pairs of the same kind with `check_question`, of which the
    second named clip is the right answer; they are told apart from the pairs and not counted. seed: of the order and
    the sides, by default new in each visit. Nothing that is chosen leaves the page. The interval is the exact one
    (Clopper and Pearson). After the preference test of Table 2, which it is not. Chapter 09.
    """
    shown = [as_clips(pair) for pair in [*pairs, *checks]]
    _check(shown, pairs, scores)
    hidden = {
        "pairs": [_told(pair, told) for pair, told in zip(pairs, scores, strict=True)],
        "checks": [{"names": list(check), "right": 1} for check in checks],
    }
    data = {
        "pairs": _packed(shown),
        "frames": len(next(iter(shown[0].values()))),
        "counted": len(pairs),
        "question": question,
        "check_question": check_question,
        "seed": seed,
        "fps": fps,
        "hidden": veil(hidden),
    }
    still = stills.contact_strip(dict(zip("AB", shown[0].values(), strict=True)), f"{title}: one of the pairs")
    static = f"{static_image(still, alt)}<p>{WITHOUT_SCRIPTS}</p>"
    html = component("blind", data, title=title, static=static, note=note, label=alt)
    return Figure(html, still, alt)


def _check(shown, pairs, scores):
    """An InputError unless there are pairs of two clips, all of one length, and a score for each clip."""
    if not pairs or any(len(pair) != 2 for pair in shown):
        raise InputError("the blind test takes a list of pairs, two named clips in each")
    if len({len(clip) for pair in shown for clip in pair.values()}) != 1:
        raise InputError("the clips of a blind test have one number of frames in all pairs")
    if len(scores) != len(pairs):
        raise InputError(f"{len(pairs)} pairs need {len(pairs)} scores, not {len(scores)}")
    for pair, told in zip(pairs, scores, strict=True):
        if set(pair) != set(told) or any(math.isnan(value) for value in told.values()):
            raise InputError(f"the pair {list(pair)} needs one PSNR for each of the two, and got {told}")


def _told(pair, told):
    """What is told of a pair afterwards. JSON knows no infinity: the PSNR of the truth is null."""
    names = list(pair)
    values = [told[name] for name in names]
    psnr = [None if math.isinf(value) else round(value, 2) for value in values]
    worse = None if values[0] == values[1] else values.index(min(values))
    return {"names": names, "roles": [role_of(name) for name in names], "psnr": psnr, "worse": worse}


def _packed(shown):
    """Sprites of all clips, without names, two and two.

    A clip that stands still is packed as one frame: the compression would make each of its frames a little different.
    """
    clips = [clip[:1] if (clip == clip[:1]).all() else clip for pair in shown for clip in pair.values()]
    flat = dict(enumerate(clips))
    packed = [{**sprite, "name": ""} for sprite in sprites(flat, CLIP_BYTES)]
    return [packed[first : first + 2] for first in range(0, len(packed), 2)]
