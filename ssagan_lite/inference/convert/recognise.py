"""Which of the authors' networks a set of tensors is: told by names and shapes, and where these do not tell, asked.

    skips    attention     where                                 what it is
    concat   after all     Dynamic_Model_attn_channel_cat.S1_G   SSA-GAN (a): BaseG, also its "no gamma" variant
    add      on way down   Dynamic_Model_attn.S1_G               the same with additive skips (main.py cannot build it)
    add, 3   after all     Dynamic_Model_attn.S2_G               SSA-GAN (b): RefineG
    add      none          Dynamic_Model.S1_G                    MD-GAN's first stage: netG_S1
    add, 3   none          Dynamic_Model.S2_G                    MD-GAN's second stage: netG_S2

Rows 2 and 3 hold the same tensors, and so do rows 4 and 5: addition needs no weights. Then the file's name decides.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

from ssagan_lite.errors import InputError
from ssagan_lite.inference.convert.translate import fold_spectral_norm, theirs_of
from ssagan_lite.model.generator import GeneratorConfig

Kind = Literal["stage1", "refiner"]
NAMES = {
    "stage1": r"base_?g|(?<![a-z0-9])s(tage)?[_-]?1(?!\d)",
    "refiner": r"refine_?g|(?<![a-z0-9])s(tage)?[_-]?2(?!\d)",
}
DOWN = tuple(f"conv{level}" for level in range(1, 6))


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: the network's name in a sentence, its shape, and its tensors by the authors' names."""

    name: str
    kind: Kind
    config: GeneratorConfig
    tensors: dict[str, Tensor]
    spectral_norm: bool
    """Whether the weights were normalised; here they are already divided by their largest singular value."""
    unused: tuple[str, ...] = ()
    """Tensors of layers that the authors' network makes and never calls."""


def kind_from_name(path: Path) -> Kind | None:
    """What the file's name says, if it says one thing: BaseG or netG_S1, RefineG or netG_S2, stage1, stage2."""
    said = [kind for kind, pattern in NAMES.items() if re.search(pattern, path.name.lower())]
    return said[0] if len(said) == 1 else None


def recognise(tensors: dict[str, Tensor], path: Path, kind: Kind | None = None) -> Checkpoint:
    """The network that the tensors are. kind: see `convert.convert`; the path is for its name and for sentences.

    Raises InputError for discriminators, for the 64x64 and the space-and-time variants, for networks of other codes,
    for unknown or missing tensors and for those of another shape.
    """
    _refuse_other_networks([name.removesuffix("_orig") for name in tensors], path)
    tensors, normalised = fold_spectral_norm(tensors, path)
    concat = _shape(tensors, "upConv2.weight", path)[0] == 2 * _shape(tensors, "downConv5.weight", path)[0]
    attends = any(name.startswith("attn_") for name in tensors)
    kind = _kind(concat, path, kind)
    name, shape = _row(concat, attends, kind)
    config = GeneratorConfig(width=_shape(tensors, "downConv1.weight", path)[0], **shape, **_attention(tensors, path))
    unused = tuple(name for name in tensors if name.startswith("up_attn_")) if config.attention == DOWN else ()
    used = {name: tensor for name, tensor in tensors.items() if name not in unused}
    _compare(used, config, path)
    return Checkpoint(name, kind, config, used, normalised, unused)


