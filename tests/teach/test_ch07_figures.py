"""The GAN on one number, as a reader meets it: what it claims holds for at least nine of ten seeds."""

import json

import pytest

from browser import find_chromium
from figure_page import flag, press
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]


def choose(page, *choices: str) -> None:
    for choice in choices:
        page.evaluate(f"document.querySelector('[data-choice=\"{choice}\"]').click()")


def tally(page, *choices: str) -> dict[str, int]:
    """How many of ten seeds end where, with these settings."""
    choose(page, *choices)
    page.evaluate(press("Ten seeds at once"))
    assert page.wait(flag("tally"), seconds=240)
    return json.loads(page.evaluate(flag("tally")))


def run(page, times: int = 1) -> float:
    for _ in range(times):
        page.evaluate(press("Run 500"))
    return float(page.evaluate(flag("mean")))


def test_without_noise_it_takes_one_side_and_the_seed_chooses_which(opened):
    page = opened("one_number", reduced_motion=True)
    counts = tally(page, "noise=off")
    assert counts.get("left", 0) + counts.get("right", 0) >= 9
    assert min(counts["left"], counts["right"]) >= 2


def test_with_noise_it_covers_both_sides(opened):
    page = opened("one_number", reduced_motion=True)
    assert tally(page, "noise=on")["both"] >= 9
    assert page.evaluate("document.querySelectorAll('svg').length") > 3, "each seed is drawn"


@pytest.mark.parametrize("noise", ["on", "off"])
def test_squared_error_ends_in_the_empty_middle(opened, noise):
    page = opened("one_number", reduced_motion=True)
    assert tally(page, "teacher=squares", f"noise={noise}") == {"middle": 10}


def test_the_place_makes_it_harder_and_the_head_start_alone_does_not(opened):
    page = opened("one_number_all", reduced_motion=True)
    assert tally(page, "noise=on", "start=far", "lead=0").get("both", 0) <= 8
    assert tally(page, "start=middle", "lead=200")["both"] >= 9


def test_a_far_generator_feels_the_minimax_loss_less(opened):
    page = opened("one_number_all", reduced_motion=True)
    arrow = "Math.abs(Number(document.querySelector('.ssagan').dataset.push))"
    choose(page, "start=far", "lead=200")
    strong = page.evaluate(arrow)
    choose(page, "loss=minimax")
    assert page.evaluate(arrow) < strong / 100


def test_a_seed_is_the_same_run_each_time_and_another_is_another(opened):
    page = opened("one_number_all", reduced_motion=True)
    first = run(page)
    page.evaluate(press("Restart"))
    assert page.evaluate(flag("step")) == "0"
    assert run(page) == first
    page.click("[aria-label='next seed']")
    assert page.evaluate(flag("seed")) == "4"
    assert run(page) != first


def test_drawing_each_step_does_not_change_the_training(opened):
    page = opened("one_number", reduced_motion=True)
    run(page)
    at_once = page.evaluate(flag("loss"))
    page.evaluate(press("Restart"))
    page.evaluate(f"for (let i = 0; i < 500; i++) {{ {press('One step')}; }}")
    assert page.evaluate(flag("step")) == "500"
    assert page.evaluate(flag("loss")) == at_once


def test_it_waits_for_play_and_is_worked_by_keyboard(opened):
    page = opened("one_number")
    assert page.evaluate(flag("playing")) == "false"
    page.evaluate("document.querySelector('.ssagan-play').focus()")
    page.key("Enter")
    assert page.wait(f"Number({flag('step')}) > 3")
    page.key(" ")
    assert page.evaluate(flag("playing")) == "false"
    page.evaluate("document.querySelector('[data-choice=\"noise=off\"]').focus()")
    page.key("Enter")
    assert page.evaluate(flag("step")) == "0", "another setting begins anew"
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"


def test_a_count_that_is_left_behind_ends(opened):
    page = opened("one_number", reduced_motion=True)
    page.evaluate(press("Ten seeds at once"))
    page.evaluate(press("Restart"))
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 300))")
    assert page.evaluate(f"{flag('tally')} === undefined")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"controls": ("colour",)}, "has no setting 'colour'"),
        ({"start": {"noise": "loud"}}, "noise is one of on, off, not 'loud'"),
        ({"start": {"moise": "on"}}, "has no setting 'moise'"),
        ({"seed": 0}, "from 1 on"),
    ],
)
def test_what_it_does_not_know_is_said(options, words):
    with pytest.raises(InputError, match=words):
        explore.one_number_gan(title="One", alt="One.", **options)


def test_on_paper_each_start_has_a_picture_of_its_own():
    near, far = (
        explore.one_number_gan(title="One", alt="One.", start={"start": start}).still for start in ("middle", "far")
    )
    assert near != far
