"""Where the tests, and the notebooks that nbval runs, find the real sample clips."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).parent.parent / "shared" / "data" / "mdgan_samples"

# A folder beside the repository may hold the three files, so that nothing is downloaded. Kernels inherit the variable.
if BESIDE.is_dir():
    os.environ.setdefault("SSAGAN_CACHE", str(BESIDE))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip notebooks that need the samples where these can neither be found nor downloaded."""
    notebooks = {item.path for item in items if item.path.suffix == ".ipynb"}
    needing = {path for path in notebooks if "load_samples(" in path.read_text("utf-8")}
    if not needing or (missing := why_samples_are_missing()) is None:
        return
    for item in items:
        if item.path in needing:
            item.add_marker(pytest.mark.skip(reason=missing))


def why_samples_are_missing() -> str | None:
    """None where the samples load, else the sentence that says what is missing."""
    from ssagan_lite.data.samples import FILES, load_samples
    from ssagan_lite.errors import InputError

    try:
        for name in FILES:
            load_samples(name)
    except InputError as error:
        return str(error)
    return None
