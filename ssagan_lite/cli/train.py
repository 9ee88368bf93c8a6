"""`ssagan train`: a preset, changed by options, and a run folder."""

import argparse
import json
from dataclasses import asdict, dataclass, field

from ssagan_lite.cli.estimate import estimate, estimate_lines
from ssagan_lite.cli.options import parse
from ssagan_lite.data.run_folder import RunFolder
from ssagan_lite.model.discriminator import Discriminator
from ssagan_lite.model.generator import Generator, layer_shapes
from ssagan_lite.training.config import TrainConfig, preset

DEFAULT_PRESET = "laptop"


@dataclass
class Options:
    """Train a generator. A preset sets everything; any option changes one thing of it.

    While it runs: RUN/metrics.jsonl grows by a line a step, RUN/samples shows what the generator makes of the same
    first frames (real above, generated below), RUN/checkpoints/last.pt is what --resume goes on from.
    """

    config: TrainConfig = field(default_factory=TrainConfig)
    preset: str = DEFAULT_PRESET
    """smoke (seconds) and laptop (64x64x32, width 8) run on a CPU; evening, colab, paper (128x128x32, width 32), beach
    and released want a GPU; --dry-run estimates their cost, and the book's page "Presets" tells what was measured."""
    resume: bool = False
    """Go on with the run in --out."""
    dry_run: bool = False
    """Print shapes, parameters, and what the run would cost here in arithmetic, memory and time; train nothing."""
    json: bool = False
    """Print the result as JSON."""


def run(arguments: list[str]) -> None:
    """Parse, then train or describe."""
    chosen = preset(chosen_preset(arguments))
    options = parse(Options, "train", arguments, default=Options(config=chosen))
    if options.dry_run:
        describe(options.config, options.json)
        return
    from ssagan_lite.training.devices import is_first_process  # lightning is slow to import
    from ssagan_lite.training.fit import fit

    folder = fit(options.config, resume=options.resume)
    if not is_first_process():
        return
    last = (RunFolder(folder, {}, resume=True).metrics() or [{"step": options.config.steps}])[-1]
    if options.json:
        print(json.dumps({"run": str(folder), "last": last}))
    else:
        print(f"{last['step']} steps are done. Watch {folder}/samples, or move a photo of yours:")
        print(f"  ssagan predict photo.jpg --checkpoint {folder} --out sky.mp4 --detail")


def chosen_preset(arguments: list[str]) -> str:
    """The preset is read first, because it sets the defaults that the help shows."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--preset", default=DEFAULT_PRESET, nargs="?")
    return parser.parse_known_args(arguments)[0].preset or DEFAULT_PRESET


def describe(config: TrainConfig, as_json: bool) -> None:
    """Print the shapes of Table 1 at this size, the parameters of both networks, and what the run will cost."""
    shapes = layer_shapes(config.generator)
    counts = {
        "generator": parameters(Generator(config.generator)),
        "discriminator": parameters(Discriminator(config.generator)),
    }
    told = estimate(config, measure=not as_json)
    if as_json:
        run = {"steps": config.steps, "batch": config.batch, "estimate": asdict(told)}
        print(json.dumps({"shapes": shapes, "parameters": counts, **run}))
        return
    print("layer     output (C, T, H, W)")
    for name, shape in shapes.items():
        print(f"{name:9} {shape}{' + attention' if name in config.generator.attended else ''}")
    for name, count in counts.items():
        print(f"{name:13} {count:>12,} parameters")
    clips = config.steps * config.critic_steps * config.batch
    print(
        f"{config.steps:,} steps of {config.critic_steps} critic updates on batches of {config.batch}: {clips:,} clips"
    )
    print(*estimate_lines(told, config), sep="\n")


def parameters(network) -> int:
    """How many numbers a network learns."""
    return sum(parameter.numel() for parameter in network.parameters())
