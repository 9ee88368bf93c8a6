"""What a row of the audit is, and where the authors' code and the random numbers of a measurement come from."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from ssagan_lite.errors import InputError

HOLDS, FAILS, UNTESTED = "holds", "does not hold", "cannot be tested here"
VERDICTS = (HOLDS, FAILS, UNTESTED)
Values = dict  # numbers, lists of numbers, words and dicts of them: whatever JSON keeps


@dataclass(frozen=True)
class Row:
    """One claim, what paper and released code say to it, and how that is measured.

    places: file:line of the released code, below its folder src. claim: the sentence that `verdict` judges by the
    values. assumed: the paper is silent, and the claim is what a reader would assume, in our words. measure: seconds
    on one core, no checkout, no download; deterministic but for the names in `timings`. report: one sentence with the
    values. Three optional measurements bring values of their own: of the authors' code (its folder src), of the real
    sample clips (uint8 (48, 32, 128, 128, 3)), and one that takes minutes.
    """

    title: str
    paper: str
    section: str
    code: str
    places: tuple[str, ...]
    claim: str
    measure: Callable[[], Values]
    verdict: Callable[[Values], str]
    report: Callable[[Values], str]
    assumed: bool = False
    timings: tuple[str, ...] = ()
    of_reference: Callable[[Path], Values] | None = None
    of_samples: Callable[[np.ndarray], Values] | None = None
    at_length: Callable[[], Values] | None = None

    def run(
        self, reference: Path | None = None, samples: np.ndarray | None = None, at_length: bool = False
    ) -> dict[str, Values]:
        """Measure what can be measured with what is given, and judge it; `skipped` says what could not be."""
        with seeded():
            values, skipped = self.measure(), {}
        for name, measure, given, why in (
            ("of_reference", self.of_reference, reference, "SSAGAN_REFERENCE names no checkout of the released code"),
            ("of_samples", self.of_samples, samples, "the 48 real sample clips were not given"),
        ):
            if measure and given is None:
                skipped[name] = why
            elif measure:
                with seeded():
                    values[name] = measure(given)
        if self.at_length and at_length:
            with seeded():
                values |= self.at_length()
        elif self.at_length:
            skipped["at_length"] = "it takes minutes: experiments/audit.py"
        return self.told(values, skipped)

    def told(self, values: Values, skipped: dict[str, str]) -> dict:
        """Everything that is to be said of these values, as plain types."""
        words = {name: getattr(self, name) for name in ("title", "paper", "section", "code", "claim")}
        words["assumed"] = self.assumed
        judged = {"measured": self.report(values), "verdict": self.verdict(values)}
        return {**words, "places": list(self.places), "values": values, "skipped": skipped, **judged}


def small(value: float, bound: float) -> str:
    """How a difference that is rounding alone is printed: the same on every machine."""
    return f"less than {bound:.0e}" if abs(value) < bound else f"{value:.1e}"


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """Random numbers from `seed` on; those of the caller go on afterwards where they were."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def reference() -> Path | None:
    """The folder src of the authors' code that SSAGAN_REFERENCE names, or None where it is not set.

    Raises InputError where it names a folder that does not hold that code.
    """
    named = os.environ.get("SSAGAN_REFERENCE")
    if not named:
        return None
    path = Path(named).expanduser()
    if not (path / "solver_beach.py").is_file():
        raise InputError(f"SSAGAN_REFERENCE names {named}, which does not hold solver_beach.py; name the folder src.")
    return path


@contextmanager
def released_code(path: Path) -> Iterator[Callable[[str], ModuleType]]:
    """Yields what imports a module of the authors' code by name; what it prints is thrown away, and so is the module.

    Such modules are not asked for by `import`, as their names, such as `utils`, are no dependency of this package.
    """
    before = set(sys.modules)
    sys.path.insert(0, str(path))
    try:
        with redirect_stdout(StringIO()):
            yield importlib.import_module
    finally:
        sys.path.remove(str(path))
        for name in set(sys.modules) - before:
            if str(path) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
