"""Any photo becomes uint8 RGB `(H, W, 3)`, or one sentence that says why not. Nothing is silently half grey."""

import io
import os
import re
import warnings
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ssagan_lite.data.paths import expand
from ssagan_lite.errors import InputError

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
REMEDY = "give a JPEG, PNG, WebP or TIFF photo"
JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)  # not an escaped byte, a filler or a restart
MAX_PIXELS = 178_956_970  # Pillow's own limit for a decompression bomb: 512 MiB of RGB


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Read a photo (or a `.npy` array) as uint8 RGB `(H, W, 3)`, upright, at its own size.

    The EXIF orientation is applied; greyscale, palette, CMYK and 16-bit images are converted, transparency is laid
    over black, and the first frame of an animation is taken. A file that was cut short raises `InputError`: it is
    never filled with grey. (A JPEG broken in its middle, with a sound end, can still hold grey rows.) Chapter 01.
    """
    path = expand(path)
    data = _read_bytes(path)
    if path.suffix.lower() == ".npy":
        return as_rgb(_load_array(data, path), name=str(path))
    return decode_image(data, str(path))


def decode_image(data: bytes, name: str) -> np.ndarray:
    """The bytes of an image file as uint8 RGB `(H, W, 3)`, as `read_image` reads it; `name` says whose they are."""
    if data.startswith(b"\xff\xd8") and not _has_jpeg_end(data):
        raise InputError(f"{name} is damaged or cut short (a JPEG without its end); copy it again, or {REMEDY}.")
    try:
        with _told(name), Image.open(io.BytesIO(data)) as image:
            return as_rgb(image, name=name)
    except UnidentifiedImageError as error:
        if name.lower().endswith((".tif", ".tiff")):
            return _read_float_tiff(data, name)
        raise InputError(f"{name} is not an image that can be read; {REMEDY}.") from error


@contextmanager
def _told(name: str):
    """What Pillow raises, as one sentence; a format that it does not know stays its UnidentifiedImageError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a large photo or odd metadata is no reason to warn; errors stay errors
            yield
    except Image.DecompressionBombError as error:
        raise InputError(f"{name} has more than {MAX_PIXELS} pixels; make it smaller first.") from error
    except (UnidentifiedImageError, InputError):
        raise
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, MemoryError) as error:
        # Pillow's decoders raise any of these for a damaged file, by format.
        raise InputError(f"{name} is damaged or cut short ({_short(error)}); copy it again, or {REMEDY}.") from error


