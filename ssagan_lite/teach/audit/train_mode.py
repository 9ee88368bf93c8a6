"""Evaluating with BatchNorm in training mode: the score of a clip depends on its neighbours in the batch."""

from copy import deepcopy

import torch
from torch import nn

from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.sources import open_clips
from ssagan_lite.evaluation import metrics
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values

CLIPS, BATCH, COMPOSITIONS = 48, 16, {"train": 20, "eval": 4}
SAME = {"psnr": 0.01, "ssim": 0.0005}  # below what the tables print


@torch.no_grad()
def scores_of_first(generator: nn.Module, real: torch.Tensor) -> tuple[float, float]:
    """PSNR (dB) and SSIM of clip 0 of a batch (N, 3, T, H, W), frames 1 to T-1."""
    made = generator.animate(real[:, :, 0])[:1, :, 1:]  # (1, 3, T-1, H, W)
    true = real[:1, :, 1:]
    return metrics.psnr(made, true).mean().item(), metrics.ssim(made, true).mean().item()


def statistics(generator: nn.Module) -> torch.Tensor:
    """All running means and variances as one vector."""
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm3d)]
    return torch.cat([torch.cat((norm.running_mean, norm.running_var)) for norm in norms])


def measure() -> Values:
    """The shipped model sky-32 on unseen procedural skies: one clip in 20 batches of 16, in both modes
    (in eval mode in four of them: a fifth would be the same again)."""
    at_rest = load_generator("sky-32")
    training = deepcopy(at_rest).train()
    skies = open_clips("synthetic", at_rest.config.size, at_rest.config.frames, split="test", count=CLIPS)
    real = stack_clips([skies[i] for i in range(CLIPS)])  # (N, 3, T, H, W)
    found: Values = {"clips": CLIPS, "batch": BATCH, "compositions": COMPOSITIONS}
    others = [1 + torch.randperm(CLIPS - 1)[: BATCH - 1] for _ in range(COMPOSITIONS["train"])]
    for mode, generator in (("eval", at_rest), ("train", training)):
        pairs = [scores_of_first(generator, real[[0, *chosen.tolist()]]) for chosen in others[: COMPOSITIONS[mode]]]
        for score, values in zip(("psnr", "ssim"), zip(*pairs, strict=True), strict=True):
            found[f"{mode}_{score}"] = {"values": list(values), "range": max(values) - min(values)}
    before, after = statistics(at_rest), statistics(training)
    found["statistics_moved"] = ((after - before).norm() / before.norm()).item()
    return found


@torch.no_grad()
def at_length() -> Values:
    """All clips in 20 divisions into batches of 16: how far each one's PSNR moves, and how far the set's does."""
    generator = load_generator("sky-32").train()
    skies = open_clips("synthetic", generator.config.size, generator.config.frames, split="test", count=CLIPS)
    real = stack_clips([skies[i] for i in range(CLIPS)])  # (N, 3, T, H, W)
    found = torch.empty(COMPOSITIONS["train"], CLIPS, dtype=torch.float64)
    for row in found:
        for batch in torch.randperm(CLIPS).split(BATCH):
            made = generator.animate(real[batch][:, :, 0])  # (N, 3, T, H, W)
            row[batch] = metrics.psnr(made, real[batch])[:, 1:].mean(dim=1)  # (N,)
    ranges, means = found.amax(0) - found.amin(0), found.mean(dim=1)
    summary = {"lowest": ranges.min(), "median": ranges.median(), "highest": ranges.max()}
    return {
        "psnr_range_of_a_clip": {name: value.item() for name, value in summary.items()},
        "psnr_of_the_set": {"lowest": means.min().item(), "highest": means.max().item()},
    }


def verdict(values: Values) -> str:
    """In training mode, as released."""
    moved = [values[f"train_{score}"]["range"] > SAME[score] for score in SAME]
    return FAILS if any(moved) else HOLDS


def report(values: Values) -> str:
    """One sentence, and one more where `at_length` has measured all clips."""
    tail = ""
    if "psnr_of_the_set" in values:
        clip, whole = values["psnr_range_of_a_clip"], values["psnr_of_the_set"]
        tail = (
            f" Of {values['clips']} clips each ranges over {clip['lowest']:.1f} to {clip['highest']:.1f} dB; "
            f"their mean moves by {whole['highest'] - whole['lowest']:.2f} dB only."
        )
    return on_one_clip(values) + tail


def on_one_clip(values: Values) -> str:
    """What is said of clip 0."""
    return (
        f"In {values['compositions']['train']} batches of {values['batch']} the same clip's PSNR ranges over "
        f"{values['train_psnr']['range']:.2f} dB and its SSIM over {values['train_ssim']['range']:.3f} in training "
        f"mode, over {values['eval_psnr']['range']:.2f} dB and {values['eval_ssim']['range']:.3f} in eval mode; the "
        f"scoring itself moves the running statistics by {100 * values['statistics_moved']:.0f} %."
    )


ROW = Row(
    title="Scored in training mode",
    paper="MSE, PSNR and SSIM are computed over the full evaluation set.",
    section="section 5.2, Table 3",
    code="Stage one is scored without a call of eval(): BatchNorm uses the statistics of the batch, in the order of "
    "the folders, and the running ones take in the test clips.",
    places=("solver_beach.py:314-328", "solver_beach.py:447-449"),
    claim="A clip's score does not depend on the clips that it is scored with.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
    at_length=at_length,
)
