"""`ssagan export`: a generator becomes one ONNX file, which runs in a page with no code of ours."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ssagan_lite.cli.options import parse
from ssagan_lite.data.paths import expand
from ssagan_lite.inference.export import Precision, check_onnx_target, export
from ssagan_lite.inference.pretrained import load_generator


@dataclass
class Options:
    """Write a generator as one ONNX file: a photo, the gammas and the wind in, a clip and a map of attention out.

    It runs in ONNX Runtime, also in a web page, without this package and without PyTorch. Writing it needs an extra:
    pip install "ssagan-lite[export]".
    """

    model: Annotated[str, tyro.conf.Positional]
    """A model that ships with the package, a run folder of `ssagan train`, or a file of weights."""
    out: Path
    """The file to write; its name ends in .onnx."""
    precision: Precision = "fp16"
    """How kernels are stored: fp16 halves the file. The arithmetic is float32 either way."""
    attention: str | None = None
    """The layer whose map is an output, such as conv3; by default the one nearest to 16 x 16 places."""
    force: bool = False
    """Replace --out where it is already there."""
    json: bool = False
    """Print what is in the file as JSON."""


def run(arguments: list[str]) -> None:
    """Parse, export, say what is there."""
    options = parse(Options, "export", arguments)
    check_onnx_target(options.out, options.force)  # before the work, not after it
    facts = export(
        load_generator(options.model),
        options.out,
        name=expand(options.model).resolve().name,
        precision=options.precision,
        attention=options.attention,
        force=options.force,
    )
    print(json.dumps(facts) if options.json else sentences(facts))


def sentences(facts: dict) -> str:
    """The same for people, a line a fact."""
    size, frames, places = facts["size"], facts["frames"], facts["places"]
    lines = [
        f"{facts['file']}: {facts['bytes'] / 1e6:.2f} MB, kernels in {facts['precision']}, made of {facts['model']}",
        f"  photo (1, 3, {size}, {size}) in [-1, 1] -> clip (1, 3, {frames}, {size}, {size})",
    ]
    if facts["layers"]:
        pairs = zip(facts["layers"], facts["gammas"], strict=True)
        gammas = ", ".join(f"{layer} {gamma:+.3f}" for layer, gamma in pairs)
        lines.append(f"  gammas ({len(facts['layers'])},): {gammas}")
    if facts["wind"]:
        right, down = facts["wind"]
        lines.append(f"  wind (1, 2): {right:g} of the picture's width to the right, {down:g} of its height down")
    if facts["attention"]:
        lines.append(f"  attention ({places}, {places}): the map after {facts['attention']}")
    return "\n".join([*lines, f"  differs from PyTorch by at most {facts['difference']:.1g} on a random photo"])
