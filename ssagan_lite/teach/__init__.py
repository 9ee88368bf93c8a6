"""What only the book needs: predictions to commit to, players, interactive figures, graders, measured numbers.

from ssagan_lite.teach import predict_first, show, explore, check, results
"""

import importlib
import os

from ssagan_lite.errors import InputError

MODULES = ("check", "explore", "results", "show")
__all__ = [*MODULES, "predict_first", "scale"]


def scale():
    """How large a notebook runs: "reader" (a CPU, under a minute) or "full" (the paper's size).

    The one switch of the book. SSAGAN_SCALE=full asks for the full size; it is granted where there is a GPU.
    """
    wanted = os.environ.get("SSAGAN_SCALE", "reader")
    if wanted not in ("reader", "full"):
        raise InputError(f"SSAGAN_SCALE is {wanted!r}; it may be reader or full")
    import torch

    return "full" if wanted == "full" and torch.cuda.is_available() else "reader"


def __getattr__(name):
    if name in MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "predict_first":
        return importlib.import_module(f"{__name__}.predictions").predict_first
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
