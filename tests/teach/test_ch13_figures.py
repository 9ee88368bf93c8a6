"""The list of the audit as a reader uses it, by mouse and by keyboard; and that each row can be drawn."""

import json

import pytest

from browser import find_chromium
from figure_page import flag, press
from figures.ch13 import ROWS, make_rows
from ssagan_lite.errors import InputError
from ssagan_lite.teach import audit, explore, results
from ssagan_lite.teach.explore.audit import _bars
from ssagan_lite.teach.explore.audit_rows import EFFECTS, SHOWN

in_browser = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
ROW = "document.querySelector('[data-row=\"{}\"]')"


def guess(page, name, effect):
    page.evaluate(f"{ROW.format(name)}.querySelector('[data-guess={effect}]').click()")


def text(page, name):
    return page.evaluate(f"{ROW.format(name)}.textContent")


class TestInTheBrowser:
    pytestmark = in_browser

    def test_a_closed_row_tells_paper_and_code_and_no_verdict(self, opened):
        page = opened("audit_list")
        told, row = text(page, "drop-last"), make_rows()["drop-last"]
        assert row["paper"] in told
        assert row["code"] in told
        assert row["places"][0] in told
        for hidden in ("verdict", "claim", "measured"):
            assert row[hidden] not in told
        source = page.evaluate("document.querySelector('script[type=\"application/json\"]').textContent")
        assert row["measured"] not in source

    @pytest.mark.parametrize("name", ROWS)
    def test_a_right_guess_shows_what_was_measured(self, opened, name):
        page, row = opened("audit_list"), make_rows()[name]
        guess(page, name, SHOWN[name].effect)
        told = text(page, name)
        assert "Yes: " in told
        assert row["measured"] in told
        assert row["claim"] in told
        assert row["verdict"] in told
        assert page.evaluate(f"{ROW.format(name)}.querySelectorAll('.ssagan-audit-bars li').length") == len(
            SHOWN[name].bars
        )
        assert page.evaluate(flag("right")) == "1"

    def test_a_wrong_guess_is_answered_and_the_first_one_counts(self, opened):
        page = opened("audit_list")
        guess(page, "learning-rate", "nothing")
        assert f"No: {EFFECTS['training']}" in text(page, "learning-rate")
        assert page.evaluate(flag("committed")) == "wrong"
        assert page.evaluate(flag("right")) == "0"
        assert page.evaluate(f"{ROW.format('learning-rate')}.querySelector('[data-guess]')") is None

    def test_filters_show_opened_rows_only_and_come_off_again(self, opened):
        page = opened("audit_list")
        guess(page, "drop-last", "number")
        guess(page, "attention-softmax", "number")
        page.click("[data-filter='holds']")
        assert page.evaluate(flag("shown")) == "1"
        assert page.evaluate(f"{ROW.format('drop-last')}.hidden")
        page.click("[data-filter='number']")
        assert page.evaluate(flag("shown")) == "0", "no opened row both holds and changes a number"
        page.click("[data-filter='holds']")
        page.click("[data-filter='number']")
        assert page.evaluate(flag("shown")) == str(len(ROWS))

    def test_who_is_in_a_hurry_sees_all_verdicts_and_no_score(self, opened):
        page = opened("audit_list")
        page.evaluate(press("Show all verdicts"))
        assert page.evaluate(flag("opened")) == str(len(ROWS))
        chips = "[...document.querySelectorAll('.ssagan-audit-head .ssagan-audit-chip')].map(c => c.dataset.verdict)"
        assert page.evaluate(chips) == [row["verdict"] for row in make_rows().values()]
        assert "guesses" not in page.evaluate("document.querySelector('.ssagan-audit-count').textContent")

    def test_claims_in_our_words_are_marked_and_counted_apart(self, opened):
        page = opened("audit_list")
        page.evaluate(press("Show all verdicts"))
        assert "our words; the paper is silent" in text(page, "table4-jensen")
        assert "our words" not in text(page, "drop-last")
        tally = "document.querySelector('[data-filter=\"cannot be tested here\"] .ssagan-audit-tally').textContent"
        assert page.evaluate(tally) == "0 + 1 in our words"
        page.click("[data-filter='ours']")
        assert page.evaluate(flag("shown")) == "1"
        assert not page.evaluate(f"{ROW.format('table4-jensen')}.hidden")

    def test_the_keyboard_goes_from_row_to_row_and_opens_one(self, opened):
        page = opened("audit_list")
        page.evaluate("document.querySelector('.ssagan-audit-head').focus()")
        page.key("ArrowDown")
        focused = "document.activeElement.closest('.ssagan-audit-row').dataset.row"
        assert page.evaluate(focused) == ROWS[1]
        page.key("Enter")
        assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
        assert page.evaluate(flag("open")) == "2"
        page.key("Tab")
        page.key("Enter")
        assert page.evaluate(flag("committed")) in ("right", "wrong")


def test_every_row_of_the_audit_can_be_drawn_with_its_measured_numbers():
    assert list(SHOWN) == [name for name in audit.ROWS if name != "done-well"], "of which nobody asks what it changes"
    rows = results.value("audit.json", "rows")
    for name, shown in SHOWN.items():
        assert shown.effect in EFFECTS
        bars = _bars(rows[name]["values"], shown)
        assert len(bars) == len(shown.bars), name
        assert all(0 <= bar["from"] <= bar["to"] <= 1 for bar in bars)


def test_bars_below_zero_begin_to_the_left_of_it():
    below, *_, above = _bars(audit.run("table4-jensen")["values"], SHOWN["table4-jensen"])
    assert below["from"] < below["to"] == below["zero"] == above["from"] < above["to"]
    assert below["text"].startswith("-")


def test_a_measurement_that_is_missing_leaves_its_bar_out():
    values = {"ours": {"shapes": {"conv6": [512, 1, 1, 1]}}}
    (only,) = _bars(values, SHOWN["size-64-branch"])
    assert only["text"] == "1"


def test_an_unknown_row_is_refused():
    with pytest.raises(InputError, match="how to draw new-row"):
        explore.audit_list({"new-row": {}}, title="t", alt="a")


def test_the_still_form_holds_every_row_folded():
    figure = explore.audit_list(make_rows(), title="t", alt="a")
    page = figure.html.split("<script")[0]
    assert page.count("<details>") == len(ROWS)
    assert json.dumps(figure.alt)
