"""Train the small model that ships, on procedural skies alone, and store it in the package with its scores.

    python experiments/train_sky32.py [--steps 10000] [--resume]
    python experiments/train_sky32.py --score-only      # the weights that ship, on the skies as they are drawn today

About 40 minutes on one core. It may be stopped at any time and gone on with by --resume. At the end it writes
ssagan_lite/inference/weights/sky-32 (fp16) and book/results/sky-32.json: scores on unseen procedural skies and, where
the samples are at hand, on the 48 real clips, beside copy-first and fading copy.
"""

import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import tyro

from ssagan_lite.cli.options import end_well
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.sources import open_clips
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.provenance import Stopwatch, commit, fingerprint
from ssagan_lite.evaluation.scores import CONVENTION
from ssagan_lite.inference.pretrained import WEIGHTS_FOLDER, load_generator
from ssagan_lite.inference.released import save_weights
from ssagan_lite.model.generator import Generator, GeneratorConfig
from ssagan_lite.reproduction.scoring import STILL, Predictor, score, still
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.fit import fit
from train_sky64 import stored_training

NAME = "sky-32"
TEST_CLIPS = 200


@dataclass
class Options:
    """Train sky-32 and store it in the package."""

    steps: int = 10_000
    """Generator steps."""
    run: Path = Path("runs/sky-32")
    """Where the run is kept."""
    resume: bool = False
    """Go on with a run that was stopped."""
    score_only: bool = False
    """Train nothing; score the weights that ship, and keep what their file says of the training."""
    out: Path = Path("book/results/sky-32.json")
    """Where the scores go."""


def main() -> None:
    options = tyro.cli(Options)
    command = "python experiments/train_sky32.py " + (
        "--score-only" if options.score_only else f"--steps {options.steps}"
    )
    watch = Stopwatch(command, seed=0)
    training = stored_training(options.out) if options.score_only else train(options)
    generator = load_generator(WEIGHTS_FOLDER / NAME)  # what ships is scored: the weights in fp16
    scores = {"synthetic": compared(generator, "synthetic", count=TEST_CLIPS)}
    real = None
    try:
        scores["samples"] = compared(generator, "samples", count=None)
        real = fingerprint(load_samples("real"))
    except InputError as error:
        print(f"The real clips are not scored: {error}")
    watch.write(options.out, {"training": training, "convention": CONVENTION, "scores": scores}, real)


def train(options: Options) -> dict:
    """Train, store the weights, and return where they come from."""
    started, config = time.time(), settings(options)
    fit(config, resume=options.resume)
    save_weights(load_generator(options.run), WEIGHTS_FOLDER / NAME)
    about = {"commit": commit(), "date": date.today().isoformat(), "wall_seconds": round(time.time() - started)}
    return about | {"config": asdict(config)}


def settings(options: Options) -> TrainConfig:
    """The paper's game with more weight on content, one critic step, and a higher learning rate: it has to be quick."""
    return TrainConfig(
        out=str(options.run),
        generator=GeneratorConfig(size=32, width=4),
        content_weight=50.0,
        critic_steps=1,
        learning_rate=5e-4,
        clips=4_096,
        steps=options.steps,
        sample_every=250,
        device="cpu",
    )


def compared(generator: Generator, data: str, count: int | None) -> dict:
    """Scores of the generator and of both stills on clips it was not trained on."""
    clips = open_clips(data, generator.config.size, generator.config.frames, split="test", count=count)
    predictors: dict[str, Predictor] = {NAME: lambda real, _: generator.animate(real[:, :, 0])}
    predictors |= {name: still(baseline) for name, baseline in STILL.items()}
    return {name: score(predictor, clips, f"{data}: {name}").summary() for name, predictor in predictors.items()}


if __name__ == "__main__":
    end_well(main)
