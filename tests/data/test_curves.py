"""The curves of a training run."""

import math
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ssagan_lite.data.curves import draw_curves, gamma_names, plot_curves, read_curve, spread, thin

LAYERS = [f"conv{i}" for i in range(1, 7)] + [f"deconv{i}" for i in range(1, 7)]


def made_up(steps):
    """A run with every metric; flow ratios at every 50th step only."""
    random = np.random.default_rng(0)
    lines = []
    for step in range(1, steps + 1):
        t, noise = step / steps, random.normal(size=6)
        real, fake = 2 * t + 0.5 * noise[0], -2 * t + 0.5 * noise[1]
        line = {"step": step, "critic/real_logit": real, "critic/fake_logit": fake}
        line |= {"critic/penalty": 0.1, "critic/loss": fake - real + 0.1, "generator/adversarial": -fake}
        line |= {"generator/content": 0.1 + 0.3 * math.exp(-6 * t) + 0.01 * noise[2], "generator/ssim": 0.4}
        line["generator/loss"] = line["generator/content"] - fake
        line |= {f"gamma/{name}": (i - 5) * 0.02 * t**0.5 for i, name in enumerate(LAYERS)}
        line |= {"gradient/generator": math.exp(0.4 * noise[3] - t), "gradient/discriminator": 5 * math.exp(noise[4])}
        line["motion/flow_ratio"] = 0.2 + 0.6 * t + 0.03 * noise[5] if step % 50 == 0 else None
        lines.append(line | {"seconds": 0.3 * step})
    return lines


def titles(lines):
    return [axis.get_title(loc="left") for axis in plot_curves(lines).axes]


def test_the_file_is_a_png_of_sensible_size(tmp_path):
    draw_curves(made_up(600), tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.format == "PNG"
        assert picture.width == 1000
        assert 600 <= picture.height <= 1200
        assert "Software" not in picture.info
    assert (tmp_path / "curves.png").stat().st_size < 200_000
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_the_same_lines_give_the_same_bytes_and_replace_the_file_before(tmp_path):
    path = tmp_path / "curves.png"
    path.write_bytes(b"an older picture")
    draw_curves(made_up(30), path)
    first = path.read_bytes()
    draw_curves(made_up(30), path)
    assert path.read_bytes() == first


def test_panels_come_and_go_with_the_data():
    assert len(titles(made_up(3))) == 5  # no flow ratio yet
    assert len(titles(made_up(50))) == 6
    assert titles([{"step": 1, "critic/real_logit": 1.0}]) == ["Do the critic's answers part?"]
    assert titles([{"step": 1, "gamma/conv2": 0.0}]) == ["Which layers use their attention?"]


def test_every_panel_has_labels_and_the_norms_a_log_axis():
    axes = plot_curves(made_up(50)).axes
    assert all(axis.get_xlabel() == "step" and axis.get_ylabel() for axis in axes)
    assert [axis.get_yscale() for axis in axes].count("log") == 1


@pytest.mark.parametrize("lines", [[], [{"step": 1, "seconds": 0.5}], [{"step": 1, "critic/loss": math.nan}]])
def test_nothing_to_draw_leaves_no_file(tmp_path, lines):
    draw_curves(lines, tmp_path / "curves.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("norm", [0.0, 1.0])
@pytest.mark.filterwarnings("error")
def test_one_line_is_drawn(tmp_path, norm):
    draw_curves([made_up(1)[0] | {"gradient/generator": norm, "gradient/discriminator": norm}], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").exists()


def test_values_that_are_no_finite_numbers_are_left_out():
    values = [1.0, math.nan, math.inf, None, 5.0]
    lines = [{"step": step, "critic/loss": value} for step, value in enumerate(values)] + [{"step": 9}]
    steps, kept = read_curve(lines, "critic/loss")
    assert steps.tolist() == [0, 4]
    assert kept.tolist() == [1, 5]


def test_thinning_keeps_the_mean_the_ends_and_the_extremes():
    steps = np.arange(1, 40_001.0)
    values = np.random.default_rng(0).normal(size=40_000)
    curve = thin(steps, values, 1000)
    assert all(part.shape == (1000,) for part in curve)
    assert curve.mean.mean() == pytest.approx(values.mean())
    assert (curve.steps[0], curve.steps[-1]) == (1, 40_000)
    assert (np.diff(curve.steps) > 0).all()
    assert (curve.low.min(), curve.high.max()) == (values.min(), values.max())


def test_few_values_are_not_thinned():
    curve = thin(np.arange(7.0), np.arange(7.0) ** 2, 7)
    assert curve.mean.tolist() == [0, 1, 4, 9, 16, 25, 36]


def test_one_wild_step_does_not_press_the_curve_flat():
    lines = [{"step": step, "critic/loss": 1000.0 if 500 <= step < 520 else step / 1000} for step in range(4000)]
    (axis,) = plot_curves(lines).axes
    assert axis.get_ylim()[1] < 100


def test_a_wild_end_is_shown():
    lines = [{"step": step, "critic/loss": 1000.0 if step > 3980 else step / 1000} for step in range(4000)]
    (axis,) = plot_curves(lines).axes
    assert axis.get_ylim()[1] > 990


@pytest.mark.parametrize("ends", [[0.5] * 12, [0.0, 0.01, 1.0, 0.99, 0.5], [0.3], list(np.linspace(0, 1, 40))])
def test_labels_are_moved_apart_in_their_order_and_stay_in_the_panel(ends):
    gap = min(0.075, 1 / max(1, len(ends) - 1))
    moved = spread(np.array(ends), 0.075)
    assert (np.diff(moved[np.argsort(ends, kind="stable")]) >= gap - 1e-9).all()
    assert moved.min() >= 0
    assert moved.max() <= 1 + 1e-9


def test_every_layer_is_named_at_the_end_of_its_curve():
    (axis,) = [axis for axis in plot_curves(made_up(3)).axes if "attention" in axis.get_title(loc="left")]
    assert [text.get_text() for text in axis.texts] == LAYERS
    assert [line.get_linestyle() for line in axis.lines] == ["-"] * 6 + ["--"] * 6


def test_layers_stand_in_the_order_from_encoder_to_decoder():
    lines = [{"step": 1, "gamma/deconv1": 0.0, "gamma/conv10": 0.0}, {"step": 2, "gamma/conv2": 0.0}]
    assert list(gamma_names(lines).values()) == ["conv2", "conv10", "deconv1"]


def test_a_failed_write_leaves_the_file_before_and_nothing_else(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    path = tmp_path / "curves.png"
    path.write_bytes(b"before")
    monkeypatch.setattr("ssagan_lite.data.curves.os.replace", fail)
    with pytest.raises(OSError, match=r"curves\.png"):
        draw_curves(made_up(2), path)
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_importing_the_module_does_not_import_matplotlib():
    code = "import sys, ssagan_lite.data.curves; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
