"""The house: which room may call which, what importing costs, and what must not be in the repository."""

import ast
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "ssagan_lite"
# room -> the rooms it may import; errors.py may be imported by all of them
ARROWS = {
    "model": set(),
    "data": set(),
    "evaluation": set(),
    "training": {"model", "data", "evaluation"},
    "beyond": {"model", "training"},
    "baselines": {"model", "training", "beyond"},
    "inference": {"model", "data", "baselines", "beyond"},
    "reproduction": {"model", "data", "evaluation", "training", "baselines", "inference"},
    "cli": {"model", "data", "evaluation", "training", "beyond", "baselines", "inference", "reproduction"},
    "teach": {"model", "data", "evaluation", "training", "beyond", "baselines", "inference", "reproduction"},
}


def rooms_imported(file: Path) -> set[str]:
    """Rooms of the package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "ssagan_lite" else [f"ssagan_lite.{a.name}" for a in node.names]
            assert node.level == 0, f"{file}: imports are absolute"
        found |= {name.split(".")[1] for name in names if name.startswith("ssagan_lite.")}
    return found - {"errors"}


def test_every_room_has_its_arrows():
    rooms = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert rooms == set(ARROWS)


@pytest.mark.parametrize("room", ARROWS)
def test_arrows_point_one_way(room):
    for file in (PACKAGE / room).rglob("*.py"):
        assert rooms_imported(file) <= ARROWS[room] | {room}, file


def test_model_and_training_stay_small():
    files = [*(PACKAGE / "model").glob("*.py"), *(PACKAGE / "training").glob("*.py")]
    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) < 1300


def python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)


def test_importing_brings_nothing_else():
    before = set(python("import sys; print(*sys.modules)").stdout.split())
    after = set(python("import ssagan_lite, sys; print(*sys.modules)").stdout.split())
    assert {name.split(".")[0] for name in after - before} <= {"ssagan_lite", "importlib", "warnings"}


@pytest.mark.parametrize("script", ["prepare_cloud", "prepare_beach"])
def test_what_many_processes_run_does_not_import_torch(script):
    code = f"import sys; sys.path.insert(0, 'data_scripts'); import {script}; print('torch' in sys.modules)"
    assert python(code).stdout == "False\n"


def test_importing_seeds_nothing_and_prints_nothing():
    code = (
        "import torch, numpy, random\n"
        "before = torch.get_rng_state(), numpy.random.get_state()[1].tolist(), random.getstate()\n"
        "import ssagan_lite; ssagan_lite.Generator, ssagan_lite.fit, ssagan_lite.predict\n"
        "assert torch.equal(before[0], torch.get_rng_state())\n"
        "assert before[1:] == (numpy.random.get_state()[1].tolist(), random.getstate())\n"
    )
    done = python(code)
    assert (done.stdout, done.stderr) == ("", "")


def test_every_public_name_is_there():
    import ssagan_lite

    for name in ssagan_lite.__all__:
        assert getattr(ssagan_lite, name) is not None
    assert set(ssagan_lite.__all__) <= set(dir(ssagan_lite))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ssagan_lite.nothing


def test_every_public_function_and_class_says_what_it_is():
    for file in PACKAGE.rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        assert ast.get_docstring(tree), file
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith(("_", "run")):
                assert ast.get_docstring(node), f"{file}: {node.name}"


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_requirements_are_lower_bounds_and_leave_torchvision_out():
    for requirement in project()["dependencies"]:
        assert re.fullmatch(r"[\w-]+>=[\d.]+", requirement), requirement
    everything = " ".join([*project()["dependencies"], *chain(*project()["optional-dependencies"].values())])
    assert "torchvision" not in everything
    assert "torch>=" in everything


def test_requirements_are_those_that_the_package_imports():
    imported = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    names = {"cv2": "opencv-python", "PIL": "pillow", "lightning_fabric": "lightning-fabric"}
    names["imageio_ffmpeg"] = "imageio-ffmpeg"
    needed = {names.get(name, name) for name in imported - sys.stdlib_module_names - {"ssagan_lite"}}
    declared = {requirement.split(">=")[0] for requirement in project()["dependencies"]}
    assert needed <= declared
    assert declared - needed <= {"ipywidgets"}, "only what notebooks import may stand here besides"


def test_conda_environment_adds_only_python_and_ffmpeg():
    text = (ROOT / "environment.yml").read_text("utf-8")
    conda = re.findall(r"^  - ([\w-]+)", text.split("dependencies:")[1], flags=re.MULTILINE)
    assert conda == ["python", "ffmpeg", "pip", "pip"]  # the last holds the list of what pip installs
    pip = re.findall(r"^      - (.+)$", text, flags=re.MULTILINE)
    assert pip == ["-c constraints.txt", '-e ".[book,test]"']
    assert f"python{project()['requires-python']}" in text.replace(" ", "")


def test_constraints_pin_everything_asked_for():
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), flags=re.MULTILINE))
    pinned = {name.lower().replace("_", "-"): version for name, version in pinned.items()}
    assert pinned["torch"] == "2.13.0"
    assert pinned["sphinx-book-theme"] == "1.1.4"
    asked = [*project()["dependencies"], *chain(*project()["optional-dependencies"].values())]
    missing = {re.split(r"[<>=]", name)[0].lower() for name in asked} - set(pinned)
    assert not missing


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_repository_names_no_machine_and_no_registry():
    registries = "|".join(("py" + "pi.org", "files.python" + "hosted", "download.py" + "torch.org", "npm" + "js.org"))
    pattern = re.compile(rf"{registries}|(?<![\w.])/(?:work|root)/\w")
    for file in tracked():
        if (
            file.suffix in (".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".cff", ".js", ".css", ".ipynb", "")
            and file.stat()
        ):
            found = pattern.search(file.read_text("utf-8", errors="replace"))
            assert found is None, f"{file}: {found[0]}"


def test_no_large_file_and_no_clip_of_others_is_kept():
    for file in tracked():
        assert file.stat().st_size < 8_000_000, file
        assert file.suffix not in (".mp4", ".npy", ".pt", ".ckpt"), file
