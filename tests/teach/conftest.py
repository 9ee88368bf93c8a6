"""One of each figure, made once; and a browser that opens one alone in a page."""

import pytest

from browser import Browser
from figure_page import PAGE, READY
from figures import make_figures
from ssagan_lite.teach.bundle import Figure


@pytest.fixture(scope="session")
def figures() -> dict[str, Figure]:
    return make_figures()


@pytest.fixture(scope="session")
def figures_again() -> dict[str, Figure]:
    """The same, made a second time."""
    return make_figures()


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def opened(browser, figures, tmp_path):
    """Opens a figure alone in a page and waits until it is ready."""
    pages = []

    def open_figure(name, **options):
        file = tmp_path / f"{name}.html"
        file.write_text(PAGE.format(figures[name].html), encoding="utf-8")
        page = browser.page(file, **options)
        pages.append(page)
        assert page.wait(READY), page.console
        return page

    yield open_figure
    for page in pages:
        page.close()
