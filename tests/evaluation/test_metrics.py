"""MSE, PSNR and SSIM against scikit-image, and how they behave when both clips are turned or exchanged."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from torch.nn import functional as F

from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.metrics import mean_psnr, motion_energy, motion_energy_ratio, mse, psnr, ssim

ROOT = Path(__file__).resolve().parents[2]


def clips(seed: int = 0, shape=(2, 3, 4, 20, 17), noise: float = 0.2) -> tuple[torch.Tensor, torch.Tensor]:
    """Smooth random clips and noisy versions of them, in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(shape[0] * shape[1] * shape[2], 1, 4, 4, generator=generator)
    target = F.interpolate(coarse, size=shape[3:], mode="bilinear").reshape(shape) * 1.6 - 0.8
    prediction = (target + noise * torch.randn(shape, generator=generator)).clamp(-1, 1)
    return prediction, target


@pytest.mark.parametrize("noise", [0.01, 0.2, 1.0])
@pytest.mark.paper("Table 3")
def test_equal_to_scikit_image(noise):
    prediction, target = clips(noise=noise)
    ours = [metric(prediction, target).numpy() for metric in (mse, psnr, ssim)]
    images = [clip.double().permute(0, 2, 3, 4, 1).numpy() for clip in (prediction, target)]
    for n, t in np.ndindex(2, 4):
        x, y = (clip[n, t] for clip in images)
        theirs = (
            mean_squared_error(x, y),
            peak_signal_noise_ratio(y, x, data_range=2),
            structural_similarity(x, y, data_range=2, channel_axis=2),
        )
        np.testing.assert_allclose([score[n, t] for score in ours], theirs, rtol=0, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([(3,), (4,), (3, 4)]))
def test_flips_and_exchange_change_nothing(seed, axes):
    prediction, target = clips(seed)
    for metric in (mse, psnr, ssim):
        expected = metric(prediction, target)
        torch.testing.assert_close(metric(prediction.flip(axes), target.flip(axes)), expected)
        torch.testing.assert_close(metric(target, prediction), expected)


def test_each_frame_is_scored_by_itself():
    prediction, target = clips()
    for metric in (mse, psnr, ssim):
        assert metric(prediction, target).shape == (2, 4)
        assert metric(prediction, target).dtype == torch.float64
        torch.testing.assert_close(
            metric(prediction[1:, :, 2:3], target[1:, :, 2:3])[0, 0], metric(prediction, target)[1, 2]
        )


def test_four_pixels_by_hand():
    target = torch.zeros(1, 3, 1, 2, 2)
    prediction = torch.tensor([[0.0, 0.5], [0.0, -0.5]]).expand(1, 3, 1, 2, 2)
    assert mse(prediction, target).item() == pytest.approx(0.125)
    assert psnr(prediction, target).item() == pytest.approx(15.051, abs=1e-3)  # 10 log10(4 / 0.125)


def test_identical_frames_are_infinite_and_left_out_of_the_mean():
    prediction, target = clips()
    prediction[:, :, 0] = target[:, :, 0]
    values = psnr(prediction, target)
    assert values[:, 0].isinf().all()
    torch.testing.assert_close(mean_psnr(values), values[:, 1:].mean())
    assert mean_psnr(psnr(target, target)) == torch.inf
    assert ssim(target, target).min() == pytest.approx(1)
    values[0, 1] = torch.nan
    assert mean_psnr(values).isnan(), "a broken frame is not an identical one"


def test_one_frame_has_no_motion():
    with pytest.raises(InputError, match="two frames or more"):
        motion_energy(torch.zeros(1, 3, 1, 8, 8))


def test_single_precision_input_is_scored_in_double():
    target = torch.full((1, 3, 1, 8, 8), 0.5)
    prediction = target + 1e-6
    exact = (prediction.double() - target.double()).square().mean()
    assert mse(prediction, target).item() == pytest.approx(exact.item(), rel=1e-12)


def test_motion_energy():
    still = torch.rand(2, 3, 1, 8, 8).expand(2, 3, 5, 8, 8)
    ramp = torch.linspace(-1, 1, 5)[None, None, :, None, None].expand(2, 3, 5, 8, 8)
    assert motion_energy(still).tolist() == [0, 0]
    assert motion_energy(ramp).tolist() == pytest.approx([0.5, 0.5])
    assert motion_energy_ratio(ramp * 0.5, ramp) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("prediction", "target", "named"),
    [
        (torch.zeros(1, 3, 4, 8, 8), torch.zeros(1, 3, 5, 8, 8), r"\(1, 3, 4, 8, 8\)"),
        (torch.zeros(3, 4, 8, 8), torch.zeros(3, 4, 8, 8), r"N, 3, T, H, W"),
        (torch.zeros(1, 4, 8, 8, 3), torch.zeros(1, 4, 8, 8, 3), r"N, 3, T, H, W"),
        (torch.zeros(1, 3, 4, 8, 8, dtype=torch.uint8), torch.zeros(1, 3, 4, 8, 8, dtype=torch.uint8), "to_float"),
    ],
)
def test_what_cannot_be_compared_is_said(prediction, target, named):
    with pytest.raises(InputError, match=named):
        mse(prediction, target)


def test_frames_smaller_than_the_window_are_refused():
    with pytest.raises(InputError, match="7 pixels"):
        ssim(torch.zeros(1, 3, 1, 6, 9), torch.zeros(1, 3, 1, 6, 9))


@given(arrays(np.float64, array_shapes(max_dims=1, max_side=9), elements=st.floats(1e-4, 4)))
def test_a_mean_of_psnrs_is_never_below_the_psnr_of_the_mean_error(errors):
    """Jensen's inequality, by which chapter 09 judges tables."""
    assert (10 * np.log10(4 / errors)).mean() >= 10 * np.log10(4 / errors.mean()) - 1e-9


@pytest.mark.paper("Table 4")
def test_three_rows_of_the_beach_table_lie_below_their_floor_with_a_range_of_2():
    table = json.loads((ROOT / "book" / "paper_numbers.json").read_text("utf-8"))["table4"]
    rows = {name: row for name, row in table.items() if name != "source"}
    above = {name: row["psnr"] - 10 * np.log10(4 / row["mse"]) for name, row in rows.items()}
    assert {name for name, gap in above.items() if gap < 0} == {"rnn_gan", "vgan", "mdgan_stage2"}
    with_range_1 = {name: gap + 20 * np.log10(2) for name, gap in above.items()}
    assert min(with_range_1.values()) > 0
    assert with_range_1["ours_a"] == pytest.approx(9.4, abs=0.05)
    assert with_range_1["ours_b"] == pytest.approx(11.4, abs=0.05)
