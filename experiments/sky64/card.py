"""From scores to what the model card says: rows, differences, aims, and where the model is worst."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ssagan_lite.data.synthetic import PALETTES, SHARES
from ssagan_lite.evaluation.scores import Scores
from ssagan_lite.reproduction.scoring import Predictor, score
from ssagan_lite.reproduction.statistics import MEASURES, clip_means, difference, rounded

MOVES = (0.5, 1.5)  # of the true flow magnitude: evaluation/motion.py
MORE_PSNR, MORE_SSIM = 1.5, 0.03  # than MD-GAN's first stage: what aim (ii) wants
WORST = 10
OURS = ("sky-64", "sky-64-calm", "sky-64, told the wind")


def score_all(predictors: dict[str, Predictor], clips: np.ndarray, data: str) -> dict[str, Scores]:
    """The scores of each predictor on clips uint8 (N, T, H, W, 3)."""
    return {name: score(predictor, clips, f"{data}: {name}") for name, predictor in predictors.items()}


def rows(scores: dict[str, Scores]) -> dict[str, dict]:
    """A dot each for the plane of distortion against motion."""
    return plain({name: each.summary() for name, each in scores.items()})


def differences(scores: dict[str, Scores]) -> dict[str, dict]:
    """How far each is from copy-first on the same clips, with 95 % bootstrap intervals over clips, frames 1 on."""
    others = {name: each for name, each in scores.items() if name != "copy-first"}
    return {name: difference(each, scores["copy-first"]) for name, each in others.items()}


def against(scores: dict[str, Scores], before: dict[str, Scores]) -> dict[str, dict]:
    """Paired differences in MSE, PSNR and SSIM from the same model before a change, with their intervals."""
    found = {name: difference(each, before[name]) for name, each in scores.items() if name in before}
    return {name: {measure: each[measure] for measure in MEASURES} for name, each in found.items()}


def aims(row: dict[str, dict]) -> dict[str, dict]:
    """Each aim as numbers and whether they reach it, on one set of clips; row: what `rows` made."""
    ours, told, best = row["sky-64"], row["sky-64, told the wind"], row["sky-64, best of 20"]
    calm, fading = row["sky-64-calm"]["frames_1_on"], row["fading-copy"]["frames_1_on"]
    copy = row["copy-first"]["frames_1_on"]["psnr"]
    return {
        "i_calm_beats_fading_copy": {
            "sky-64-calm": {name: calm[name] for name in MEASURES},
            "fading-copy": {name: fading[name] for name in MEASURES},
            "holds": calm["mse"] < fading["mse"] and calm["psnr"] > fading["psnr"] and calm["ssim"] > fading["ssim"],
        },
        "ii_moves_and_beats_mdgan_stage1": beats_mdgan(ours, row.get("mdgan-stage1")),
        "iii_the_right_way": {"default": right_way(ours), "told the wind": right_way(told)},
        "iv_best_of_20_beats_copy_first": {
            "psnr": best["frames_1_on"]["psnr"],
            "copy_first_psnr": copy,
            "flow_magnitude_ratio": best["flow_magnitude_ratio"],
            "holds": moves(best) and best["frames_1_on"]["psnr"] > copy,
        },
    }


def moves(row: dict) -> bool:
    """Neither too little nor too much; None, what no number became, is neither."""
    ratio = row["flow_magnitude_ratio"]
    return ratio is not None and MOVES[0] <= ratio <= MOVES[1]


def beats_mdgan(ours: dict, mdgan: dict | None) -> dict | None:
    """Aim (ii); None where MD-GAN published nothing."""
    if mdgan is None:
        return None
    gain = {name: ours["frames_1_on"][name] - mdgan["frames_1_on"][name] for name in ("psnr", "ssim")}
    found = {"flow_magnitude_ratio": ours["flow_magnitude_ratio"], "more_psnr": gain["psnr"], "more_ssim": gain["ssim"]}
    found = plain(found)
    reached = found["more_psnr"] >= MORE_PSNR and found["more_ssim"] >= MORE_SSIM
    return found | {"wanted": {"psnr": MORE_PSNR, "ssim": MORE_SSIM}, "holds": moves(ours) and reached}


def right_way(row: dict) -> dict:
    """Aim (iii): the distance between the two flows' ends is below that of no flow. Whether it moves stands beside."""
    names = ("flow_magnitude_ratio", "end_point_error", "end_point_error_of_no_flow")
    less = row["end_point_error"] < row["end_point_error_of_no_flow"]
    return {name: row[name] for name in names} | {"moves": moves(row), "holds": less}


def kinds(seed: int, count: int) -> list[str]:
    """The kind of each procedural sky of a seed: the first thing that is drawn of it (data/synthetic.py)."""
    return [str(np.random.default_rng([seed, n]).choice(list(PALETTES), p=SHARES)) for n in range(count)]


def failures(scores: dict[str, Scores], labels: list[str] | None = None) -> dict:
    """PSNR clip by clip against copy-first's: all of them, the worst, by kind of sky and by how fast the sky moves."""
    copy = clip_means(scores["copy-first"].psnr[:, 1:])  # (N,)
    lost = {name: clip_means(scores[name].psnr[:, 1:]) - copy for name in OURS}  # (N,) each
    speed = scores["copy-first"].true_flow
    thirds = np.array_split(speed.argsort().numpy(), 3)
    by_speed = {
        name: over(part, lost, copy, speed) for name, part in zip(("slow", "middle", "fast"), thirds, strict=True)
    }
    found = {
        "per_clip": {"copy-first": copy, **lost, "true_flow": speed},
        "worst": {name: worst(values, labels) for name, values in lost.items()},
        "by_speed": by_speed,
    }
    if labels is not None:
        by_kind = {kind: np.flatnonzero(np.array(labels) == kind) for kind in PALETTES if kind in labels}
        found |= {"kinds": labels, "by_kind": {kind: over(part, lost, copy, speed) for kind, part in by_kind.items()}}
    return plain(found)


def over(part: np.ndarray, lost: dict[str, Tensor], copy: Tensor, speed: Tensor) -> dict:
    """Means over some of the clips: copy-first's PSNR, and how much more (or less) dB than it."""
    more = {name: values[part].nanmean() for name, values in lost.items()}
    return {"clips": len(part), "true_flow": speed[part].mean(), "copy-first": copy[part].nanmean(), "more_psnr": more}


def worst(lost: Tensor, labels: list[str] | None) -> list[dict]:
    """The clips that lose most PSNR to copy-first, with their numbers."""
    order = [n for n in lost.argsort().tolist() if lost[n].isfinite()][:WORST]
    return [{"clip": n, "more_psnr": lost[n]} | ({"kind": labels[n]} if labels else {}) for n in order]


def plain(values: Any) -> Any:
    """Plain numbers of five digits, all the way down; None for what is infinite or no number."""
    if isinstance(values, dict):
        return {name: plain(value) for name, value in values.items()}
    if isinstance(values, torch.Tensor):
        return plain(values.tolist())
    if isinstance(values, list | tuple):
        return [plain(value) for value in values]
    if isinstance(values, float):
        return rounded(values) if math.isfinite(values) else None
    return values
