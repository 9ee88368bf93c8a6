"""One of each figure, made once."""

import pytest

from figures import make_figures
from ssagan_lite.teach.bundle import Figure


@pytest.fixture(scope="session")
def figures() -> dict[str, Figure]:
    return make_figures()
