"""How large the models of a reproduction are, and how long they train: from seconds to the paper's own. Chapter 12."""

from dataclasses import dataclass

from ssagan_lite.errors import InputError


@dataclass(frozen=True)
class Scale:
    """size: pixels a side. steps: of each generator. batch: the most clips in one. clips: how many skies to draw.

    test_clips: how many to score, at most; None takes all.
    """

    size: int
    width: int
    steps: int
    batch: int = 16
    clips: int = 2_048
    test_clips: int | None = 200


SCALES = {
    "smoke": Scale(size=16, width=4, steps=4, clips=64, test_clips=8),
    "tiny": Scale(size=32, width=4, steps=1_500),
    "laptop": Scale(size=64, width=8, steps=3_000),
    "paper": Scale(size=128, width=32, steps=44_000, batch=32, test_clips=None),  # 32: VGAN's batch, the largest
}
BEACH = Scale(size=64, width=32, steps=44_000, batch=32, test_clips=1_000)  # the paper's scale for Table 4


def scale_of(name: str, what: str) -> Scale:
    """The scale of that name for "table3", "table4", "figure1" or "figure4". Raises InputError for an unknown name."""
    if name not in SCALES:
        raise InputError(f"there is no scale '{name}'; choose one of {', '.join(SCALES)}.")
    return BEACH if (name, what) == ("paper", "table4") else SCALES[name]
