"""The study page as a rater meets it: opened from a file, with every other host cut off."""

import json
import time
import zlib
from datetime import datetime

import numpy as np
import pytest

from browser import Browser, find_chromium
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.data.video import write_video
from ssagan_lite.reproduction.study.analysis import analyse, as_text
from ssagan_lite.reproduction.study.answers import read_all, read_answers
from ssagan_lite.reproduction.study.page import make_page

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
NAMES = ("nimbus-method", "filmed-truth")
WORDS = (*NAMES, "nimbus", "filmed")
TOTAL = 6
LOCKED = 0.45  # seconds, a little over LOCK of page.js
ANSWERS = "document.querySelector('#answers').value"


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("clips")
    for number, sky in enumerate(synthetic_clips(4, 32, 6, seed=8).frames):
        write_video(root / NAMES[0] / f"{number}/", np.maximum(sky, 60))
        write_video(root / NAMES[1] / f"{number}/", sky)
    return [root / name for name in NAMES]


@pytest.fixture
def made(folders, tmp_path, request):
    """A page of the test's own: another seed is another study, of which the browser remembers nothing."""
    seed = zlib.crc32(request.node.name.encode())
    made = make_page(folders, tmp_path / "page.html", pairs=4, checks=2, seed=seed, fps=30)
    assert len(made.study.items) == TOTAL
    return made


@pytest.fixture
def opened(browser, made):
    pages = []

    def open_page(**options):
        page = browser.page(made.path, **options)
        pages.append(page)
        assert page.wait("document.querySelector('#code')"), page.console
        return page

    yield open_page
    for page in pages:
        page.close()


def press(page, text):
    page.evaluate(f"[...document.querySelectorAll('button')].find(b => b.textContent === {text!r}).click()")


def start(page, rater, at=0):
    page.evaluate("document.querySelector('#code').select()")
    for letter in rater:
        page.key(letter)
    page.key("Enter")
    arrive(page, at)


def arrive(page, at):
    """Wait until a pair is on show, and a moment more: what is pressed at once counts for nothing."""
    assert page.wait(f"document.querySelector('#stage').dataset.at === '{at}'"), page.console
    assert page.wait("!document.querySelector('.pick').disabled")
    time.sleep(LOCKED)


def nothing_told(page):
    """Neither the page as it stands nor what the browser remembers tells a method's name."""
    everything = page.evaluate("document.documentElement.outerHTML + JSON.stringify(localStorage)")
    return not [word for word in WORDS if word in everything]


def returned(page, tmp_path, name="answers.json"):
    assert page.wait("document.querySelector('#answers')"), page.console
    path = tmp_path / name
    path.write_text(page.evaluate(ANSWERS))
    return path


def downloaded(page, path):
    """What the page saves under this name."""
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(path.parent))
    press(page, "Save my answers")
    deadline = time.monotonic() + 10
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.read_text()


def test_all_pairs_by_keyboard_alone_and_by_mouse_are_answers_that_analyse_takes(opened, made, tmp_path):
    files, page = [], opened()
    start(page, "keys-1")
    for at in range(TOTAL):
        arrive(page, at)
        assert page.evaluate("document.querySelector('#where').textContent") == f"{at + 1} of {TOTAL}"
        assert nothing_told(page)
        page.key(("ArrowLeft", "1")[at % 2])
    files.append(returned(page, tmp_path, "keys.json"))
    assert nothing_told(page), "whoever rates several pages must not learn the names from the first"
    assert not [word for word in WORDS if word in files[0].read_text()]
    press(page, "Another person")
    start(page, "mouse-1")
    for at in range(TOTAL):
        arrive(page, at)
        page.click(("#right", "#right canvas")[at % 2])
    files.append(returned(page, tmp_path, "mouse.json"))
    keys, mouse = read_all(files)
    assert all(answer.chose_left for answer in keys.answers)
    assert not any(answer.chose_left for answer in mouse.answers)
    assert keys.study == mouse.study == made.study
    assert not keys.simulated
    told = json.loads(files[0].read_text())
    elapsed = datetime.fromisoformat(told["finished"]) - datetime.fromisoformat(told["started"])
    assert all(answer.seconds > LOCKED - 0.1 for answer in keys.answers)
    assert sum(answer.seconds for answer in keys.answers) < elapsed.total_seconds() + 0.1, "each pair's own seconds"
    assert [a.item.id for a in keys.answers] != [a.item.id for a in mouse.answers], "each rater has another order"
    assert sum(answer.left for answer in keys.answers) == TOTAL // 2, "either clip stands left in half of the pairs"
    assert as_text(analyse([keys])).startswith("Which is more realistic?")
    assert page.console == []
    assert page.requests == []


