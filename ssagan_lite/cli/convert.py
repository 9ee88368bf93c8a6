"""`ssagan convert`: a checkpoint of SSA-GAN's released code or of MD-GAN becomes one of ours."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ssagan_lite.cli.options import parse
from ssagan_lite.data.paths import expand
from ssagan_lite.errors import InputError
from ssagan_lite.inference.convert import Converted, Kind, convert
from ssagan_lite.inference.released import CONFIG, WEIGHTS, save_weights


@dataclass
class Options:
    """Turn a generator of the authors' code into a folder that predict and evaluate take.

    It takes the generators that SSA-GAN's released code saves (...-BaseG.ckpt, ...-RefineG.ckpt) and MD-GAN's
    netG_S1_....pth and netG_S2_....pth. Tensors are read; code in a file is never run.
    """

    file: Annotated[Path, tyro.conf.Positional]
    """The checkpoint."""
    out: Path | None = None
    """The folder for model.safetensors and config.json."""
    stage1: str | None = None
    """For a refiner: its first stage, theirs or ours; both become one model that takes photos."""
    kind: Kind | None = None
    """What the file is, stage1 or refiner, where neither its tensors nor its name tell."""
    half: bool = False
    """Round the parameters to 16 bits: half the room, three significant digits."""
    dry_run: bool = False
    """Say what the file is, and write nothing."""
    force: bool = False
    """Replace what an earlier conversion left in --out."""
    json: bool = False
    """Print the result as JSON."""


def run(arguments: list[str]) -> None:
    """Parse, convert, write."""
    options = parse(Options, "convert", arguments)
    out = None if options.dry_run else check_target(options.out, options.force)  # before the work, not after it
    converted = convert(options.file, options.stage1, options.kind)
    if out:
        save_weights(converted.generator, out, half=options.half)
    facts = describe(converted, options, out)
    print(json.dumps(facts) if options.json else sentences(facts))


def check_target(out: Path | None, force: bool) -> Path:
    """The folder, or InputError where none is given or something would be lost."""
    if out is None:
        raise InputError("--out must be given, or --dry-run; see ssagan convert --help.")
    out = expand(out)
    if not out.exists():
        return out
    if not out.is_dir():
        raise InputError(f"{out} is a file; --out names a folder.")
    held = {file.name for file in out.iterdir()}
    if others := sorted(held - {WEIGHTS, CONFIG}):
        raise InputError(f"{out} holds other files ({others[0]}); choose a folder of its own for --out.")
    if held and not force:
        raise InputError(f"{out} is already there; choose another --out, or add --force to replace it.")
    return out


def describe(converted: Converted, options: Options, out: Path | None) -> dict:
    """What was found and what was written, in plain types."""
    checkpoint, generator = converted.checkpoint, converted.generator
    return {
        "file": str(options.file),
        "recognised": checkpoint.name,
        "kind": checkpoint.kind,
        "config": asdict(checkpoint.config),
        "attended": checkpoint.config.attended,
        "spectral_norm_folded_in": checkpoint.spectral_norm,
        "never_called": checkpoint.unused,
        "architecture": generator.architecture,
        "parameters": sum(parameter.numel() for parameter in generator.parameters()),
        "precision": "float16" if options.half else "float32",
        "takes": "clips" if converted.needs_clips else "photos",
        "stage1": options.stage1,
        "out": None if out is None else str(out),
    }


def sentences(facts: dict) -> str:
    """The same for people, a line a fact."""
    config, attended = facts["config"], len(facts["attended"])
    skips = {"concat": "concatenated", "add": "added"}[config["skip"]]
    deepest = f" at the {config['deepest_skips']} deepest levels" if config["deepest_skips"] else ""
    gate = {"learned": "gamma", "released": 'the "no gamma" branch'}[config["gate"]]
    attention = f"after {attended} layers (reduction {config['reduction']}, {gate})" if attended else "none"
    lines = [
        f"{facts['file']}: {facts['recognised']}, width {config['width']}",
        f"  skips: {skips}{deepest}; attention: {attention}",
        *(["  spectral normalisation: folded into the weights"] if facts["spectral_norm_folded_in"] else []),
        *(
            [f"  left out: {len(facts['never_called'])} tensors that their network never calls"]
            if facts["never_called"]
            else []
        ),
        *([f"  first stage: {facts['stage1']}"] if facts["stage1"] else []),
        f"  {facts['parameters']:,} parameters, {facts['precision']}",
    ]
    if facts["takes"] == "clips":
        lines.append(
            "It takes the clips of a first stage, not photos: predict would feed it the photo repeated. "
            "Give --stage1 FILE to join both."
        )
    if facts["out"]:
        lines.append(f"{facts['out']}: written; ssagan predict PHOTO --checkpoint {facts['out']} --out CLIP.mp4")
    return "\n".join(lines)
