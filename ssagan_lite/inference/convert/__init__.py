"""The checkpoints of SSA-GAN's released code and of MD-GAN, turned into generators of this package. Chapter 12.

    file --> reading.py: tensors by name --> recognise.py: which network --> translate.py: our names --> generator

What comes out runs in eval mode, on BatchNorm's running statistics. Both codes tested in train mode instead, on the
statistics of each batch (`solver_beach.py`, MD-GAN's `test.py`), so their published scores are of another arithmetic.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ssagan_lite.baselines.mdgan import TwoStage, TwoStageConfig
from ssagan_lite.data.paths import expand
from ssagan_lite.errors import InputError
from ssagan_lite.inference.convert.reading import is_ours, load_state, named_tensors
from ssagan_lite.inference.convert.recognise import Checkpoint, Kind, kind_from_name, recognise
from ssagan_lite.inference.convert.translate import translate
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.generator import Generator

__all__ = ["Checkpoint", "Converted", "Kind", "convert", "read_checkpoint", "translate"]


@dataclass(frozen=True)
class Converted:
    """A generator in eval mode in float32, and what its file was recognised as."""

    generator: Generator | TwoStage
    checkpoint: Checkpoint

    @property
    def needs_clips(self) -> bool:
        """True for a refiner alone: it takes the clips of a first stage, and no photo."""
        return self.checkpoint.kind == "refiner" and not isinstance(self.generator, TwoStage)


def convert(path: str | os.PathLike, stage1: str | os.PathLike | None = None, kind: Kind | None = None) -> Converted:
    """The generator in one of the authors' checkpoints; with stage1 a refiner and its first stage become one.

    stage1: their first stage, or one that is already ours (a converted folder, a run, a .safetensors file). kind: says
    whether the file is a "stage1" or a "refiner" where neither its tensors nor its name do. Raises InputError, in one
    sentence, for whatever is not a generator that this package can build.
    """
    checkpoint = read_checkpoint(path, kind)
    refiner = _built(checkpoint)
    if stage1 is None:
        return Converted(refiner, checkpoint)
    if checkpoint.kind != "refiner":
        raise InputError(f"{path} is {checkpoint.name}, which needs no first stage; leave --stage1 out.")
    first = _first_stage(stage1)
    joined = TwoStage(TwoStageConfig(first.config, refiner.config))
    joined.stage1, joined.refiner = first, refiner
    return Converted(joined.eval().requires_grad_(False), checkpoint)


def read_checkpoint(path: str | os.PathLike, kind: Kind | None = None) -> Checkpoint:
    """The file's tensors, and which of the authors' networks they are; errors as `convert`."""
    path = expand(path)
    state = load_state(path)
    if is_ours(state):
        raise InputError(f"{path} was written by ssagan train; it needs no conversion, give it to ssagan predict.")
    return recognise(named_tensors(state, path), path, kind)


def _built(checkpoint: Checkpoint) -> Generator:
    generator = Generator(checkpoint.config)
    generator.load_state_dict(translate(checkpoint.tensors, checkpoint.config))
    return generator.eval().requires_grad_(False)


def _first_stage(path: str | os.PathLike) -> nn.Module:
    """A first stage of theirs or of ours."""
    path = expand(path)
    ours = path.is_dir() or path.suffix == ".safetensors" or not path.exists()  # names of models that ship, too
    if ours or is_ours(load_state(path)):
        generator = load_generator(path)
        if type(generator) is not Generator:  # one that is told the wind is a Generator, too
            raise InputError(f"{path} is no one-stage generator of Table 1, which a first stage has to be.")
        return generator
    checkpoint = read_checkpoint(path, kind_from_name(Path(path)) or "stage1")
    if checkpoint.kind == "refiner":
        raise InputError(f"{path} is {checkpoint.name}; --stage1 takes the first stage (...-BaseG or netG_S1_...).")
    return _built(checkpoint)
