"""Draws the moving skies of the home page: book/_static/home_sky.webp, and the still that stands in for it.

    python tools/make_home_sky.py

Three of our own procedural skies side by side, forwards and back again, so that the loop has no jump.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from ssagan_lite.data.synthetic import synthetic_clips

STATIC = Path(__file__).resolve().parents[1] / "book" / "_static"
SEEDS = (12, 16, 19)  # a lake by day, dusk, and a bank of cloud
SIZE, FRAMES, MILLISECONDS = 240, 24, 110


def main() -> None:
    skies = [synthetic_clips(1, SIZE, FRAMES, seed, noise=False).frames[0] for seed in SEEDS]
    forward = np.concatenate(skies, axis=2)  # (T, 240, 720, 3)
    loop = [Image.fromarray(frame) for frame in (*forward, *forward[-2:0:-1])]
    animated = {"save_all": True, "append_images": loop[1:], "duration": MILLISECONDS, "loop": 0}
    loop[0].save(STATIC / "home_sky.webp", quality=45, method=6, **animated)
    loop[0].save(STATIC / "home_sky_still.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
