"""`ssagan train`: a preset, changed by options, and a run folder."""

import argparse
import json
from dataclasses import asdict, dataclass, field

from ssagan_lite.baselines.registry import maker, recipe, untrained
from ssagan_lite.beyond.wind import WindGenerator
from ssagan_lite.cli.estimate import estimate, estimate_lines, plural
from ssagan_lite.cli.options import parse
from ssagan_lite.data.run_folder import RunFolder
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.generator import layer_shapes
from ssagan_lite.training.config import TrainConfig, preset

DEFAULT_PRESET = "laptop"


@dataclass
class Options:
    """Train a generator. A preset sets everything, --model what is the model's own; any option changes one thing of it.

    Models: ssagan (the paper's), mdgan-stage1, mdgan-stage2 and ssagan-b (both need --stage1, a trained first stage),
    vgan (64 pixels or less), recurrent (in the spirit of RNN-GAN), wind (beyond the paper: told the wind).

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
    chosen = recipe(chosen_word("--model", "ssagan", arguments), preset(chosen_preset(arguments)))
    options = parse(Options, "train", arguments, default=Options(config=chosen))
    if options.dry_run:
        describe(options.config, options.json)
        return
    make = maker(options.config, load_generator)
    from ssagan_lite.training.devices import is_first_process  # lightning is slow to import
    from ssagan_lite.training.fit import fit

    folder = fit(options.config, system=make, resume=options.resume)
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
    return chosen_word("--preset", DEFAULT_PRESET, arguments)


def chosen_word(option: str, default: str, arguments: list[str]) -> str:
    """The value of one option, before all are parsed."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(option, default=default, nargs="?", dest="word")
    return parser.parse_known_args(arguments)[0].word or default


def describe(config: TrainConfig, as_json: bool) -> None:
    """Print the shapes of Table 1 at this size, the parameters of both networks, and what the run will cost."""
    # The rows of Table 1, for the models that are made of it; of a second stage its refiner's.
    shapes = layer_shapes(config.generator) if config.model not in ("vgan", "recurrent") else {}
    system = untrained(config)
    if isinstance(system.generator, WindGenerator):  # whose last row makes more than three colours
        last = config.generator.decoder[-1].name
        shapes[last] = (system.generator.decoder[last].convolution.out_channels, *shapes[last][1:])
    counts = {"generator": parameters(system.generator), "discriminator": parameters(system.discriminator)}
    told = estimate(config, measure=not as_json)
    if as_json:
        run = {"steps": config.steps, "batch": config.batch, "estimate": asdict(told)}
        print(json.dumps({"shapes": shapes, "parameters": counts, **run}))
        return
    if shapes:
        print("layer     output (C, T, H, W)")
    for name, shape in shapes.items():
        print(f"{name:9} {shape}{' + attention' if name in config.generator.attended else ''}")
    for name, count in counts.items():
        print(f"{name:13} {count:>12,} parameters")
    updates, clips = plural(config.critic_steps, "critic update"), config.steps * config.critic_steps * config.batch
    print(f"{config.steps:,} steps of {updates} on batches of {config.batch}: {clips:,} clips")
    print(*estimate_lines(told, config), sep="\n")


def parameters(network) -> int:
    """How many numbers a network learns."""
    return sum(parameter.numel() for parameter in network.parameters())
