"""What was asked of `ssagan reproduce`, the runs it needs, and what has to be said beside its numbers. Chapter 12."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ssagan_lite.data.paths import expand
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.motion import GAP
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.reproduction.clips import open_test_clips, training_source
from ssagan_lite.reproduction.rows import ROWS, Row, rows_of, to_train
from ssagan_lite.reproduction.runs import Runs, Settings, scoring_device, seconds_of
from ssagan_lite.reproduction.scales import Scale, scale_of
from ssagan_lite.reproduction.scoring import STILL, Predictor, published, still, trained


@dataclass(frozen=True)
class Job:
    """What was asked for. given: trained weights by row. changes: of the scale, None where it stays as it is.

    Raises InputError for an unknown scale or row, and for weights for a row that is not trained.
    """

    what: str
    folder: Path
    data: str = "synthetic"
    train_data: str = ""
    scale: str = "smoke"
    models: str = ""
    given: dict[str, str] = field(default_factory=dict)
    changes: dict[str, int | None] = field(default_factory=dict)
    seed: int = 0
    device: str = "auto"
    force: bool = False

    def __post_init__(self):
        _ = self.rows, self.size  # asked now, so that a wrong name is told before anything is done
        self.check_given()
        for name, value in self.changes.items():
            if value is not None and value < 1:
                raise InputError(f"--{name.replace('_', '-')} must be 1 or more, not {value}.")

    def check_given(self) -> None:
        """Raise InputError unless weights are given for rows that are trained."""
        trainable = [name for name, row in ROWS.items() if row.model]
        for name in self.given:
            if name not in trainable:
                raise InputError(f"there is no trained row '{name}'; choose among {', '.join(trainable)}.")

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of the result, in order."""
        return rows_of(self.what, self.data, self.models)

    @cached_property
    def size(self) -> Scale:
        """The scale, with what was changed of it."""
        changed = {name: value for name, value in self.changes.items() if value is not None}
        return replace(scale_of(self.scale, self.what), **changed)

    @cached_property
    def frames(self) -> int:
        """T, the length of the clips at this size."""
        return GeneratorConfig(size=self.size.size).frames

    @cached_property
    def runs(self) -> Runs:
        """The runs of this folder."""
        scale, source = self.size, training_source(self.data, self.train_data)
        shape = {name: getattr(scale, name) for name in ("size", "width", "steps", "batch", "clips")}
        return Runs(self.folder / "runs", Settings(source, **shape, seed=self.seed, device=self.device), self.given)

    @cached_property
    def missing(self) -> list[Row]:
        """The rows to train or to look up in the folder, first stages first."""
        return to_train(self.rows, self.given)

    def test_clips(self):
        """The clips that are scored."""
        return open_test_clips(self.data, self.size.size, self.frames, self.size.test_clips, self.seed)

    def plan(self) -> list[str]:
        """What would be trained, and what is there already, as lines."""
        self.runs.check(self.missing)
        scale = self.size
        lines = [f"{self.what}, {described(self)}; trained on {shown(self.runs.settings.data)}"]
        for row in self.missing:
            done, steps = self.runs.done(row), scale.steps
            state = "trained" if done >= steps else f"{done:,} of {steps:,} steps done" if done else f"{steps:,} steps"
            lines.append(f"  {row.name:22} {state}{f', on top of {row.stage1}' if row.stage1 else ''}")
        lines += [f"  {name:22} given: {place}" for name, place in self.given.items()]
        lines.append(f"rows: {', '.join(row.name for row in self.rows)}")
        return [*lines, "(nothing was trained, and nothing written)"]


def described(job: Job) -> str:
    """Scale and shape in words."""
    scale = job.size
    return f"scale {job.scale}: {scale.size}x{scale.size} pixels, {job.frames} frames, width {scale.width}"


def shown(data: str) -> str:
    """The name of a source without the folders above it, which belong to one machine."""
    return {"synthetic": "procedural skies", "samples": "the 48 real sample clips"}.get(data, expand(data).name)


def predictor(job: Job, row: Row) -> Predictor:
    """What predicts a row; trained now where it has to be."""
    if row.name in STILL:
        return still(STILL[row.name])
    if not row.model:
        return published(row.name.removesuffix("-published"), job.size.size)
    return trained(job.runs.generator(row), scoring_device(job.device))


def train_all(job: Job) -> None:
    """Train what is missing, with a line a run."""
    job.runs.check(job.missing)
    for number, row in enumerate(job.missing, 1):
        done = job.runs.done(row)
        state = "there already" if done >= job.size.steps else f"from step {done:,} to {job.size.steps:,}"
        print(f"run {number} of {len(job.missing)}: {row.name}, {state}", flush=True)
        job.runs.train(row)


def about(job: Job, count: int) -> list[str]:
    """What is true of this table alone."""
    scale, source = job.size, job.runs.settings.data
    lines = [f"Scored: {count} clips of {shown(job.data)}, {job.frames} frames of {scale.size}x{scale.size} pixels."]
    if job.data == "samples":
        lines.append("The samples are lossy, and were contrast-stretched frame by frame when their authors saved them.")
    if job.frames <= GAP:
        lines.append("The clips are shorter than the gap that flow is measured over: here it spans the whole clip.")
    if job.missing:
        clips = f"{scale.clips:,} procedural skies of other seeds" if source == "synthetic" else shown(source)
        lines += [
            f"Trained: {scale.steps:,} generator steps a run (each stage of two-stage models), at most {scale.batch} "
            f"clips a batch, width {scale.width}, seed {job.seed}, each with its own model's recipe{critics(job)}.",
            f"Trained on: {clips}{training_note(job)}.",
        ]
    if job.given:
        lines.append(f"Weights that were given, not trained here: {', '.join(job.given)}.")
    return lines


def critics(job: Job) -> str:
    """Which critics see fewer clips than others, where they differ."""
    steps = {row.label: job.runs.configuration(row).critic_steps for row in job.missing}
    fewer = [label for label, count in steps.items() if count < max(steps.values())]
    if not fewer:
        return ""
    many, few = max(steps.values()), min(steps.values())
    return f"; a generator step comes after {many} critic steps, with {' and '.join(fewer)} after {few}"


def training_note(job: Job) -> str:
    """Why what was trained on is not of the kind that is scored, where it is not."""
    if job.runs.settings.data == job.data:
        return "" if job.data == "synthetic" else ", its training split: no source video lies on both sides"
    if job.train_data:
        return f", as --train-data says, and not on {shown(job.data)}"
    return f", because {shown(job.data)} have no training split: what was trained on them could not be judged by them"


def settings(job: Job) -> dict:
    """What was asked for, as plain values without a path."""
    scale, source = job.size, Path(job.runs.settings.data).name
    found = {"data": Path(job.data).name, "scale": job.scale, "size": scale.size, "frames": job.frames}
    if not job.missing:
        return found
    drawn = scale.clips if source == "synthetic" else None
    return found | {
        "train_data": source,
        "drawn_clips": drawn,
        "width": scale.width,
        "steps": scale.steps,
        "batch": scale.batch,
    }


def training(job: Job) -> dict:
    """How each run was trained: model, steps, batch, seconds, parameters."""
    found = {}
    for row in job.missing:
        config = job.runs.configuration(row)
        found[row.name] = {
            "model": config.model,
            "stage1": row.stage1 or None,
            "steps": config.steps,
            "critic_steps": config.critic_steps,
            "batch": config.batch,
            "seconds": seconds_of(Path(config.out)),
            "parameters": job.runs.parameters.get(row.name),
        }
    return found | {name: {"given": Path(place).name} for name, place in job.given.items()}
