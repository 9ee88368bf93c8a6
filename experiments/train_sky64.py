"""Train the model that ships, sky-64, on procedural skies alone: 64x64x32, width 8, told the wind.

    python experiments/train_sky64.py [--steps 6000] [--resume]

It may be stopped at any time and gone on with by --resume.
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from ssagan_lite.baselines.registry import maker, recipe
from ssagan_lite.cli.options import end_well
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.fit import fit


@dataclass
class Options:
    """Train sky-64 and store it in the package."""

    steps: int = 6_000
    """Generator steps."""
    run: Path = Path("runs/sky-64")
    """Where the run is kept."""
    resume: bool = False
    """Go on with a run that was stopped."""


def main() -> None:
    options = tyro.cli(Options)
    config = settings(options)
    fit(config, system=maker(config, load_generator), resume=options.resume)


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


if __name__ == "__main__":
    end_well(main)