def _refuse_other_networks(names: list[str], path: Path) -> None:
    if any(name.startswith("slice1.") for name in names):
        raise InputError(
            f"{path} is a discriminator (BaseD, RefineD), which judges clips and makes none; "
            "convert the generator saved beside it (BaseG, RefineG)."
        )
    if "downConv1.weight" not in names:
        raise InputError(f"{path} is no generator of SSA-GAN or MD-GAN: it has {some(names)}, and no layer downConv1.")
    if not any(name.startswith(("downConv6.", "upConv1.")) for name in names):
        attends = any(name.startswith("attn_") for name in names)
        unbuilt = ", and the released main.py fails to build it" if attends else ""
        raise InputError(
            f"{path} is a 64x64 variant of the released code: it lacks downConv6 and upConv1, where the paper leaves "
            f"out the first and the last layer, so no network of this package has its shape{unbuilt}."
        )
    if "up_attn_1.value_conv.weight" in names and "attn_1.value_conv.weight" not in names:
        raise InputError(
            f"{path} attends over space and time at once, after upConv5 alone (attention_type THW); "
            "the package's attention is over space, so it has no such layer."
        )


def _kind(concat: bool, path: Path, kind: Kind | None) -> Kind:
    if concat:  # only first stages concatenate
        if kind == "refiner":
            raise InputError(f"{path} joins its halves by concatenation, as no refiner does; leave --kind out.")
        return "stage1"
    kind = kind or kind_from_name(path)
    if kind is None:
        raise InputError(
            f"{path} fits a first stage and a refiner, which hold the same tensors, and its name says neither; "
            "say --kind stage1 or --kind refiner."
        )
    return kind


def _row(concat: bool, attends: bool, kind: Kind) -> tuple[str, dict]:
    """The network's name, and its shape but for what its tensors tell."""
    if concat:
        return "SSA-GAN's generator (BaseG)", {"skip": "concat", "attention": "all"}
    if kind == "refiner":
        name = "SSA-GAN's refiner (RefineG)" if attends else "MD-GAN's refiner (netG_S2)"
        return name, {"skip": "add", "deepest_skips": 3, "attention": "all" if attends else "none"}
    name = "SSA-GAN's generator with additive skips (BaseG)" if attends else "MD-GAN's first stage (netG_S1)"
    return name, {"skip": "add", "attention": DOWN if attends else "none"}


def _attention(tensors: dict[str, Tensor], path: Path) -> dict:
    """The gate and the reduction of the first attention module; `_compare` holds all others against it."""
    if "attn_1.query_conv.weight" not in tensors:
        return {}
    fewer, channels = _shape(tensors, "attn_1.query_conv.weight", path)[:2]
    if not fewer or channels % fewer:
        raise InputError(f"{path}: attn_1 makes {fewer} channels of {channels}, which is no whole reduction.")
    return {"reduction": channels // fewer, "gate": "learned" if "attn_1.gamma" in tensors else "released"}


def _shape(tensors: dict[str, Tensor], name: str, path: Path) -> tuple[int, ...]:
    """The shape of a convolution's weights, (out, in, T, H, W)."""
    if name not in tensors:
        raise InputError(f"{path} lacks {name}; it is cut short, or of another network.")
    shape = tuple(tensors[name].shape)
    if len(shape) != 5 or 0 in shape:
        raise InputError(f"{path}: {name} has the shape {shape}, where a 3D convolution has (out, in, T, H, W).")
    return shape


def _compare(tensors: dict[str, Tensor], config: GeneratorConfig, path: Path) -> None:
    """Names and shapes against those of the network; only BatchNorm's counters may be missing, as in very old files."""
    expected = theirs_of(config)
    if unknown := [name for name in tensors if name not in expected]:
        raise InputError(f"{path} has tensors that its network has not: {some(unknown)}.")
    needed = [name for name in expected if not name.endswith("num_batches_tracked")]
    if missing := [name for name in needed if name not in tensors]:
        raise InputError(f"{path} lacks tensors of its network: {some(missing)}.")
    for name, tensor in tensors.items():
        if tuple(tensor.shape) != expected[name]:
            raise InputError(f"{path}: {name} has the shape {tuple(tensor.shape)}, its network {expected[name]}.")


def some(names) -> str:
    """The first three names, and how many there are."""
    names = list(names)
    return ", ".join(names[:3]) + (f" and others ({len(names)} in all)" if len(names) > 3 else "")
