"""How values travel between the grader's process and the student's.

Arguments go out as a pickle, since the student's process may well trust the grader's. Answers come back as JSON that
can hold numbers, texts, arrays and containers and nothing else: reading them runs no code.
"""

import base64
import io
import itertools
import marshal
import pickle
import struct
import sys
import types
from collections.abc import Iterator, Mapping
from collections.abc import Set as AnySet

import numpy as np

MOST_ITEMS = 1_000_000  # of an iterator
KINDS = "biufc"  # of dtype: numbers
CONTAINERS = {"tuple": tuple, "set": set, "list": list}


def encode(value):
    """A value as what JSON can hold. What is neither number, text, array nor container is named by its type only."""
    if value is None or isinstance(value, bool) or type(value) in (int, float, str):
        return value
    if value is ...:
        return {"ellipsis": True}
    if isinstance(value, np.ndarray | np.generic):
        return _encode_array(value)
    if (torch := sys.modules.get("torch")) and isinstance(value, torch.Tensor):
        return _encode_tensor(value)
    if isinstance(value, Mapping):
        return {"dict": [[encode(key), encode(held)] for key, held in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [encode(part) for part in value]}
    if isinstance(value, list):
        return [encode(part) for part in value]
    if isinstance(value, AnySet):
        return {"set": [encode(part) for part in value]}
    if isinstance(value, Iterator | range):
        return [encode(part) for part in itertools.islice(value, MOST_ITEMS)]
    if isinstance(value, complex):
        return _encode_array(np.complex128(value))
    return {"thing": type(value).__name__}


def _encode_array(array):
    whole = np.asarray(array)
    if whole.dtype.kind not in KINDS:
        return encode(whole.tolist())
    data = base64.b64encode(np.ascontiguousarray(whole).tobytes()).decode()
    kind = "array" if isinstance(array, np.ndarray) else "scalar"
    return {kind: whole.dtype.str, "shape": list(whole.shape), "data": data}


def _encode_tensor(tensor):
    plain = tensor.detach().cpu()
    try:
        values = plain.numpy()
    except TypeError:  # a type that numpy does not know, such as bfloat16
        values = plain.float().numpy()
    return {"tensor": _encode_array(values)}


def decode(coded):
    """The value again. Raises ValueError for what `encode` cannot have made."""
    if coded is None or isinstance(coded, bool | int | float | str):
        return coded
    if isinstance(coded, list):
        return [decode(part) for part in coded]
    kind, held = next(iter(coded.items()), (None, None)) if isinstance(coded, dict) else (None, None)
    if kind in ("array", "scalar"):
        return _decode_array(coded)
    if kind == "tensor" and isinstance(held, dict) and "array" in held:
        import torch

        return torch.from_numpy(_decode_array(held).copy())
    if kind == "dict" and isinstance(held, list):
        return {_hashable(decode(key)): decode(value) for key, value in held}
    if kind in CONTAINERS and isinstance(held, list):
        parts = [decode(part) for part in held]
        return CONTAINERS[kind](map(_hashable, parts) if kind == "set" else parts)
    if kind == "ellipsis":
        return ...
    if kind == "thing":
        return type(identifier(held), (), {})()
    raise ValueError("no value that this can read")


def _decode_array(coded):
    dtype, shape = np.dtype(str(coded["array" if "array" in coded else "scalar"])), coded.get("shape")
    if dtype.kind not in KINDS or not isinstance(shape, list) or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError("no array of numbers")
    values = np.frombuffer(base64.b64decode(str(coded["data"]), validate=True), dtype).reshape(shape)
    return values.copy() if "array" in coded else values.reshape(())[()]


def _hashable(value):
    try:
        hash(value)
    except TypeError as error:
        raise ValueError("a key or a member that cannot be one") from error
    return value


def identifier(name) -> str:
    """A name that may stand in a message, whatever was sent."""
    kept = "".join(c for c in str(name)[:60] if c.isascii() and (c.isalnum() or c == "_"))
    return kept if kept.isidentifier() else "Something"


class _Packer(pickle.Pickler):
    """Pickles what graders hand over: functions made on the spot, iterators, parameters with their gradients."""

    def reducer_override(self, thing):
        if isinstance(thing, types.FunctionType) and not _is_importable(thing):
            cells = [cell.cell_contents for cell in thing.__closure__ or ()]
            code = marshal.dumps(thing.__code__)
            return _function, (code, thing.__module__, thing.__name__, thing.__defaults__, cells)
        if isinstance(thing, Iterator):
            # One by one, as 3.3 sees how many chunks are alive at once.
            return _iterator, ([pack(part) for part in thing],)
        if torch := sys.modules.get("torch"):
            if isinstance(thing, torch._C.Generator):
                return _dice, (thing.get_state(),)
            if isinstance(thing, torch.nn.Parameter) and thing.grad is not None:
                return _parameter, (thing.detach(), thing.requires_grad, thing.grad)
        return NotImplemented


def pack(value) -> bytes:
    """Pickle arguments for the student's process. Raises pickle.PicklingError or TypeError where that cannot be."""
    file = io.BytesIO()
    _Packer(file, protocol=5).dump(value)
    return file.getvalue()


def _is_importable(function) -> bool:
    module = sys.modules.get(function.__module__)
    return getattr(module, function.__qualname__, None) is function


def _function(code, module, name, defaults, cells):
    __import__(module)
    closure = tuple(types.CellType(held) for held in cells)
    return types.FunctionType(marshal.loads(code), vars(sys.modules[module]), name, defaults, closure)


def _iterator(parts):
    return iter([pickle.loads(part) for part in parts])


def _dice(state):
    import torch

    dice = torch.Generator()
    dice.set_state(state)
    return dice


def _parameter(values, requires_grad, grad):
    import torch

    parameter = torch.nn.Parameter(values, requires_grad)
    parameter.grad = grad
    return parameter


HEADER = struct.Struct(">Q")  # a message is its length and then itself
