"""Makes the environment in .venv; run by `make`, or by hand with `python3 tools/set_up.py`.

`--venv-only` makes the environment with nothing in it. Only the standard library, and only syntax that Python 3.6
reads: an old Python must get far enough to say what is missing. Running it twice does nothing the second time: a
fingerprint in .venv remembers what was installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
LOG = os.path.join(VENV, "set-up.log")
STAMP = os.path.join(VENV, "set-up-done")
OLDEST, NEWEST = (3, 11), (3, 13)  # that the book is tested with; a newer one is taken where there is no other
NEEDED_GB = 10.0  # PyTorch with its CUDA libraries, where pip chooses that build
NO_NETWORK = ("NewConnectionError", "NameResolutionError", "Temporary failure in name resolution", "ConnectTimeout")
NO_NETWORK += ("ProxyError", "Network is unreachable", "getaddrinfo failed", "ReadTimeoutError", "MaxRetryError")


class SetUpError(Exception):
    """One sentence for the reader: what is missing, and what to do."""


def version_of(python):
    """The (major, minor) version of an interpreter, or None where it does not start."""
    command = [python, "-c", "import sys; print(sys.version_info[0], sys.version_info[1])"]
    try:
        output = subprocess.check_output(command, stderr=subprocess.DEVNULL, universal_newlines=True)
        major, minor = output.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def find_python(own=sys.executable, own_version=tuple(sys.version_info[:2]), version_of=version_of, which=shutil.which):
    """The path of a Python that the book is tested with: this one, or the newest on PATH; else a newer one."""
    if own and OLDEST <= own_version <= NEWEST:
        return own
    for name in ("python3.13", "python3.12", "python3.11", "python3", "python"):
        path = which(name)
        version = version_of(path) if path else None
        if version is not None and OLDEST <= version <= NEWEST:
            return path
    if own and own_version > NEWEST:
        return own
    raise SetUpError(
        f"Python 3.11 or newer is needed and only {own_version[0]}.{own_version[1]} was found: "
        "install a newer Python, then run this again."
    )


def check_disk(folder, free_bytes=None):
    """Stops where the disk that holds `folder` has too little room."""
    free = (shutil.disk_usage(folder).free if free_bytes is None else free_bytes) / 1e9
    if free < NEEDED_GB:
        raise SetUpError(
            f"Set-up needs {NEEDED_GB:.0f} GB of free disk and {folder} has {free:.1f} GB: "
            "make room, then run this again."
        )


def check_venv(python, call=subprocess.call):
    """Stops where the interpreter cannot make virtual environments (Debian and Ubuntu split them off)."""
    if call([python, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL) != 0:
        major, minor = version_of(python) or OLDEST
        raise SetUpError(
            f"Python {major}.{minor} has no venv module here: on Debian and Ubuntu run "
            f"`sudo apt-get install python{major}.{minor}-venv`, then run this again."
        )


def failure_sentence(what, log_text, log_path):
    """Names the usual reasons for a failed pip in one sentence."""
    if "No space left on device" in log_text or "not enough space on the disk" in log_text:
        return f"The disk ran full while installing {what}: make room, then run this again (details: {log_path})."
    if any(sign in log_text for sign in NO_NETWORK):
        return (
            f"The network could not be reached while installing {what}: "
            f"check the connection, then run this again (details: {log_path})."
        )
    return f"pip could not install {what}: the reason stands at the end of {log_path}."


def venv_python(venv=VENV):
    """The interpreter inside the environment, on any system."""
    if os.name == "nt":
        return os.path.join(venv, "Scripts", "python.exe")
    return os.path.join(venv, "bin", "python")


def log_tail(start):
    """What was written to the log from byte `start` on."""
    with open(LOG, encoding="utf-8", errors="replace") as log:
        log.seek(start)
        return log.read()


def pip(what, *arguments):
    """Runs pip in the environment, its output going to the log."""
    with open(LOG, "a", encoding="utf-8") as log:
        log.write("\n== pip " + " ".join(arguments) + "\n")
        log.flush()
        start = log.tell()
        command = [venv_python(), "-m", "pip", "--disable-pip-version-check"]
        status = subprocess.call(command + list(arguments), cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    if status != 0:
        raise SetUpError(failure_sentence(what, log_tail(start), LOG))


def cv2_starts():
    """Whether OpenCV can be imported: its full wheel needs libGL, which bare servers lack."""
    command = [venv_python(), "-c", "import cv2"]
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def swap_opencv():
    """Replaces opencv-python by its headless twin of the same version."""
    command = [venv_python(), "-c", "from importlib.metadata import version; print(version('opencv-python'))"]
    version = subprocess.check_output(command, universal_newlines=True).strip()
    pip("OpenCV", "uninstall", "--yes", "opencv-python")
    pip("OpenCV without a display", "install", "opencv-python-headless==" + version, "-c", "constraints.txt")
    if not cv2_starts():
        raise SetUpError(f"OpenCV {version} does not start here: `{venv_python()} -c 'import cv2'` says why.")


def fingerprint():
    """Changes when what should be installed, or the place it is installed in, changes."""
    digest = hashlib.sha256(ROOT.encode("utf-8"))
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as source:
            digest.update(source.read())
    return digest.hexdigest()


def is_done():
    """Whether .venv already holds what pyproject.toml and constraints.txt ask for."""
    if not os.path.exists(STAMP) or version_of(venv_python()) is None:
        return False
    with open(STAMP, encoding="utf-8") as stamp:
        return stamp.read() == fingerprint()


def make_environment():
    """Creates .venv with an interpreter that is new enough, or keeps the one that works."""
    version = version_of(venv_python())
    if version is not None and version >= OLDEST:
        return
    python = find_python()
    check_venv(python)
    print("set-up 1/3: creating .venv with Python {}.{}".format(*version_of(python)), flush=True)
    if subprocess.call([python, "-m", "venv", "--clear", VENV]) != 0:
        raise SetUpError(f"{python} could not create {VENV}: its message stands above.")


def set_up():
    """Everything, in order; each step says what it does."""
    if is_done():
        return
    if not os.path.isdir(VENV):
        check_disk(ROOT)
    make_environment()
    print("set-up 2/3: installing PyTorch (the longest step; log: .venv/set-up.log)", flush=True)
    pip("PyTorch", "install", "torch", "-c", "constraints.txt")
    print("set-up 3/3: installing the package, the book's tools and the tests' tools", flush=True)
    pip("the package", "install", "-e", ".[book,test]", "-c", "constraints.txt")
    if not cv2_starts():
        print("set-up: this system has no libGL, so OpenCV's headless build takes its place", flush=True)
        swap_opencv()
    with open(STAMP, "w", encoding="utf-8") as stamp:
        stamp.write(fingerprint())
    print("set-up: done", flush=True)


def main():
    """Returns the exit status; whatever is missing is said in one sentence."""
    try:
        make_environment() if "--venv-only" in sys.argv else set_up()
    except SetUpError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"set-up: {error.filename or ROOT}: {error.strerror}; mend that, then run this again.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
