"""The commands on the real clips: the published figures, and a model trained on them from first frame to mp4."""

import json

import numpy as np
import pytest
from PIL import Image

from ssagan_lite.cli import main
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.video import read_video
from ssagan_lite.errors import InputError


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    try:
        return load_samples("real")
    except InputError as error:
        pytest.skip(str(error))


# MSE, PSNR and SSIM over frames 1..31 of the 48 clips, and the same from the sample files' own description.
FIGURES = {
    "mdgan-stage1": (0.0260, 23.70, 0.637, 0.84),
    "mdgan-stage2": (0.0879, 17.36, 0.385, 0.87),
    "fading-copy": (0.0197, 26.85, 0.711, 0.03),
}
COPY_FIRST = (0.0206, 26.80, 0.706, 0.0)


def figures(scores: dict) -> tuple[float, ...]:
    part = scores["frames_1_on"]
    return part["mse"], part["psnr"], part["ssim"], scores["motion_energy_ratio"]


@pytest.mark.parametrize("model", FIGURES)
@pytest.mark.paper("Table 3")
def test_evaluate_prints_the_known_figures_at_128(real, model, capsys):
    assert main(["evaluate", "--data", "samples", "--model", model, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    for found, expected in ((scores[model], FIGURES[model]), (scores["copy-first"], COPY_FIRST)):
        mse, psnr, ssim, energy = figures(found)
        assert mse == pytest.approx(expected[0], abs=5e-5)
        assert psnr == pytest.approx(expected[1], abs=5e-3)
        assert ssim == pytest.approx(expected[2], abs=1e-3)
        assert energy == pytest.approx(expected[3], abs=5e-3)


@pytest.mark.parametrize(
    ("model", "mse", "psnr"),
    [("mdgan-stage1", 0.0243, 24.10), ("copy-first", 0.0192, 27.26), ("fading-copy", 0.0184, 27.28)],
)
def test_evaluate_prints_the_known_figures_at_64(real, model, mse, psnr, capsys):
    assert main(["evaluate", "--model", model, "--size", "64", "--json"]) == 0
    found = figures(json.loads(capsys.readouterr().out)["scores"][model])
    assert found[0] == pytest.approx(mse, abs=5e-5)
    assert found[1] == pytest.approx(psnr, abs=0.03)  # those figures are of clips not rounded to bytes after resizing


def test_thirty_steps_on_real_clips_end_in_a_playable_prediction(real, tmp_path, capsys):
    run, photo, clip = tmp_path / "run", tmp_path / "first.png", tmp_path / "sky.mp4"
    Image.fromarray(real[7, 0]).save(photo)
    small = ["--size", "32", "--width", "2", "--steps", "30", "--batch", "8", "--critic-steps", "1", "--device", "cpu"]
    assert main(["train", "--preset", "smoke", "--data", "samples", "--out", str(run), *small]) == 0
    content = [json.loads(line)["generator/content"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert len(content) == 30
    assert content[-1] < content[0]
    assert main(["predict", str(photo), "--checkpoint", str(run), "--out", str(clip)]) == 0
    frames = read_video(clip)
    assert frames.shape == (16, 512, 512, 3)
    assert frames.std() > 5, "not a grey nothing"
