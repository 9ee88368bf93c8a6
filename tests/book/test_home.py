"""The home page: what it loads, whether it holds still while it loads, what its first screen shows, how it prints."""

import re

import pytest
from PIL import Image

from browser import Browser, find_chromium
from static_server import Server

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("pages"),
]
BUDGET = 1_500_000  # bytes, as served, with nothing compressed
WINDOWS = [(1280, 800), (390, 844)]  # a laptop, a phone
SKY = "document.querySelector('.home-sky img')"
LOADED = """[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
    .map(e => [e.name.split('?')[0], e.encodedBodySize])"""
SHIFT = """new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value; })
        .observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => done(sum), 600); })"""


@pytest.fixture(scope="module")
def site(built_book):
    """The address of the built book, on a server as plain as GitHub Pages."""
    server = Server(built_book)
    yield server.url().rstrip("/")
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


def test_home_is_light(site, browser):
    with browser.page(f"{site}/index.html") as page:
        assert page.wait(f"{SKY}.complete && {SKY}.naturalWidth")
        sizes = dict(page.evaluate(LOADED))
    sky = [name for name in sizes if name.endswith("home_sky.webp")]
    assert len(sky) == 1
    assert sizes[sky[0]] < 300_000
    assert sizes[f"{site}/index.html"] > 10_000  # sizes are known at all
    assert sum(sizes.values()) < BUDGET, sorted(sizes.items(), key=lambda pair: -pair[1])[:5]


@pytest.mark.parametrize(("width", "height"), WINDOWS)
@pytest.mark.parametrize(
    ("name", "most"), [("index", 0.01), ("live", 0.1), ("09_measuring", 0.1)]
)  # 0.1 passes as good
def test_nothing_moves_while_a_page_loads(site, browser, name, most, width, height):
    with browser.page(f"{site}/{name}.html", width=width, height=height) as page:
        assert page.evaluate(SHIFT) < most


@pytest.mark.parametrize(("width", "height"), WINDOWS)
def test_the_sky_is_in_the_first_screen(site, browser, width, height):
    with browser.page(f"{site}/index.html", width=width, height=height) as page:
        top, bottom = page.evaluate(f"(b => [b.top, b.bottom])({SKY}.getBoundingClientRect())")
    assert 0 < top < bottom <= height


@pytest.mark.parametrize("name", ["index", "03_the_module", "teaching/sheets"])
def test_paper_gets_the_page_alone(site, browser, name):
    hidden = "[...document.querySelectorAll('.bd-sidebar-primary, .bd-header, .bd-header-article, .copybtn')]"
    with browser.page(f"{site}/{name}.html", width=700, print_media=True) as page:
        assert page.evaluate(f"{hidden}.every(e => getComputedStyle(e).display === 'none')")
        assert page.overflow() <= 0


@pytest.mark.parametrize("name", ["index", "03_the_module", "teaching/index"])
def test_a_shared_link_shows_a_picture_a_title_and_a_sentence(built_book, name):
    text = (built_book / f"{name}.html").read_text("utf-8")
    tags = dict(re.findall(r'<meta property="(og:[\w:]+)" content="([^"]*)"', text))
    assert tags["og:title"] in re.sub(r"<[^>]+>", "", text.split("<h1>")[1])
    assert len(tags["og:description"]) > 60
    assert "twitter:card" in text
    with Image.open(built_book / tags["og:image"]) as picture:
        assert picture.size == (1200, 630)


def test_the_search_knows_the_chapters(site, browser):
    with browser.page(f"{site}/search.html?q=softmax") as page:
        assert page.wait("document.querySelectorAll('#search-results li').length > 2", seconds=20)
        found = page.evaluate("document.querySelector('#search-results').innerHTML")
    assert "02_attention.html" in found
