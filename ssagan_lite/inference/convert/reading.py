"""A checkpoint that came from elsewhere, read as plain tensors; nothing that came with it is run. Chapter 12."""

import os
import pickle
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ssagan_lite.errors import InputError

WRAPPER = "module."  # what nn.DataParallel puts before each name


def load_state(path: Path) -> Any:
    """What torch.save wrote into the file, in the zipped or the old format, on the CPU. Plain types only.

    Raises InputError for a folder, a missing, empty or damaged file, a web page, an archive that unpacks to more than
    it is, and a pickle that names code.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the checkpoint inside it (...-BaseG.ckpt or netG_S1_....pth).")
    if not path.is_file():
        raise InputError(f"there is no file {path}; give a checkpoint of SSA-GAN's released code or of MD-GAN.")
    _refuse_other_files(path)
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pickles: our sentence says all there is to say
        try:
            return torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # bytes that are no checkpoint make the unpickler raise almost anything
            raise InputError(_why_not(path, error)) from error


def is_ours(state: Any) -> bool:
    """Whether it is the training state that `fit` writes."""
    return isinstance(state, dict) and {"generator_config", "generator"} <= state.keys()


def named_tensors(state: Any, path: Path) -> dict[str, Tensor]:
    """The tensors by their layers' names: unwrapped from {"state_dict": ...} and nn.DataParallel, all checked.

    Floating-point tensors keep their precision from float32 on, half floats become float32. Raises InputError for
    anything but dense, finite tensors that together fit into the file.
    """
    tensors = _network(state, path)
    while tensors and all(name.startswith(WRAPPER) for name in tensors):
        tensors = {name.removeprefix(WRAPPER): tensor for name, tensor in tensors.items()}
    if odd := next((name for name, tensor in tensors.items() if not _is_plain(tensor)), None):
        raise InputError(f"{path}: '{odd}' is not a plain tensor of real numbers; nothing else is converted.")
    # A view can claim any size on a few bytes; what is stored cannot be larger than the file.
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) > path.stat().st_size:
        raise InputError(f"{path} claims more numbers than a file of its size can hold; it is not converted.")
    if bad := next((name for name, tensor in tensors.items() if not tensor.isfinite().all()), None):
        raise InputError(f"{path} holds NaN or infinite numbers ({bad}); use an earlier checkpoint.")
    return {
        name: tensor.detach().float() if tensor.dtype in (torch.half, torch.bfloat16) else tensor.detach()
        for name, tensor in tensors.items()
    }


def _network(state: Any, path: Path) -> dict[str, Tensor]:
    """The one dictionary of tensors, which may lie in others."""
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise InputError(f"{path} holds no network: tensors with names are needed, as state_dict() gives them.")
    if any(isinstance(value, Tensor) for value in state.values()):
        return dict(state)
    inner = [name for name, value in state.items() if isinstance(value, dict) and _holds_tensors(value)]
    if len(inner) != 1:
        names = ", ".join(inner[:3])
        found = f"several networks ({names}); save one of them alone" if inner else "no tensors at all"
        raise InputError(f"{path} holds {found}.")
    return _network(state[inner[0]], path)


def _holds_tensors(state: dict) -> bool:
    return any(isinstance(value, Tensor) for value in state.values())


def _is_plain(tensor: Any) -> bool:
    dense = type(tensor) in (Tensor, nn.Parameter) and tensor.layout == torch.strided and tensor.device.type == "cpu"
    return dense and not tensor.is_quantized and not tensor.is_complex()


def _refuse_other_files(path: Path) -> None:
    """What can be told without unpickling."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(64).lstrip()
    if not size:
        raise InputError(f"{path} is empty; download it again.")
    if start.startswith(b"<"):
        raise InputError(f"{path} is a web page, not a checkpoint: the download stopped at a question; open the link.")
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise InputError(f"{path} is a compressed archive, which torch.save does not write; unpack it first.")
    if sum(member.file_size for member in members) > size:
        raise InputError(f"{path} unpacks to more than it is, as no checkpoint does; it is not opened.")


def _why_not(path: str | os.PathLike, error: Exception) -> str:
    code = re.search(r"GLOBAL ([\w.]+)", str(error)) if isinstance(error, pickle.UnpicklingError) else None
    if code:
        return (
            f"{path} holds more than tensors ({code[1]}), and code in a file is never run; "
            "save the network's state_dict() alone where you trust it."
        )
    return f"{path} is no checkpoint of plain tensors, or is damaged; download it again."
