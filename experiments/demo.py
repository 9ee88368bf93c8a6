"""The whole way in about a minute on two cores: train, score, predict, look. `make demo` runs it.

    python experiments/demo.py [--out runs/demo]

Trains a small model on procedural skies, prints its scores beside copy-first's and fading copy's, moves a picture with
it, and writes sky.mp4 and a page, index.html, that needs nothing but a browser.
"""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from ssagan_lite.cli.evaluate import table
from ssagan_lite.cli.options import run_script
from ssagan_lite.data.images import read_image
from ssagan_lite.data.sources import open_clips
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.data.video import write_video
from ssagan_lite.errors import InputError
from ssagan_lite.inference.predict import predict
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.reproduction.scoring import STILL, score, still
from ssagan_lite.teach import show
from ssagan_lite.training.config import preset
from ssagan_lite.training.fit import fit

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>ssagan-lite: a minute of training</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font-family: system-ui, sans-serif }}
  pre {{ overflow-x: auto }}
</style>
<h1>A minute of training</h1>
{player}
<pre>{scores}</pre>
</html>
"""


def main(out: Path = Path("runs/demo"), image: Path | None = None, steps: int = 300) -> None:
    """Train for a minute, score, predict, and write a page to look at.

    Args:
        out: the folder to make; one that this script made before is replaced.
        image: a photo to move; a procedural sky by default.
        steps: training steps.
    """
    make_room(out)
    config = preset("smoke").replace(
        generator=GeneratorConfig(size=32, width=4), steps=steps, clips=256, critic_steps=1,
        content_weight=50.0, learning_rate=1e-3, sample_every=steps, out=str(out / "run"), device="cpu",
    )  # fmt: skip
    generator = load_generator(fit(config))
    scores = compare(generator)
    print(scores)
    photo = read_image(image or draw_photo(out / "photo.png"))
    clip = predict(generator, photo, size=256, detail=True)  # (T, H, W, 3)
    write_video(out / "sky.mp4", clip)
    still_clip = np.repeat(clip[:1], len(clip), axis=0)
    player = show.play(
        {"ours": clip, "copy-first": still_clip},
        title=f"After {steps} steps: a picture moved, and the picture",
        alt="A picture that the freshly trained network moves, beside its still copy.",
    )
    (out / "index.html").write_text(PAGE.format(player=player.html, scores=scores), encoding="utf-8")
    print(f"Look at it: {(out / 'index.html').resolve()} (the clip alone: {out / 'sky.mp4'})")


def make_room(folder: Path) -> None:
    """Remove what an earlier demo left. Raises InputError for a folder that holds anything else."""
    if folder.exists():
        foreign = {entry.name for entry in folder.iterdir()} - {"run", "photo.png", "sky.mp4", "index.html"}
        if foreign:
            raise InputError(f"{folder} also holds {sorted(foreign)[0]}; choose another --out.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def compare(generator) -> str:
    """A table of scores on 32 skies that the model was not trained on."""
    clips = open_clips("synthetic", generator.config.size, generator.config.frames, split="test", count=32)
    predictors = {"ours": lambda real, _: generator.animate(real[:, :, 0])}
    predictors |= {name: still(baseline) for name, baseline in STILL.items()}
    summaries = {name: score(predictor, clips, name).summary() for name, predictor in predictors.items()}
    return table(summaries, generator.config.frames)


def draw_photo(file: Path) -> Path:
    """One frame of a procedural sky as a picture."""
    Image.fromarray(synthetic_clips(1, 256, 1, seed=12).frames[0, 0]).save(file)
    return file


if __name__ == "__main__":
    run_script(main, __doc__)
