"""Draws the moving skies of the home page, the still that stands in for them, and the picture that a shared link shows.

python tools/make_home_sky.py

book/_static/home_sky.webp         three of our own procedural skies side by side, forwards and back again, so that
                                   the loop has no jump
book/_static/home_sky_still.webp   its first frame, for print and for readers who prefer stillness
book/_static/preview.jpg           the same three skies over the book's title, in the size that link previews use
"""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ssagan_lite.data.synthetic import synthetic_clips

STATIC = Path(__file__).resolve().parents[1] / "book" / "_static"
SEEDS = (12, 16, 19)  # a lake by day, dusk, and a bank of cloud
SIZE, FRAMES, MILLISECONDS = 240, 24, 110
PREVIEW, MARGIN = (1200, 630), 60
INK, PAPER, SOFT = "#f4f1ea", "#14233a", "#c3cbd8"
FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")
LINES = (("One photo, thirty-two frames", 58, INK), ("A book that builds SSA-GAN in PyTorch, step by step", 36, SOFT))


def skies(size: int, frames: int) -> np.ndarray:
    """The three, side by side: uint8 (T, size, 3 x size, 3)."""
    return np.concatenate([synthetic_clips(1, size, frames, seed, noise=False).frames[0] for seed in SEEDS], axis=2)


def preview() -> Image.Image:
    """Skies above, title below; the fonts come with matplotlib."""
    picture = Image.new("RGB", PREVIEW, PAPER)
    above = skies(PREVIEW[0] // len(SEEDS), FRAMES)[0]  # (400, 1200, 3)
    picture.paste(Image.fromarray(above))
    pen, top = ImageDraw.Draw(picture), len(above) + 44
    for text, size, colour in LINES:
        pen.text((MARGIN, top), text, colour, ImageFont.truetype(str(FONTS / "DejaVuSans.ttf"), size))
        top += round(size * 1.7)
    return picture


def main() -> None:
    forward = skies(SIZE, FRAMES)
    loop = [Image.fromarray(frame) for frame in (*forward, *forward[-2:0:-1])]
    animated = {"save_all": True, "append_images": loop[1:], "duration": MILLISECONDS, "loop": 0}
    loop[0].save(STATIC / "home_sky.webp", quality=45, method=6, **animated)
    loop[0].save(STATIC / "home_sky_still.webp", quality=80, method=6)
    preview().save(STATIC / "preview.jpg", quality=85)


if __name__ == "__main__":
    main()
