"""One name, several scores: SSIM as the released code trains it, and as it reports it."""

import numpy as np
import torch
from torch import Tensor

from ssagan_lite.baselines.still import copy_first
from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.sources import open_clips
from ssagan_lite.evaluation import metrics
from ssagan_lite.teach import results
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values
from ssagan_lite.training.losses import ssim_loss

CLIPS, SIZE, FRAMES, BATCH = 16, 64, 32, 16
DARK = -0.5  # the darkest colour of a batch: above it the released loss guesses a range of 1
SAME = 0.001


def range_as_guessed(real: Tensor) -> int:
    """pytorch_ssim.py:21-31: the range is read off the darkest colour of whatever lies in the batch."""
    return 2 if real.min() < DARK else 1


def gaussian(prediction: Tensor, real: Tensor, data_range: int = 2) -> float:
    """SSIM with the Gaussian window of 11 pixels: twice the colours with the constants of 2 are a range of 1."""
    return 1 - ssim_loss(2 / data_range * prediction, 2 / data_range * real).item()


def guesses(clips: list[Tensor]) -> Values:
    """What the released loss takes for the range of clips (3, T, H, W), one by one and in batches of 16."""
    alone = [range_as_guessed(clip) for clip in clips]
    batches = [range_as_guessed(torch.stack(clips[i : i + BATCH])) for i in range(0, len(clips), BATCH)]
    return {"clips": len(clips), "clips_of_range_1": alone.count(1), "batches_of_range_1": batches.count(1)}


def moved(clips: list[Tensor]) -> Values:
    """SSIM of copy-first on clips (3, T, H, W), frames 1 on: three conventions."""
    pairs = [(copy_first(clip[None, :, 0], clip.shape[1])[:, :, 1:], clip[None, :, 1:]) for clip in clips]
    return {
        "uniform_7": float(np.mean([metrics.ssim(*pair).mean().item() for pair in pairs])),
        "gaussian_11": float(np.mean([gaussian(*pair) for pair in pairs])),
        "gaussian_11_range_1": float(np.mean([gaussian(*pair, data_range=1) for pair in pairs])),
    }


def measure() -> Values:
    """On unseen procedural skies; and what book/results/measuring.json holds of the real clips, read, not repeated."""
    skies = open_clips("synthetic", SIZE, FRAMES, split="test", count=CLIPS)
    clips = list(stack_clips([skies[i] for i in range(CLIPS)]))  # (3, T, H, W) each
    stored = {
        kind: {
            name: results.value("measuring.json", f"sets.{kind}.conventions.copy-first.ssim.{key}")
            for name, key in (("uniform_7", "book"), ("gaussian_11", "gaussian"), ("range_1", "range_1"))
        }
        for kind in ("skies", "real")
    }
    few = moved(clips[: CLIPS // 4])
    return {"skies": few, "range_guesses": guesses(clips), "stored": stored, "source": "measuring.json"}


def of_samples(samples: np.ndarray) -> Values:
    """The guess on the 48 real clips, and what it does to those that it errs on."""
    clips = list(stack_clips(list(samples)))
    found = guesses(clips)
    bright = [clip for clip in clips if range_as_guessed(clip) == 1]
    return found | ({"on_clips_of_range_1": moved(bright)} if bright else {})


def verdict(values: Values) -> str:
    """One score has one value."""
    return HOLDS if max(values["skies"].values()) - min(values["skies"].values()) < SAME else FAILS


def report(values: Values) -> str:
    """One sentence."""
    skies, real, guessed = values["skies"], values["stored"]["real"], values["range_guesses"]
    found = values.get("of_samples")
    tail = f"; of the real clips {found['clips_of_range_1']} of {found['clips']}" if found else ""
    return (
        f"Copy-first on skies: {skies['uniform_7']:.3f} with 7x7, {skies['gaussian_11']:.3f} with the Gaussian, "
        f"{skies['gaussian_11_range_1']:.3f} where the range is taken for 1; on 48 real clips {real['uniform_7']:.3f} "
        f"and {real['gaussian_11']:.3f}. The guess takes {guessed['clips_of_range_1']} of {guessed['clips']} skies for "
        f"range 1, and {guessed['batches_of_range_1']} of {-(-guessed['clips'] // BATCH)} batches of {BATCH}{tail}."
    )


ROW = Row(
    title="Two SSIMs",
    paper="Reports SSIM; window and range are not given.",
    section="section 5.2",
    code="Reports scikit-image's SSIM, a uniform window of 7 pixels, and trains one with a Gaussian window of 11 whose "
    "range is guessed from each batch.",
    places=("pytorch_ssim.py:21-31", "pytorch_ssim.py:107-127", "eval_metrics.py:35-41"),
    claim="The SSIM that is trained is the SSIM that is reported.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
    of_samples=of_samples,
)
