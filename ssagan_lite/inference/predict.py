"""One photo becomes a moving sky, at the photo's own aspect. Chapter 01 shows it, chapter 11 builds it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from ssagan_lite.beyond.wind import WindGenerator, check_wind, look_up, share_of_way
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
    photo. The price: fine texture of a moving cloud stays where it was in the photo. A generator that is told the wind
    does not pay it: its motion carries the photo itself at full output size, and only its change of colour is enlarged.

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
    first = first_frame(generator, photo)  # (1, 3, n, n)
    if detail:
        still = resize(photo, height, width, cv2.INTER_CUBIC)  # (h, w, 3)
        levels = _detailed(generator, first, wind, still)
    else:
        levels = (resize(frame, height, width, cv2.INTER_CUBIC) for frame in _animate(generator, first, wind))
    return np.stack([np.rint(np.clip(frame, 0, 255)).astype(np.uint8) for frame in levels])  # (T, h, w, 3)


def output_size(height: int, width: int, size: int) -> tuple[int, int]:
    """The height and width of a clip of a photo: long side `size`, the photo's aspect, even, and at least 2.

    >>> output_size(3000, 4000, size=512)
    (384, 512)
    """
    scale = size / max(height, width)
    return max(2, 2 * round(height * scale / 2)), max(2, 2 * round(width * scale / 2))


def check_can_be_told(generator: nn.Module, wind: tuple[float, float] | None) -> None:
    """Raise InputError where a wind is given that cannot be, or to a generator that is told none."""
    if wind is None:
        return
    check_wind(wind)
    if not isinstance(generator, WindGenerator):
        raise InputError("this generator is told no wind; leave it out, or take sky-64.")


def first_frame(generator: nn.Module, photo: np.ndarray) -> Tensor:
    """A photo (H, W, 3) in bytes as the generator takes it: squashed to its square, (1, 3, n, n) in [-1, 1]."""
    weight = next(generator.parameters())
    square = torch.from_numpy(resize_image(photo, generator.config.size)).to(weight.device)
    return to_float(square[None, None])[:, :, 0].to(weight.dtype)  # (1, 3, n, n)


def _animate(generator: nn.Module, first: Tensor, wind: tuple[float, float] | None) -> np.ndarray:
    """The generator's clip of a first frame, as float32 levels 0..255 `(T, n, n, 3)`, BatchNorm in eval mode."""
    told = () if wind is None else (torch.tensor([wind], device=first.device),)  # (1, 2)
    with at_rest(generator):
        clip = generator.animate(first, *told)[0]  # (3, T, n, n)
    return _levels((clip.float() + 1) * 127.5)


def _detailed(
    generator: nn.Module, first: Tensor, wind: tuple[float, float] | None, still: np.ndarray
) -> Iterator[np.ndarray]:
    """Frames in levels, (h, w, 3): the photo at full size, still or carried, and the enlarged change since frame 0."""
    height, width = still.shape[:2]
    wind = wind or getattr(generator.config, "wind", None)
    if wind is None:
        clip = _animate(generator, first, wind)  # (T, n, n, 3)
        moved = (still for _ in clip)
    else:
        with at_rest(generator):
            response, change, _ = generator.read(first)  # (1, 4, T, n, n), (1, 3, T, n, n)
        clip = _levels(change[0] * 127.5)  # (T, n, n, 3)
        moved = _carried(still, response[0], wind)
    for frame, change_of_frame in zip(moved, clip - clip[0], strict=True):
        yield frame.astype(np.float32) + resize(change_of_frame, height, width, cv2.INTER_CUBIC)


def _carried(still: np.ndarray, response: Tensor, wind: tuple[float, float]) -> Iterator[np.ndarray]:
    """The photo (h, w, 3) under the wind, frame by frame, by a response (4, T, n, n) of another size."""
    photo = torch.tensor(still, dtype=torch.float32).permute(2, 0, 1)[None]  # (1, 3, h, w)
    ways = share_of_way(response[None].cpu(), torch.tensor([wind]))[0].unbind(dim=1)  # T times (2, n, n)
    for way in ways:
        way = F.interpolate(way[None], still.shape[:2], mode="bilinear", align_corners=False)  # (1, 2, h, w)
        yield look_up(photo.unsqueeze(2), -way.unsqueeze(2))[0, :, 0].permute(1, 2, 0).numpy()  # (h, w, 3)


@contextmanager
def at_rest(generator: nn.Module) -> Iterator[None]:
    """Within it BatchNorm uses its running statistics, and no gradients are kept."""
    training = generator.training
    generator.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        generator.train(training)


def _levels(clip: Tensor) -> np.ndarray:
    """(3, T, n, n) -> (T, n, n, 3), on the CPU."""
    return clip.permute(1, 2, 3, 0).contiguous().cpu().numpy()
