"""Packing a large set on all cores, so that it can be killed at any moment and started again. Chapter 08.

    jobs --(worker processes: read, decode, squash)--> clips, in the order of the jobs --> shards and a journal
                                                                                          in OUT.partial, then OUT

A job is done when its line stands in the journal. A run that goes on cuts the last shard back to what the journal
knows, and takes the next job: the result has the same bytes as one that was never stopped.
"""

import hashlib
import json
import multiprocessing
import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from ssagan_lite.data.locking import Lock
from ssagan_lite.data.manifest import SET_NAMES, write_manifest
from ssagan_lite.data.paths import expand
from ssagan_lite.data.shards import SHARD_CLIPS, ShardWriter
from ssagan_lite.data.staging import check_free
from ssagan_lite.errors import InputError

JOURNAL, PLAN = "journal.jsonl", "plan.json"
AHEAD = 2  # jobs under way for each worker: enough to keep all busy, few enough to stay small in memory


@dataclass(frozen=True)
class Packed:
    """What one job became: uint8 clips `(n, T, size, size, 3)`, their manifest entries, and what was left out."""

    clips: np.ndarray
    entries: list[dict[str, str]]
    skipped: list[dict[str, str]] = field(default_factory=list)


def pack(
    out: Path,
    jobs: Sequence[Any],
    work: Callable[[Any], Packed],
    *,
    notes: dict[str, Any],
    clips: int,
    skipped: Sequence[dict[str, str]] = (),
    workers: int | None = None,
    force: bool = False,
    shard_clips: int = SHARD_CLIPS,
) -> Path:
    """Make the set `out` of what `work` makes of each job, and return its path.

    jobs, work: picklable; they go to `workers` processes (all cores). notes: settings, written to the manifest; with
    the jobs they tell whether OUT.partial is the beginning of this set. clips: how many to expect, for the bar.
    skipped: what the plan has left out already. Raises InputError where `out` is there, where the part that lies there
    was begun with other settings, or where a worker cannot go on; what is packed then stays for the next start.
    """
    out = Path(os.path.realpath(expand(out)))  # a link to another disk is followed, not replaced
    check_free(out, force=force, own=(*SET_NAMES, JOURNAL, PLAN))
    if not jobs:
        raise InputError(f"{out} was not begun: there is nothing to pack; check where the clips come from.")
    partial = _open_partial(out, jobs, notes)
    lock = Lock(partial)
    lock.hold()
    try:
        _write_set(partial, jobs, work, notes=notes, clips=clips, skipped=skipped, workers=workers, size=shard_clips)
    finally:
        lock.release()
    return _publish(partial, out)


def _write_set(partial: Path, jobs, work, *, notes, clips, skipped, workers, size) -> None:
    """Take the jobs that the journal does not know, and describe what is there then."""
    done = _read_journal(partial / JOURNAL)
    state = {"shards": done.shards, "shape": done.shape, "count": len(done.entries) - done.in_shards}
    with (
        ShardWriter(partial, size, **state) as writer,
        (partial / JOURNAL).open("a", encoding="utf-8") as journal,
        tqdm(total=clips, initial=len(done.entries), unit="clip", smoothing=0.05) as bar,
    ):
        for packed in results_in_order(work, jobs[done.jobs :], workers):
            _append(packed, writer, journal, done)
            bar.update(len(packed.entries))
    if writer.shape is None:
        reason = ([*skipped, *done.skipped] or [{"reason": "there were none"}])[0]["reason"]
        raise InputError(
            f"{partial} holds nothing yet, as no clip could be used; the first was left out because: {reason}"
        )
    left_out = [*skipped, *done.skipped]
    write_manifest(partial, shape=writer.shape, shards=writer.shards, clips=done.entries, skipped=left_out, notes=notes)


@dataclass
class _Done:
    """What the journal says: jobs that are done, and what became of them."""

    jobs: int = 0
    shape: tuple[int, ...] | None = None
    shards: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, str]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)

    @property
    def in_shards(self) -> int:
        """Clips that lie in finished shards."""
        return sum(shard["clips"] for shard in self.shards)

    def add(self, line: dict[str, Any]) -> None:
        self.jobs += 1
        self.shape = tuple(line["shape"]) if line["shape"] else self.shape
        for name in ("shards", "entries", "skipped"):
            getattr(self, name).extend(line[name])


