"""`ssagan study`: the blind preference test of Table 2. One page for raters, and the counts of what they return."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ssagan_lite.cli.options import parse
from ssagan_lite.errors import InputError
from ssagan_lite.reproduction.study.analysis import analyse, as_text
from ssagan_lite.reproduction.study.answers import read_all
from ssagan_lite.reproduction.study.page import make_page

HELP = """usage: ssagan study make A B --out study.html [options]
       ssagan study analyse FILES... [--json]

Which of two clips is more realistic? The preference test of the paper's Table 2, with people.

  make       from two folders of clips of the same names, one page that works offline and names no method
  analyse    from the files that raters saved in it, preferences in 1000 answers, with intervals

examples:
  ssagan study make clips/ours clips/real --out study.html --pairs 24
  ssagan study analyse answers-*.json

`ssagan study make --help` and `ssagan study analyse --help` explain each option.
"""


@dataclass
class Make:
    """Make a page on which people compare clips without knowing who made them.

    Send the page to raters: it opens by itself in a browser, sends nothing anywhere, and ends in a file that they hand
    back. Clips of both folders are shown at one size, length, speed and quality, in an order and on sides that each
    rater's code decides.
    """

    folders: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Two folders (or more: then each two are compared) of mp4s, gifs or folders of frames, with the same names."""
    out: Path
    """Where the page goes: a name ending in .html. Give it one that tells nothing."""
    names: tuple[str, ...] = ()
    """What the methods are called in the analysis. By default the folders' names."""
    pairs: int = 100
    """Pairs for each two folders, at most; they are drawn from the clips in common."""
    checks: int | None = None
    """Attention checks: a clip beside itself broken. By default one for every ten pairs, and four at least."""
    seed: int | None = None
    """Decides which clips are drawn. By default it comes from the clips themselves."""
    fps: float = 8
    """Frames per second of all clips."""
    force: bool = False
    """Replace --out where it is already there."""
    json: bool = False
    """Print the result as JSON."""


@dataclass
class Analyse:
    """Count what raters of one study returned, on the scale of Table 2.

    Files that are damaged, incomplete, of another study or of a rater who is there twice are refused by name. Raters
    who chose the broken clip in more than one in four attention checks are left out, and named.
    """

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """The files that raters saved at the end of the page."""
    json: bool = False
    """Print the result as JSON."""


def run(arguments: list[str]) -> None:
    """Choose between making a page and analysing its answers."""
    word, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if word in ("-h", "--help"):
        print(HELP, end="")
        raise SystemExit(0)  # as other commands do, whose help tyro prints
    if word == "make":
        make(parse(Make, "study make", rest))
    elif word == "analyse":
        count(parse(Analyse, "study analyse", rest))
    else:
        said = f"study has no part {word!r}" if word else "study has two parts"
        raise InputError(f"{said}; choose make or analyse, and see ssagan study --help.")


def make(options: Make) -> None:
    """Write the page, and say what it holds; notes go to standard error."""
    about = {"pairs": options.pairs, "checks": options.checks, "seed": options.seed, "fps": options.fps}
    made = make_page(options.folders, options.out, names=options.names, force=options.force, **about)
    for note in made.notes:
        print(f"ssagan study: {note}", file=sys.stderr)
    checks = sum(item.right is not None for item in made.study.items)
    pairs = len(made.study.items) - checks
    if options.json:
        told = {"page": str(made.path), "study": made.study.id, "names": made.study.names, "seed": made.study.seed}
        print(json.dumps({**told, "pairs": pairs, "checks": checks, "notes": made.notes}))
    else:
        size = made.path.stat().st_size / 1_000_000
        names = " and ".join(made.study.names)
        print(f"{made.path}: {pairs} pairs of {names}, {checks} checks, {size:.1f} MB, seed {made.study.seed}.")
        print("Open it in a browser, or hand it to raters; then: ssagan study analyse FILES")


def count(options: Analyse) -> None:
    """Read all files, count, print."""
    result = analyse(read_all(options.files))
    print(json.dumps(result, indent=2) if options.json else as_text(result))
