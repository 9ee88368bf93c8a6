"""Procedural skies: the same for a seed, of any size and length, with flow and mask that are true."""

import cv2
import numpy as np
import pytest

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError


@pytest.fixture(scope="module")
def skies():
    return synthetic_clips(16, 64, 16, seed=1, noise=False, exposure=False)


@pytest.mark.parametrize(("count", "size", "frames"), [(2, 16, 8), (1, 48, 10), (1, 33, 1)])
def test_any_size_and_length(count, size, frames):
    skies = synthetic_clips(count, size, frames, seed=0)
    assert (skies.frames.shape, skies.frames.dtype) == ((count, frames, size, size, 3), np.uint8)
    assert (skies.mask.shape, skies.mask.dtype) == ((count, frames, size, size), bool)
    assert (skies.flow.shape, skies.flow.dtype) == ((count, frames - 1, 2, size, size), np.float32)
    assert np.isfinite(skies.flow).all()


def test_a_seed_gives_the_same_bytes_whatever_the_count():
    one, three, other = (synthetic_clips(n, 24, 6, seed=s) for n, s in ((1, 5), (3, 5), (1, 6)))
    for name in ("frames", "mask", "flow"):
        np.testing.assert_array_equal(getattr(one, name)[0], getattr(three, name)[0])
    assert (one.frames != other.frames).mean() > 0.5
    assert (three.frames[0] != three.frames[1]).mean() > 0.5


def test_a_longer_clip_begins_with_the_shorter_one():
    short, longer = (synthetic_clips(1, 24, n, seed=5, noise=False, exposure=False) for n in (4, 9))
    np.testing.assert_array_equal(short.frames[0], longer.frames[0, :4])


def test_something_moves_and_nothing_flows_outside_the_mask(skies):
    inside = skies.mask[:, :-1]  # (N, T-1, H, W)
    assert 0.2 < inside.mean() < 0.95
    moving = np.abs(np.diff(skies.frames.astype(int), axis=1)).mean(axis=-1)  # (N, T-1, H, W)
    assert moving[inside].mean() > 1.5 * moving[~inside].mean()
    length = np.linalg.norm(skies.flow, axis=2)  # (N, T-1, H, W)
    assert length[~inside].max() == 0
    assert np.median(length[inside]) > 0.02


def warped_back(frame: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """What the next frame shows where the flow says each pixel went."""
    y, x = np.mgrid[: frame.shape[0], : frame.shape[1]].astype(np.float32)
    return cv2.remap(frame, x + flow[0], y + flow[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def test_the_flow_explains_the_change_and_its_opposite_does_not(skies):
    errors = {"flow": [], "copy": [], "opposite": []}
    for clip, mask, flow in zip(skies.frames.astype(np.float32), skies.mask, skies.flow, strict=True):
        for t in (0, 7):
            inside = mask[t]
            for name, scale in (("flow", 1), ("copy", 0), ("opposite", -1)):
                errors[name].append(((warped_back(clip[t + 1], scale * flow[t]) - clip[t])[inside] ** 2).mean())
    mean = {name: np.nanmean(values) for name, values in errors.items()}
    assert mean["flow"] < 0.75 * mean["copy"]
    assert mean["opposite"] > 1.5 * mean["copy"]


def test_noise_and_exposure_can_be_switched_off():
    both, plain = synthetic_clips(1, 32, 8, seed=4), synthetic_clips(1, 32, 8, seed=4, noise=False, exposure=False)
    assert (both.frames != plain.frames).mean() > 0.3
    ground = plain.frames[0, :, -1].astype(int)
    assert np.abs(ground - ground[0]).max() == 0
    assert np.abs(both.frames[0, :, -1].astype(int) - both.frames[0, 0, -1]).max() > 0


@pytest.mark.parametrize("wrong", [(0, 16, 8), (1, 0, 8), (1, 16, 0)])
def test_what_cannot_be_drawn_is_said(wrong):
    with pytest.raises(InputError, match="above 0"):
        synthetic_clips(*wrong, seed=0)
