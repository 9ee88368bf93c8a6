"""experiments/measuring.py at a small size: what it writes, and the parts that chapter 09 leans on."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from ssagan_lite.data.synthetic import synthetic_clips

SCRIPT = Path(__file__).resolve().parents[1] / "experiments" / "measuring.py"


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict:
    out = tmp_path_factory.mktemp("measuring") / "made.json"
    before = sys.argv
    sys.argv = ["measuring.py", "--clips", "3", "--size", "32", "--no-real", "--out", str(out)]
    try:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    finally:
        sys.argv = before
    return json.loads(out.read_text())


@pytest.fixture(scope="module")
def script() -> dict:
    return runpy.run_path(str(SCRIPT))


def test_tricks_buy_motion_energy_and_no_flow(written):
    models = written["sets"]["skies"]["models"]
    for trick in ("flickering-copy", "noisy-copy"):
        assert models[trick]["motion_energy_ratio"] == pytest.approx(1, abs=0.01)
        assert models[trick]["flow_magnitude_ratio"] < 0.1


def test_the_true_wind_is_known_and_the_wrong_one_is_told_apart(written):
    models = written["sets"]["skies"]["models"]
    no_flow = models["copy-first"]["end_point_error"]
    assert models["true-flow"]["end_point_error"] < 0.8 * no_flow
    assert models["wrong-way"]["end_point_error"] > 1.2 * no_flow
    psnr = {name: models[name]["frames_1_on"]["psnr"] for name in ("true-flow", "copy-first", "wrong-way")}
    assert psnr["true-flow"] > psnr["copy-first"] > psnr["wrong-way"]


def test_conventions_are_what_arithmetic_says(written):
    found = written["sets"]["skies"]["conventions"]["copy-first"]
    psnr, clip = found["psnr"], found["per_clip"]
    assert psnr["book"] - psnr["range_1"] == pytest.approx(20 * np.log10(2))
    assert psnr["book"] >= psnr["of_each_clips_mse"] >= psnr["of_mean_mse"], "Jensen"
    assert psnr["frame_0_capped"] == pytest.approx((31 * psnr["book"] + 100) / 32, abs=1e-6)
    assert psnr["bytes"] == pytest.approx(psnr["book"], abs=1e-4), "a copy of bytes is bytes"
    assert found["ssim"]["range_1"] < found["ssim"]["book"] < found["ssim"]["frame_0"]
    ends = [clip["low"], clip["mean_low"], psnr["book"], clip["mean_high"], clip["high"]]
    assert (np.diff(ends) > -1e-9).all()
    assert {"eval", "train_mode_batch_4", "train_mode_batch_16"} <= set(written["batch_norm"])


def test_the_gaussian_window_is_scikit_images(script):
    random = torch.Generator().manual_seed(1)
    real = torch.rand((1, 3, 2, 24, 20), generator=random) * 2 - 1
    made = (real + 0.3 * torch.randn(real.shape, generator=random)).clamp(-1, 1)
    found = script["gaussian_ssim"](made, real)
    for t in range(2):
        x, y = (clip[0, :, t].permute(1, 2, 0).double().numpy() for clip in (made, real))
        options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        expected = structural_similarity(x, y, data_range=2, channel_axis=-1, **options)
        assert found[0, t].item() == pytest.approx(expected, abs=1e-6)


def test_a_picture_is_carried_where_the_flow_says(script):
    first = np.zeros((20, 20, 3), np.uint8)
    first[8:12, 4:8] = 200
    flow = np.zeros((3, 2, 20, 20), np.float32)
    flow[:, 0] = 2  # two pixels to the right in each frame
    clip = script["carried"](first, flow)
    assert np.array_equal(clip[3, 8:12, 10:14], first[8:12, 4:8])
    assert clip[3, :, :8].max() == 0, "no ghost stays behind"


def test_ground_stays_and_clear_sky_drifts_with_its_clouds(script):
    sky = synthetic_clips(1, 48, 6, seed=12)
    whole = script["whole_flow"](sky, 0)
    ever = sky.mask[0].any(axis=0)
    assert (whole[:, :, ~ever] == 0).all()
    assert (np.linalg.norm(whole, axis=1)[:, ever] > 0).mean() > 0.95
