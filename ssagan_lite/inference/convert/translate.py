"""From the authors' names for layers to ours, and from normalised weights to plain ones. Chapter 12."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import Generator, GeneratorConfig

ATTENTION = {
    "query": "query_conv",
    "key": "key_conv",
    "value": "value_conv",
    "gate.gamma": "gamma",
    "gate.project": "W.0",
    "gate.norm": "W.1",
}


def translate(tensors: Mapping[str, Tensor], config: GeneratorConfig) -> dict[str, Tensor]:
    """The state of our Generator(config), in the precision of the tensors, which have the authors' names.

    Their first join puts the way down before the way up, `cat(down, up)`, all others the way up first, as we do
    (`Dynamic_Model_attn_channel_cat.py`): the two halves of upConv2's input channels change places.
    """
    state = {}
    for ours in _state(config):
        theirs = their_name(ours)
        tensor = tensors.get(theirs, torch.tensor(0))  # only counters may be missing, `recognise` saw to it
        if theirs == "upConv2.weight" and config.skip == "concat":
            tensor = torch.cat(tensor.chunk(2)[::-1])
        state[ours] = tensor
    return state


def theirs_of(config: GeneratorConfig) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of the network under the authors' name for it."""
    return {their_name(ours): tuple(tensor.shape) for ours, tensor in _state(config).items()}


def their_name(ours: str) -> str:
    """decoder.deconv2.norm.bias -> upBN2.bias, encoder.conv3.attention.query.weight -> attn_3.query_conv.weight, ..."""
    half, layer, part, rest = ours.split(".", maxsplit=3)
    way, level = {"encoder": "down", "decoder": "up"}[half], int(layer[-1])
    if part != "attention":
        return f"{way}{'Conv' if part == 'convolution' else 'BN'}{level}.{rest}"
    inner = next(name for name in ATTENTION if rest.startswith(name))
    # Their attention is numbered by its level of the U, so that up_attn_5 follows upConv1.
    module = f"attn_{level}" if way == "down" else f"up_attn_{6 - level}"
    return f"{module}.{ATTENTION[inner]}{rest.removeprefix(inner)}"


def _state(config: GeneratorConfig) -> dict[str, Tensor]:
    """Our names and shapes, without memory for the numbers."""
    with torch.device("meta"):
        return Generator(config).state_dict()


def fold_spectral_norm(tensors: dict[str, Tensor], path: Path) -> tuple[dict[str, Tensor], bool]:
    """Plain weights in place of weight_orig, weight_u and weight_v; and whether there were any.

    In eval mode torch.nn.utils.spectral_norm divides by sigma = u^T W v with the stored vectors, W being the weights
    as a matrix of one row an output channel. Before PyTorch 1.1 there was no v, and eval mode took the weights that
    were stored last. Raises InputError for parts that are missing or do not fit each other.
    """
    plain = dict(tensors)
    layers = [name.removesuffix("_orig") for name in tensors if name.endswith(".weight_orig")]
    for layer in layers:
        original, stored = plain.pop(f"{layer}_orig"), plain.pop(layer, None)
        vectors = [plain.pop(f"{layer}_{side}", None) for side in "uv"]
        if vectors[1] is None and stored is not None:
            plain[layer] = stored
            continue
        if any(vector is None for vector in vectors):
            raise InputError(f"{path}: {layer}_orig is to be normalised, and its {layer}_u or {layer}_v is missing.")
        plain[layer] = _normalised(original, vectors, layer, path)
    return plain, bool(layers)


def _normalised(weight: Tensor, vectors: Iterable[Tensor], layer: str, path: Path) -> Tensor:
    u, v = (vector.double() for vector in vectors)
    rows = weight.transpose(0, 1) if layer.startswith("upConv") and weight.dim() > 1 else weight  # (out, in, T, H, W)
    matrix = rows.double().reshape(len(rows), -1)  # (out, in T H W)
    if (u.shape, v.shape) != (matrix.shape[:1], matrix.shape[1:]):
        shapes = f"{layer}_u {tuple(u.shape)} and {layer}_v {tuple(v.shape)}"
        raise InputError(f"{path}: {shapes} do not fit a matrix of the shape {tuple(matrix.shape)}.")
    sigma = u @ matrix @ v
    if not sigma.isfinite() or sigma == 0:
        raise InputError(f"{path}: {layer} cannot be normalised, its largest singular value is given as {sigma:g}.")
    return (weight.double() / sigma).to(weight.dtype)
