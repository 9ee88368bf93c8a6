"""Reading a command's options with tyro, whose boxes of errors become one sentence like all others."""

import contextlib
import io
import re
import sys
from collections.abc import Callable
from itertools import chain, groupby
from typing import TypeVar

import tyro

from ssagan_lite.errors import InputError

Options = TypeVar("Options")


def parse(kind: type[Options], command: str, arguments: list[str], default: Options | None = None) -> Options:
    """The options of `ssagan COMMAND`. Raises InputError with one sentence where they cannot be used."""
    given = {} if default is None else {"default": default}
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            return tyro.cli(
                tyro.conf.OmitArgPrefixes[kind],
                prog=f"ssagan {command}",
                args=arguments,
                config=(tyro.conf.FlagCreatePairsOff,),
                **given,
            )
    except SystemExit as stop:
        if not stop.code:
            raise  # --help was asked for, and printed
        raise InputError(f"{sentence(box.getvalue())}; see ssagan {command} --help.") from stop


def sentence(box: str) -> str:
    """What a box says, without its frame, the help text of the option and the advice to read all of it."""
    # Around the text stand a title, rules of one character, and, where the terminal can show it, a frame.
    inside = [re.sub(r"^\s*[│|]?\s*|\s*[│|]?\s*$", "", line) for line in box.splitlines()[1:]]
    blocks = [list(lines) for rule, lines in groupby(inside, lambda line: not line.strip("─╰╯+-")) if not rule]
    said, more = blocks[0], " ".join(chain(*blocks[1:]))
    if said[0].startswith("Missing"):
        names = [line.split()[0] for line in said[1:] if re.fullmatch(r"(--[\w-]+|[A-Z]+)( [A-Z]+)?", line)]
        return f"{' and '.join(names)} must be given"
    text = re.sub(r"^Error parsing (config[\w.]*: )?", "", " ".join(said)).rstrip(".")
    meant = re.search(r"Perhaps you meant:\s*(--[\w-]+)", more)
    return f"{text} (did you mean {meant[1]}?)" if meant else text


def run_script(main: Callable[..., None], description: str) -> None:
    """Run a script's main function on its command line; what cannot be used ends in a sentence and status 2."""
    end_well(lambda: tyro.cli(main, description=description, config=(tyro.conf.FlagCreatePairsOff,)))


def end_well(main: Callable[[], None]) -> None:
    """Run a main function that reads its own options; errors end in a sentence and status 2, Ctrl-C in 130."""
    try:
        main()
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt as stop:
        print(stop if str(stop) else "stopped", file=sys.stderr)
        sys.exit(130)
