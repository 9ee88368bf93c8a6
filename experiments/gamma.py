"""Does a gate that starts shut matter? Six arms, ten seeds each, paired: book/results/gamma.json.

    python experiments/gamma.py                                  about 4 hours of one core; stop it, and give it again
    python experiments/gamma.py --report                         from what is finished, at any time
    python experiments/gamma.py --variant my_file.py:MyBlock     your own block in place of attention
    python experiments/gamma.py --scale medium                   64x64x32, width 8, in bf16

The paper says that without gamma motion is not learnt (section 5.4). Arms: none (no attention), learned (the paper's
gamma), one (gamma fixed at 1), zero_init_norm and released (model/gates.py), scaled (learned gamma, and logits as
spread as in the paper's 1024 dimensions). Within a seed all arms see the same skies in the same order, and everything
outside attention starts from the same weights. Objective and settings are the paper's; only the size is not.

Runs lie in runs/gamma/SCALE/ARM-SEED. A finished one is kept, a broken-off one goes on from its checkpoint; how far
each is, its .log says. One queue at a time: two would write into the same folders. MyBlock is made as
MyBlock(channels), and maps (N, C, T, H, W) to the same shape; it is compared with the learned gamma, and its report
lies beside its runs.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
import tyro

from gamma_study.arms import ARMS, check_block, load_variant
from gamma_study.looks import looks
from gamma_study.queue import work_through
from gamma_study.report import report
from gamma_study.run import SCALES, Job, Protocol, about, training_clips, unseen_skies
from gamma_study.scores import clip_scores
from ssagan_lite.baselines.still import copy_first
from ssagan_lite.cli.options import end_well
from ssagan_lite.data.clips import to_float
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.provenance import Stopwatch, fingerprint

MOST_SEEDS = 20  # all 2^20 patterns of signs are tried


@dataclass
class Options:
    """Train the runs of the gamma study that are not finished, or report on those that are."""

    scale: Literal["tiny", "medium"] = "tiny"
    """tiny: 32x32x16, width 4. medium: 64x64x32, width 8, in bf16."""
    arms: tuple[Literal["none", "learned", "one", "zero_init_norm", "released", "scaled"], ...] = ()
    """Some of the arms; all of them if left out, or with --variant the learned one."""
    variant: str = ""
    """FILE.py:CLASS, a block of your own as one more arm."""
    seeds: int = 0
    """Runs of each arm; 0 is 10 at the tiny scale, and 3 at the medium one."""
    steps: int = 0
    """Generator steps of a run, each after five of the critic; 0 is 600."""
    processes: int = 0
    """Runs at a time, each on one core; 0 is as many as there are cores."""
    report: bool = False
    """Write the report from what is finished, and train nothing."""
    runs: Path = Path("runs/gamma")
    """Where the runs are kept."""
    out: Path | None = None
    """Where the report goes; book/results/gamma.json if left out."""


def main() -> None:
    options = tyro.cli(Options)
    protocol, arms = protocol_of(options), list(options.arms or ARMS)
    if options.variant:
        name, make = load_variant(options.variant)
        check_block(make, options.variant.rpartition(":")[2], protocol.generator)
        arms = [*(options.arms or ["learned"]), name]
    seeds = range(protocol.seeds)  # seed by seed, so that what is finished early can be compared
    jobs = [Job(arm, seed, protocol, options.runs, options.variant) for seed in seeds for arm in arms]
    if options.report:
        write_report(options, protocol, arms, jobs)
    else:
        train(jobs, protocol, options)


def protocol_of(options: Options) -> Protocol:
    """The scale's protocol with the options' seeds and steps. Raises InputError for numbers that cannot be."""
    if min(options.seeds, options.steps, options.processes) < 0 or options.seeds > MOST_SEEDS:
        raise InputError(f"--seeds, --steps and --processes are 0 (as usual) or more, and at most {MOST_SEEDS} seeds.")
    usual = SCALES[options.scale]
    return replace(usual, seeds=options.seeds or usual.seeds, steps=options.steps or usual.steps)


def train(jobs: list[Job], protocol: Protocol, options: Options) -> None:
    """Work through the runs that are not finished."""
    todo = [job for job in jobs if job.record() is None]
    processes = min(options.processes or os.cpu_count() or 1, len(todo))
    print(f"{len(jobs) - len(todo)} of {len(jobs)} runs are finished, {len(todo)} to go", flush=True)
    if todo:
        training_clips(protocol, options.runs)  # drawn once, before many processes want them
        work_through(todo, processes)
    print("all runs are finished; --report writes what they say", flush=True)


def write_report(options: Options, protocol: Protocol, arms: list[str], jobs: list[Job]) -> None:
    """Everything about the runs that are finished. Raises InputError where none is."""
    some = f" --arms {' '.join(arms)}" if options.arms else ""
    watch = Stopwatch(f"python experiments/gamma.py --scale {protocol.scale}{some} --report", seed=0)
    records = {arm: {} for arm in arms}
    for job in jobs:
        if (record := job.record()) is not None:
            records[job.arm][job.seed] = record
    if not any(records.values()):
        raise InputError(f"no run of {protocol.steps} steps is finished in {options.runs / protocol.scale}.")
    skies = unseen_skies(protocol)
    still = to_float(torch.from_numpy(skies.frames))  # (N, 3, T, H, W)
    copied = clip_scores(copy_first(still[:, :, 0], still.shape[2]), still, skies)
    values = {"protocol": about(protocol), **report(records, protocol.seeds, protocol.generator.width)}
    values["copy_first"] = copied
    values |= looks(jobs, skies)
    values["training_hours"] = round(sum(r["seconds"] for runs in records.values() for r in runs.values()) / 3600, 2)
    out = options.out or report_file(options, arms)
    watch.write(out, values, fingerprint(training_clips(protocol, options.runs)))
    print(f"{values['finding']}\n{out}: seeds finished {values['seeds_finished']}")


def report_file(options: Options, arms: list[str]) -> Path:
    """The book's results hold the study; a reader's own block is reported beside its runs."""
    if options.variant:
        return options.runs / options.scale / f"{arms[-1]}.json"
    return Path("book/results") / ("gamma.json" if options.scale == "tiny" else f"gamma_{options.scale}.json")


if __name__ == "__main__":
    end_well(main)
