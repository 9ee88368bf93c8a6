"""The gallery of failing runs as a reader uses it, by mouse and by keyboard."""

import json

import pytest

from browser import find_chromium
from figure_page import flag
from figures.ch08 import stored
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore
from ssagan_lite.teach.explore.failures import DIAGNOSES, LETTERS, clip_of

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
TEXT = "document.querySelector('.ssagan-failures-detail').textContent"
TILE = "document.querySelector('[data-run=\"{}\"]')"
COMMIT = "[...document.querySelectorAll('button')].find(b => b.textContent === 'Commit')"
CHOOSE = """(() => {{ const label = [...document.querySelectorAll('.ssagan-choice')].find(l => l.textContent === {});
  label.querySelector('input').click(); }})()"""


def pick(page, letter):
    page.evaluate(f"{TILE.format(letter)}.click()")


def answer(page, cause):
    page.evaluate(CHOOSE.format(json.dumps(cause)))
    page.evaluate(f"{COMMIT}.click()")


def test_nothing_is_named_before_it_is_asked(opened):
    page = opened("failures")
    assert page.evaluate(flag("picked")) == "healthy"
    assert page.evaluate("document.querySelectorAll('.ssagan-failures-tile').length") == 9
    tiles = page.evaluate("document.querySelector('.ssagan-failures-grid').textContent")
    assert not [diagnosis.short for diagnosis in DIAGNOSES.values() if diagnosis.short in tiles]


def test_a_run_shows_its_curves_its_symptom_and_a_question(opened):
    page = opened("failures")
    pick(page, "C")
    assert page.evaluate(flag("picked")) == "C"
    diagnosis = list(DIAGNOSES.values())[2]
    assert diagnosis.symptom in page.evaluate(TEXT)
    assert diagnosis.cure not in page.evaluate(TEXT)
    assert page.evaluate("document.querySelectorAll('.ssagan-failures-detail svg.ssagan-chart').length") == 3
    assert page.evaluate(f"{COMMIT}.disabled")


@pytest.mark.parametrize("number", range(8))
def test_the_right_cause_is_praised_and_counted(opened, number):
    page, diagnosis = opened("failures"), list(DIAGNOSES.values())[number]
    pick(page, LETTERS[number])
    answer(page, diagnosis.cause)
    assert page.evaluate(flag("committed")) == "right"
    assert page.evaluate(flag("solved")) == "1"
    told = page.evaluate(TEXT)
    assert diagnosis.cure in told
    assert "{" not in told.replace(diagnosis.line, "")
    assert diagnosis.short in page.evaluate(f"{TILE.format(LETTERS[number])}.textContent")


def test_a_wrong_cause_is_answered_with_what_speaks_against_it(opened):
    page, diagnosis = opened("failures"), DIAGNOSES["swapped_labels"]
    pick(page, LETTERS[list(DIAGNOSES).index("swapped_labels")])
    answer(page, DIAGNOSES["idle_critic"].cause)
    assert page.evaluate(flag("committed")) == "wrong"
    assert page.evaluate(flag("solved")) == "0"
    told = page.evaluate(TEXT)
    assert diagnosis.replies["idle_critic"] in told
    assert diagnosis.cause in told


def test_runs_are_walked_with_the_arrow_keys_and_chosen_with_enter(opened):
    page = opened("failures", width=1000)
    page.evaluate(f"{TILE.format('healthy')}.focus()")
    page.key("ArrowRight")
    page.key("ArrowRight")
    page.key("ArrowLeft")
    page.key("Enter")
    assert page.evaluate(flag("picked")) == "A"
    page.key("ArrowDown")
    page.key("Enter")
    assert page.evaluate(flag("picked")) not in ("A", "healthy")


def test_a_cause_is_committed_by_keyboard(opened):
    page = opened("failures")
    pick(page, "A")
    page.evaluate("document.querySelector('.ssagan-choice input').focus()")
    page.key(" ")
    page.key("Tab")
    page.key("Enter")
    assert page.evaluate(flag("committed")) in ("right", "wrong")


def test_it_stands_still_where_less_motion_is_asked_for(opened):
    assert opened("failures", reduced_motion=True).evaluate(flag("playing")) == "false"


def test_a_missing_run_is_named():
    runs = stored()
    del runs["failed"]["few_clips"]
    with pytest.raises(InputError, match="few_clips"):
        explore.failing_runs(runs, title="Runs", alt="Runs.")


def test_the_clip_of_a_record_is_frames():
    assert clip_of(stored()["healthy"][0]).shape == (8, 32, 32, 3)
