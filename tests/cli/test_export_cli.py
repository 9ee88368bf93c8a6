"""`ssagan export` as a person runs it."""

import importlib
import json

import pytest
import torch

from ssagan_lite.beyond.wind import WindConfig, WindGenerator
from ssagan_lite.cli import main
from ssagan_lite.inference.released import save_weights
from ssagan_lite.model.generator import Generator, GeneratorConfig


@pytest.fixture
def model(tmp_path):
    """A folder with a small generator in the released format."""
    torch.manual_seed(0)
    return save_weights(Generator(GeneratorConfig(size=16, width=2, attention=("conv4",))), tmp_path / "tiny-16")


def refused(capsys, *arguments) -> str:
    """The one sentence with which it refuses."""
    assert main(["export", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    return printed.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["sky-99", "--out", "sky.onnx"], "sky-99"),
        (["sky-32", "--out", "sky.pt"], "does not end in .onnx"),
        (["sky-32", "--out", "sky.onnx", "--precision", "int8"], "fp16"),
        (["sky-32"], "--out must be given"),
    ],
)
def test_what_it_refuses(arguments, named, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert named in refused(capsys, *arguments)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_stays(tmp_path, capsys):
    taken = tmp_path / "sky.onnx"
    taken.write_text("precious")
    assert "--force" in refused(capsys, "sky-32", "--out", taken)
    assert taken.read_text() == "precious"


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    find = importlib.import_module

    def without(name, *more):
        if name.startswith("onnx"):
            raise ImportError(name)
        return find(name, *more)

    monkeypatch.setattr(importlib, "import_module", without)
    assert 'pip install "ssagan-lite[export]"' in refused(capsys, "sky-32", "--out", tmp_path / "sky.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_and_what_it_says(model, tmp_path, capsys):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason='needs the extra "export"')
    out = tmp_path / "new" / "sky.onnx"
    assert main(["export", str(model), "--out", str(out)]) == 0
    text = capsys.readouterr()
    assert text.err == ""
    assert "kernels in fp16, made of tiny-16" in text.out
    assert "photo (1, 3, 16, 16) in [-1, 1] -> clip (1, 3, 8, 16, 16)" in text.out
    assert "gammas (1,): conv4 +0.000" in text.out
    assert "attention (64, 64): the map after conv4" in text.out
    assert main(["export", str(model), "--out", str(out), "--force", "--precision", "fp32", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["model"], facts["precision"], facts["bytes"]) == ("tiny-16", "fp32", out.stat().st_size)
    assert facts["difference"] < 1e-4


def test_it_says_what_wind_the_file_is_told(tmp_path, capsys):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason='needs the extra "export"')
    torch.manual_seed(0)
    generator = WindGenerator(WindConfig(size=16, width=2, attention="none", wind=(0.2, -0.05)))
    model = save_weights(generator, tmp_path / "windy-16")
    assert main(["export", str(model), "--out", str(tmp_path / "windy.onnx")]) == 0
    assert "wind (1, 2): 0.2 of the picture's width to the right, -0.05 of its height down" in capsys.readouterr().out
