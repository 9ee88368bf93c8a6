"""The figures as a reader meets them: in a page, and alone in a sandboxed frame as Colab shows each output."""

import html

import numpy as np
import pytest

from browser import find_chromium
from figure_page import PAGE, READY, flag
from figures import make_figures

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
NAMES = tuple(make_figures())
FRAME = '<iframe sandbox="allow-scripts" style="width: 100%; height: 900px; border: 0" srcdoc="{}"></iframe>'
INKED = """(() => { const c = document.querySelector('canvas'); if (!c) return true;
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; return new Set(d).size > 8; })()"""


@pytest.mark.parametrize("width", [1000, 380])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_draws_without_complaint_in_both_themes_and_widths(opened, name, width, dark):
    page = opened(name, width=width, dark=dark)
    assert page.evaluate(INKED)
    report = page.report(screenshot=False)
    assert report.console == []
    assert report.requests == []
    assert report.overflow <= 0


@pytest.mark.parametrize("name", NAMES)
def test_works_alone_in_a_sandboxed_frame(browser, figures, name, tmp_path):
    file = tmp_path / "frame.html"
    file.write_text(PAGE.format(FRAME.format(html.escape(figures[name].html))), encoding="utf-8")
    with browser.page(file, width=700) as page:
        assert page.wait(READY, frame=True), page.console
        assert page.evaluate(INKED, frame=True)
        assert page.console == []


@pytest.mark.parametrize("name", NAMES)
def test_something_stands_there_without_scripts(browser, figures, name, tmp_path):
    file = tmp_path / "plain.html"
    file.write_text(PAGE.format(figures[name].html), encoding="utf-8")
    with browser.page(file, javascript=False) as page:
        static = "document.querySelector('.ssagan-static').getBoundingClientRect().height"
        assert page.evaluate(static) > 40


def test_text_is_readable_in_the_dark(opened):
    page = opened("play", dark=True)
    colour = page.evaluate("getComputedStyle(document.querySelector('.ssagan-title')).color")
    assert min(int(part) for part in colour[4:-1].split(",")[:3]) > 180


def test_a_page_that_changes_its_theme_is_followed(opened):
    page = opened("play")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.wait(f"{flag('theme')} === 'dark'")


def test_players_play_pause_and_scrub(opened):
    page = opened("play")
    assert page.wait(f"{flag('frame')} > 1"), "it plays by itself"
    page.click(".ssagan-play")
    assert page.evaluate(flag("playing")) == "false"
    page.evaluate("document.querySelector('input[type=range]').focus()")
    page.key("Home")
    page.key("ArrowRight")
    assert page.evaluate(flag("frame")) == "1"


def test_players_wait_where_less_motion_is_asked_for(opened):
    page = opened("play", reduced_motion=True)
    assert page.evaluate(flag("playing")) == "false"


def test_the_cursor_runs_along_the_curve(opened):
    page = opened("curves")
    drawn = "document.querySelector('svg.ssagan-chart').outerHTML"
    first = page.evaluate(drawn)
    page.evaluate("document.querySelector('input[type=range]').focus()")
    page.key("End")
    assert page.evaluate(flag("frame")) == "11"
    assert page.evaluate(drawn) != first


@pytest.mark.parametrize(("choice", "verdict", "words"), [(0, "wrong", "Nearly."), (1, "right", "Because it is.")])
def test_a_choice_is_committed_and_answered(opened, choice, verdict, words):
    page = opened("choice")
    assert page.evaluate("document.querySelector('button').disabled")
    page.click(f"input[value='{choice}']")
    page.click("button")
    assert page.evaluate(flag("committed")) == verdict
    assert words in page.evaluate("document.querySelector('.ssagan-card').textContent")


def test_a_number_is_committed_by_keyboard_and_answered(opened):
    page = opened("range")
    page.evaluate("document.querySelector('input[type=range]').focus()")
    page.key("Home")
    page.key("Tab")
    page.key("Enter")
    told = page.evaluate("document.querySelector('.ssagan-card').textContent")
    assert "26.8 dB" in told
    assert "More." in told


def test_a_dot_tells_its_numbers(opened):
    page = opened("plane")
    page.click("[data-dot='copy-first']")
    assert "26.80 dB" in page.evaluate("document.querySelector('.ssagan-stage').textContent")


