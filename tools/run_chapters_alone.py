"""Runs chapters as a stranger does: an environment that has PyTorch and Jupyter, an empty folder, and one notebook.

    python tools/run_chapters_alone.py --chapter 03            makes the environment, about as long as `make` takes
    python tools/run_chapters_alone.py --all --python python3  in an environment that is there, as on Colab
    python tools/run_chapters_alone.py --all --without-clips   where the real clips can be neither found nor downloaded

The first cell of a chapter finds no package and installs it: from a wheel built here, or from what `--source` names.
It gets a layer of its own over the environment, so that no chapter sees what another installed. One line a chapter
says how long it took and that torch and numpy stayed what they were; the exit status is 1, and the failing cell
is printed, where one did not run through. Without the clips a chapter that needs them must stop with the sentence that
says where they come from, and the others must not notice. Only the standard library is needed here.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.publish_notebooks import fill_source  # noqa: E402

JUPYTER = ("nbclient", "ipykernel")
KEPT = ("torch", "numpy")  # what installing the package may not touch
NO_CLIPS = "could not be downloaded"  # of the sentence of ssagan_lite.data.samples
CELL_SECONDS = 600
# Runs in the chapter's layer: argv is the notebook, the folder it runs in, and the seconds a cell may take.
RUN = """
import sys, nbformat, nbclient
notebook, folder, seconds = sys.argv[1:]
client = nbclient.NotebookClient(
    nbformat.read(notebook, 4), timeout=int(seconds), kernel_name="alone", resources={"metadata": {"path": folder}}
)
try:
    client.execute()
except nbclient.exceptions.CellExecutionError as error:
    sys.exit(str(error))
"""
VERSIONS = f"import importlib.metadata as m; print(*(n + ' ' + m.version(n) for n in {KEPT}), sep=', ')"
SITES = "import sys; print(*(p for p in sys.path if p.endswith(('site-packages', 'dist-packages'))), sep='\\n')"


class AloneError(Exception):
    """One sentence: why no chapter could be run."""


def environment(cache: Path | None = None) -> dict[str, str]:
    """The variables that chapters run with: none that leads Python back to this repository."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return kept | {"PYTHONNOUSERSITE": "1"} | ({"SSAGAN_CACHE": str(cache)} if cache else {})


def call(*command: object, **options) -> subprocess.CompletedProcess:
    """Run a command; what it prints is kept."""
    options = {"env": environment(), "capture_output": True, "text": True, "check": False} | options
    return subprocess.run([str(part) for part in command], **options)


