"""Train the model that ships, sky-64, on procedural skies alone: 64x64x32, width 8, told the wind. Then measure it.

    python experiments/train_sky64.py [--steps 5000] [--run DIR] [--resume]
    python experiments/train_sky64.py --store        # train nothing; store and score the run's last checkpoint
    python experiments/train_sky64.py --score-only   # the weights that ship, on the skies as they are drawn today

It may be stopped at any time and gone on with by --resume. At the end it writes
ssagan_lite/inference/weights/sky-64 (fp16, with the default wind in config.json) and book/results/sky-64.json: scores
on unseen procedural skies and, where the samples are at hand, on the 48 real clips.
"""

import json
from contextlib import chdir
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import torch
import tyro

from gamma_study.run import logged
from sky64 import card, real
from sky64.measure import gammas, of_set, upside_down
from sky64.winds import about_prior, choose_wind, prior_lengths, validation_skies
from ssagan_lite.baselines.registry import maker, recipe
from ssagan_lite.beyond.wind import WindGenerator
from ssagan_lite.cli.options import end_well
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.sources import open_clips
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.provenance import Stopwatch, commit, fingerprint
from ssagan_lite.evaluation.scores import CONVENTION
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.inference.released import save_weights
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.fit import fit

NAME = "sky-64"
TEST_SEED = 1  # of the skies that open_clips calls "test"
TOLD = (
    "told the wind: two numbers measured in the true clip, so of the future; best of 20: the one of 20 drawn winds "
    "that comes nearest to the true clip, so the choice knows it. The default wind and calm know the photo alone."
)


@dataclass
class Options:
    """Train sky-64, store it in the package, and measure it."""

    steps: int = 5_000
    """Generator steps."""
    run: Path = Path("runs/sky-64")
    """Where the run is kept."""
    resume: bool = False
    """Go on with a run that was stopped."""
    store: bool = False
    """Train nothing; store the run's last checkpoint, and score it."""
    score_only: bool = False
    """Train nothing; score the weights that ship, and keep what their file says of the training."""
    clips: int = 200
    """Unseen skies to score; half as many choose the default wind."""
    fine_tune_steps: int = 300
    """Steps on real clips, to see what they bring; 0 leaves it out. Those weights are not kept."""
    note: str = ""
    """What the file of scores should say of the training besides, such as a change of code between two sittings."""
    weights: Path = Path("ssagan_lite/inference/weights/sky-64")
    """Where the weights go, or lie."""
    out: Path = Path("book/results/sky-64.json")
    """Where the scores go."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python experiments/train_sky64.py {flags(options)}", seed=0)
    if options.score_only:
        training = stored_training(options.out)
        chosen = default_wind(load_generator(options.weights), options)
    else:
        if not options.store:
            config = settings(options)
            fit(config, system=maker(config, load_generator), resume=options.resume)
        training = about_training(options.run) | ({"note": options.note} if options.note else {})
        chosen = store(options)
    values, data = measured(load_generator(options.weights), chosen, options, settings(options))
    watch.write(options.out, {"training": training, "convention": CONVENTION, **values}, data)


def flags(options: Options) -> str:
    """What was asked for, without the places of this machine."""
    what = "--score-only" if options.score_only else "--store" if options.store else f"--steps {options.steps}"
    return f"{what} --clips {options.clips} --fine-tune-steps {options.fine_tune_steps}"


def settings(options: Options) -> TrainConfig:
    """The game with much weight on content, in bf16: the shortest way found on two cores."""
    config = TrainConfig(
        out=str(options.run),
        generator=GeneratorConfig(size=64, width=8),
        learning_rate=5e-4,
        milestones=(options.steps * 2 // 3, options.steps * 9 // 10),
        batch=8,
        clips=4_096,
        flip=True,
        steps=options.steps,
        sample_every=100,
        device="cpu",
        precision="bf16-mixed",
    )
    return recipe("wind", config)


def stored_training(file: Path) -> dict:
    """What the file of scores says of the training. Raises InputError where there is none."""
    try:
        return json.loads(file.read_text("utf-8"))["training"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{file} says nothing of a training; store a run first, without --score-only.") from error


def about_training(run: Path) -> dict:
    """Where the weights of a run come from: its commit, end, seconds in all sittings, configuration and gammas."""
    checkpoint = run / "checkpoints" / "last.pt"
    if not checkpoint.exists():
        raise InputError(f"{run} holds no checkpoint; train first, or name the run with --run.")
    with chdir(run):  # the run may lie in another clone than this one
        trained_at = commit()
    steps, log = torch.load(checkpoint, map_location="cpu", weights_only=True)["step"], logged(run)
    about = {"commit": trained_at, "date": date.fromtimestamp(checkpoint.stat().st_mtime).isoformat(), "steps": steps}
    config = json.loads((run / "config.json").read_text("utf-8")) | {"out": f"runs/{NAME}"}
    return about | {"wall_seconds": log["seconds"], "gamma": log["gamma"], "config": config}


def default_wind(generator: WindGenerator, options: Options) -> dict:
    """The default wind that these weights ask for, with the grid that it was chosen from."""
    return choose_wind(generator, validation_skies(generator.config, max(1, options.clips // 2)))


def store(options: Options) -> dict:
    """Store the run's generator in fp16, with the default wind that its rounded weights ask for; returns the choice."""
    save_weights(load_generator(options.run), options.weights)
    generator = load_generator(options.weights)
    chosen = default_wind(generator, options)
    generator.config = replace(generator.config, wind=chosen["chosen"])
    save_weights(generator, options.weights)
    return chosen


def measured(generator: WindGenerator, chosen: dict, options: Options, config: TrainConfig) -> tuple[dict, str | None]:
    """All that is said of the weights, and the fingerprint of the real clips, or None where these are not at hand.

    chosen: how their default wind was chosen.
    """
    shape = generator.config
    lengths = prior_lengths(shape, config)
    skies = open_clips("synthetic", shape.size, shape.frames, split="test", count=options.clips).array
    sets = {"synthetic": of_set(generator, skies, "synthetic", lengths, card.kinds(TEST_SEED, len(skies)))}
    values = {
        "note": TOLD,
        "default_wind": card.plain(chosen) | {"shipped": shape.wind},
        "wind_prior": card.plain(about_prior(lengths)),
        "gamma": gammas(generator),
        "out_of_data": {"upside-down": upside_down(generator, skies[: len(skies) // 2])},
    }
    data = None
    try:
        clips = open_clips("samples", shape.size, shape.frames).array
        data = fingerprint(load_samples("real"))
    except InputError as error:
        print(f"The real clips are not scored: {error}")
    else:
        sets["samples"] = of_set(generator, clips, "samples", lengths)
        if options.fine_tune_steps:
            values["fine_tuning"] = real.study(generator, clips, options.fine_tune_steps, True, config.precision)
    parts = next(iter(sets.values()))
    return {**{part: {name: each[part] for name, each in sets.items()} for part in parts}, **values}, data


if __name__ == "__main__":
    end_well(main)
