"""Chapter 10's slider over training, as a reader uses it; and what it refuses."""

import pytest

from browser import find_chromium
from figure_page import flag
from figures.ch10 import make_runs
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore

in_browser = [
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it"),
    pytest.mark.xdist_group("browser"),
]
SUMS = """[...document.querySelectorAll('canvas')].map(c => {
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; return d.reduce((a, b) => a + b, 0); })"""


class TestInTheBrowser:
    pytestmark = in_browser

    def test_it_begins_before_the_first_step(self, opened):
        page = opened("gamma_steps")
        assert page.evaluate(flag("step")) == "0"
        assert "even would be" not in page.evaluate("document.querySelector('.ssagan-run').textContent")

    def test_the_keyboard_goes_through_training(self, opened):
        page = opened("gamma_steps", reduced_motion=True)
        before = page.evaluate(SUMS)
        page.evaluate("document.querySelector('input[aria-label=\"training step\"]').focus()")
        page.key("End")
        assert page.evaluate(flag("step")) == "100"
        assert page.evaluate(SUMS) != before, "clips and maps are those of the last step"
        told = page.evaluate("document.querySelector('.ssagan-run').textContent")
        assert "PSNR 22.0 dB" in told
        assert "the most watched place gets 16 %" in told

    def test_buttons_go_one_look_on_and_stop_at_the_ends(self, opened):
        page = opened("gamma_steps")
        for expected in ("10", "100", "100"):
            page.click("button[aria-label='the next look']")
            assert page.evaluate(flag("step")) == expected
        page.click("button[aria-label='the look before']")
        assert page.evaluate(flag("step")) == "10"

    def test_a_click_into_the_chart_goes_there(self, opened):
        page = opened("gamma_steps")
        page.click("svg.ssagan-chart", at=(0.85, 0.5))
        assert page.evaluate(flag("step")) == "100"

    def test_each_gamma_is_named_at_its_line(self, opened):
        drawn = opened("gamma_steps").evaluate("document.querySelector('svg.ssagan-chart').textContent")
        assert all(name in drawn for name in ("conv4", "conv5", "deconv1"))


def test_runs_that_were_looked_at_at_other_times_are_refused():
    runs = make_runs()
    runs["gate open"].pop()
    photo = synthetic_clips(1, 32, 8, seed=3).frames[0, 0]
    with pytest.raises(InputError, match="in the same steps"):
        explore.gamma_steps(runs, photo, (1, 2), title="t", alt="a")