def must(what: str, *command: object, **options) -> str:
    """What a command prints; where it fails, `AloneError` with the end of its messages."""
    done = call(*command, **options)
    if done.returncode:
        raise AloneError(f"{what} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout.strip()


def inside(layer: Path) -> Path:
    """The interpreter of a virtual environment."""
    return layer / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_environment(folder: Path) -> Path:
    """The interpreter of a new environment that has the pinned torch, and Jupyter, and nothing of this book."""
    must("making an environment", sys.executable, "-m", "venv", folder)
    pip = (inside(folder), "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt")
    must("installing torch and Jupyter", *pip, "torch", "numpy", *JUPYTER, cwd=folder)
    return inside(folder)


def build_wheel(folder: Path) -> Path:
    """The package as a file that pip installs."""
    build = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    must("building the wheel", *build, cwd=folder)
    return next(folder.glob("ssagan_lite-*.whl"))


def make_layer(base: Path, folder: Path) -> Path:
    """The interpreter of an empty environment over another: what that one holds is seen, what is installed stays here.

    pip comes from below too: a layer is made in a second, wherever ensurepip is missing.
    """
    sites = must("asking the environment for its packages", base, "-c", SITES, cwd=folder.parent)
    must("making a layer", base, "-m", "venv", "--without-pip", folder)
    python = inside(folder)
    own = must("asking the layer for its packages", python, "-c", SITES, cwd=folder.parent).splitlines()[0]
    Path(own, "below.pth").write_text(sites + "\n", "utf-8")
    if call(python, "-c", "import ssagan_lite", cwd=folder).returncode == 0:
        raise AloneError(f"{base} already has ssagan_lite: name an environment without it, or none.")
    must("naming the kernel", python, "-m", "ipykernel", "install", "--sys-prefix", "--name", "alone", cwd=folder)
    return python


def versions(python: Path, folder: Path) -> str:
    """The versions of torch and numpy, in words."""
    return must("asking for versions", python, "-c", VERSIONS, cwd=folder)


def judge(error: str, before: str, after: str, clips_must_be_missed: bool) -> str:
    """What is wrong with a run, or nothing: `error` is the failing cell and its message, empty where all cells ran."""
    if before != after:
        return f"installing changed {before} to {after}\n{error}"
    if clips_must_be_missed:
        last = error.strip().splitlines()[-1:] or ["it ran through"]
        return "" if "InputError" in last[0] and NO_CLIPS in last[0] else f"without the clips: {error or last[0]}"
    return error


def run_alone(chapter: Path, source: str, base: Path, without_clips: bool) -> tuple[str, str]:
    """(what happened in a line, what is wrong with it or nothing) of one chapter in an empty folder."""
    started, text = time.monotonic(), chapter.read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="alone-") as room:
        folder, notebook = Path(room, "empty"), Path(room, chapter.name)
        folder.mkdir()
        notebook.write_text(fill_source(text, source), "utf-8")
        blocked = notebook / "no-folder" if without_clips else None  # below a file nothing can be written
        python = make_layer(base, Path(room, "layer"))
        before = versions(python, folder)
        options = {"env": environment(blocked), "cwd": folder}
        done = call(python, "-c", RUN, notebook, folder, CELL_SECONDS, **options)
        error = (done.stderr.strip() or "it stopped without a word") if done.returncode else ""
        wrong = judge(error, before, versions(python, folder), without_clips and "load_samples(" in text)
    said = error.splitlines()[-1].partition(": ")[2] if error and not wrong else ""
    end = f"needs the real clips, and says so: {said}" if said else f"{before} kept"
    return f"{time.monotonic() - started:4.0f} s  {'failed' if wrong else end}", wrong


def chosen(names: list[str] | None) -> list[Path]:
    """The notebooks to run: all, or those whose names begin so."""
    notebooks = sorted((ROOT / "book").glob("*.ipynb"))
    for name in names or []:
        if not any(path.name.startswith(name) for path in notebooks):
            raise AloneError(f"no chapter is named {name}: give a number such as 03, or the start of a name.")
    return [path for path in notebooks if names is None or path.name.startswith(tuple(names))]


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, 1 where a chapter failed, 2 where none could be run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--chapter", action="append", metavar="NN", help="the start of its name; may be given again")
    which.add_argument("--all", action="store_true", help="every notebook of the book")
    parser.add_argument("--python", type=Path, help="an environment that is there, with torch and Jupyter")
    parser.add_argument("--source", help="what pip installs instead of a wheel of this clone")
    parser.add_argument("--without-clips", action="store_true", help="no real clips, and no way to them")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="alone-") as room:
        try:
            chapters = chosen(None if given.all else given.chapter)
            source = given.source or build_wheel(Path(room)).as_posix()
            base = given.python or make_environment(Path(room, "base"))
            failed = run_all(chapters, source, base, given.without_clips)
        except AloneError as error:
            print(f"alone: {error}", file=sys.stderr)
            return 2
    return 1 if failed else 0


def run_all(chapters: list[Path], source: str, base: Path, without_clips: bool) -> list[str]:
    """Run them one after the other, and print a line of each; the names of those that failed."""
    failed = []
    for chapter in chapters:
        line, wrong = run_alone(chapter, source, base, without_clips)
        print(f"{chapter.stem:32}{line}", flush=True)
        if wrong:
            failed.append(chapter.stem)
            print(wrong, flush=True)
    print(json.dumps({"ran": len(chapters), "failed": failed}), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
