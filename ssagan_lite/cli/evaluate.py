"""`ssagan evaluate`: scores of a model beside copying the first frame, with the conventions named."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from ssagan_lite.baselines.still import copy_first
from ssagan_lite.cli.options import parse
from ssagan_lite.data.paths import expand
from ssagan_lite.data.sources import are_samples, natural_shape, open_clips
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.scores import CONVENTION
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.reproduction.scoring import PUBLISHED, STILL, Predictor, published, score, still, trained


@dataclass
class Options:
    """Score predictions of clips from their first frames, beside copying the first frame.

    MSE, PSNR and SSIM say how far the prediction is from what happened; the motion lines say whether it moves, and
    the right way. Frame 0 was given, so frames 1 on are the ones to read.
    """

    data: str = "samples"
    """samples (48 real clips), synthetic, a packed set, or a folder of mp4s or of folders of frames."""
    model: str = "copy-first"
    """copy-first, fading-copy, mdgan-stage1, mdgan-stage2 (--data samples only), a shipped model, a run or a file."""
    size: int | None = None
    """Pixels a side to score at. By default the model's, else the data's own."""
    clips: int | None = None
    """Score only the first so many."""
    json: bool = False
    """Print the result as JSON."""


def run(arguments: list[str]) -> None:
    """Parse, score the model and copy-first, print."""
    options = parse(Options, "evaluate", arguments)
    predictor, size, frames = choose(options)
    clips = open_clips(options.data, size, frames, split="test", count=options.clips)
    results = {options.model: score(predictor, clips, options.model)}
    results.setdefault("copy-first", score(still(copy_first), clips, "copy-first"))
    summaries = {name: scores.summary() for name, scores in results.items()}
    seen = trained_on_samples(options.model) and are_samples(options.data)
    if options.json:
        about = {"data": options.data, "size": size, "frames": frames, "convention": CONVENTION}
        about["trained_on_these_clips"] = seen
        print(json.dumps({**about, "scores": without_infinity(summaries)}, indent=2, allow_nan=False))
    else:
        print(f"{options.data}: {len(clips)} clips of {frames} frames, {size}x{size} pixels")
        print(table(summaries, frames))
        print(f"({CONVENTION})")
        if seen:
            print(f"NO TEST: {options.model} was trained on these clips; give it clips that it has never seen.")


def trained_on_samples(model: str) -> bool:
    """Whether the model is a run folder whose training read the sample clips."""
    config = expand(model) / "config.json"
    try:
        return are_samples(str(json.loads(config.read_text("utf-8"))["data"]))
    except (OSError, ValueError, KeyError, TypeError):
        return False  # no run folder: a name, a file, or weights without their training


def choose(options: Options) -> tuple[Predictor, int, int]:
    """What predicts, and the size and number of frames to score it at."""
    if options.model in STILL or options.model in PUBLISHED:
        size, frames = natural_shape(options.data)
        size = size if options.size is None else options.size
        if options.model in STILL:
            return still(STILL[options.model]), size, frames
        if options.data != "samples":
            raise InputError(f"{options.model} is known for the 48 sample clips only; use --data samples.")
        return published(options.model, size), size, frames
    generator = load_generator(options.model)
    size = generator.config.size
    if options.size not in (None, size):
        raise InputError(f"{options.model} makes clips of {size} pixels, not {options.size}; leave out --size.")
    return trained(generator), size, generator.config.frames


def without_infinity(values: dict) -> dict:
    """None for numbers that JSON does not know: the PSNR of equal clips, and ratios to a sky that stands still."""
    plain = {name: without_infinity(value) if isinstance(value, dict) else value for name, value in values.items()}
    return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in plain.items()}


def table(summaries: dict[str, dict], frames: int) -> str:
    """One column a model."""
    columns = list(summaries.values())

    def line(name: str, cell: Callable[[dict], str]) -> str:
        return f"{name:34}" + "".join(f"{cell(column):>16}" for column in columns)

    lines = [f"{'':34}" + "".join(f"{name[-15:]:>16}" for name in summaries)]
    for part, label in (("frames_1_on", f"frames 1..{frames - 1}"), ("all_frames", f"all {frames} frames")):
        lines += [
            line(f"{label}: MSE", lambda column, part=part: f"{column[part]['mse']:.4f}"),
            line(f"{label}: PSNR (dB)", lambda column, part=part: f"{column[part]['psnr']:.2f}"),
            line(f"{label}: SSIM", lambda column, part=part: f"{column[part]['ssim']:.3f}"),
        ]
    return "\n".join(
        [
            *lines,
            line("identical frames, not in PSNR", lambda column: str(column["all_frames"]["identical_frames"])),
            line("motion energy (1: as the real)", lambda column: f"{column['motion_energy_ratio']:.2f}"),
            line("flow magnitude (1: as the real)", lambda column: f"{column['flow_magnitude_ratio']:.2f}"),
            line("end-point error (px)", lambda column: f"{column['end_point_error']:.2f}"),
            line("end-point error of no flow (px)", lambda column: f"{column['end_point_error_of_no_flow']:.2f}"),
        ]
    )
