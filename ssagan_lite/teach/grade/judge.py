"""The grader's side: it asks a student's process what a function returns, and judges that by itself."""

import contextlib
import io
import time
from dataclasses import dataclass

import numpy as np

from ssagan_lite.teach import check
from ssagan_lite.teach.check.cases import other_cases
from ssagan_lite.teach.grade.notebook import Answer
from ssagan_lite.teach.grade.process import NO_ANSWER, OWN_TIME, Ended, Runner, patience
from ssagan_lite.teach.grade.wire import decode, identifier, pack

LONGEST_MESSAGE = 300
# What reading a reply raises that the runner cannot have made.
UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError, OverflowError, MemoryError)


@dataclass(frozen=True)
class Verdict:
    """Of one exercise; unseen: whether its cases were others than the book's, None where it came to no end."""

    passed: bool
    message: str
    seconds: float
    unseen: bool | None


class Remote:
    """Stands in for a student's function where a grader calls it."""

    elsewhere = True  # what it does to this process's memory is not the student's doing, see exercise 3.3

    def __init__(self, runner: Runner):
        self.runner = runner

    def __call__(self, *arguments):
        try:
            packed = pack(arguments)
        except Exception as error:
            raise Ended(f"this exercise cannot be asked from outside ({type(error).__name__}).") from error
        reply = self.runner.ask({"arguments": packed})
        _raise(reply)
        try:
            for place, state in dict(reply.get("changed") or {}).items():
                _change(arguments[int(place)], state)
        except UNREADABLE as error:
            raise Ended(NO_ANSWER) from error
        return _value(reply)


def _value(reply: dict):
    """The value in a reply. Raises Ended for what no honest runner sends."""
    try:
        return decode(reply["value"])
    except UNREADABLE as error:
        raise Ended(NO_ANSWER) from error


def _raise(reply: dict) -> None:
    """The student's error again, under its own name."""
    if reply.get("unwritten"):
        raise NotImplementedError
    if "error" in reply:
        name, text = identifier(reply["error"]), str(reply.get("text"))
        raise type(name, (Exception,), {})(text)


def _change(argument, state: dict) -> None:
    """Let the grader see what a function did to its arguments."""
    if isinstance(argument, np.ndarray):
        argument[...] = decode(state["value"])
    elif isinstance(argument, list):
        argument[:] = decode(state["value"])
    elif "weights" in state:
        argument.load_state_dict(decode(state["weights"]))
        argument.train(bool(state["training"]))
        for parameter, learns in zip(argument.parameters(), state["learns"], strict=True):
            parameter.requires_grad_(bool(learns))
    else:
        argument.detach().copy_(decode(state["tensor"]))
        argument.requires_grad_(bool(state["requires_grad"]))


def judge(runner: Runner, answer: Answer, seed: int) -> Verdict:
    """One exercise, on cases that belong to the seed. Whatever the student's code does, there is a verdict."""
    began, unseen = time.monotonic(), None
    runner.left = runner.limits.timeout
    if answer.broken:
        return Verdict(False, f"not quite: {answer.broken}", 0.0, None)
    try:
        with patience(runner.left + OWN_TIME, "judging what it answered took too long."):
            passed, message, unseen = _asked(runner, answer, seed)
    except Ended as end:
        runner.close()
        passed, message = False, f"not quite: {end}"
    except Exception as error:  # nothing that a student sends may stop the others' grading
        runner.close()
        passed, message = False, f"not quite: judging what it answered raised {type(error).__name__}."
    return Verdict(passed, one_line(message), round(time.monotonic() - began, 1), unseen)


def _asked(runner: Runner, answer: Answer, seed: int) -> tuple[bool, str, bool | None]:
    """(whether it passed, the message, whether the cases were unseen). Raises Ended."""
    runner.start()
    statements = [(statement.cell, statement.at_its_line) for statement in answer.statements]
    reply = runner.ask({"statements": statements, "expression": answer.expression})
    if "error" in reply:
        return False, _failed_before(reply), None
    return _graded(answer.exercise, Remote(runner) if reply.get("callable") else _value(reply), seed)


def _graded(exercise: str, function, seed: int) -> tuple[bool, str, bool]:
    chapter, name = exercise.split(".")
    grader = getattr(getattr(check, chapter), name)
    with contextlib.redirect_stdout(io.StringIO()), other_cases(seed) as told:
        result = grader(function)
    return bool(result), result.message, told.drawn > 0


def _failed_before(reply: dict) -> str:
    where = f" (cell {reply['cell']})" if isinstance(reply.get("cell"), int) else ""
    return f"not quite: what the answer needs raised {identifier(reply['error'])}: {reply.get('text')}{where}"


def one_line(message: str) -> str:
    """A message without line breaks and control characters, and not too long."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in str(message)[: 4 * LONGEST_MESSAGE]).split())
    return plain if len(plain) <= LONGEST_MESSAGE else f"{plain[: LONGEST_MESSAGE - 3]}..."
