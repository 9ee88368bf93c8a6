"""The blind preference test of Table 2 (section 5.2): what one study is, and how its secrets travel.

`page.py` makes the page that raters open, `answers.py` reads what they return, `analysis.py` counts. A rater must not
know which method made which clip, nor which pairs check attention, and may rate several pages of one experiment. So
the page, and the answers that it saves, speak of clips A and B of each pair, and carry the key under a veil.
"""

import base64
import binascii
import hashlib
import json
import zlib
from dataclasses import asdict, dataclass

from ssagan_lite.errors import InputError

QUESTION = "Which is more realistic?"  # as the ten subjects of section 5.2 were asked
VERSION = 1


@dataclass(frozen=True)
class Item:
    """One pair of clips, in the order A, B in which the page stores them; a coin of its own decided which is A."""

    id: str
    """Opaque, and another one for other pixels."""
    clip: str
    """The name that the clip has in all folders."""
    methods: tuple[str, str]
    """Who made A and B; in an attention check both are one method's."""
    right: int | None = None
    """In an attention check: 0 where A is the clip that is not broken, 1 where B is. Else None."""


@dataclass(frozen=True)
class Study:
    """What the analysis must know of a page; the rater must not."""

    names: tuple[str, ...]
    """The methods, in the order of the table: "names[0] over names[1]"."""
    items: tuple[Item, ...]
    seed: int
    fps: float
    """Frames per second at which both clips of a pair play."""

    @property
    def id(self) -> str:
        """16 hexadecimal digits: a hash of all of the study, so that nothing in it changes without being noticed."""
        return hashlib.sha256(self._text()).hexdigest()[:16]

    def _text(self) -> bytes:
        told = {"version": VERSION, "question": QUESTION, **asdict(self)}
        return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    def veiled(self) -> str:
        """The study as letters that say nothing to the eye.

        It hides names from people who look into the page or into their answers; it stops nobody who runs `unveil`.
        """
        return base64.b64encode(_mask(zlib.compress(self._text(), 9), self.id)).decode()


def unveil(veiled: str, study: str) -> Study:
    """The study behind `Study.veiled`; `study` is its id. Raises InputError where the two do not belong together."""
    try:
        told = json.loads(zlib.decompress(_mask(base64.b64decode(veiled, validate=True), study)))
        items = (Item(**{**item, "methods": tuple(item["methods"])}) for item in told["items"])
        found = Study(tuple(told["names"]), tuple(items), told["seed"], told["fps"])
    except (binascii.Error, zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("the key of its study is damaged; save the answers once more from the page") from error
    if found.id != study:
        raise InputError("the key is not that of its study; save the answers once more from the page")
    return found


def _mask(data: bytes, key: str) -> bytes:
    """Each byte crossed with one that the key decides; the same again undoes it."""
    stream = hashlib.shake_256(key.encode()).digest(len(data))
    return bytes(a ^ b for a, b in zip(data, stream, strict=True))
