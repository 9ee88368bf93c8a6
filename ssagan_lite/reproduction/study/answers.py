"""What raters return, read strictly: a file that is not as it must be is refused by name, and never counted.

    {"format": "ssagan-study-answers", "version": 1, "study": id, "rater": code, "started": time, "finished": time,
     "answers": [{"pair": id, "sides": ["B", "A"], "choice": "left", "seconds": 3.2}, ...], "veil": the study's key}

`sides` says which clip of the pair stood left and right; times are ISO 8601; `"simulated": true` marks what nobody
answered (`simulate.py`).
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ssagan_lite.data.paths import expand
from ssagan_lite.errors import InputError
from ssagan_lite.reproduction.study import VERSION, Item, Study, unveil

FORMAT = "ssagan-study-answers"
NEEDED = {"format", "version", "study", "rater", "started", "finished", "answers", "veil"}
RATER = re.compile(r"[a-z0-9][a-z0-9-]{1,23}")
SIDES = ("left", "right")
MOST_SECONDS = 10_000_000  # four months for one pair: a number without sense


@dataclass(frozen=True)
class Answer:
    """One pair, as one rater saw it."""

    item: Item
    left: int
    """Which clip stood left: 0 for A, 1 for B."""
    chosen: int
    """Which clip was chosen: 0 for A, 1 for B."""
    seconds: float

    @property
    def chose_left(self) -> bool:
        """Whether the clip on the left was chosen."""
        return self.chosen == self.left


@dataclass(frozen=True)
class Sheet:
    """All answers of one rater to one study."""

    file: Path
    study: Study
    rater: str
    simulated: bool
    answers: tuple[Answer, ...]

    @property
    def pairs(self) -> list[Answer]:
        """The answers that count."""
        return [answer for answer in self.answers if answer.item.right is None]

    @property
    def checks(self) -> list[Answer]:
        """The attention checks."""
        return [answer for answer in self.answers if answer.item.right is not None]

    @property
    def wrong_checks(self) -> int:
        """In how many checks the broken clip was chosen."""
        return sum(answer.chosen != answer.item.right for answer in self.checks)


def read_all(files: Sequence[str | os.PathLike]) -> list[Sheet]:
    """Read the files of one study; no rater may be there twice. Raises InputError, and counts nothing by halves."""
    if not files:
        raise InputError("no file of answers is given; name those that the raters saved.")
    sheets: list[Sheet] = []
    for sheet in map(read_answers, files):
        if sheets and sheet.study.id != sheets[0].study.id:
            raise InputError(f"{sheet.file} is of another study than {sheets[0].file}; analyse each study by itself.")
        for other in sheets:
            if sheet.rater == other.rater:
                raise InputError(
                    f"{sheet.file} and {other.file} are both of the rater {sheet.rater}; give one of them."
                )
            if not sheet.simulated and sheet.answers == other.answers:  # to the millisecond
                raise InputError(f"{sheet.file} is {other.file} under another code; give one of them.")
        sheets.append(sheet)
    return sheets


def read_answers(path: str | os.PathLike) -> Sheet:
    """Read and check one file. Raises InputError with a sentence that names the file and what is wrong with it."""
    path = expand(path)
    told = _load(path)
    _demand(told.get("format") == FORMAT, path, "is not a file of answers, as a study page saves it")
    _demand(told.keys() >= NEEDED, path, f"lacks {', '.join(sorted(NEEDED - told.keys()))}")
    unknown = told.keys() - NEEDED - {"simulated"}
    _demand(not unknown, path, f"holds {', '.join(sorted(unknown))}, which no page writes")
    _demand(told["version"] == VERSION, path, f"has version {told['version']!r}; this program reads {VERSION}")
    texts = ("study", "rater", "started", "finished", "veil")
    _demand(all(isinstance(told[name], str) for name in texts), path, f"must hold texts under {', '.join(texts)}")
    _demand(RATER.fullmatch(told["rater"]), path, f"names the rater {told['rater']!r}, which is no code of a page")
    _demand(type(told.get("simulated", False)) is bool, path, "must say true or false under simulated")
    _demand(_is_time(told["started"]) and _is_time(told["finished"]), path, "has times that are none")
    try:
        study = unveil(told["veil"], told["study"])
    except InputError as error:
        raise InputError(f"{path}: {error}.") from error
    answers = _answers(told["answers"], study, path)
    return Sheet(path, study, told["rater"], told.get("simulated", False), answers)


def _load(path: Path) -> dict:
    """The JSON object in a file. NaN and Infinity are no JSON."""
    if not path.is_file():
        raise InputError(f"{path} is not a file; name the answers that a rater saved.")
    try:
        # utf-8-sig: an editor in which somebody pasted the text may have put a mark at its beginning.
        told = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is cut short or damaged (no JSON); save the answers once more.") from error
    _demand(isinstance(told, dict), path, "is not a file of answers, as a study page saves it")
    return told


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _demand(holds: object, path: Path, what: str) -> None:
    if not holds:
        raise InputError(f"{path} {what}.")


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _answers(told: object, study: Study, path: Path) -> tuple[Answer, ...]:
    """All answers, each pair once."""
    _demand(isinstance(told, list), path, "must hold a list under answers")
    items = {item.id: item for item in study.items}
    found: dict[str, Answer] = {}
    for number, one in enumerate(told, start=1):
        answer = _answer(one, items, path, f"in its answer {number}")
        _demand(answer.item.id not in found, path, f"answers the pair {answer.item.id} twice")
        found[answer.item.id] = answer
    missing = [item for item in items if item not in found]
    lacking = f"lacks {len(missing)} of {len(items)} pairs (the first: {missing[0]})" if missing else ""
    _demand(not missing, path, f"{lacking}; the page saves once all are answered")
    return tuple(found.values())


def _answer(one: object, items: dict[str, Item], path: Path, where: str) -> Answer:
    keys = {"pair", "sides", "choice", "seconds"}
    _demand(isinstance(one, dict) and one.keys() == keys, path, f"must hold {', '.join(sorted(keys))} {where}")
    known = isinstance(one["pair"], str) and one["pair"] in items
    _demand(known, path, f"answers a pair {one['pair']!r} {where}, which its study does not have")
    _demand(one["sides"] in (["A", "B"], ["B", "A"]), path, f"has sides {one['sides']!r} {where}; they are A and B")
    is_choice = isinstance(one["choice"], str) and one["choice"] in SIDES
    _demand(is_choice, path, f"has the choice {one['choice']!r} {where}; it is left or right")
    seconds = one["seconds"]
    is_time = type(seconds) in (int, float) and 0 <= seconds < MOST_SECONDS
    _demand(is_time, path, f"has {seconds!r} for seconds {where}; they are a number from 0 on")
    left = "AB".index(one["sides"][0])
    return Answer(items[one["pair"]], left, left if one["choice"] == "left" else 1 - left, float(seconds))
