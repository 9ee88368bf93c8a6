"""The generator that is told the wind: it carries, follows, stays in its range; the wind is measured right."""

from dataclasses import asdict

import numpy as np
import pytest
import torch

from ssagan_lite.baselines.registry import build
from ssagan_lite.beyond.game import Wind
from ssagan_lite.beyond.wind import (
    CHANGE,
    RESPONSE,
    WindConfig,
    WindGenerator,
    carried,
    look_up,
    measured_wind,
    smoothed,
)
from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import GeneratorConfig, description
from ssagan_lite.training.config import TrainConfig

SIZE, FRAMES = 32, 16


@pytest.fixture
def first() -> torch.Tensor:
    """Two smooth pictures, (2, 3, H, W)."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    waves = [np.sin(9 * x + 4 * y + phase) * np.cos(7 * y - 3 * x) for phase in range(6)]
    return torch.tensor(np.stack(waves), dtype=torch.float32).view(2, 3, SIZE, SIZE)


def unit_response(n: int) -> torch.Tensor:
    return torch.eye(2).view(1, RESPONSE, 1, 1, 1).expand(n, RESPONSE, FRAMES, SIZE, SIZE)


def no_change(n: int) -> torch.Tensor:
    return torch.zeros(n, CHANGE, FRAMES, SIZE, SIZE)


def drift(first: torch.Tensor, wind: torch.Tensor) -> torch.Tensor:
    return carried(first, unit_response(len(first)), no_change(len(first)), wind)


def test_without_wind_a_carried_photo_is_the_photo(first):
    clip = drift(first, torch.zeros(2, 2))
    torch.testing.assert_close(clip, first.unsqueeze(2).expand_as(clip))


def test_whole_pixels_of_wind_are_a_shift_to_the_right_and_down(first):
    wind = torch.tensor([[4 / SIZE, 0.0], [0.0, 8 / SIZE]])
    clip = drift(first, wind)
    torch.testing.assert_close(clip[0, :, -1, :, 4:], first[0, :, :, :-4], atol=1e-5, rtol=0)
    torch.testing.assert_close(clip[1, :, -1, 8:], first[1, :, :-8], atol=1e-5, rtol=0)
    torch.testing.assert_close(clip[:, :, 0], first)


def test_what_comes_in_is_mirrored(first):
    looked = look_up(
        first[:, :, None], torch.full((2, 2, 1, SIZE, SIZE), -0.25) * torch.tensor([1.0, 0]).view(2, 1, 1, 1)
    )
    torch.testing.assert_close(looked[:, :, 0, :, :8], first[:, :, :, :8].flip(-1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("wind", [(0.1, 0.0), (-0.1, 0.05), (0.0, -0.12), (0.0, 0.0)])
def test_the_wind_of_a_carried_clip_is_measured(first, wind):
    clip = drift(first, torch.tensor([wind, wind]))
    measured = measured_wind(clip)
    torch.testing.assert_close(measured, torch.tensor([wind, wind]), atol=0.02, rtol=0)


def test_a_clip_in_which_nothing_changes_has_no_wind(first):
    assert measured_wind(first.unsqueeze(2).repeat(1, 1, FRAMES, 1, 1)).abs().max() == 0


def test_the_wind_is_all_that_is_taken_from_a_true_clip(first):
    torch.manual_seed(0)
    system = Wind(TrainConfig(generator=GeneratorConfig(size=SIZE, width=4), critic_steps=1))
    system.generator.eval()
    real = drift(first, torch.full((2, 2), 0.1))
    with torch.no_grad():
        clip = system.generate(real)
        torch.testing.assert_close(clip, system.generator(first, measured_wind(real)))
        torch.testing.assert_close(system.calm, system.generator(first))
        assert not torch.allclose(clip, system.generator(first, -measured_wind(real)))


def test_smoothing_takes_out_a_chessboard_and_keeps_a_plane():
    t, y, x = np.mgrid[:8, :10, :12]
    board = torch.tensor((-1.0) ** (t + y + x), dtype=torch.float32)[None, None]
    plane = torch.tensor(0.1 * x + 0.2 * y - 0.3 * t, dtype=torch.float32)[None, None]
    inner = (..., slice(1, -1), slice(1, -1), slice(1, -1))
    assert smoothed(board)[inner].abs().max() < 1e-6
    torch.testing.assert_close(smoothed(plane)[inner], plane[inner])


def test_the_default_wind_is_that_of_the_configuration(first):
    torch.manual_seed(0)
    generator = WindGenerator(WindConfig(size=SIZE, width=4, wind=(0.2, 0.1))).eval()
    with torch.no_grad():
        told = generator(first, torch.tensor([[0.2, 0.1]]).expand(2, 2))
        torch.testing.assert_close(generator.animate(first), told)
        again = build(description(generator)).eval()
        again.load_state_dict(generator.state_dict())
        torch.testing.assert_close(again.animate(first), told)
        calm = WindGenerator(WindConfig(**asdict(generator.config) | {"wind": None})).eval()
        calm.load_state_dict(generator.state_dict())
        torch.testing.assert_close(calm.animate(first), generator(first))


@pytest.mark.parametrize("wind", [(1.0,), (0.1, 0.2, 0.3), (2.0, 0.0), (float("nan"), 0.0), ("a", "b"), 3])
def test_a_wind_that_cannot_be_is_refused(wind):
    with pytest.raises(InputError, match="wind"):
        WindConfig(size=SIZE, width=4, wind=wind)
