import inspect

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from ssagan_lite.beyond.wind import WindConfig, WindGenerator
from ssagan_lite.data.images import resize, resize_image
from ssagan_lite.data.video import read_video, write_video
from ssagan_lite.errors import InputError
from ssagan_lite.inference.predict import output_size, predict
from ssagan_lite.model.generator import Generator, GeneratorConfig


class Brightening(nn.Module):
    """Stands for a generator that gets everything right but a tint, and makes the left half brighter by and by."""

    def __init__(self, size=16, frames=8, tint=0.0, step=0.02):
        super().__init__()
        self.config = GeneratorConfig(size=size, width=4)
        self.frames, self.tint, self.step = frames, tint, step
        self.gain = nn.Parameter(torch.ones(()))
        self.seen = None

    def animate(self, first):
        self.seen = first
        assert not self.training
        assert torch.is_inference_mode_enabled()
        clip = first.unsqueeze(2).repeat(1, 1, self.frames, 1, 1) * self.gain + self.tint
        time = torch.arange(self.frames).view(-1, 1, 1)
        clip[..., : clip.shape[-1] // 2] += self.step * time
        return clip


def photo(height=60, width=90, seed=0):
    return np.random.default_rng(seed).integers(60, 180, (height, width, 3), dtype=np.uint8)


def test_a_photo_becomes_a_clip_of_its_own_aspect():
    generator = Generator(GeneratorConfig(size=16, width=4)).eval()
    clip = predict(generator, photo())
    assert clip.dtype == np.uint8
    assert clip.shape == (8, 342, 512, 3)
    assert predict(generator, photo(90, 60), size=64).shape == (8, 64, 42, 3)


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(16, 4096))
def test_output_sizes_are_even_and_keep_the_aspect(height, width, size):
    out_height, out_width = output_size(height, width, size)
    assert out_height % 2 == out_width % 2 == 0
    assert min(out_height, out_width) >= 2
    assert abs(max(out_height, out_width) - size) <= 1
    scale = size / max(height, width)
    assert abs(out_height - height * scale) <= 2
    assert abs(out_width - width * scale) <= 2


def test_the_generator_sees_the_squashed_photo_in_its_range():
    generator = Brightening().eval()
    predict(generator, photo(), size=32)
    expected = resize_image(photo(), 16).astype(np.float32) / 127.5 - 1
    assert np.allclose(generator.seen[0].permute(1, 2, 0), expected, atol=1e-6)


def test_without_detail_the_clip_is_the_generators_enlarged():
    generator = Brightening(tint=0.1).eval()
    clip = predict(generator, photo(), size=32)
    small = resize_image(photo(), 16).astype(np.float32) + 0.1 * 127.5
    expected = np.clip(resize(small, *clip.shape[1:3], cv2.INTER_CUBIC), 0, 255)
    assert np.abs(clip[0] - expected).max() <= 0.51


@pytest.mark.parametrize("shape", [(60, 90), (8, 12)])
def test_with_detail_what_stands_still_is_exactly_the_photo(shape):
    """A tint that is in every frame cancels; the right half does not move and stays the photo."""
    clip = predict(Brightening(tint=0.3).eval(), photo(*shape), size=96, detail=True)
    _, height, width, _ = clip.shape
    still = resize(photo(*shape), height, width, cv2.INTER_CUBIC)
    assert np.array_equal(clip[0], still)
    right = slice(width * 3 // 4, None)
    assert all(np.array_equal(frame[:, right], still[:, right]) for frame in clip)
    left = slice(0, width // 4)
    risen = clip[-1][:, left].astype(int) - still[:, left]
    assert np.abs(risen - 7 * 0.02 * 127.5).max() <= 0.51


def test_detail_keeps_more_of_the_photo_than_the_plain_clip():
    plain = predict(Brightening().eval(), photo(), size=90)
    sharp = predict(Brightening().eval(), photo(), size=90, detail=True)
    assert sharp[3].std() > 2 * plain[3].std()


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (1, 1), (2, 3)])
def test_thin_photos_become_playable_clips(tmp_path, shape):
    clip = predict(Brightening().eval(), photo(*shape), size=64, detail=True)
    assert min(clip.shape[1:3]) >= 2
    assert read_video(write_video(tmp_path / "thin.mp4", clip)).shape == clip.shape


