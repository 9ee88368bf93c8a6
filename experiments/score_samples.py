"""Score what is known of the 48 real sample clips, and write book/results/samples.json.

    python experiments/score_samples.py [--size 128] [--out book/results/samples.json]

Copy-first, fading copy, and the two predictions that MD-GAN's authors published, with the per-frame curves that
chapter 01 draws. Frames and pictures of the clips are not stored, only numbers about them.
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from ssagan_lite.cli.options import end_well
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.sources import open_clips
from ssagan_lite.evaluation.provenance import Stopwatch, fingerprint
from ssagan_lite.evaluation.scores import CONVENTION, Scores
from ssagan_lite.reproduction.scoring import PUBLISHED, STILL, published, score, still


@dataclass
class Options:
    """Score the trivial predictors and MD-GAN's published predictions on the 48 real clips."""

    size: int = 128
    """Pixels a side."""
    out: Path = Path("book/results/samples.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python experiments/score_samples.py --size {options.size}", seed=None)
    clips = open_clips("samples", options.size, 32)
    predictors = {name: still(baseline) for name, baseline in STILL.items()}
    predictors |= {name: published(name, options.size) for name in PUBLISHED}
    models = {name: described(score(predictor, clips, name)) for name, predictor in predictors.items()}
    values = {"data": "samples", "size": options.size, "frames": 32, "convention": CONVENTION, "models": models}
    watch.write(options.out, values, fingerprint(load_samples("real")))


def described(scores: Scores) -> dict:
    """The summary and the mean curves over the frames."""
    curves = {
        name: [round(value, 6) for value in getattr(scores, name).mean(dim=0).tolist()] for name in ("mse", "ssim")
    }
    return {**scores.summary(), "per_frame": curves}


if __name__ == "__main__":
    end_well(main)
