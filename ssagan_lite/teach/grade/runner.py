"""The student's side: a process that defines a student's functions, calls them when asked, and can do little else.

Started by process.py as `python -m ssagan_lite.teach.grade.runner IN OUT`, two ends of pipes. Only the first message,
the limits, is obeyed before rights are given up.
"""

import builtins
import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np

from ssagan_lite.teach.check.grader import _line, is_unwritten
from ssagan_lite.teach.grade.confine import confine
from ssagan_lite.teach.grade.wire import HEADER, encode


def main(inlet: int, outlet: int) -> None:
    """Answer messages until the pipe is closed: first the limits, then statements to run and arguments to call with."""
    source, sink = os.fdopen(inlet, "rb"), os.fdopen(outlet, "wb")
    asked = _receive(source)
    _send(sink, {"had": confine(asked["memory"], asked["largest_file"], Path(asked["hidden"]))})
    function = None
    while (asked := _receive(source)) is not None:
        if "statements" in asked:
            function, reply = _define(asked)
        else:
            reply = _call(function, asked["arguments"])
        _send(sink, reply)


def _receive(source):
    header = source.read(HEADER.size)
    return pickle.loads(source.read(*HEADER.unpack(header))) if len(header) == HEADER.size else None


def _send(sink, reply: dict) -> None:
    try:
        data = json.dumps(reply).encode()
    except (RecursionError, ValueError, MemoryError) as error:
        data = json.dumps(_told(error)).encode()
    sink.write(HEADER.pack(len(data)) + data)
    sink.flush()


def _define(asked: dict):
    """Run what an answer needs, in an empty notebook; (the answer, the reply)."""
    space, cell = {"__name__": "__main__", "__builtins__": builtins}, None
    try:
        for cell, source in asked["statements"]:
            exec(compile(source, f"<cell {cell + 1}>", "exec"), space)
        answer = eval(compile(asked["expression"], "<answer>", "eval"), space)
        return answer, {"callable": True} if callable(answer) else {"callable": False, "value": encode(answer)}
    except BaseException as error:  # sys.exit and Ctrl-C of the student's included
        return None, _told(error) | {"cell": None if cell is None else cell + 1}


def _call(function, packed: bytes) -> dict:
    """What the function returns for these arguments, and which of them it changed."""
    arguments = pickle.loads(packed)
    before = [_state(argument) for argument in arguments]
    try:
        value = encode(function(*arguments))
    except BaseException as error:
        return _told(error, function)
    after = [_state(argument) for argument in arguments]
    changed = {str(i): new for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
    return {"value": value, "changed": changed}


def _state(argument):
    """What a function may change in place: an array, a tensor, a list, or a network."""
    torch = sys.modules.get("torch")
    if torch and isinstance(argument, torch.Tensor):
        return {"tensor": encode(argument), "requires_grad": argument.requires_grad}
    if torch and isinstance(argument, torch.nn.Module):
        learns = [parameter.requires_grad for parameter in argument.parameters()]
        return {"weights": encode(dict(argument.state_dict())), "training": argument.training, "learns": learns}
    return {"value": encode(argument)} if isinstance(argument, np.ndarray | list) else None


def _told(error: BaseException, function=None) -> dict:
    """An error as a type and a text, with its line in the function."""
    try:
        text, unwritten = str(error)[:500] + (_line(function, error) if function else ""), is_unwritten(error)
    except Exception:
        text, unwritten = "", False
    return {"error": type(error).__name__, "text": text, "unwritten": unwritten}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
