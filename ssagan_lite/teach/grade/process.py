"""A student's process: it is started, limited, asked over a pipe, and ended with all that it began."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ssagan_lite.teach.grade.wire import HEADER, pack

OWN_TIME = 60.0  # seconds that the grader may spend on reading a notebook, and on judging an answer
LARGEST_ANSWER, LARGEST_FILE = 16 * 2**20, 64 * 2**20  # bytes; what is printed is such a file, too
NO_ANSWER = "what came back was no answer: something else was written to the pipe of the answers."


@dataclass(frozen=True)
class Limits:
    """Of one exercise: seconds of wall time, GB of memory; hidden: the folder that must stay unread and unchanged."""

    timeout: float = 60.0
    memory: float = 4.0
    hidden: Path = Path(".")


class Ended(BaseException):
    """A student's process can be asked no more; the sentence says why. No Exception: graders let it through."""


@contextlib.contextmanager
def patience(seconds: float, sentence: str):
    """The grader's own work ends, too: after so many seconds Ended(sentence) is raised in it.

    In the main thread only, as signals are; elsewhere the work is not limited.
    """

    def give_up(*_):
        raise Ended(sentence)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds, 5)  # again, in case a callback of C swallowed the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Runner:
    """A student's process in a new empty folder, with a pipe to it and one from it. Use it in a `with` statement."""

    def __init__(self, limits: Limits):
        self.limits, self.had, self.closed = limits, [], False
        self.folder = Path(tempfile.mkdtemp(prefix="ssagan-grade-"))
        self.left = limits.timeout  # seconds that may still be spent waiting for it
        self.printed = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process runs
        inlet, self.sink = os.pipe()
        self.source, outlet = os.pipe()
        command = [sys.executable, "-P", "-B", "-m", "ssagan_lite.teach.grade.runner", str(inlet), str(outlet)]
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=self._environment(), pass_fds=(inlet, outlet), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=self.printed, stderr=self.printed,
        )  # fmt: skip
        os.close(inlet)
        os.close(outlet)
        for end in (self.source, self.sink):
            os.set_blocking(end, False)

    def _environment(self) -> dict:
        """No more than Python needs; nothing of the teacher's."""
        own, one = str(self.folder), ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        paths = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry and Path(entry).exists())
        package = str(Path(__file__).resolve().parents[3])
        kept = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([package, paths]), "LANG": "C.UTF-8"}
        return kept | {"HOME": own, "TMPDIR": own, "MPLBACKEND": "Agg"} | dict.fromkeys(one, "1")

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def start(self) -> None:
        """Let it give up its rights, once; before that it runs nothing of the student's. Raises Ended."""
        if self.had:
            return
        rules = {"memory": self.limits.memory, "largest_file": LARGEST_FILE, "hidden": str(self.limits.hidden)}
        self.had = self.ask(rules)["had"]

    def close(self) -> None:
        """End it with everything that it started in its group, and remove its folder. Twice does no harm."""
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for end in (self.source, self.sink):
            with contextlib.suppress(OSError):
                os.close(end)
        self.printed.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, message: dict) -> dict:
        """Send a message and wait for the reply. Raises Ended where none comes that can be read."""
        data = pack(message)
        self._send(HEADER.pack(len(data)) + data)
        (size,) = HEADER.unpack(self._read(HEADER.size))
        if size > LARGEST_ANSWER:
            raise Ended(f"it answered with more than {LARGEST_ANSWER // 2**20} MB.")
        try:
            reply = json.loads(self._read(size))
        except (ValueError, RecursionError) as error:
            raise Ended(NO_ANSWER) from error
        if not isinstance(reply, dict):
            raise Ended(NO_ANSWER)
        return reply

    def _send(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            self._wait([], [self.sink])
            try:
                left = left[os.write(self.sink, left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Ended(self._how_it_ended()) from error

    def _read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing:
            self._wait([self.source], [])
            part = os.read(self.source, min(missing, 2**20))
            if not part:
                raise Ended(self._how_it_ended())
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _wait(self, reading: list, writing: list) -> None:
        began = time.monotonic()
        ready = any(select.select(reading, writing, [], max(self.left, 0))[:2])
        self.left -= time.monotonic() - began  # the grader's own work is not the student's time
        if not ready or self.left <= 0:
            raise Ended(f"it took longer than {self.limits.timeout:g} s.")

    def _how_it_ended(self) -> str:
        try:
            status = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it closed the pipe of the answers."
        if status == -signal.SIGXFSZ:
            return f"it wrote or printed more than {LARGEST_FILE // 2**20} MB."
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return f"its process ended ({how}) before it had answered."
