"""The command line, `ssagan COMMAND`: it lists the commands, and turns errors into one sentence."""

import importlib
import sys
from collections.abc import Sequence

import ssagan_lite
from ssagan_lite.errors import InputError

COMMANDS = {
    "predict": "make a time-lapse from a photo",
    "train": "train a generator on clips",
    "evaluate": "score predictions, beside copying the first frame",
    "reproduce": "make the paper's tables and figures, from data to numbers",
    "study": "ask people: a blind page of pairs, and what their answers say",
    "convert": "turn the authors' checkpoints, or MD-GAN's, into ours",
    "export": "write a generator as ONNX, which runs in a web page",
}
HELP = f"""usage: ssagan COMMAND [options]

One photo of the sky in, a time-lapse out: SSA-GAN (Horita and Yanai, 2019).

commands:
{chr(10).join(f"  {name:10} {what}" for name, what in COMMANDS.items())}

examples:
  ssagan predict photo.jpg --out sky.mp4 --detail
  ssagan train --preset smoke --data synthetic --out runs/first
  ssagan evaluate --data samples --model copy-first

`ssagan COMMAND --help` explains each option.
Exit status: 0 done, 1 an unexpected error, 2 input that cannot be used (one sentence says why).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help"):
        print(HELP, end="")
        return 0
    if name == "--version":
        print(ssagan_lite.__version__)
        return 0
    if name not in COMMANDS:
        return complain(f"there is no command '{name}'; choose one of {', '.join(COMMANDS)}.")
    return run(name, arguments[1:])


def run(name: str, arguments: list[str]) -> int:
    """Run one command's module and turn what a person can mend into a sentence and status 2."""
    try:
        importlib.import_module(f"ssagan_lite.cli.{name}").run(arguments)
    except InputError as error:
        return complain(str(error))
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        return 1
    except OSError as error:
        name = error.filename or "standard output"
        return complain(f"{name}: {error.strerror}." if error.strerror else str(error))
    except KeyboardInterrupt as stop:
        print(f"{stop}." if str(stop) else "stopped.", file=sys.stderr)
        return 130
    return 0


def complain(sentence: str) -> int:
    """Say what is wrong on standard error; returns status 2."""
    print(f"ssagan: {sentence}", file=sys.stderr)
    return 2
