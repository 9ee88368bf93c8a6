"""What all graders share: calling the reader's function safely, comparing, saying what is wrong. Every chapter.

@graded
def double(function):
    expect(call(function, 3), 6, mistakes={"that is the square: multiply by 2.": 9})
    return "twice as much, each time."
"""

import contextlib
import functools
import numbers
import sys
import traceback
from dataclasses import dataclass
from types import CodeType
from unittest.mock import patch

import numpy as np

from ssagan_lite.teach.check import record


@dataclass(frozen=True)
class Result:
    """True when the exercise is solved; `message` is what was printed. A notebook shows nothing more of it."""

    passed: bool
    message: str

    def __bool__(self):
        return self.passed

    def _ipython_display_(self):
        """The message stands in the output already."""


class NotYetError(Exception):
    """The stub is still a stub."""


class WrongError(Exception):
    """The answer is wrong; the message says how."""


def graded(check):
    """Make a grader of a function that raises NotYetError or WrongError, or returns what to say when all is right."""

    @functools.wraps(check)
    def grader(answer):
        try:
            result = Result(True, f"correct: {check(answer)}")
        except NotYetError as reason:
            result = Result(False, f"not yet: {reason}")
        except WrongError as reason:
            result = Result(False, f"not quite: {reason}")
        except Exception as error:  # a grader never raises, whatever it was given
            result = Result(False, f"not quite: checking your answer raised {type(error).__name__}: {error}")
        print(result.message)
        record.note(check, answer, result.passed)
        return result

    return grader


def call(function, *arguments):
    """What the reader's function returns. NotYetError for a stub, WrongError where it raises, or is no function."""
    if function is None or function is ...:
        raise NotYetError("write your answer in place of the dots, then run the cell again.")
    if not callable(function):
        raise WrongError(f"hand over the function itself, not {type(function).__name__}.")
    try:
        value = function(*arguments)
    except Exception as error:
        if not is_unwritten(error):
            raise WrongError(f"your code raised {type(error).__name__}: {error}{_line(function, error)}") from error
        value = None
    if value is None or value is ...:
        raise NotYetError("the function returns nothing so far.")
    return value


def is_unwritten(error: BaseException) -> bool:
    """Whether the error says that nothing is written yet. PyTorch raises NotImplementedError too, with a text."""
    return isinstance(error, NotImplementedError) and not str(error)


def _line(function, error):
    """ " (line 3 of your function)", where the error came from there, or from a helper that was called there."""
    code = getattr(function, "__code__", None)
    own = _codes(code) if isinstance(code, CodeType) else set()
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code in own]
    return f" (line {lines[-1] - code.co_firstlineno + 1} of your function)" if lines else ""


def _codes(code: CodeType) -> set:
    """The code of a function and of what is defined inside it, whose lines are the function's own."""
    return {code}.union(*(_codes(held) for held in code.co_consts if isinstance(held, CodeType)))


def plain(found):
    """A tensor, of any type and with any history, as an array; lists of them as lists. All else stays as it is."""
    if isinstance(found, list | tuple):
        return [plain(part) for part in found]
    torch = sys.modules.get("torch")
    if not torch or not isinstance(found, torch.Tensor):
        return found
    found = found.detach().cpu()
    return (found.double() if found.is_floating_point() else found).numpy()  # NumPy does not know bfloat16


def one_number(found) -> float | None:
    """One number of any kind, Python's, NumPy's or a tensor's, as a float; None for anything else."""
    found = plain(found)
    if isinstance(found, np.ndarray) and found.size == 1:
        found = found.item()
    return float(found) if isinstance(found, numbers.Real) and not isinstance(found, bool) else None


class Watched(contextlib.ExitStack):
    """While it lasts, functions, each (where it stands, its name), work as ever. Gives the number of arguments of each
    call of them. A function that runs in another process is not seen.
    """

    def __init__(self, *places):
        super().__init__()
        self.places, self.counts = places, []

    def __enter__(self) -> list:
        for owner, name in self.places:
            self.enter_context(patch.object(owner, name, self._noted(getattr(owner, name))))
        return self.counts

    def _noted(self, function):
        def call_and_note(*arguments, **named):
            self.counts.append(len(arguments) + len(named))
            return function(*arguments, **named)

        return call_and_note


def _alike(values, others, tolerance):
    return values.shape == others.shape and np.allclose(values, others, rtol=1e-4, atol=tolerance)


def expect(found, expected, *, mistakes=None, tolerance=1e-6):
    """Compare numbers or arrays. mistakes: {what to say: the value that this usual mistake gives}; one that gives the
    right value for once is no mistake.

    Raises WrongError that names the shapes, or the first place that differs with what was expected and found.
    """
    expected = np.asarray(expected, dtype=float)
    try:
        values = np.asarray(plain(found), dtype=float)
    except (TypeError, ValueError) as error:
        raise WrongError(f"numbers of shape {expected.shape} are expected, not {type(found).__name__}.") from error
    for message, mistaken in (mistakes or {}).items():
        mistaken = np.asarray(mistaken, dtype=float)
        if _alike(values, mistaken, tolerance) and not _alike(mistaken, expected, tolerance):
            raise WrongError(message)
    if values.shape != expected.shape:
        raise WrongError(f"the shape should be {expected.shape}, and is {values.shape}.")
    wrong = ~np.isclose(values, expected, rtol=1e-4, atol=tolerance)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f"at index {place[0] if len(place) == 1 else place} " if place else ""
        raise WrongError(f"{where}{expected[place]:.4g} is expected, and {values[place]:.4g} was found.")
