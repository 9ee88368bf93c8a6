"""Graders of the book's exercises, one file a chapter: `check.ch01.error_per_frame(my_function)`.

A grader never raises and never locks anything. It prints one line that begins with "correct:", "not yet:" or "not
quite:", and returns a `Result` that is true when the exercise is solved. `check.report(student="id")` writes down what
was tried and passed so far; `check.teaching` holds the graders of the exercises that a teacher sets.
"""

import importlib
import pkgutil

from ssagan_lite.teach.check.record import report

SHARED = ("cases", "grader", "record")  # what the chapters share
CHAPTERS = tuple(module.name for module in pkgutil.iter_modules(__path__) if module.name not in SHARED)
__all__ = [*CHAPTERS, "report"]


def __getattr__(name):
    if name in CHAPTERS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