def test_paths_pillow_images_and_arrays_are_the_same(tmp_path):
    generator, image = Brightening().eval(), Image.fromarray(photo())
    image.save(tmp_path / "photo.png")
    expected = predict(generator, photo(), size=32)
    for same in (
        image,
        str(tmp_path / "photo.png"),
        tmp_path / "photo.png",
        photo() / 255,
        photo().astype(np.uint16) * 257,
    ):
        assert np.array_equal(predict(generator, same, size=32), expected)


def test_a_generator_in_training_is_left_as_it_was():
    """BatchNorm's running statistics must be used, and not moved, by a prediction in the middle of training."""
    generator = Generator(GeneratorConfig(size=16, width=4)).train()
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    clip = predict(generator, photo(), size=32)
    assert generator.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in generator.state_dict().items())
    assert np.array_equal(clip, predict(generator.eval(), photo(), size=32))


def test_a_half_precision_generator():
    half = predict(Brightening(step=0.0).eval().half(), photo(), size=32)
    full = predict(Brightening(step=0.0).eval(), photo(), size=32)
    assert np.abs(half.astype(int) - full).max() <= 1


@pytest.mark.parametrize("size", [15, 4097, 0, -512, 64.0, "512", True, None])
def test_impossible_sizes(size):
    with pytest.raises(InputError, match="give a whole number from 16 to 4096"):
        predict(Brightening().eval(), photo(), size=size)


def test_bad_photos(tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    bad = np.full((4, 4, 3), np.nan)
    for image, message in ((tmp_path / "text.jpg", "text.jpg is not an image"), (bad, "NaN"), (np.zeros(3), "shape")):
        with pytest.raises(InputError, match=message):
            predict(Brightening().eval(), image)


def test_defaults():
    parameters = inspect.signature(predict).parameters
    assert parameters["size"].default == 512
    assert parameters["detail"].default is False


class Carrying(WindGenerator):
    """Stands for a generator told the wind whose photo moves as a whole, and whose colours stay."""

    def __init__(self):
        super().__init__(WindConfig(size=16, width=4, wind=(0.25, 0.0)))

    def read(self, first):
        unit = torch.eye(2).view(1, 4, 1, 1, 1).expand(len(first), 4, 8, 16, 16)
        return unit, torch.zeros(len(first), 3, 8, 16, 16), torch.zeros(len(first), 3, 8, 16, 16)


def test_with_detail_the_wind_carries_the_photo_at_full_size():
    image = photo(64, 64)
    clip = predict(Carrying(), image, size=64, detail=True)
    assert (clip[0] == image).all()
    assert np.abs(clip[-1, :, 16:].astype(int) - image[:, :-16]).max() <= 1
    up = predict(Carrying(), image, size=64, detail=True, wind=(0.0, -0.5))
    assert np.abs(up[-1, :32].astype(int) - image[32:]).max() <= 1


def test_in_a_calm_detail_is_as_ever():
    generator = WindGenerator(WindConfig(size=16, width=4, wind=None)).eval()
    image = photo(16, 16)
    soft, sharp = (predict(generator, image, size=16, detail=detail).astype(int) for detail in (False, True))
    assert (sharp[0] == image).all()
    assert np.abs((sharp - sharp[0]) - (soft - soft[0])).max() <= 2


@pytest.mark.parametrize("wind", [(2.0, 0.0), (float("nan"), 0.0), (0.1,), "left"])
def test_a_wind_that_cannot_be_is_refused(wind):
    with pytest.raises(InputError, match="the wind"):
        predict(Carrying(), photo(), wind=wind)


def test_a_generator_that_is_told_no_wind_says_so():
    with pytest.raises(InputError, match="told no wind"):
        predict(Generator(GeneratorConfig(size=16, width=4)), photo(), wind=(0.1, 0.0))
