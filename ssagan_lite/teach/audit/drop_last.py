"""The last, smaller batch of the test clips is left out."""

import torch
from torch.utils.data import DataLoader

from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values

CLIPS, BATCH = 2_815, 16  # the test clips and the batch of the paper (sections 4 and 5.1)


def scored(drop_last: bool) -> int:
    """Test clips that a loader hands out in one pass."""
    loader = DataLoader(torch.arange(CLIPS), batch_size=BATCH, shuffle=False, drop_last=drop_last)
    return sum(len(batch) for batch in loader)


def measure() -> Values:
    """Counted with PyTorch's own loader."""
    seen = {"released": scored(drop_last=True), "all": scored(drop_last=False)}
    return {"clips": CLIPS, "batch": BATCH, "scored": seen, "never_scored": CLIPS - seen["released"]}


def verdict(values: Values) -> str:
    """All of them, or not."""
    return HOLDS if values["never_scored"] == 0 else FAILS


def report(values: Values) -> str:
    """One sentence."""
    return (
        f"Of {values['clips']} clips {values['scored']['released']} are scored; {values['never_scored']} never are, "
        "always the same ones."
    )


ROW = Row(
    title="The last batch is dropped",
    paper='Scores are over "the full of evaluation datasets", 2,815 clips of clouds.',
    section="sections 5.1 and 5.2",
    code="The loader of the test clips has drop_last=True and does not shuffle.",
    places=("data_loader/video_folder.py:222-229",),
    claim="All 2,815 test clips are scored.",
    measure=measure,
    verdict=verdict,
    report=report,
)
