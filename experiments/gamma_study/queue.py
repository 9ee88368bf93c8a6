"""Work through runs, several at a time, each in a process of its own; all of it can be stopped and given again."""

import os
import signal
import sys
import threading
import time
from contextlib import redirect_stderr
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from gamma_study.run import Job, run
from ssagan_lite.errors import InputError


def work_through(jobs: list[Job], processes: int) -> None:
    """Run all jobs in their order, and print a line for each that is finished.

    Raises InputError at the end where some could not be finished, and KeyboardInterrupt where Ctrl-C asked to stop;
    the runs under way are saved then.
    """
    clock = Clock(len(jobs))
    failed = one_by_one(jobs, clock) if processes == 1 else side_by_side(jobs, processes, clock)
    if failed:
        names = ", ".join(job.folder.name for job in failed)
        raise InputError(f"{len(failed)} run(s) did not finish ({names}); see above, and give the command again.")


class Clock:
    """How many runs are finished, and how long the rest may take."""

    def __init__(self, total: int):
        self.total, self.done, self.started = total, 0, time.monotonic()

    def tick(self, job: Job) -> None:
        self.done += 1
        left = (time.monotonic() - self.started) / self.done * (self.total - self.done)
        psnr = job.record()["scores"]["psnr"]
        print(f"{self.done}/{self.total} {job.folder.name}: {psnr:.2f} dB, about {duration(left)} left", flush=True)


def duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def one_by_one(jobs: list[Job], clock: Clock) -> list[Job]:
    """In this process, with fit's progress bar. Returns the jobs that failed."""
    failed = []
    for job in jobs:
        try:
            run(job)
            clock.tick(job)
        except InputError as error:
            print(f"{job.folder.name}: {error}", file=sys.stderr)
            failed.append(job)
    return failed


def side_by_side(jobs: list[Job], processes: int, clock: Clock) -> list[Job]:
    """In processes of their own; each progress bar goes to ARM-SEED.log. Returns the jobs that failed."""
    os.environ["OMP_NUM_THREADS"] = "1"  # inherited
    context, waiting, running, failed = get_context("spawn"), list(reversed(jobs)), {}, []
    alive, ours = context.Pipe(duplex=False)  # children stop where our end is closed, which a kill does too
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                process = context.Process(target=in_child, args=(waiting[-1], alive))
                process.start()
                running[process.sentinel] = process, waiting.pop()
            for sentinel in wait(list(running)):
                process, job = running.pop(sentinel)
                process.join()
                failed += [] if process.exitcode == 0 else [job]
                if process.exitcode == 0:
                    clock.tick(job)
    finally:
        ours.close()
        for process, _ in running.values():
            process.join()
    return failed


def in_child(job: Job, alive: Connection) -> None:
    """One run, which saves itself and stops when its parent stops, or is no more."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # Ctrl-C goes to the parent alone, and so comes only once: a second one would not save
    threading.Thread(target=interrupt_at_end_of, args=(alive,), daemon=True).start()
    try:
        with job.folder.with_suffix(".log").open("w") as log, redirect_stderr(log):
            run(job)
    except (InputError, OSError) as error:
        print(f"{job.folder.name}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def interrupt_at_end_of(alive: Connection) -> None:
    """Wait until the other end is closed, then do as if Ctrl-C were pressed: fit() saves, and stops."""
    alive.poll(None)
    signal.raise_signal(signal.SIGINT)
