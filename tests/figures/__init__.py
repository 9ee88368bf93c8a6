"""One of each figure of the book, a file a chapter: each has make_figures(), which returns {name: Figure}."""

import importlib
import pkgutil

from ssagan_lite.teach.bundle import Figure


def make_figures() -> dict[str, Figure]:
    """Names are the chapter's own; each is used once."""
    figures: dict[str, Figure] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        made = importlib.import_module(f"{__name__}.{module.name}").make_figures()
        assert not figures.keys() & made.keys(), f"{module.name} uses a name twice"
        figures |= made
    return figures
