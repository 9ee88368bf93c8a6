"""What every figure of the book is: a bundle that works where no kernel, no network and no script is."""

import base64
import io
import json
import re
from importlib import resources

import numpy as np
import pytest
from PIL import Image

from figures import make_figures
from ssagan_lite.errors import InputError
from ssagan_lite.teach import explore, predict_first, results, scale, show
from ssagan_lite.teach.bundle import Figure, scripts
from ssagan_lite.teach.frames import pack_clip, unpack_clip
from ssagan_lite.teach.palette import LINES, ROLES, SHAPES, asset, colours, role_of

NAMES = tuple(make_figures())
CLIP = np.zeros((4, 16, 16, 3), np.uint8)


@pytest.mark.parametrize("name", NAMES)
class TestEveryFigure:
    def test_carries_html_a_picture_and_words(self, figures, name):
        bundle = figures[name]._repr_mimebundle_()
        assert set(bundle) == {"text/html", "image/png", "text/plain"}
        picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
        assert np.asarray(picture.convert("L")).std() > 3, "the still is not blank"
        assert len(bundle["text/plain"]) >= 8

    def test_asks_nothing_of_a_network(self, figures, name):
        page = figures[name].html
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", page)) - {"http://www.w3.org/2000/svg"}
        assert not addresses
        assert "<link" not in page
        assert not re.search(r"<script[^>]+src=", page)

    def test_stays_in_budget_and_is_the_same_in_every_run(self, figures, figures_again, name):
        assert figures[name].size <= 300_000
        assert figures_again[name].html == figures[name].html

    def test_shows_something_where_no_script_runs(self, figures, name):
        without = re.sub(r"<script.*?</script>", "", figures[name].html, flags=re.DOTALL)
        static = re.search(r'class="ssagan-static">(.*?)</div>', without, flags=re.DOTALL)[1]
        assert "<img" in static or "<details" in static


def test_answers_are_not_readable_at_a_glance(figures):
    assert "Nearly." not in figures["choice"].html
    assert "22.00 dB" not in figures["watch"].html
    assert "0.84" not in figures["guess"].html
    assert "26.8" not in re.sub(r"<details.*?</details>", "", figures["range"].html, flags=re.DOTALL)


def test_every_asset_is_used_and_holds_no_address(figures):
    kinds = {re.search(r'data-kind="(\w+)"', figure.html)[1] for figure in figures.values()}
    used = {"figure.css"}.union(*map(scripts, kinds))
    there = {file.name for file in resources.files("ssagan_lite.teach").joinpath("assets").iterdir()}
    assert used == {name for name in there if name.removesuffix(".css") not in kinds}
    for name in there:
        assert not re.search(r"https?://(?!www\.w3\.org)", asset(name)), name


def test_a_figure_without_a_first_line_that_names_its_needs_is_refused(monkeypatch):
    monkeypatch.setattr("ssagan_lite.teach.bundle.asset", lambda name: "mountAll();")
    with pytest.raises(InputError, match="must begin with a line"):
        scripts.__wrapped__("new")


@pytest.mark.parametrize("name", explore.FIGURES)
def test_figures_are_found_by_name(name):
    assert getattr(explore, name).__name__ == name


def test_every_role_has_a_line_a_shape_and_two_colours():
    assert set(LINES) == set(SHAPES) == set(ROLES)
    assert set(ROLES) <= set(colours("light")) & set(colours("dark"))
    assert len(set(SHAPES.values())) == len(ROLES)


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("copy-first", "copy-first"),
        ("Copy first", "copy-first"),
        ("fading copy", "fading-copy"),
        ("the truth", "truth"),
        ("MD-GAN Stage I", "mdgan-stage1"),
        ("MD-GAN II", "mdgan-stage2"),
        ("ours", "ours"),
        ("the paper", "paper"),
        ("something new", "other"),
    ],
)
def test_labels_find_their_role(label, role):
    assert role_of(label) == role


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: show.play(CLIP, alt=" "), "alt"),
        (lambda: Figure("x" * 400_000, b"", "words"), "400 KB of 300 KB"),
        (lambda: show.play(CLIP.astype(float), alt="a clip"), "uint8"),
        (lambda: explore.plane([], title="t", alt="a"), "at least one dot"),
        (lambda: explore.plane([explore.Dot("a", 1.0, 1.0)], guess="b", title="t", alt="a"), "guess"),
        (
            lambda: explore.plane(
                [explore.Dot("a", 23.71, 0.84), explore.Dot("b", 30, 0)],
                guess="a",
                title="t",
                alt="b at 30 dB, and a at 23.7 dB with 0.84 of the motion",
            ),
            "tells where a falls",
        ),
        (lambda: predict_first("?", ["a", "b"], "c", "why"), "none of the choices"),
        (lambda: predict_first("?", range=(0, 1, "dB"), answer=2, why="why"), "between"),
        (lambda: predict_first("?", answer=2, why="why"), "either choices"),
        (lambda: explore.error_curves(CLIP, {"c": CLIP}, {"c": [np.nan] * 4}, title="t", alt="a"), "finite"),
    ],
)
def test_what_cannot_be_drawn_is_said(make, named):
    with pytest.raises(InputError, match=named):
        make()


def test_results_are_found_by_name_and_missing_ones_said(tmp_path, monkeypatch):
    (tmp_path / "book" / "results").mkdir(parents=True)
    (tmp_path / "book" / "results" / "made.json").write_text('{"a": {"b": [1, 2.5]}}')
    monkeypatch.chdir(tmp_path / "book")
    assert results.value("made.json", "a.b.1") == 2.5
    with pytest.raises(InputError, match="there is b"):
        results.value("made.json", "a.c")
    with pytest.raises(InputError, match=r"there is made\.json"):
        results.value("other.json", "a")


def test_without_a_repository_the_results_that_were_installed_are_read(tmp_path, monkeypatch):
    (tmp_path / "stored").mkdir()
    (tmp_path / "stored" / "made.json").write_text('{"a": 3}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(results, "REPOSITORY", tmp_path / "nowhere")
    monkeypatch.setattr(results, "SHIPPED", tmp_path / "stored")
    assert results.value("made.json", "a") == 3
    monkeypatch.setattr(results, "SHIPPED", tmp_path / "neither")
    with pytest.raises(InputError, match="was not found"):
        results.value("made.json", "a")


def test_a_clip_goes_into_json_and_comes_back():
    clip = np.stack([np.full((16, 24, 3), 60 * t, np.uint8) for t in range(4)])  # (T, H, W, 3)
    clip[:, :, :12] //= 2
    back = unpack_clip(json.loads(json.dumps(pack_clip(clip))))
    assert back.shape == clip.shape
    assert back.dtype == np.uint8
    assert np.abs(back.astype(int) - clip).mean() < 4


def test_the_scale_is_the_readers_unless_a_gpu_is_there(monkeypatch):
    monkeypatch.delenv("SSAGAN_SCALE", raising=False)
    assert scale() == "reader"
    monkeypatch.setenv("SSAGAN_SCALE", "full")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert scale() == "reader"
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert scale() == "full"
    monkeypatch.setenv("SSAGAN_SCALE", "huge")
    with pytest.raises(InputError, match="huge"):
        scale()
