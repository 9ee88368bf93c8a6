"""The state of a training run on disk: plain types, written whole or not at all, loaded without running code."""

import pickle
from pathlib import Path

import torch

from ssagan_lite.errors import InputError


def save_checkpoint(path: Path, state: dict) -> None:
    """Write the state, and that of torch's random numbers, under a temporary name; a crash keeps the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    try:
        torch.save({**state, "random": {"cpu": torch.get_rng_state(), "cuda": cuda}}, part)
        part.replace(path)
    except RuntimeError as error:  # how torch says that a write failed
        raise OSError(f"{path} could not be written; is the disk full? The checkpoint before it is kept.") from error
    finally:
        part.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> dict:
    """The state in a checkpoint. Raises InputError for a missing or damaged file, or one with code in it."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path} does not exist; choose another --out to start a run.") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(f"{path} is not a checkpoint of plain tensors, and nothing else is loaded.") from error


def restore_random_numbers(state: dict) -> None:
    """Go on with torch's random numbers where the checkpoint was written."""
    torch.set_rng_state(state["random"]["cpu"])
    if torch.cuda.is_available() and state["random"]["cuda"]:
        torch.cuda.set_rng_state_all(state["random"]["cuda"])
