"""From folders of clips to one HTML file in which somebody chooses between unnamed clips. Section 5.2, Table 2.

The file needs no network and sends nothing: its own security policy forbids it every connection.
"""

import hashlib
import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import combinations
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ssagan_lite.data.paths import expand
from ssagan_lite.data.staging import check_free, staged
from ssagan_lite.errors import InputError
from ssagan_lite.reproduction.study import QUESTION, Item, Study, unveil
from ssagan_lite.reproduction.study.clips import broken, match, pictures, read_alike, seed_of

MOST_BYTES = 200_000_000  # of a page: with more than this, browsers of small machines give up
PAIRS_A_CHECK = 10
FEWEST_CHECKS = 4  # with fewer, one slip would be more than one in four
CHANGED = (
    "clips differ in size or length, or are large: both sides of a pair are shown alike, at the smaller of the two."
)


@dataclass(frozen=True)
class Made:
    """A page that was written."""

    path: Path
    study: Study
    notes: tuple[str, ...]
    """What the person who made it should know: clips that were left out, or are shown smaller."""


def make_page(
    folders: Sequence[str | os.PathLike],
    out: str | os.PathLike,
    *,
    names: Sequence[str] = (),
    pairs: int = 100,
    checks: int | None = None,
    seed: int | None = None,
    fps: float = 8,
    force: bool = False,
) -> Made:
    """Write the page that compares each two of the folders, and return what it holds.

    Each folder holds mp4s, gifs or folders of frames; clips of one name in all folders belong together. `names` of the
    methods are by default the folders'. `pairs` clips at most are drawn for each two folders. `checks` pairs more (by
    default one for every ten, and four at least) show a clip beside itself broken. `seed` decides which clips, and
    which is A; by default it comes from the clips. Both sides are shown at the smaller size and the shorter length of
    the two, at `fps`, in one encoding. Raises InputError for folders without a name in common, for clips that cannot
    be compared, and where `out` (.html) exists, unless `force`.
    """
    target, names = _target(out, force), _names(folders, names)
    _check_numbers(pairs, checks, seed, fps)
    clips, notes = match([expand(folder) for folder in folders])
    seed = seed_of(clips) if seed is None else seed
    random = np.random.default_rng(seed)
    plan = _plan(clips, len(names), pairs, checks, random)
    if len(clips) < pairs:
        notes.append(f"{pairs} pairs are wanted, and {len(clips)} clips are in all folders: those are taken.")
    items, shown = [], []
    for name, two, is_check in tqdm(plan, desc="pairs", unit="pair", leave=False):
        alike, changed = read_alike([clips[name][method] for method in two])
        notes += [CHANGED] if changed and CHANGED not in notes else []
        item, in_order = _item(name, alike, [names[method] for method in two], is_check, random)
        items.append(item)
        shown.append({"id": item.id, **pictures(in_order)})
    study = Study(tuple(names), tuple(items), int(seed), float(fps))
    _write(target, study, shown, force)
    return Made(target, study, tuple(notes))


def read_page(path: str | os.PathLike) -> Study:
    """The study inside a page that `make_page` wrote. Raises InputError for another file."""
    found = re.search(r'\{"study":"(\w+)","veil":"([^"]+)"', expand(path).read_text("utf-8", errors="replace"))
    if not found:
        raise InputError(f"{path} is not a page of `ssagan study make`.")
    return unveil(found[2], found[1])


def _target(out: str | os.PathLike, force: bool) -> Path:
    target = expand(out)
    if target.suffix.lower() != ".html":
        raise InputError(f"{target} is to be a page; give a name that ends in .html.")
    check_free(target, force=force)
    return target


def _names(folders: Sequence[str | os.PathLike], names: Sequence[str]) -> list[str]:
    """A name for each folder, all different."""
    names = list(names) or [expand(folder).resolve().name for folder in folders]
    if len(folders) < 2 or len(names) != len(folders):
        raise InputError(f"there are {len(folders)} folder(s) and {len(names)} name(s); give two folders, a name each.")
    if len(set(names)) < len(names) or not all(name.strip() for name in names):
        raise InputError(f"the methods are called {' and '.join(names)}; give each a name of its own (--names).")
    return names


def _check_numbers(pairs: int, checks: int | None, seed: int | None, fps: float) -> None:
    if pairs < 1 or (checks or 0) < 0 or (seed or 0) < 0:
        wanted = f"{pairs} pairs, {checks} checks, seed {seed}"
        raise InputError(f"{wanted}: there is no such study; give 1 pair or more, 0 checks or more, a seed from 0 on.")
    if not 1 <= fps <= 60:  # also false for NaN
        raise InputError(f"{fps} frames per second cannot be shown; give 1 to 60.")


def _plan(
    clips: dict, methods: int, pairs: int, checks: int | None, random: np.random.Generator
) -> list[tuple[str, tuple[int, int], bool]]:
    """What is shown, shuffled: (clip, the two methods, whether it is a check: the first beside itself broken)."""
    chosen = sorted(random.permutation(sorted(clips))[:pairs].tolist())
    plan = [(name, two, False) for two in combinations(range(methods), 2) for name in chosen]
    checks = max(FEWEST_CHECKS, math.ceil(len(plan) / PAIRS_A_CHECK)) if checks is None else checks
    for number in range(checks):
        # The second method lends only its size: checks are not to be told by theirs.
        two = number % methods, (number + 1) % methods
        plan.append((str(random.choice(chosen)), two, True))
    return [plan[place] for place in random.permutation(len(plan))]


def _item(
    name: str, clips: list[np.ndarray], methods: list[str], is_check: bool, random: np.random.Generator
) -> tuple[Item, list[np.ndarray]]:
    """A pair or a check, and its clips in the order A, B, which a coin decides."""
    if is_check:
        clips, methods = [clips[0], broken(clips[0], random)], [methods[0]] * 2
    first = int(random.integers(2))
    if first:
        clips, methods = clips[::-1], methods[::-1]
    content = f"{name}\0{methods}".encode() + b"".join(clip.tobytes() for clip in clips)
    item = Item(hashlib.sha256(content).hexdigest()[:12], name, tuple(methods), first if is_check else None)
    return item, clips


def _write(target: Path, study: Study, shown: list[dict], force: bool) -> None:
    """Fill the places of page.html from the files beside this one."""
    told = {"study": study.id, "veil": study.veiled(), "question": QUESTION, "fps": study.fps, "items": shown}
    data = json.dumps(told, separators=(",", ":")).replace("</", "<\\/")
    if len(data) > MOST_BYTES:
        raise InputError(f"the page would hold {len(data) // 1_000_000} MB; take fewer pairs (--pairs).")
    here = resources.files("ssagan_lite.reproduction.study")
    filled = {name: here.joinpath(f"page.{name}").read_text("utf-8") for name in ("css", "js")} | {"study": data}
    template = here.joinpath("page.html").read_text("utf-8")
    page = re.sub(r"<!--(css|js|study)-->", lambda place: filled[place[1]], template)
    with staged(target, force=force) as temporary:
        temporary.write_text(page, encoding="utf-8")
