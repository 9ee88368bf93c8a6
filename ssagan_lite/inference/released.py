"""A generator on disk, as it is released: model.safetensors (parameters in fp16) beside config.json. Chapter 11."""

import json
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, save
from torch import nn

from ssagan_lite.baselines.registry import build
from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import description

WEIGHTS, CONFIG = "model.safetensors", "config.json"


def save_weights(generator: nn.Module, folder: str | Path, half: bool = True) -> Path:
    """Write both files into the folder, each under a temporary name first; returns the folder.

    Parameters are rounded to fp16, or kept as they are with half=False. BatchNorm's running statistics stay in fp32
    either way: they are few, and small variances would become zero.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parameters = {name for name, _ in generator.named_parameters()}
    tensors = {
        name: (tensor.half() if half and name in parameters else tensor).contiguous().cpu()
        for name, tensor in generator.state_dict().items()
    }
    (folder / f"{WEIGHTS}.part").write_bytes(save(tensors))  # save_file would keep the file from all other users
    (folder / f"{CONFIG}.part").write_text(json.dumps(description(generator), indent=2) + "\n")
    for name in (WEIGHTS, CONFIG):
        (folder / f"{name}.part").replace(folder / name)
    return folder


def load_weights(path: str | Path) -> nn.Module:
    """The generator of a folder (or of a .safetensors file with config.json beside it), in eval mode, in float32.

    Raises InputError where a file is missing, is not what its name says, or does not fit the configuration.
    """
    path = Path(path)
    file = path / WEIGHTS if path.is_dir() else path
    generator = read_config(file.parent / CONFIG)
    try:
        tensors = load_file(file)
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(f"{file} holds no readable weights ({error}); save them with save_weights.") from error
    return restore(generator, tensors, file)


def read_config(file: Path) -> nn.Module:
    """The generator, with new weights, of a config.json. Raises InputError for a missing file, bad JSON or keys."""
    try:
        return build(json.loads(file.read_text()))
    except FileNotFoundError as error:
        raise InputError(f"{file} is missing; weights need the config.json that was saved beside them.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{file} is not a generator's configuration ({error}); save it with save_weights.") from error


def restore(generator: nn.Module, tensors: dict[str, torch.Tensor], source: object) -> nn.Module:
    """The generator in eval mode, holding the tensors. Raises InputError, naming the source, where they do not fit."""
    try:
        generator.load_state_dict(tensors)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()[:120].rstrip(".")
        raise InputError(
            f"{source} does not fit its configuration: {first}. Use the config it was saved with."
        ) from error
    return generator.eval()
