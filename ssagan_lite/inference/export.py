"""A generator as one ONNX file, which runs with no code of ours: in a page, on one thread. Chapter 11.

    photo  (1, 3, S, S) in [-1, 1] --.                       .-> clip      (1, 3, T, S, S) in [-1, 1]
                                     |--> the frozen graph --|
    gammas (L,), one a gated layer --|                       |-> attention (P, P), the map A of one layer
    wind   (1, 2), right and down ---'                       |-> way       (1, 2, T, S, S), of each place
                                                             '-> change    (1, 3, T, S, S), of its colour

The graph is traced, so the repeated frame's work stays folded in it (`model/repeated.py`). A generator without learnt
gammas lacks that input, one without attention that output. Only a generator that is told the wind, and whose
configuration is no calm, has the input `wind` and the last two outputs: with these, `predict` carries a photo at its
full size, and a page can do the same. ONNX is an optional extra of the package.
"""

import importlib
import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

import ssagan_lite
from ssagan_lite.data.paths import expand
from ssagan_lite.data.staging import check_free, staged
from ssagan_lite.errors import InputError
from ssagan_lite.inference.exportable import Exportable

Precision = Literal["fp16", "fp32"]
OPSET, IR_VERSION = 18, 8  # a pair of 2022, which every runtime of the last years reads
LARGEST_DIFFERENCE = {"fp32": 1e-3, "fp16": 5e-2}  # from PyTorch, of pixels in [-1, 1]; beyond it, no file


def export(
    generator: nn.Module,
    path: str | os.PathLike,
    *,
    name: str = "generator",
    precision: Precision = "fp16",
    attention: str | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Write the generator to `path`, a name ending in .onnx, and return what is in the file, in plain types.

    attention: the layer whose map is the second output, one of `exportable.attended`; by default the first of those
    nearest to 16 x 16 places. fp16 halves the file: kernels are kept as 16-bit floats and widened where they are used,
    so a runtime computes in float32 either way. What is returned, less file, bytes and difference, is also the file's
    metadata, each value as JSON; difference is the largest one from PyTorch on a random photo, over all outputs.
    Raises InputError for a name that is taken or ends otherwise, an unknown layer, a generator that computes
    something else in ONNX Runtime, and where the extra is not installed.
    """
    target = check_onnx_target(path, force)
    if precision not in LARGEST_DIFFERENCE:
        raise InputError(f"there is no precision '{precision}'; choose fp16 or fp32.")
    onnx, runtime = need("onnx"), need("onnxruntime")
    graph = Exportable(generator, attention)
    about = describe(graph, name, precision)
    model = trace(graph)
    if precision == "fp16":
        halve(model, onnx)
    tidy(model, about)
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString()
    difference = measure(graph, content, runtime)
    if not difference <= LARGEST_DIFFERENCE[precision]:  # NaN too
        advice = "use --precision fp32" if precision == "fp16" else "report it"
        raise InputError(f"in ONNX Runtime the clips of {name} differ from PyTorch's by {difference:.2g}; {advice}.")
    with staged(target, force=force) as temporary:
        temporary.write_bytes(content)
    return {**about, "file": str(target), "bytes": len(content), "difference": difference}


def check_onnx_target(path: str | os.PathLike, force: bool = False) -> Path:
    """The file to write. Raises InputError for another ending and for a name that is taken."""
    target = expand(path)
    if target.suffix.lower() != ".onnx":
        raise InputError(f"{target} does not end in .onnx; give such a name.")
    check_free(target, force=force)
    return target


def need(module: str) -> ModuleType:
    """A module of the optional extra. Raises InputError with the command that installs it."""
    try:
        importlib.import_module("onnxscript")  # PyTorch's exporter asks for it
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError('exporting needs packages: pip install "ssagan-lite[export]".') from error


def describe(graph: Exportable, name: str, precision: Precision) -> dict[str, Any]:
    """What the file says about itself, in plain types."""
    config = graph.generator.config
    return {
        "model": name,
        "architecture": graph.generator.architecture,
        "size": config.size,
        "frames": config.frames,
        "precision": precision,
        "layers": graph.gated,
        "gammas": graph.gammas.tolist(),
        "wind": None if graph.wind is None else list(graph.wind),
        "attention": graph.shown,
        "places": graph.sides[graph.shown] ** 2 if graph.shown else 0,
        "input": "input is [-1,1] RGB, channels first: level / 127.5 - 1",
        "package": f"ssagan-lite {ssagan_lite.__version__}",
        "licence": "MIT, as ssagan-lite and the models that ship with it; other weights are their maker's",
    }


def trace(graph: Exportable) -> Any:
    """The graph as an onnx.ModelProto, float32, batch 1, with every shape fixed."""
    size = graph.generator.config.size
    inputs = graph.inputs(torch.zeros(1, 3, size, size))
    with quiet():
        program = torch.onnx.export(
            graph,
            kwargs=inputs,
            dynamo=True,  # the older exporter, through TorchScript, is deprecated, and refuses this graph
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=graph.outputs(),
            verbose=False,
        )
    return program.model_proto


@contextmanager
def quiet() -> Iterator[None]:
    """Within it the exporter does not speak of torchvision, which is not there, nor of its own old names."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def halve(model: Any, onnx: ModuleType) -> None:
    """Keep kernels, and tables that lose nothing by it, as fp16, each with a Cast to float32 before its use; in place.

    Biases stay in float32: they are few, and BatchNorm's shifts, which the exporter folds into them, may be large. So
    do tables with other numbers, such as the shares of the way that the wind has gone: a place needs all its digits.
    """
    kernels = {node.input[1] for node in model.graph.node if node.op_type in ("Conv", "ConvTranspose", "MatMul")}
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        name, full = tensor.name, onnx.numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):  # an overflow is found when the clips are compared
            half = full.astype(np.float16)
        if name not in kernels and not np.array_equal(half, full):
            continue
        tensor.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}.fp16"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.fp16"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def tidy(model: Any, about: dict[str, Any]) -> None:
    """Leave in the file what a runtime needs and `about`, as JSON: the exporter notes source lines and paths; in place.

    Without those notes nothing is newer than the IR version of the opset's own time.
    """
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version, model.doc_string = "ssagan-lite", ssagan_lite.__version__, ""
    graph = model.graph
    graph.name, graph.doc_string = "generator", ""
    for part in (*graph.node, *graph.initializer, *graph.input, *graph.output, graph):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    del graph.value_info[:]  # shapes in between follow from those of the inputs
    del model.metadata_props[:]
    for key, value in about.items():
        model.metadata_props.add(key=key, value=json.dumps(value))


def measure(graph: Exportable, content: bytes, runtime: ModuleType) -> float:
    """The largest difference between PyTorch and ONNX Runtime on one random photo, over all outputs."""
    size = graph.generator.config.size
    photo = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    inputs = graph.inputs(photo)
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    got = session.run(graph.outputs(), {name: tensor.numpy() for name, tensor in inputs.items()})
    with torch.no_grad():
        expected = graph(**inputs)
    return max(float(np.abs(a - b.numpy()).max()) for a, b in zip(got, expected, strict=True))
