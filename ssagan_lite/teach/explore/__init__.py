"""Figures that change what the reader believes, one file a figure: `explore.plane(...)`, `explore.error_curves(...)`.

Frames in them are our own procedural skies only; of real clips they show numbers. What a figure does in the page lies
in assets/KIND.js, whose first line says which other scripts it needs.
"""

import importlib

# What a chapter calls -> the file that draws it.
FIGURES = {
    "error_curves": "curves",
    "plane": "motion_plane",
    "Dot": "motion_plane",
    "which_would_you_watch": "watch",
    "cloud_machine": "sky_machine",
    "attention_explorer": "attention",
    "module_walk": "module",
    "kernel_walk": "kernel",
    "receptive_box": "receptive",
    "table_one_calculator": "table_one",
    "three_futures": "futures",
    "one_number_gan": "one_number",
    "failing_runs": "failures",
    "blind_test": "blind",
    "gamma_steps": "gamma",
    "stress_test": "stress",
    "audit_list": "audit",
    "two_streams": "streams",
    "gram_motion": "gram",
    "told_the_wind": "wind",
}
__all__ = [*FIGURES]


def __getattr__(name):
    if name in FIGURES:
        return getattr(importlib.import_module(f"{__name__}.{FIGURES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
