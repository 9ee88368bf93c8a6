"""The state of a training run on disk: plain types, written whole or not at all, loaded without running code."""

import pickle
from pathlib import Path

import torch

from ssagan_lite.errors import InputError


def save_checkpoint(path: Path, state: dict) -> None:
    """Write the state under a temporary name and rename it, so that a crash keeps the checkpoint before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        torch.save(state, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> dict:
    """The state in a checkpoint. Raises InputError for a missing or damaged file, or one with code in it."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; leave out --resume to start the run.") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(f"{path} is not a checkpoint of plain tensors, and nothing else is loaded.") from error


def random_state() -> dict[str, torch.Tensor]:
    """The state of torch's random numbers, on the CPU and on the CUDA device in use."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: dict[str, torch.Tensor]) -> None:
    """Go on with the random numbers where `random_state` was taken."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