def test_a_hidden_dot_appears_once_the_reader_has_guessed(opened):
    page = opened("guess")
    there = "Boolean(document.querySelector(\"[data-dot='MD-GAN Stage I']\"))"
    assert not page.evaluate(there)
    page.click("svg", at=(0.5, 0.5))
    assert " dB, motion " in page.evaluate("document.querySelector('[aria-live=polite]:not(:empty)').textContent")
    page.evaluate("[...document.querySelectorAll('button')].find(b => b.textContent === 'Commit').click()")
    assert page.wait(there)
    assert page.wait("document.activeElement.dataset.dot === 'MD-GAN Stage I'"), "the focus goes on to what appeared"


def test_dots_without_a_role_differ_in_shape_and_say_what_sets_them_apart(opened):
    page = opened("plane_others", width=800)
    shapes = page.evaluate("""[...document.querySelectorAll('.ssagan-controls [data-dot]')].map(
        b => b.querySelector('polygon').getAttribute('points'))""")
    assert len(shapes) == len(set(shapes)) == 6
    legend = page.evaluate("[...document.querySelectorAll('.ssagan-controls [data-dot]')].map(b => b.textContent)")
    assert legend[-2].strip() == "true flow (other clips)"
    assert "not comparable yet" not in page.evaluate("document.querySelector('.ssagan-stage').textContent")
    assert "↑ flow (1 = as real)" in page.evaluate("document.querySelector('svg.ssagan-chart').textContent")


@pytest.mark.parametrize("width", [600, 800])
def test_the_line_of_the_truth_strikes_no_label_through(opened, width):
    page = opened("plane_others", width=width)
    apart = page.evaluate("""(() => { const line = Number(document.querySelector('.ssagan-truth').getAttribute('y1'));
        const labels = [...document.querySelectorAll('svg.ssagan-chart text[aria-hidden]')];
        return labels.map(t => t.getBBox()).map(b => Math.max(b.y + 2 - line, line - b.y - b.height + 2)); })()""")
    assert len(apart) == 6
    assert min(apart) > 0


def test_names_are_told_after_the_pick(opened):
    page = opened("watch")
    assert "backwards" not in page.evaluate("document.querySelector('.ssagan-stage').textContent")
    page.evaluate("[...document.querySelectorAll('button')].find(b => b.textContent === 'B').click()")
    assert page.wait(flag("picked"))
    told = page.evaluate("document.querySelector('.ssagan-stage').textContent")
    assert "backwards, 22.00 dB" in told
    assert "PSNR likes what stands still." in told
    assert page.evaluate("document.querySelectorAll('canvas').length") == 3, "the truth joins them"


MACHINE = """(() => { const c = document.querySelector('canvas');
  return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0); })()"""


def slide(page, name: str, value: float) -> np.ndarray:
    """Move a slider of the cloud machine; the red of what it shows then, (120, 160)."""
    page.evaluate(f"""(() => {{ const s = document.querySelector('[data-name={name}]'); s.value = {value};
        s.dispatchEvent(new Event('input')); }})()""")
    return np.array(page.evaluate(MACHINE), float).reshape(120, 160)


def one_frame(page) -> np.ndarray:
    page.evaluate("[...document.querySelectorAll('button')].find(b => b.textContent === 'One frame').click()")
    return np.array(page.evaluate(MACHINE), float).reshape(120, 160)


def test_the_cloud_machine_does_what_its_sliders_say(opened):
    page = opened("machine", reduced_motion=True)
    rough = [np.abs(np.diff(slide(page, "slope", slope), axis=1)).mean() for slope in (0.5, 1.5, 2.5)]
    assert rough[0] > 2 * rough[1] > 4 * rough[2], "the weaker the short waves, the smoother"
    covered = [slide(page, "cover", cover).mean() for cover in (-1, 0, 1)]
    assert covered[0] < covered[1] < covered[2], "more cloud, more white"


def test_the_cloud_machines_wind_carries_and_its_eddies_change(opened):
    page = opened("machine", reduced_motion=True)
    page.evaluate("document.querySelector('input[type=checkbox]').click()")  # without perspective
    for name, value in (("eddies", 0), ("direction", 0), ("wind", 0.8), ("slope", 2)):
        before = slide(page, name, value)
    after = one_frame(page)  # 0.8 cells are one pixel
    assert np.abs(after[:, 1:] - before[:, :-1]).mean() < 0.5
    assert np.abs(after - before).mean() > 1
    slide(page, "wind", 0)
    before = slide(page, "eddies", 0.02)
    after = one_frame(page)
    assert np.abs(after - before).mean() > 0.3
