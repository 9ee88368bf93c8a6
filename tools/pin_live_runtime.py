"""Writes down the version and the hashes of what the live page takes from onnxruntime-web: tools/live/runtime.json.

    cd tools/live && npm install --save-exact onnxruntime-web@VERSION && cd ../..
    python tools/pin_live_runtime.py

Run it after a change of version, and commit package.json, package-lock.json and runtime.json together.
"""

import hashlib
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "live"
# The smallest set that runs on the processor: the interface, the glue, and the engine.
FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def main() -> int:
    dist = FOLDER / "node_modules" / "onnxruntime-web" / "dist"
    if missing := [name for name in FILES if not (dist / name).is_file()]:
        print(f"{missing[0]} is missing; run `make live` first.", file=sys.stderr)
        return 2
    lock = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))
    contents = {name: (dist / name).read_bytes() for name in FILES}
    files = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in contents.items()}
    about = {"version": lock["packages"]["node_modules/onnxruntime-web"]["version"], "files": files}
    (FOLDER / "runtime.json").write_text(json.dumps(about, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
