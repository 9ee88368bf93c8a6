"""Graders of the book's exercises, one file a chapter: `check.ch01.error_per_frame(my_function)`.

A grader never raises and never locks anything. It prints one line that begins with "correct:", "not yet:" or "not
quite:", and returns a `Result` that is true when the exercise is solved.
"""

import importlib
import pkgutil

CHAPTERS = tuple(module.name for module in pkgutil.iter_modules(__path__) if module.name != "grader")
__all__ = [*CHAPTERS]


def __getattr__(name):
    if name in CHAPTERS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
