"""One photo becomes a moving sky, at the photo's own aspect. Chapter 01 shows it, chapter 11 builds it."""

import os

import cv2
import numpy as np
import torch
from PIL import Image
from torch import nn

from ssagan_lite.beyond.wind import WindGenerator, check_wind
from ssagan_lite.data.clips import to_float
from ssagan_lite.data.images import as_rgb, read_image, resize, resize_image
from ssagan_lite.errors import InputError

SMALLEST, LARGEST = 16, 4096


def predict(
    generator: nn.Module,
    image: str | os.PathLike | Image.Image | np.ndarray,
    *,
    size: int = 512,
    detail: bool = False,
    wind: tuple[float, float] | None = None,
) -> np.ndarray:
    """Animate a photo: uint8 RGB `(T, h, w, 3)` with the photo's aspect, its long side `size`, both sides even.

    `image` is a path, a Pillow image, or an array as `as_rgb` takes it. The generator sees the photo squashed to its
    own square; its clip is stretched back (bicubic). Frame 0 is then the generator's picture of the photo, as soft as
    the rest, so that the clip does not jump after its first frame.

    With `detail`, the clip's change since its own frame 0 is enlarged and added to the photo at full output size. The
    change is taken from the clip's frame 0, not from the squashed photo, because what the generator cannot draw (its
    blur, a tint) is in all its frames and cancels: what does not move stays exactly the photo, and frame 0 is the
    photo. The price: fine texture of a moving cloud stays where it was in the photo.

    `wind` is how far the sky is to move over the whole clip, to the right in widths of the picture and down in heights,
    for a generator that is told the wind; by default its own configuration's.

    Raises `InputError` for an image that cannot be read, a size that is no whole number from 16 to 4096, and a wind
    that cannot be, or that the generator would not hear of.
    """
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not SMALLEST <= size <= LARGEST:
        raise InputError(f"{size!r} is no size in pixels; give a whole number from {SMALLEST} to {LARGEST}.")
    check_can_be_told(generator, wind)
    photo = read_image(image) if isinstance(image, (str, os.PathLike)) else as_rgb(image)
    height, width = output_size(*photo.shape[:2], int(size))
    clip = _animate(generator, photo, wind)  # (T, n, n, 3)
    if detail:
        clip = clip - clip[0]
        still = resize(photo, height, width, cv2.INTER_CUBIC).astype(np.float32)  # (h, w, 3)
    else:
        still = 0
    frames = np.empty((len(clip), height, width, 3), np.uint8)
    for index, frame in enumerate(clip):
        levels = still + resize(frame, height, width, cv2.INTER_CUBIC)
        frames[index] = np.rint(np.clip(levels, 0, 255))
    return frames


def output_size(height: int, width: int, size: int) -> tuple[int, int]:
    """The height and width of a clip of a photo: long side `size`, the photo's aspect, even, and at least 2."""
    scale = size / max(height, width)
    return max(2, 2 * round(height * scale / 2)), max(2, 2 * round(width * scale / 2))


def check_can_be_told(generator: nn.Module, wind: tuple[float, float] | None) -> None:
    """Raise InputError where a wind is given that cannot be, or to a generator that is told none."""
    if wind is None:
        return
    check_wind(wind)
    if not isinstance(generator, WindGenerator):
        raise InputError("this generator is told no wind; leave it out, or take sky-64.")


def _animate(generator: nn.Module, photo: np.ndarray, wind: tuple[float, float] | None) -> np.ndarray:
    """The generator's clip of a photo `(H, W, 3)`, as float32 levels 0..255 `(T, n, n, 3)`, BatchNorm in eval mode."""
    weight = next(generator.parameters())
    square = resize_image(photo, generator.config.size)
    first = to_float(torch.from_numpy(square)[None, None].to(weight.device))[:, :, 0]  # (1, 3, n, n)
    training = generator.training
    generator.eval()
    try:
        with torch.inference_mode():
            told = () if wind is None else (torch.tensor([wind], dtype=torch.float32, device=weight.device),)  # (1, 2)
            clip = generator.animate(first.to(weight.dtype), *told)[0]  # (3, T, n, n)
    finally:
        generator.train(training)
    return ((clip.float() + 1) * 127.5).permute(1, 2, 3, 0).contiguous().cpu().numpy()  # (T, n, n, 3)
