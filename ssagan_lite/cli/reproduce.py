"""`ssagan reproduce`: from clips to the paper's tables and figures, in a command that goes on where it was stopped."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ssagan_lite.cli.options import parse
from ssagan_lite.data.paths import expand
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.reproduction import commands
from ssagan_lite.reproduction.job import Job

What = Literal["table2", "table3", "table4", "figure1", "figure4"]


@dataclass
class Options:
    """Make one of the paper's tables or figures again.

    table3 and table4 train every row that needs training, score all on the same clips beside copying the first frame,
    and write OUT/table3.md, .json and .csv. figure1 and figure4 write a picture, a video and numbers. table2 is made by
    people: the first command trains what it compares, and writes the blind pages that they open (with --folders, about
    clips that are there already); a second one, with --answers, makes the table of what they returned.

    What is trained is kept in OUT/runs. Stop with Ctrl-C and give the same command again: it goes on.
    """

    what: Annotated[What, tyro.conf.Positional]
    """table2, table3, table4, figure1 or figure4."""
    out: Path
    """The folder for the runs and the result; tables and figures of one scale may share it."""
    data: str = "synthetic"
    """What is scored: synthetic, samples (48 real clips), a packed set, or a folder of mp4s or of folders of frames."""
    train_data: str = ""
    """What is trained on: the training split of --data, or procedural skies where it has none (samples)."""
    scale: Literal["smoke", "tiny", "laptop", "paper"] = "smoke"
    """smoke: 16x16x8, 4 steps, to see that all works. tiny: 32x32x16, width 4, 1,500 steps. laptop: 64x64x32, width 8,
    3,000 steps. paper: 128x128x32 (table4: 64x64x32), width 32, 44,000 steps, for a GPU."""
    models: str = ""
    """Only these rows, with commas between: ours-a,mdgan-stage2. What they refine is trained too."""
    checkpoint: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """ROW=RUN_OR_FILE: trained weights for a row, which is then not trained. May be given again for other rows."""
    steps: int | None = None
    """Generator steps of each run, in place of the scale's."""
    batch: int | None = None
    """The most clips in a batch: 16 below the paper's scale, there what each model's recipe says."""
    clips: int | None = None
    """How many skies to draw for training, where that is on procedural ones."""
    test_clips: int | None = None
    """How many clips to score at most."""
    seed: int = 0
    """Draws the weights, the order of the clips, and procedural skies."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    folders: tuple[str, ...] = ()
    """For table2: ours=FOLDER mdgan-stage1=FOLDER mdgan-stage2=FOLDER real=FOLDER, with clips of the same names."""
    answers: tuple[Path, ...] = ()
    """For table2: the files that people returned."""
    dry_run: bool = False
    """Say what would be trained, and what is there already; train and write nothing."""
    force: bool = False
    """Replace the result where it is already there. Runs are never replaced."""


def run(arguments: list[str]) -> None:
    """Parse, then make the table or the figure."""
    options = parse(Options, "reproduce", arguments)
    watch = Stopwatch(f"ssagan reproduce {without_places(arguments)}", seed=options.seed, on=options.device)
    if options.folders and options.answers:
        raise InputError("--folders builds pages and --answers counts what people returned; give one of them.")
    if options.what != "table2" and (options.folders or options.answers):
        raise InputError("--folders and --answers belong to table2; leave them out.")
    out = expand(options.out)
    if options.answers:
        commands.make_table_2(out, options.answers, watch, options.force)
        return
    if options.folders:
        commands.write_pages(pairs(options.folders, "--folders"), out, options.force)
        return
    job = job_of(options)
    if options.dry_run:
        print(*job.plan(), sep="\n")
        return
    try:
        make(job, watch)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"stopped; what is trained up to its last checkpoint is kept in {job.folder / 'runs'}: "
            "give the same command again to go on"
        ) from stop


def make(job: Job, watch: Stopwatch) -> None:
    """Train what is missing, and write the result."""
    if job.what == "table2":
        commands.make_pages(job)
    elif job.what.startswith("table"):
        commands.make_table(job, watch)
    else:
        commands.make_figure(job, watch)


def job_of(options: Options) -> Job:
    """The options as a job. Raises InputError for what cannot be done."""
    return Job(
        what=options.what,
        folder=expand(options.out),
        data=options.data,
        train_data=options.train_data,
        scale=options.scale,
        models=options.models,
        given=pairs(options.checkpoint, "--checkpoint"),
        changes={name: getattr(options, name) for name in ("steps", "batch", "clips", "test_clips")},
        seed=options.seed,
        device=options.device,
        force=options.force,
    )


def pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    """NAME=PLACE, several times, as a dictionary. Raises InputError for what is no such pair, or given twice."""
    made: dict[str, str] = {}
    for pair in given:
        name, _, place = pair.partition("=")
        if not name or not place:
            raise InputError(f"{option} takes NAME=PLACE, not {pair!r}.")
        if name in made:
            raise InputError(f"{option} names {name} twice; give it once.")
        made[name] = place
    return made


def without_places(arguments: list[str]) -> str:
    """The command as given, but of absolute paths only the last name: results are shared, machines are not."""

    def short(argument: str) -> str:
        name, equals, place = argument.rpartition("=")
        return f"{name}{equals}{Path(place).name}" if place.startswith(("/", "~")) else argument

    return shlex.join(short(argument) for argument in arguments)
