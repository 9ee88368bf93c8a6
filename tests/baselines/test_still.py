import cv2
import numpy as np
import pytest
import torch

from ssagan_lite.baselines.still import copy_first, fading_copy, gaussian_blur
from ssagan_lite.data.clips import resize_clips, to_float
from ssagan_lite.data.samples import load_samples
from ssagan_lite.errors import InputError


def frames(count=2, height=16, width=16, seed=0, dtype=torch.float32):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 2 - 1


def test_copy_first_repeats_every_frame():
    first = frames()
    clip = copy_first(first, 5)
    assert clip.shape == (2, 3, 5, 16, 16)
    assert all(torch.equal(clip[:, :, time], first) for time in range(5))
    clip[:, :, 0] = 0
    assert not torch.equal(clip[:, :, 1], clip[:, :, 0])  # each frame has memory of its own


@pytest.mark.parametrize(
    ("height", "width", "sigma"),
    [(128, 128, 6.0), (16, 16, 0.75), (40, 17, 5.3), (64, 64, 3.0), (5, 9, 4.0), (1, 8, 2.0)],
)
def test_the_blur_equals_opencv(height, width, sigma):
    images = frames(2, height, width)
    expected = [[cv2.GaussianBlur(channel, (0, 0), sigma) for channel in image] for image in images.numpy()]
    assert np.abs(gaussian_blur(images, sigma).numpy() - np.array(expected)).max() < 1e-5


def test_the_blur_keeps_constants_and_precision():
    constant = torch.full((1, 3, 9, 7), 0.3, dtype=torch.float64)
    assert torch.allclose(gaussian_blur(constant, 2.0), constant, atol=1e-14, rtol=0)
    assert gaussian_blur(constant, 2.0).dtype == torch.float64


def test_fading_copy_goes_from_the_frame_towards_its_blur():
    first = frames(dtype=torch.float64)
    clip = fading_copy(first, 9, sigma=2.0, weight=0.4)
    blurred = gaussian_blur(first, 2.0)
    assert torch.equal(clip[:, :, 0], first)
    assert torch.allclose(clip[:, :, 8], 0.6 * first + 0.4 * blurred)
    assert torch.allclose(clip[:, :, 2], 0.9 * first + 0.1 * blurred)
    assert torch.allclose(fading_copy(first, 9, weight=0.0), copy_first(first, 9))
    assert torch.equal(fading_copy(first, 1)[:, :, 0], first)


def test_the_default_blur_grows_with_the_size():
    for size, sigma in ((128, 6.0), (64, 3.0)):
        first = frames(1, size, size)
        assert torch.equal(fading_copy(first, 4), fading_copy(first, 4, sigma=sigma))


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_blurs(sigma):
    with pytest.raises(InputError, match="sigma above 0"):
        fading_copy(frames(), 4, sigma=sigma)


@pytest.mark.parametrize(("size", "copied", "faded"), [(128, 0.0206, 0.0197), (64, 0.0192, 0.0184)])
def test_scores_on_the_real_samples(size, copied, faded):
    """MSE over frames 1..31, as measured with OpenCV's blur when the project began."""
    try:
        real = load_samples("real")
    except InputError as error:
        pytest.skip(f"the real samples are not available: {error}")
    errors = []
    for clip in resize_clips(real, size):
        target = to_float(torch.from_numpy(np.array(clip[None])))
        predictions = [baseline(target[:, :, 0], 32) for baseline in (copy_first, fading_copy)]
        errors.append([(prediction - target)[:, :, 1:].square().mean().item() for prediction in predictions])
    assert np.mean(errors, axis=0) == pytest.approx([copied, faded], abs=5e-5)
