"""Everything that is measured of one generator on one set of clips."""

from copy import deepcopy

import numpy as np
import torch

from sky64 import card
from sky64.rivals import published_of, sky64, without_network
from sky64.winds import about_draws, best_winds, copy_reader, draw_winds, reader, try_winds, under
from ssagan_lite.beyond.wind import WindGenerator
from ssagan_lite.evaluation.scores import Scores
from ssagan_lite.reproduction.scoring import PUBLISHED, STILL, Predictor, still
from ssagan_lite.reproduction.statistics import clip_means


def of_set(
    generator: WindGenerator, clips: np.ndarray, data: str, lengths: torch.Tensor, kinds: list[str] | None = None
) -> dict:
    """What is measured on one set of clips uint8 (N, T, H, W, 3); kinds: of its skies, where they are known."""
    predictors = without_network(clips, generator.config.wind)
    if data == "samples":
        predictors |= {name: published_of(name, clips.shape[2], np.arange(len(clips))) for name in PUBLISHED}
    scores = card.score_all(predictors | sky64(generator), clips, data)
    draws, best = best_of_20(generator, clips, lengths, scores["copy-first"], data)
    scores |= best
    closed = card.score_all(sky64(without_attention(generator)), clips, f"{data}, gamma 0")
    row = card.rows(scores)
    return {
        "scores": row,
        "differences": card.differences(scores),
        "best_of_20": draws,
        "aims": card.aims(row),
        "without_attention": {"scores": card.rows(closed), "differences": card.against(closed, scores)},
        "failures": card.failures(scores, kinds),
    }


def best_of_20(
    generator: WindGenerator, clips: np.ndarray, lengths: torch.Tensor, copy: Scores, data: str
) -> tuple[dict, dict[str, Scores]]:
    """Twenty winds a photo, the same for the network and for the photo carried as a whole: all, and the best."""
    winds, found, scores = draw_winds(lengths, len(clips)), {}, {}
    copied = copy.mse[:, 1:].mean(dim=1), clip_means(copy.psnr[:, 1:])
    for name, read in (("sky-64", reader(generator)), ("carried-copy", copy_reader(clips.shape[1]))):
        mse, psnr = try_winds(read, clips, winds, f"{data}: {name}")
        found[name] = card.plain(about_draws(mse, psnr, *copied))
        best = under(read, best_winds(mse, winds))
        scores |= card.score_all({f"{name}, best of 20": best}, clips, data)
    return found, scores


def without_attention(generator: WindGenerator) -> WindGenerator:
    """A copy in which every gamma is 0, so that attention adds nothing."""
    closed = deepcopy(generator)
    for name, value in closed.named_parameters():
        if name.endswith("gamma"):
            value.data.zero_()
    return closed


def gammas(generator: WindGenerator) -> dict[str, float]:
    """Each layer's gamma as it ships."""
    found = {name.split(".")[1]: p.item() for name, p in generator.named_parameters() if name.endswith("gamma")}
    return card.plain(found)


def upside_down(generator: WindGenerator, clips: np.ndarray) -> dict:
    """Skies with the ground above, as no training sky has it."""
    turned = np.ascontiguousarray(clips[:, :, ::-1])
    rivals: dict[str, Predictor] = {name: still(baseline) for name, baseline in STILL.items()}
    scores = card.score_all(rivals | sky64(generator), turned, "upside down")
    return {"scores": card.rows(scores), "differences": card.differences(scores)}
