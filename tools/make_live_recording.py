"""Draws the pictures of the live page: six skies to choose from, and the recording where nothing can run.

    python tools/make_live_recording.py [MODEL]

Writes book/_live/sky-1.webp to sky-6.webp, recording.webp (three of them, moved by the model that ships, or by MODEL: a
name, a run folder or a file) and recording_still.webp. The skies are procedural, each the first frame of a clip of
ours; a model that is told the wind is told another one for each. Run it again when another model ships; no picture is
kept that is over its budget.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ssagan_lite.beyond.wind import WindGenerator  # noqa: E402
from ssagan_lite.data.synthetic import synthetic_clips  # noqa: E402
from ssagan_lite.inference.predict import predict  # noqa: E402
from ssagan_lite.inference.pretrained import DEFAULT_MODEL, load_generator  # noqa: E402

FOLDER = ROOT / "book" / "_live"
SEEDS = (29, 19, 0, 12, 37, 8)  # in the order of SKIES in book/_live/sources.js
SKY, RECORDED = 512, 320
MOVED = (1, 0, 3)  # places in SEEDS
WINDS = ((0.15, 0.0), (-0.15, 0.0), (0.1, -0.08))  # of each, where the model hears of it
MILLISECONDS, HOLD = 125, 900
BUDGET = 300_000  # bytes of the recording


def main() -> int:
    for number, seed in enumerate(SEEDS, 1):
        Image.fromarray(sky(seed, SKY)).save(FOLDER / f"sky-{number}.webp", quality=82, method=6)
    generator = load_generator(sys.argv[1] if len(sys.argv) > 1 else DEFAULT_MODEL)
    told = isinstance(generator, WindGenerator) and generator.config.wind is not None
    moved = [
        predict(generator, sky(SEEDS[i], RECORDED), size=RECORDED, detail=True, wind=wind if told else None)
        for i, wind in zip(MOVED, WINDS, strict=True)
    ]
    frames = [Image.fromarray(frame) for frame in np.concatenate(moved, axis=2)]  # T pictures of (320, 960)
    times = [HOLD, *[MILLISECONDS] * (len(frames) - 2), HOLD]
    target = FOLDER / "recording.webp"
    quality = save_within(target, frames, times)
    frames[0].save(FOLDER / "recording_still.webp", quality=80, method=6)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size} bytes at quality {quality}")
    return 0


def sky(seed: int, size: int) -> np.ndarray:
    """The first frame of a procedural clip, `(size, size, 3)`."""
    return synthetic_clips(1, size, 2, seed, noise=False).frames[0][0]


def save_within(target: Path, frames: list[Image.Image], times: list[int]) -> int:
    """Save an endless animation with the best quality that keeps to the budget, and return that quality."""
    for quality in range(85, 0, -10):
        frames[0].save(
            target, save_all=True, append_images=frames[1:], duration=times, loop=0, quality=quality, method=6
        )
        if target.stat().st_size <= BUDGET:
            return quality
    raise SystemExit(f"{target.name} does not fit into {BUDGET} bytes; show fewer skies.")


if __name__ == "__main__":
    sys.exit(main())
