"""The examples in docstrings come out as they are printed, and the functions that readers use most have one."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "ssagan_lite"
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in PACKAGE.rglob("*.py")
    if ">>> " in file.read_text("utf-8")
)
MOST_USED = {
    "baselines.registry": ("recipe",),
    "baselines.still": ("copy_first",),
    "data.clips": ("to_float", "to_uint8"),
    "data.splits": ("split_by_name", "split_by_source"),
    "data.images": ("as_rgb",),
    "data.synthetic": ("synthetic_clips",),
    "evaluation.metrics": ("mse", "psnr", "ssim"),
    "inference.predict": ("output_size",),
    "model.attention": ("attention_map",),
    "model.generator": ("GeneratorConfig",),
    "reproduction.intervals": ("bootstrap_interval", "exact_interval"),
    "training.config": ("preset",),
}


@pytest.mark.parametrize("module", MODULES)
def test_examples_come_out_as_printed(module):
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 0
    assert found.failed == 0, "the examples are printed above, with what came out"


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in MOST_USED for name in MOST_USED[module]])
def test_what_is_used_most_has_an_example(module, name):
    tree = ast.parse((PACKAGE / f"{module.replace('.', '/')}.py").read_text("utf-8"))
    (node,) = (node for node in tree.body if getattr(node, "name", "") == name)
    assert doctest.DocTestParser().get_examples(ast.get_docstring(node))


def test_an_example_that_is_wrong_is_found():
    """doctest.testmod would pass over a module whose docstrings it cannot see."""
    examples = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(examples, out=lambda _: None).failed == 1
