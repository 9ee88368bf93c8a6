"""Find a generator by name or path, and load it without running anything that came with it. Chapter 11."""

import difflib
import os
import warnings
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from ssagan_lite.baselines.registry import build
from ssagan_lite.data.paths import expand
from ssagan_lite.errors import InputError
from ssagan_lite.inference.released import load_weights, restore

WEIGHTS_FOLDER = Path(__file__).parent / "weights"
VARIANTS = {"sky-64-calm": ("sky-64", {"wind": None})}  # the same weights, another configuration
_FOLDERS = {file.parent.name for file in WEIGHTS_FOLDER.glob("*/config.json")}
MODELS = tuple(sorted(_FOLDERS | {name for name, (source, _) in VARIANTS.items() if source in _FOLDERS}))
"""The names of the models that ship with the package."""
DEFAULT_MODEL = "sky-64"


def load_generator(name_or_path: str | os.PathLike = DEFAULT_MODEL) -> nn.Module:
    """Return a generator in eval mode, on the CPU, whose parameters require no gradient; any model's, by its config.

    `name_or_path` is a model that ships (see `MODELS`), a run folder of `ssagan train` (its last checkpoint), a
    folder or `.safetensors` file in the released format, or a training checkpoint `.pt`. Tensors are read, code is
    never run. An unknown name, a pickle with code in it, missing keys, wrong sizes and NaN raise `InputError`.
    """
    try:
        generator = _load(name_or_path)
    except InputError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, RuntimeError) as error:
        # A configuration with values of the wrong kind fails wherever they are first used.
        raise InputError(f"{name_or_path} describes a generator that cannot be built; save it again.") from error
    if not all(torch.isfinite(tensor).all() for tensor in generator.state_dict().values()):
        raise InputError(f"{name_or_path} holds NaN or infinite weights; use an earlier checkpoint.")
    return generator.eval().requires_grad_(False)


def _load(name_or_path: str | os.PathLike) -> nn.Module:
    name = os.fspath(name_or_path)
    if name in MODELS:
        source, changes = VARIANTS.get(name, (name, {}))
        generator = load_weights(WEIGHTS_FOLDER / source)
        generator.config = replace(generator.config, **changes)
        return generator
    path = expand(name_or_path)
    if not path.exists():
        raise InputError(_unknown(str(name_or_path)))
    if path.is_dir():
        checkpoint = path / "checkpoints" / "last.pt"
        return _load_checkpoint(checkpoint) if checkpoint.exists() else load_weights(path)
    return load_weights(path) if path.suffix == ".safetensors" else _load_checkpoint(path)


def _load_checkpoint(path: Path) -> nn.Module:
    """The generator inside the training state that `fit` writes: plain types only, so `weights_only` suffices."""
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pickles: the sentence below says all there is to say
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # bytes that are no checkpoint make the unpickler raise almost anything
            raise InputError(
                f"{path} is no checkpoint of plain tensors, or is damaged; nothing else is loaded."
            ) from error
    if not isinstance(state, dict) or not {"generator_config", "generator"} <= state.keys():
        raise InputError(f"{path} lacks a generator and its configuration; give a checkpoint that ssagan train wrote.")
    return restore(build(state["generator_config"]), state["generator"], path)


def _unknown(name: str) -> str:
    shipped = ", ".join(MODELS) or "none"
    close = difflib.get_close_matches(name, MODELS, n=1)
    guess = f" (did you mean {close[0]}?)" if close else ""
    return f"There is no model or file {name}{guess}; models that ship: {shipped}; or give the path of your own."
