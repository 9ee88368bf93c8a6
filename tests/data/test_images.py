import io
import random

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from ssagan_lite.data.images import as_rgb, read_image, resize, resize_image
from ssagan_lite.errors import InputError


def noise(height=20, width=30, channels=3, seed=0):
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def gradient(height=64, width=96):
    """Smooth, so that JPEG stays close to it."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack((rows * 3, columns * 2, 255 - rows * 2), axis=2).astype(np.uint8)


def test_png_comes_back_exactly(tmp_path):
    Image.fromarray(noise()).save(tmp_path / "photo.png")
    assert np.array_equal(read_image(tmp_path / "photo.png"), noise())
    assert np.array_equal(read_image(str(tmp_path / "photo.png")), noise())


@pytest.mark.parametrize("ending", ["jpg", "webp", "bmp", "tif"])
def test_other_formats_come_back_closely(tmp_path, ending):
    Image.fromarray(gradient()).save(tmp_path / f"photo.{ending}", quality=95)
    found = read_image(tmp_path / f"photo.{ending}").astype(int)
    assert np.abs(found - gradient()).mean() < 3


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side: turn clockwise by 90 degrees
    Image.fromarray(noise()).save(tmp_path / "photo.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "photo.png"), np.rot90(noise(), -1))


def test_greyscale_gets_three_equal_channels(tmp_path):
    grey = noise(channels=0)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert np.array_equal(read_image(tmp_path / "grey.png"), np.stack([grey] * 3, axis=2))


def test_transparency_is_laid_over_black(tmp_path):
    rgba = noise(channels=4)
    Image.fromarray(rgba).save(tmp_path / "photo.png")
    expected = rgba[..., :3] * (rgba[..., 3:] / 255.0)
    found = read_image(tmp_path / "photo.png")
    assert np.abs(found - expected).max() <= 0.5 + 1e-9
    assert not found[rgba[..., 3] == 0].any()


def test_palette_with_a_transparent_colour(tmp_path):
    image = Image.new("P", (4, 2), 1)
    image.putpalette([255, 0, 0, 10, 20, 30])
    image.putpixel((0, 0), 0)
    image.save(tmp_path / "palette.png", transparency=0)
    found = read_image(tmp_path / "palette.png")
    assert tuple(found[0, 0]) == (0, 0, 0)
    assert tuple(found[1, 3]) == (10, 20, 30)


def test_grey_with_alpha_and_cmyk(tmp_path):
    Image.fromarray(np.dstack((noise(channels=0), np.full((20, 30), 128, np.uint8))), mode="LA").save(
        tmp_path / "la.png"
    )
    assert np.abs(read_image(tmp_path / "la.png")[..., 0] - noise(channels=0) * (128 / 255)).max() <= 0.5 + 1e-9
    Image.new("CMYK", (5, 4), (0, 255, 255, 0)).save(tmp_path / "cmyk.tif")
    assert tuple(read_image(tmp_path / "cmyk.tif")[0, 0]) == (255, 0, 0)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bit_grey(tmp_path, ending):
    levels = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    cv2.imwrite(str(tmp_path / f"grey.{ending}"), levels)
    assert np.array_equal(read_image(tmp_path / f"grey.{ending}")[..., 1], (levels // 257))


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bit_rgb_keeps_its_colours(tmp_path, ending):
    levels = np.random.default_rng(1).integers(0, 65536, (9, 7, 3), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / f"rgb.{ending}"), levels[..., ::-1])
    assert np.abs(read_image(tmp_path / f"rgb.{ending}") - levels / 257.0).max() <= 1


def test_float_tiff_and_npy(tmp_path):
    values = np.random.default_rng(2).random((6, 5, 3)).astype(np.float32)
    cv2.imwrite(str(tmp_path / "colour.tif"), values[..., ::-1])
    cv2.imwrite(str(tmp_path / "grey.tif"), values[..., 0])
    np.save(tmp_path / "colour.npy", values)
    expected = np.rint(values * 255)
    assert np.array_equal(read_image(tmp_path / "colour.tif"), expected)
    assert np.array_equal(read_image(tmp_path / "colour.npy"), expected)
    assert np.array_equal(read_image(tmp_path / "grey.tif")[..., 2], expected[..., 0])


@pytest.mark.parametrize("name", ["grey.tif", "colour.tif", "colour.npy"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_floats_that_are_no_numbers(tmp_path, name, bad):
    values = np.full((6, 5) if "grey" in name else (6, 5, 3), 0.5, np.float32)
    values[2, 3] = bad
    np.save(tmp_path / name, values) if name.endswith("npy") else cv2.imwrite(str(tmp_path / name), values)
    with pytest.raises(InputError, match=rf"{name} contains NaN or infinite"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "gif", "bmp"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
def test_a_truncated_file_is_never_half_grey(tmp_path, ending, kept):
    whole = io.BytesIO()
    Image.fromarray(noise(80, 80)).save(whole, {"jpg": "jpeg", "tif": "tiff"}.get(ending, ending))
    path = tmp_path / f"cut.{ending}"
    path.write_bytes(whole.getvalue()[: int(len(whole.getvalue()) * kept)])
    with pytest.raises(InputError, match=rf"cut\.{ending} is"):
        read_image(path)


@pytest.mark.parametrize("progressive", [False, True])
def test_an_interrupted_download_full_of_zeros_is_noticed(tmp_path, progressive):
    whole = io.BytesIO()
    Image.fromarray(noise(80, 80)).save(whole, "jpeg", progressive=progressive)
    data = whole.getvalue()
    for kept in (len(data) // 3, len(data) // 2, len(data) - 2):
        (tmp_path / "zeros.jpg").write_bytes(data[:kept] + bytes(len(data) - kept))
        with pytest.raises(InputError, match=r"zeros\.jpg is damaged or cut short"):
            read_image(tmp_path / "zeros.jpg")


def test_a_jpeg_with_a_thumbnail_and_bytes_after_its_end_is_whole(tmp_path):
    whole = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "\xff\xd9 looks like an end"
    Image.fromarray(noise(80, 80)).save(whole, "jpeg", exif=exif, restart_marker_blocks=2)
    (tmp_path / "phone.jpg").write_bytes(whole.getvalue() + b"\xff\xda a film behind the photo")
    assert read_image(tmp_path / "phone.jpg").shape == (80, 80, 3)


def test_files_that_are_no_images(tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "empty.png").touch()
    np.save(tmp_path / "objects.npy", np.array([{"code": 1}]), allow_pickle=True)
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01\x00")
    cases = {
        "text.jpg": "is not an image", "empty.png": "is empty", "missing.png": "does not exist",
        "objects.npy": "is not a plain NumPy array", "cut.npy": "is not a plain NumPy array",
    }  # fmt: skip
    for name, message in cases.items():
        with pytest.raises(InputError, match=rf"{name} {message}.*; "):
            read_image(tmp_path / name)
    with pytest.raises(InputError, match="is a folder; name one image"):
        read_image(tmp_path)


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    Image.fromarray(noise(100, 100)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    with pytest.raises(InputError, match=r"bomb\.png has more than \d+ pixels; make it smaller"):
        read_image(tmp_path / "bomb.png")


def test_a_large_photo_makes_no_warning(tmp_path, monkeypatch, recwarn):
    Image.fromarray(noise(100, 100)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9000)
    assert read_image(tmp_path / "large.png").shape == (100, 100, 3)
    assert not recwarn.list


def test_damaged_bytes_give_a_sentence_or_an_image_but_nothing_else(tmp_path):
    """Flip bytes in every format: whatever the decoder raises has to become an InputError."""
    generator = random.Random(0)
    for ending in ("jpeg", "png", "webp", "tiff", "gif", "bmp"):
        whole = io.BytesIO()
        Image.fromarray(noise(24, 24)).save(whole, ending)
        for _ in range(40):
            data = bytearray(whole.getvalue())
            for _ in range(generator.randint(1, 8)):
                data[generator.randrange(len(data))] = generator.randrange(256)
            path = tmp_path / f"flipped.{ending}"
            path.write_bytes(data)
            try:
                result = read_image(path)
            except InputError as error:
                result = str(error)
            assert "flipped" in result if isinstance(result, str) else result.dtype == np.uint8


@given(arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(3))))
def test_as_rgb_agrees_between_types(image):
    assert np.array_equal(as_rgb(image), image)
    assert np.array_equal(as_rgb(image / 255), image)
    assert np.array_equal(as_rgb((image / 255).astype(np.float32)), image)
    assert np.array_equal(as_rgb(image.astype(np.uint16) * 257), image)
    assert np.array_equal(as_rgb(image.astype(np.int64)), image)
    opaque = np.dstack((image, np.full(image.shape[:2], 255, np.uint8)))
    assert np.array_equal(as_rgb(opaque), image)
    assert np.array_equal(as_rgb(Image.fromarray(image)), image)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 8, 8)), "shape"),
        (np.zeros((0, 8, 3)), "shape"),
        (np.zeros(5), "shape"),
        (np.full((4, 4), 2.0), r"floats outside \[0, 1\]"),
        (np.full((4, 4), -1.0), r"floats outside \[0, 1\]"),
        (np.full((4, 4), 300), r"integers outside 0\.\.255"),
        (np.full((4, 4), "x"), "holds"),
        (np.full((4, 4), np.nan), "NaN"),
    ],
)
def test_as_rgb_says_what_it_cannot_take(array, message):
    with pytest.raises(InputError, match=rf"the sky .*{message}"):
        as_rgb(array, name="the sky")


def test_a_pillow_image_that_is_cut_short_is_refused_when_its_pixels_are_read(tmp_path):
    Image.fromarray(gradient(200, 300)).save(tmp_path / "photo.jpg")
    whole = (tmp_path / "photo.jpg").read_bytes()
    with pytest.raises(InputError, match="the image is damaged or cut short"):
        as_rgb(Image.open(io.BytesIO(whole[: len(whole) // 2])))


def test_as_rgb_of_a_mask():
    mask = np.eye(3, dtype=bool)
    assert np.array_equal(as_rgb(mask)[..., 0], mask * 255)


def test_resize_averages_areas():
    image = noise(32, 48)
    means = image.reshape(8, 4, 8, 6, 3).mean(axis=(1, 3))
    assert np.abs(resize_image(image, 8) - means).max() <= 0.5 + 1e-6


@pytest.mark.parametrize(("height", "width"), [(1, 5000), (5000, 1), (1, 1), (3, 40)])
def test_resize_of_thin_images_keeps_the_mean(height, width):
    image = noise(height, width)
    small = resize_image(image, 16)
    assert small.shape == (16, 16, 3)
    assert abs(small.mean() - image.mean()) < (2 if min(height, width) == 1 else 6)


def test_resize_to_the_same_size_changes_nothing():
    assert np.array_equal(resize(noise(), 20, 30), noise())
