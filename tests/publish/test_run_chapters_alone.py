"""Chapters that run alone: what counts as a failure, and that installing the package leaves torch and numpy alone."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import run_chapters_alone
from tools.run_chapters_alone import AloneError, chosen, environment, inside, judge, main, run_all

ROOT = Path(run_chapters_alone.__file__).resolve().parents[1]
STOPPED = "in cell 4\nssagan_lite.errors.InputError: real_video.mp4 could not be downloaded to x: check the network."


@pytest.mark.parametrize(
    ("error", "after", "without_clips", "wrong"),
    [
        ("", "torch 2", False, ""),
        ("", "torch 3", False, "installing changed torch 2 to torch 3"),
        (STOPPED, "torch 3", True, "installing changed torch 2 to torch 3"),
        ("NameError: x", "torch 2", False, "NameError: x"),
        (STOPPED, "torch 2", False, "could not be downloaded"),
        (STOPPED, "torch 2", True, ""),
        ("OSError: no network", "torch 2", True, "without the clips: OSError"),
        ("", "torch 2", True, "without the clips: it ran through"),
    ],
)
def test_what_counts_as_a_failure(error, after, without_clips, wrong):
    found = judge(error, "torch 2", after, without_clips)
    assert wrong in found
    assert bool(found) == bool(wrong)


def test_each_chapter_has_a_line_and_the_failing_cell_follows(monkeypatch, capsys):
    results = {"01_one": ("9 s  torch 2 kept", ""), "02_two": ("8 s  failed", "cell 3: NameError")}
    monkeypatch.setattr(run_chapters_alone, "run_alone", lambda chapter, *_: results[chapter.stem])
    assert run_all([Path("01_one.ipynb"), Path("02_two.ipynb")], "wheel", Path("python"), False) == ["02_two"]
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"01_one +9 s  torch 2 kept", lines[0])
    assert lines[2:] == ["cell 3: NameError", '{"ran": 2, "failed": ["02_two"]}']


@pytest.mark.parametrize(("failed", "status"), [([], 0), (["03_the_module"], 1)])
def test_the_exit_status_tells(failed, status, monkeypatch):
    monkeypatch.setattr(run_chapters_alone, "run_all", lambda *_: failed)
    assert main(["--chapter", "03", "--python", "python3", "--source", "x.whl"]) == status


def test_chapters_are_chosen_by_the_start_of_their_names(capsys):
    assert [path.stem for path in chosen(["01", "03"])] == ["01_what_happens_next", "03_the_module"]
    assert chosen(None) == sorted((ROOT / "book").glob("*.ipynb"))
    with pytest.raises(AloneError, match="no chapter is named 99"):
        chosen(["99"])
    assert main(["--chapter", "99"]) == 2
    assert capsys.readouterr().err.startswith("alone: no chapter is named 99")


def test_nothing_leads_back_to_the_repository(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert "PYTHONPATH" not in environment()
    assert environment(Path("clips"))["SSAGAN_CACHE"] == "clips"


# --- pip


def files_of(name: str, version: str, requirements: list[str]) -> dict[str, str]:
    """What tells pip that a package of this name is there."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {line}\n" for line in requirements)
    files = {"METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"}
    files |= {"WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    files |= {"INSTALLER": "pip\n"}
    files |= {
        "RECORD": "".join(f"{folder}/{file},,\n" for file in [*files, "RECORD"])
    }  # what pip removes to replace it
    return {f"{folder}/{file}": text for file, text in files.items()}


def offer(shelf: Path, name: str, version: str, requirements: list[str]) -> None:
    """Lay an empty wheel on the shelf that pip takes packages from."""
    with zipfile.ZipFile(shelf / f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files_of(name, version, requirements).items():
            wheel.writestr(path, text)


def installed(name: str) -> metadata.Distribution:
    """The package that is installed here; set-up may have put OpenCV's headless build in place of the other."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return metadata.distribution(f"{name}-headless")


def needs_of(name: str) -> list[str]:
    """The requirements of an installed package that hold here, without extras."""
    found = map(Requirement, installed(name).requires or [])
    return [str(need) for need in found if need.marker is None or need.marker.evaluate({"extra": ""})]


def stock(shelf: Path, requirements: list[str]) -> None:
    """Offer all that the requirements bring along, with the versions and the needs that are installed here."""
    waiting, seen = list(requirements), {"torch", "numpy"}
    while waiting:
        name = canonicalize_name(Requirement(waiting.pop()).name)
        if name not in seen:
            seen.add(name)
            needs = needs_of(name)
            offer(shelf, name, installed(name).version, needs)
            waiting += needs


def there(layer: Path) -> str:
    """The versions of torch and numpy in an environment."""
    held = [path.name.removesuffix(".dist-info") for path in layer.rglob("*.dist-info")]
    return " ".join(name for kept in ("torch-", "numpy-") for name in held if name.startswith(kept))


@pytest.fixture
def colab(tmp_path) -> Path:
    """An environment that has a torch and a numpy older than those on the shelf, and nothing else."""
    layer = tmp_path / "colab"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", layer], check=True)
    site = next(layer.rglob("site-packages"))
    held = files_of("torch", "2.6.0+cu124", ["numpy"]) | files_of("numpy", "2.0.2", [])
    for path, text in held.items():
        (site / path).parent.mkdir(exist_ok=True)
        (site / path).write_text(text)
    return layer


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ([], "torch-2.6.0+cu124 numpy-2.0.2"),
        (["torchvision"], "torch-99.0 numpy-2.0.2"),
        (["numpy>=2.1"], "torch-2.6.0+cu124 numpy-99.0"),
    ],
    ids=["as it is", "had it asked for torchvision", "had it asked for a new numpy"],
)
def test_installing_the_package_keeps_the_torch_and_numpy_that_are_there(extra, expected, colab, tmp_path):
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"] + extra
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    offer(shelf, "torch", "99.0", ["numpy"])
    offer(shelf, "numpy", "99.0", [])
    offer(shelf, "torchvision", "99.0", ["torch==99.0"])
    stock(shelf, [need for need in requirements if need != "torchvision"])
    offer(shelf, "ssagan-lite", "0.1.0", requirements)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--isolated",
        "--python",
        str(inside(colab)),
        "install",
        "--quiet",
        "--no-compile",
    ]
    command = [*pip, "--no-index", "--find-links", str(shelf), str(next(shelf.glob("ssagan_lite-*.whl")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert there(colab) == expected


def test_what_is_printed_last_can_be_read_by_a_program(monkeypatch, capsys):
    monkeypatch.setattr(run_chapters_alone, "run_alone", lambda *_: ("1 s", ""))
    run_all([], "wheel", Path("python"), False)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"ran": 0, "failed": []}
