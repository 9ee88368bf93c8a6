"""`ssagan predict`: a photo in, a clip out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ssagan_lite.cli.options import parse
from ssagan_lite.data.images import read_image
from ssagan_lite.data.video import check_video_target, write_video
from ssagan_lite.inference.predict import predict
from ssagan_lite.inference.pretrained import DEFAULT_MODEL, load_generator


@dataclass
class Options:
    """Make a time-lapse from one photo of the sky.

    The photo may be of any size and kind; the clip has its aspect. The models make small frames, which are enlarged:
    by itself the clip is soft. With --detail the change they predict is added to the photo, which stays sharp.
    """

    image: Annotated[Path, tyro.conf.Positional]
    """The photo: JPEG, PNG, TIFF, WebP, ... in colour or grey."""
    out: str
    """Where the clip goes: a name ending in .mp4 or .gif, or a folder for PNG frames."""
    checkpoint: str = DEFAULT_MODEL
    """A model that ships with the package, a run folder of `ssagan train`, or a file of weights."""
    size: int = 512
    """Long side of the clip in pixels."""
    detail: bool = False
    """Add the predicted change to the photo itself, so that its fine detail stays."""
    wind: tuple[float, float] | None = None
    """How far the sky is to move over the clip: to the right, in picture widths, and down, in heights. By default the
    model's own; models that are told no wind take none."""
    fps: float = 8
    """Frames per second."""
    force: bool = False
    """Replace --out where it is already there."""
    json: bool = False
    """Print the result as JSON."""


def run(arguments: list[str]) -> None:
    """Parse, predict, write."""
    options = parse(Options, "predict", arguments)
    check_video_target(options.out, options.fps, options.force)  # before the work, not after it
    photo = read_image(options.image)
    generator = load_generator(options.checkpoint)
    clip = predict(generator, photo, size=options.size, detail=options.detail, wind=options.wind)  # (T, H, W, 3)
    path = write_video(options.out, clip, fps=options.fps, force=options.force)
    frames, height, width, _ = clip.shape
    if options.json:
        result = {"clip": str(path), "frames": frames, "height": height, "width": width, "model": options.checkpoint}
        print(json.dumps(result))
    else:
        print(f"{path}: {frames} frames of {width}x{height} pixels, made by {options.checkpoint}.")
