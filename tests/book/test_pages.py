"""Every built page in a browser, over file:// with no network, in both themes, wide and narrow."""

from pathlib import Path

import pytest
import yaml

from browser import Browser, find_chromium, open_page
from figure_page import AWAKE
from tools.screenshots import pages

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("pages"),
]
ROOT = Path(__file__).resolve().parents[2]
CONTENTS = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text("utf-8"))
PAGES = ["index", *(chapter["file"] for part in CONTENTS["parts"] for chapter in part["chapters"])]
MATHS = "[...document.querySelectorAll('.math')].every(m => m.querySelector('mjx-container'))"
BLANK = """[...document.querySelectorAll('canvas')].filter(c => {
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let sum = 0; for (let i = 3; i < d.length; i += 4) sum += d[i];
  return sum === 0; }).length"""
CARDS = """[...document.querySelectorAll('figure.ssagan')].map(f => {
  const shown = getComputedStyle(f.querySelector('.ssagan-stage')).color.match(/\\d+/g).map(Number);
  let behind = f, paint; do { paint = getComputedStyle(behind).backgroundColor; behind = behind.parentElement; }
  while (behind && /, 0\\)$|transparent/.test(paint));
  return Math.abs(shown[0] - Number(paint.match(/\\d+/)[0])); })"""


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("width", "dark"), [(1200, False), (380, True)])  # both widths, both themes
def test_page_comes_up_whole(built_book, browser, page, width, dark):
    report = open_page(built_book / f"{page}.html", width, dark, browser=browser, wait=f"{AWAKE} && {MATHS}")
    assert report.ready, "a figure sleeps, or a formula is not set"
    assert report.console == []
    assert report.requests == []
    assert report.overflow <= 0


@pytest.mark.parametrize("dark", [False, True])
def test_figures_are_drawn_and_readable(built_book, browser, dark):
    with browser.page(built_book / "01_what_happens_next.html", dark=dark) as page:
        assert page.wait(AWAKE)
        assert page.evaluate("document.querySelectorAll('canvas').length") >= 5
        assert page.evaluate(BLANK) == 0
        assert min(page.evaluate(CARDS)) > 120, "text and what lies behind it differ too little"


def test_every_page_of_the_table_of_contents_is_tested(built_book):
    assert pages(built_book) == set(PAGES)


def test_nothing_is_loaded_from_elsewhere(built_book):
    import re

    for file in built_book.rglob("*.html"):
        text = file.read_text("utf-8")
        loading = re.findall(r'<(?:script|img|iframe|source|video)[^>]+(?:src|srcset)="(https?://[^"]+)"', text)
        loading += re.findall(r'<link[^>]+rel="(?:stylesheet|preload|icon)"[^>]+href="(https?://[^"]+)"', text)
        assert not loading, f"{file.name}: {loading}"


def test_home_shows_a_moving_sky_that_respects_stillness(built_book, browser):
    source = "document.querySelector('.home-sky img').currentSrc.split('/').pop()"
    with browser.page(built_book / "index.html") as page:
        assert page.evaluate(source) == "home_sky.webp"
        assert page.evaluate("document.querySelector('.home-sky img').naturalWidth") > 600
    with browser.page(built_book / "index.html", reduced_motion=True) as page:
        assert page.evaluate(source) == "home_sky_still.webp"