def test_the_canvas_shows_the_clip_that_the_answer_says(opened, made, tmp_path):
    """One method's clips have no level below 60: told by their darkest point, chosen wherever they stand."""
    page = opened()
    start(page, "eyes-1")
    darkest = """((side) => { const c = document.querySelector(side + ' canvas');
        return Math.min(...c.getContext('2d').getImageData(0, 0, c.width, c.height).data); })"""
    brighter = []
    for at in range(TOTAL):
        arrive(page, at)
        brighter.append(0 if page.evaluate(f"{darkest}('#left') > {darkest}('#right')") else 1)
        page.key(("ArrowLeft", "ArrowRight")[brighter[-1]])
    sheet = read_answers(returned(page, tmp_path))
    assert len(sheet.pairs) == 4
    assert {answer.item.methods[answer.chosen] for answer in sheet.pairs} == {NAMES[0]}
    assert set(brighter) == {0, 1}
    assert sheet.wrong_checks == 0, "the broken clip reaches into the dark"


def test_both_clips_loop_in_step_pause_and_begin_again(opened):
    page = opened()
    start(page, "loops-1")
    frames = "[...document.querySelectorAll('canvas')].map(c => Number(c.dataset.frame))"
    seen, deadline = set(), time.monotonic() + 10
    while seen != set(range(6)) and time.monotonic() < deadline:
        left, right = page.evaluate(frames)
        assert left == right
        seen.add(left)
        time.sleep(0.01)
    assert seen == set(range(6))
    page.key(" ")
    rests = page.evaluate(frames)
    time.sleep(0.2)
    assert page.evaluate(frames) == rests
    page.key("r")
    assert page.wait(f"{frames}[0] !== {rests[0]}")


def test_a_double_click_answers_one_pair(opened):
    page = opened()
    start(page, "twice-1")
    at = page.evaluate("""(async () => {
        const stage = document.querySelector('#stage'), left = document.querySelector('#left');
        left.click();
        left.click();
        while (stage.dataset.at === '0') await new Promise(requestAnimationFrame);
        left.click();
        await new Promise((done) => setTimeout(done, 300));
        return stage.dataset.at; })()""")
    assert at == "1"
    arrive(page, 1)
    page.key("ArrowLeft")
    arrive(page, 2)


def test_the_space_bar_pauses_also_after_a_click(opened):
    """A button that was clicked would keep the keyboard, and the space bar would press it again."""
    page = opened()
    start(page, "space-1")
    page.click("#left")
    arrive(page, 1)
    page.key(" ")
    assert page.wait("document.querySelector('.play').textContent === 'Play'")
    time.sleep(LOCKED)
    assert page.evaluate("document.querySelector('#stage').dataset.at") == "1"