def _append(packed: Packed, writer: ShardWriter, journal, done: _Done) -> None:
    """Write the clips of one job, then the line that says so."""
    known = len(writer.shards)
    for clip, entry in zip(packed.clips, packed.entries, strict=True):
        writer.add(clip, entry["source"])
    writer.flush()
    line = {"shape": writer.shape, "shards": writer.shards[known:], "entries": packed.entries}
    line["skipped"] = packed.skipped
    journal.write(json.dumps(line) + "\n")
    journal.flush()
    done.add(line)


def _open_partial(out: Path, jobs: Sequence[Any], notes: dict[str, Any]) -> Path:
    """OUT.partial, new or begun by the same jobs and settings."""
    partial = out.with_name(out.name + ".partial")
    digest = hashlib.sha256()
    for job in jobs:
        digest.update(repr(job).encode())
    plan = {"notes": notes, "jobs": len(jobs), "sha256": digest.hexdigest()}
    if (partial / PLAN).is_file():
        begun = json.loads((partial / PLAN).read_text("utf-8"))
        _compare_plans(partial, begun, json.loads(json.dumps(plan)))
    else:
        if partial.exists() and any(partial.iterdir()):
            raise InputError(f"{partial} is in the way, and holds no {PLAN}; move it away.")
        partial.mkdir(parents=True, exist_ok=True)
        written = partial / (PLAN + ".new")
        written.write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")
        os.replace(written, partial / PLAN)
    return partial


def _compare_plans(partial: Path, begun: dict[str, Any], plan: dict[str, Any]) -> None:
    if begun == plan:
        return
    names = begun["notes"].keys() | plan["notes"].keys()
    differ = sorted(name for name in names if begun["notes"].get(name) != plan["notes"].get(name))
    what = ", ".join(differ) if differ else "the files that it reads"
    raise InputError(f"{partial} was begun with other settings ({what}); use those, or delete it to begin again.")


def _read_journal(path: Path) -> _Done:
    """All whole lines; a line that a kill cut short is removed."""
    done, whole = _Done(), 0
    if path.is_file():
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                done.add(json.loads(line))
                whole += len(line)
        os.truncate(path, whole)
    return done


def results_in_order(work: Callable[[Any], Packed], jobs: Sequence[Any], workers: int | None) -> Iterator[Packed]:
    """The results in the order of the jobs; at most AHEAD jobs for each worker are under way."""
    workers = min(workers or os.cpu_count() or 1, max(1, len(jobs)))
    context = multiprocessing.get_context("spawn")  # the same on every system, and no half-copied threads
    with ProcessPoolExecutor(workers, context, initializer=_start_worker) as pool:
        waiting: deque = deque()
        remaining = iter(jobs)
        try:
            while True:
                waiting.extend(pool.submit(work, job) for job in islice(remaining, AHEAD * workers - len(waiting)))
                if not waiting:
                    return
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise InputError("A worker process was killed (out of memory?); run the same command again.") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start_worker() -> None:
    """One thread for each worker; and a worker whose parent was killed ends too, instead of waiting for ever."""
    cv2.setNumThreads(1)
    # glibc asks the kernel for each block of memory above the largest that was ever freed, and a decoded picture would
    # be such a block, every time. One freed block of 16 MiB, and decoding is up to a third faster.
    bytearray(2**24)
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _publish(partial: Path, out: Path) -> Path:
    """Give the finished set its name; an old one steps aside first."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name[:80]}-", ignore_cleanup_errors=True) as aside:
        if out.exists():
            os.replace(out, Path(aside) / out.name)
        os.replace(partial, out)
        for name in (JOURNAL, PLAN):
            (out / name).unlink()
    return out


def check_room(out: Path, needed: int) -> None:
    """Raise InputError where the disk of `out` has less than `needed` bytes free, counting what is packed already."""
    out = Path(os.path.realpath(expand(out)))
    place = out.parent
    while not place.exists():
        place = place.parent
    partial = out.with_name(out.name + ".partial")
    there = sum(file.stat().st_size for file in partial.glob("clips-*.npy")) if partial.is_dir() else 0
    free = shutil.disk_usage(place).free + there
    if free < needed:
        told = f"{needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free"
        raise InputError(f"There is no room for {out}: {told}; use another disk, a smaller --size, or --limit.")