def as_rgb(array: "np.ndarray | Image.Image", name: str = "the image") -> np.ndarray:
    """Convert an array or a Pillow image to uint8 RGB `(H, W, 3)`.

    Accepts `(H, W)` and `(H, W, 1 | 2 | 3 | 4)` (grey, grey and alpha, RGB, RGBA; alpha is laid over black) of type
    bool, uint8, uint16 (0..65535), another integer type within 0..255, or float within [0, 1]. NaN, infinity, values
    out of range, other shapes and a damaged Pillow image raise `InputError`; `name` is what the sentence calls it.

    >>> as_rgb(np.array([[0.0, 0.5, 1.0]]))[0, :, 0]
    array([  0, 128, 255], dtype=uint8)
    """
    if isinstance(array, Image.Image):
        with _told(name):  # Pillow reads the pixels only now
            array = _pillow_array(array, name)
    array = np.asarray(array)
    if array.ndim == 2:
        array = array[..., None]  # (H, W, 1)
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4) or 0 in array.shape:
        raise InputError(f"{name} has shape {array.shape}; give (height, width) or (height, width, 1 to 4 channels).")
    levels = _to_uint8(array, name)
    if levels.shape[2] in (2, 4):
        alpha = levels[..., -1:].astype(np.uint16)
        levels = ((levels[..., :-1] * alpha + 127) // 255).astype(np.uint8)
    if levels.shape[2] == 1:
        levels = np.repeat(levels, 3, axis=2)  # (H, W, 3)
    return np.ascontiguousarray(levels)


def resize_image(image: np.ndarray, size: int) -> np.ndarray:
    """Squash an image `(H, W, 3)` to `(size, size, 3)`, as the paper does: the aspect is not kept.

    Area filter (each output pixel is the mean of the input under it) where the image shrinks, linear where it grows.
    """
    return resize(image, size, size)


def resize(image: np.ndarray, height: int, width: int, enlarge: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Resize `(H, W, 3)`, uint8 or float32, to `(height, width, 3)`: area filter down, `enlarge` (an OpenCV flag) up.

    OpenCV's area filter turns into a linear one, which aliases, as soon as one axis grows. So the axes that shrink are
    done first; a photo of 1 x 5000 pixels stays a fair mean of itself.
    """
    smaller = (min(height, image.shape[0]), min(width, image.shape[1]))
    if smaller != image.shape[:2]:
        image = cv2.resize(image, smaller[::-1], interpolation=cv2.INTER_AREA)
    if (height, width) != smaller:
        image = cv2.resize(image, (width, height), interpolation=enlarge)
    return image


def _read_bytes(path: Path) -> bytes:
    if not path.exists():
        raise InputError(f"{path} does not exist; check the name.")
    if path.is_dir():
        raise InputError(f"{path} is a folder; name one image in it.")
    data = path.read_bytes()
    if not data:
        raise InputError(f"{path} is empty; copy it again, or {REMEDY}.")
    return data


def _has_jpeg_end(data: bytes) -> bool:
    """Whether the segments of a JPEG lead to its end marker.

    Pillow notices a file that is too short, but not one whose missing part is zeros, as an interrupted download can
    leave it: it would fill that part with grey.
    """
    position = 2
    while marker := JPEG_MARKER.search(data, position):
        if marker[0] == b"\xff\xd9":
            return True
        length = int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        position = marker.end() + length  # after a scan's header, the search runs over its pixels, which hold no marker
    return False


def _load_array(data: bytes, path: Path) -> np.ndarray:
    try:
        return np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError, SyntaxError) as error:
        raise InputError(f"{path} is not a plain NumPy array ({_short(error)}); save it with numpy.save.") from error


def _read_float_tiff(data: bytes, name: str) -> np.ndarray:
    """Float RGB in a TIFF, which Pillow does not know."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # our sentence comes instead
    try:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        array = None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if array is None or array.ndim != 3 or array.shape[2] not in (3, 4):
        raise InputError(f"{name} is not an image that can be read; {REMEDY}.")
    order = [2, 1, 0, 3][: array.shape[2]]  # OpenCV gives blue first
    return as_rgb(array[..., order], name=name)


def _pillow_array(image: Image.Image, name: str) -> np.ndarray:
    image = ImageOps.exif_transpose(image)  # reads all pixels: a truncated file fails here
    if image.mode == "F":
        return np.asarray(image)
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise InputError(f"{name} is a 32-bit greyscale image; save it with 8 or 16 bits.")
        return values.astype(np.uint16)
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        return np.asarray(image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _to_uint8(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 is 255 * 257
    if np.issubdtype(array.dtype, np.integer):
        if array.min() < 0 or array.max() > 255:
            raise InputError(f"{name} has integers outside 0..255; give uint8, uint16, or floats in [0, 1].")
        return array.astype(np.uint8)
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"{name} holds {array.dtype} values; give uint8, uint16, or floats in [0, 1].")
    if not np.isfinite(array).all():
        raise InputError(f"{name} contains NaN or infinite values; replace them before use.")
    if array.min() < -1e-3 or array.max() > 1 + 1e-3:  # a little overshoot is what a resize leaves behind
        raise InputError(f"{name} has floats outside [0, 1]; scale them to [0, 1] first.")
    return np.rint(np.clip(array, 0, 1) * 255).astype(np.uint8)


def _short(error: BaseException) -> str:
    """The first line of another library's message, without the full stop, to stand inside our sentence."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:120] if lines else type(error).__name__