def test_a_reload_goes_on_where_the_rater_stopped_and_nobody_goes_back(opened, made, tmp_path):
    page = opened()
    start(page, "pause-1")
    page.key("ArrowLeft")
    arrive(page, 1)
    page.key("ArrowRight")
    arrive(page, 2)
    press(page, "Take a break")
    assert page.evaluate("document.querySelectorAll('canvas').length") == 0
    page.key("ArrowLeft")  # during a break keys say nothing
    page.go(made.path.resolve().as_uri())
    assert page.wait("document.querySelector('.earlier')")
    assert "pause-1 has answered 2 of 6" in page.evaluate("document.querySelector('.earlier').textContent")
    press(page, "Go on")
    for at in range(2, TOTAL):
        arrive(page, at)
        page.key("ArrowRight")
    path = returned(page, tmp_path)
    assert [one["choice"] for one in json.loads(path.read_text())["answers"]] == ["left"] + ["right"] * 5
    page.go(made.path.resolve().as_uri())
    assert page.wait("document.querySelector('.earlier')"), "after the end nothing is lost either"
    press(page, "See the answers")
    assert returned(page, tmp_path, "again.json").read_text() == path.read_text()
    assert downloaded(page, tmp_path / f"answers-{made.study.id[:6]}-pause-1.json") == path.read_text()
    assert read_answers(path).rater == "pause-1"
    assert page.console == []


def test_memory_that_is_damaged_or_of_another_page_is_not_believed(opened, made):
    page = opened()
    for kept in ("{", "3", '{"x-1": 3}', '{"x-1": {"answers": [{"pair": "other", "choice": "left"}]}}'):
        page.evaluate(f"localStorage.setItem('ssagan-study-{made.study.id}', {json.dumps(kept)})")
        page.go(made.path.resolve().as_uri())
        assert page.wait("document.querySelector('#code')"), page.console
        assert not page.evaluate("Boolean(document.querySelector('.earlier'))")


@pytest.mark.parametrize("code", ["a", "-ab", "my name", "é1"])
def test_a_code_that_is_none_is_refused_in_words(opened, code):
    page = opened()
    page.evaluate(f"document.querySelector('#code').value = {json.dumps(code)}")
    page.click("button.main")
    assert page.wait("document.querySelector('#code-help[role=alert]')")
    assert page.evaluate("document.querySelector('#stage').dataset.screen") == "intro"


@pytest.mark.parametrize(("width", "dark"), [(380, True), (1200, False)])
def test_fits_a_telephone_and_the_dark(opened, width, dark):
    page = opened(width=width, dark=dark)
    assert page.overflow() <= 0
    start(page, "narrow-1")
    assert page.overflow() <= 0
    tops = page.evaluate("[...document.querySelectorAll('canvas')].map(c => c.getBoundingClientRect().top)")
    assert tops[0] == tops[1], "side by side at any width"
    assert page.evaluate("document.querySelector('.pick').getBoundingClientRect().width") > 0.4 * min(width, 800)
    colours = page.evaluate("[document.body, document.querySelector('.pick span')].map(n => getComputedStyle(n))"
                            ".map((s, i) => i ? s.color : s.backgroundColor)")  # fmt: skip
    page_level, text_level = (sum(map(int, colour[4:-1].split(","))) / 3 for colour in colours)
    assert (page_level < 60 and text_level > 180) if dark else (page_level > 230 and text_level < 90)
    assert page.console == []


def test_less_motion_starts_paused_and_asks_for_play_before_the_answer(opened):
    page = opened(reduced_motion=True)
    page.click("button.main")
    assert page.wait("document.querySelector('#stage').dataset.at === '0'")
    time.sleep(LOCKED)
    assert page.evaluate("[...document.querySelectorAll('.pick')].every(pick => pick.disabled)")
    assert page.evaluate("document.querySelector('canvas').dataset.frame") == "0"
    page.key("ArrowLeft")
    page.key(" ")
    assert page.wait("document.querySelector('canvas').dataset.frame > 0")
    assert page.evaluate("document.querySelector('#stage').dataset.at") == "0", "the arrow came before the clips moved"
    page.key("ArrowLeft")
    assert page.wait("document.querySelector('#stage').dataset.at === '1'")


def test_without_scripts_the_page_says_what_it_needs(browser, made):
    with browser.page(made.path, javascript=False) as page:
        text = page.evaluate("document.body.innerText")
    assert "needs JavaScript" in text
    assert "Nothing is sent" in text
