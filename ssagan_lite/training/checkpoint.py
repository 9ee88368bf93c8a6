"""The state of a training run on disk: plain types, written whole or not at all, loaded without running code."""

import warnings
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
    if not path.is_file():
        raise InputError(f"{path} does not exist; choose another --out to start a run.")
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pickles: our sentence says all there is to say
        try:
            return torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # bytes that are no checkpoint make the unpickler raise almost anything
            raise InputError(f"{path} is no checkpoint of plain tensors, or is damaged.") from error


def restore_random_numbers(state: dict) -> None:
    """Go on with torch's random numbers where the checkpoint was written."""
    torch.set_rng_state(state["random"]["cpu"])
    if torch.cuda.is_available() and state["random"]["cuda"]:
        torch.cuda.set_rng_state_all(state["random"]["cuda"][: torch.cuda.device_count()])  # there may be fewer now
