"""From scores of frames to numbers with intervals, and to what they allow one to say. Chapters 09 and 12.

The interval is over the source videos of the clips, or over clips where each is a video of its own: another draw could
have given other numbers. What another training seed would have given it does not know.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ssagan_lite.evaluation.scores import Scores
from ssagan_lite.reproduction.intervals import bootstrap_interval

MEASURES = ("mse", "psnr", "ssim")
DIGITS = 5
FEW = 2  # clips below which there is no interval
HIGHER_IS_BETTER = {"mse": False, "psnr": True, "ssim": True, "end_point_error": False}
NAMES = {"mse": "MSE", "psnr": "PSNR", "ssim": "SSIM", "end_point_error": "end-point error"}


def rounded(value: float) -> float | None:
    """Five digits that count; None for what is infinite or no number, which JSON does not know."""
    return float(f"{value:.{DIGITS}g}") if torch.isfinite(torch.tensor(value)) else None


def with_interval(value: float, per_clip: Tensor, sources: Sequence[str] | None = None) -> dict[str, float | None]:
    """A number and the 95% bootstrap interval of what it is the mean of: (N,), infinite values left out.

    sources: the video of each clip. Clips of one video resemble each other, so videos are drawn, not clips.
    """
    finite = per_clip.isfinite()
    kept, groups = per_clip[finite], _groups(sources, finite)
    enough = len(kept) >= FEW and (groups is None or len(set(groups)) >= FEW)
    low, high = bootstrap_interval(kept.numpy(), groups=groups) if enough else (float("nan"), float("nan"))
    return {"value": rounded(value), "low": rounded(low), "high": rounded(high)}


def _groups(sources: Sequence[str] | None, kept: Tensor) -> list[str] | None:
    """The sources of the clips that are kept; None where each clip is of a source of its own."""
    if sources is None or len(set(sources)) == len(sources):
        return None
    return [source for source, keep in zip(sources, kept.tolist(), strict=True) if keep]


def clip_means(values: Tensor) -> Tensor:
    """(N, T) -> (N,): each clip's mean over the frames whose score is finite; NaN where none is."""
    return values.where(values.isfinite(), torch.nan).nanmean(dim=1)  # (N,)


def measure(scores: Scores, sources: Sequence[str] | None = None) -> dict:
    """MSE, PSNR and SSIM with intervals, over all frames and over frames 1 on, and the motion measures."""
    summary = scores.summary()
    parts = {"all_frames": slice(None), "frames_1_on": slice(1, None)}
    found = {
        part: {
            name: with_interval(summary[part][name], clip_means(getattr(scores, name)[:, frames]), sources)
            for name in MEASURES
        }
        | {"identical_frames": summary[part]["identical_frames"]}
        for part, frames in parts.items()
    }
    motion = ("motion_energy_ratio", "flow_magnitude_ratio", "end_point_error", "end_point_error_of_no_flow")
    return found | {name: rounded(summary[name]) for name in motion}


def difference(scores: Scores, copy_first: Scores, sources: Sequence[str] | None = None) -> dict[str, dict]:
    """Each measure's difference from copy-first's on the same clips, frames 1 on, with its interval.

    In frame 0 there is nothing to compare: copy-first was given it, and its PSNR there is infinite. A later frame that
    equals the first one is left out of both PSNRs. The end-point error is compared with that of no flow at all.
    """
    per_clip = {name: clip_means(getattr(scores, name)[:, 1:] - getattr(copy_first, name)[:, 1:]) for name in MEASURES}
    per_clip["end_point_error"] = scores.end_point_error - scores.true_flow
    return {name: with_interval(values.nanmean().item(), values, sources) for name, values in per_clip.items()}


def compare(name: str, part: dict) -> str:
    """ "better", "worse" or "cannot be told", by the interval of a measure's difference."""
    low, high = part["low"], part["high"]
    if low is None or low <= 0 <= high:
        return "cannot be told"
    return "better" if (low > 0) == HIGHER_IS_BETTER[name] else "worse"


def verdict(differences: dict[str, dict], labels: dict[str, str]) -> list[str]:
    """One sentence a measure: which rows beat copy-first on it, which lose, and of which that cannot be told."""
    sentences = []
    for name in HIGHER_IS_BETTER:
        found: dict[str, list[str]] = {"better": [], "worse": [], "cannot be told": []}
        for row, parts in differences.items():
            found[compare(name, parts[name])].append(labels[row])
        said = [f"{kind}: {', '.join(rows) or 'none'}" for kind, rows in found.items()]
        against = "no motion at all" if name == "end_point_error" else "copy-first"
        sentences.append(f"{NAMES[name]}, against {against}: {'; '.join(said)}.")
    return sentences
