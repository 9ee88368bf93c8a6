"""Two predictions without their names."""

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component, veil
from ssagan_lite.teach.frames import SPRITE_BYTES, as_clips, sprites, static_image


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
