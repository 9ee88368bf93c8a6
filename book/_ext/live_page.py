"""Puts beside the built live page what it runs on: its scripts, the model, the runtime, the helpers of all figures.

    _static/live/*.js ...       what stands in book/_live (in book/_static, every page of the book would run it)
    _static/live/model.json     what the model is (null where this build could not make its file), and model.onnx
    _static/live/runtime.json   onnxruntime-web: its version, its files with their hashes, whether they are here
    _static/live/shared.js      dom.js, theme.js and player.js of ssagan_lite/teach/assets as one module; figure.css

No build fails for want of any of them, and nothing is downloaded here. The runtime is copied from
tools/live/node_modules once `make live` has filled it; otherwise the page asks the address of the same version on a
CDN. The model is exported from the weights that ship, which needs the packages of the extra `export`; it is
kept in _build/live until its weights or configuration change. A page without a model, or opened as a file, shows its
recording.
"""

import hashlib
import importlib.util
import json
import shutil
import sys
from pathlib import Path

from sphinx.util import logging

from ssagan_lite.teach.palette import asset, with_plain_colours

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "book" / "_live"
ASSETS = ROOT / "ssagan_lite" / "teach" / "assets"
TOOLS = ROOT / "tools" / "live"
NEEDED = ("onnx", "onnxscript", "onnxruntime")  # to write the model's file, and to check it
PACKAGE = "onnxruntime-web"
DIST = TOOLS / "node_modules" / PACKAGE / "dist"
CDN = "https://cdn.jsdelivr.net/npm/{package}@{version}/dist/"
SHARED = {"dom.js": ("make", "draw"), "theme.js": ("wantsLessMotion",), "player.js": ("transport",)}
logger = logging.getLogger(__name__)


def shared_module() -> str:
    """The helpers of the book's figures, whose names are private there, as one module that exports them."""
    code = "\n".join((ASSETS / name).read_text("utf-8") for name in SHARED)
    names = ", ".join(name for names in SHARED.values() for name in names)
    return f"{code}\nexport {{ {names} }};\n"


def describe_runtime(dist: Path = DIST) -> dict:
    """What the page is told of onnxruntime-web; `local` says whether `dist` holds just the files that are pinned.

    The hashes also guard the copy from the CDN: the page refuses a file that differs.
    """
    pinned = json.loads((TOOLS / "runtime.json").read_text("utf-8"))
    about = {"version": pinned["version"], "files": pinned["files"]}
    about["cdn"] = CDN.format(package=PACKAGE, version=pinned["version"])
    about["local"] = all(
        (dist / name).is_file() and hash_of(dist / name) == file["sha256"] for name, file in pinned["files"].items()
    )
    return about


def hash_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def make_model(cache: Path) -> dict | None:
    """Export the model that ships into `cache` unless it is there; returns the facts about it, or None."""
    sys.path.insert(0, str(ROOT))
    from ssagan_lite.inference.pretrained import DEFAULT_MODEL, WEIGHTS_FOLDER, load_generator

    file, facts = cache / f"{DEFAULT_MODEL}.onnx", cache / f"{DEFAULT_MODEL}.page.json"
    # Both files: the configuration holds the wind where none is given.
    source = [hash_of(WEIGHTS_FOLDER / DEFAULT_MODEL / name) for name in ("config.json", "model.safetensors")]
    if file.is_file() and facts.is_file() and (known := json.loads(facts.read_text("utf-8")))["weights"] == source:
        return known
    if not all(importlib.util.find_spec(name) for name in NEEDED):
        return None
    from ssagan_lite.inference.export import export

    cache.mkdir(parents=True, exist_ok=True)
    about = export(load_generator(DEFAULT_MODEL), file, name=DEFAULT_MODEL, precision="fp16", force=True)
    about |= {"file": file.name, "bytes": file.stat().st_size, "sha256": hash_of(file), "weights": source}
    facts.write_text(json.dumps(about, indent=1), "utf-8")
    return about


def fill(app, exception):
    """Once the pages are written: lay everything into _static/live."""
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir) / "_static" / "live"
    shutil.copytree(SOURCE, out, dirs_exist_ok=True)
    (out / "shared.js").write_text(shared_module(), "utf-8")
    (out / "figure.css").write_text(with_plain_colours(asset("figure.css")), "utf-8")
    runtime = describe_runtime()
    (out / "runtime.json").write_text(json.dumps(runtime, indent=1), "utf-8")
    for name in runtime["files"] if runtime["local"] else ():
        shutil.copyfile(DIST / name, out / name)
    cache = ROOT / "_build" / "live"
    model = make_model(cache)
    (out / "model.json").write_text(json.dumps(model, indent=1), "utf-8")
    if model:
        shutil.copyfile(cache / model["file"], out / "model.onnx")
    report(runtime, model)


def report(runtime: dict, model: dict | None) -> None:
    """Say what the live page lacks; neither is a mistake, so neither is a warning."""
    if not model:
        logger.info("live page: its model cannot be made without the extra export; it shows its recording")
    if not runtime["local"]:
        logger.info("live page: %s is not here (make live); the page asks the CDN", PACKAGE)


def setup(app):
    app.connect("build-finished", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
