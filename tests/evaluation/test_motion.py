"""Flow tells motion from flicker; the scores put all measures in one table."""

import pytest
import torch
from torch.nn import functional as F

from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.metrics import motion_energy_ratio
from ssagan_lite.evaluation.motion import end_point_error, flow, flow_magnitude, flow_magnitude_ratio
from ssagan_lite.evaluation.scores import gather, score_clips


def drifting(speed: float, frames: int = 17, size: int = 64, seed: int = 0) -> torch.Tensor:
    """A clip (1, 3, T, H, W) whose picture moves to the right by `speed` pixels a frame."""
    generator = torch.Generator().manual_seed(seed)
    wide = F.interpolate(torch.rand(1, 3, 12, 30, generator=generator), size=(size, 4 * size), mode="bicubic")
    shifts = [round(speed * t) for t in range(frames)]
    views = [wide[..., 2 * size - shift : 3 * size - shift] for shift in shifts]
    return (torch.stack(views, dim=2) * 2 - 1).clamp(-1, 1)


def test_flow_measures_a_known_displacement():
    vectors = flow(drifting(0.5)[0])
    assert vectors.shape == (2, 64, 64, 2)
    inner = vectors[:, 16:-16, 16:-16]
    assert inner[..., 0].mean() == pytest.approx(4, abs=0.3)
    assert inner[..., 1].mean() == pytest.approx(0, abs=0.3)


def test_the_gap_is_cut_to_short_clips():
    assert flow(drifting(1.0, frames=5)[0]).shape == (1, 64, 64, 2)
    assert flow(drifting(1.0, frames=8)[0]).shape == (1, 64, 64, 2)
    assert flow(drifting(1.0, frames=32)[0]).shape == (3, 64, 64, 2)


@pytest.mark.parametrize(("frames", "size"), [(1, 64), (9, 8)])
def test_clips_without_a_flow_are_refused(frames, size):
    clips = torch.zeros(1, 3, frames, size, size)
    with pytest.raises(InputError, match="flow needs two frames of 12 pixels or more a side"):
        flow(clips[0])
    with pytest.raises(InputError):
        score_clips(clips, clips)


def test_predictions_that_are_no_numbers_have_no_score():
    real = drifting(0.5)
    with pytest.raises(InputError, match="NaN"):
        score_clips(real * torch.nan, real)


def test_half_the_speed_is_half_the_magnitude():
    assert flow_magnitude_ratio(drifting(0.25), drifting(0.5)) == pytest.approx(0.5, abs=0.1)


def test_flicker_buys_motion_energy_but_little_flow():
    real = drifting(0.5)
    still = real[:, :, :1].expand_as(real)
    signs = torch.tensor([1.0, -1.0]).repeat(9)[:17][None, None, :, None, None]
    flickering = (still + 0.05 * signs).clamp(-1, 1)
    assert motion_energy_ratio(flickering, real) > 1
    assert flow_magnitude_ratio(flickering, real) < 0.1


def test_a_still_scores_the_targets_own_magnitude_and_the_wrong_way_more():
    real = drifting(0.5)
    still = real[:, :, :1].expand_as(real)
    wrong = real.flip(2)
    assert end_point_error(still, real).item() == pytest.approx(flow_magnitude(real).item(), rel=0.05)
    assert end_point_error(wrong, real) > 1.5 * flow_magnitude(real)
    assert end_point_error(real, real).item() == 0


def test_scores_of_parts_are_the_scores_of_the_whole():
    real = torch.cat([drifting(speed, seed=seed) for seed, speed in enumerate((0.6, 0.8, 1.0))])
    prediction = real[:, :, :1].expand_as(real)
    whole = score_clips(prediction, real).summary()
    parts = gather([score_clips(prediction[:2], real[:2]), score_clips(prediction[2:], real[2:])]).summary()
    for key in ("motion_energy_ratio", "flow_magnitude_ratio", "end_point_error"):
        assert parts[key] == pytest.approx(whole[key])
    assert parts["frames_1_on"] == pytest.approx(whole["frames_1_on"])
    assert whole["all_frames"]["identical_frames"] == 3
    assert whole["frames_1_on"]["identical_frames"] == 0
    assert whole["all_frames"]["psnr"] == pytest.approx(whole["frames_1_on"]["psnr"])
    assert whole["all_frames"]["mse"] == pytest.approx(whole["frames_1_on"]["mse"] * 16 / 17)
