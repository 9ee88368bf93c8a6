"""`ssagan convert` as a person runs it."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from ssagan_lite.cli import main
from ssagan_lite.inference.pretrained import load_generator

WIDTH = 1
CHANNELS = [3, 1, 2, 4, 8, 16, 16]  # before and after each convolution on the way down
KERNELS = {1: (3, 4, 4), 6: (2, 4, 4)}


def mdgan() -> dict[str, torch.Tensor]:
    """A state_dict of MD-GAN's stages, which hold the same tensors, at width 1."""
    torch.manual_seed(0)
    network = nn.Module()
    for level in range(1, 7):
        down, up = CHANNELS[level - 1 : level + 1], [16, 16, 8, 4, 2, 1, 3][level - 1 : level + 1]
        kernel_up = KERNELS.get(7 - level, (4, 4, 4))
        network.add_module(f"downConv{level}", nn.Conv3d(*down, KERNELS.get(level, (4, 4, 4)), bias=False))
        network.add_module(f"upConv{level}", nn.ConvTranspose3d(*up, kernel_up, bias=False))
        if 1 < level < 6:
            network.add_module(f"downBN{level}", nn.BatchNorm3d(down[1]))
        if level < 6:
            network.add_module(f"upBN{level}", nn.BatchNorm3d(up[1]))
    return network.state_dict()


@pytest.fixture
def stages(tmp_path):
    """Files as MD-GAN names them."""
    paths = tmp_path / "netG_S1_030.pth", tmp_path / "netG_S2_067.pth"
    for path in paths:
        torch.save(mdgan(), path)
    return paths


def ran(capsys, *arguments) -> str:
    """What the command prints."""
    assert main(["convert", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def refused(capsys, *arguments) -> str:
    """The one sentence with which it refuses."""
    assert main(["convert", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    return printed.err


def test_a_first_stage_and_then_a_clip(tmp_path, stages, capsys):
    out = tmp_path / "converted"
    text = ran(capsys, stages[0], "--out", out)
    assert "MD-GAN's first stage (netG_S1), width 1" in text
    assert "skips: added; attention: none" in text
    assert f"ssagan predict PHOTO --checkpoint {out}" in text
    assert "not photos" not in text
    generator = load_generator(out)
    assert torch.equal(generator.encoder["conv1"].convolution.weight, mdgan()["downConv1.weight"])  # not rounded
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "photo.png")
    clip = tmp_path / "clip"
    assert main(["predict", str(tmp_path / "photo.png"), "--checkpoint", str(out), "--out", str(clip)]) == 0
    assert len(list(clip.iterdir())) == 32


def test_a_refiner_alone_says_what_it_takes(tmp_path, stages, capsys):
    text = ran(capsys, stages[1], "--out", tmp_path / "alone")
    assert "skips: added at the 3 deepest levels" in text
    assert "It takes the clips of a first stage, not photos: predict would feed it the photo repeated." in text
    both = json.loads(ran(capsys, stages[1], "--stage1", tmp_path / stages[0], "--out", tmp_path / "both", "--json"))
    assert (both["architecture"], both["takes"], both["kind"]) == ("two-stage", "photos", "refiner")
    assert load_generator(tmp_path / "both").architecture == "two-stage"


def test_half_rounds(tmp_path, stages, capsys):
    facts = [
        json.loads(ran(capsys, stages[0], "--out", tmp_path / name, "--json", *more))
        for name, more in (("full", []), ("half", ["--half"]))
    ]
    assert [fact["precision"] for fact in facts] == ["float32", "float16"]
    full, half = ((tmp_path / name / "model.safetensors").stat().st_size for name in ("full", "half"))
    assert half < 0.8 * full  # the header and BatchNorm's statistics stay
    weight = load_generator(tmp_path / "half").encoder["conv2"].convolution.weight
    assert torch.equal(weight, mdgan()["downConv2.weight"].half().float())


def test_a_dry_run_writes_nothing(tmp_path, stages, capsys):
    before = sorted(tmp_path.rglob("*"))
    assert "MD-GAN's refiner" in ran(capsys, stages[1], "--dry-run")
    facts = json.loads(ran(capsys, stages[1], "--dry-run", "--json", "--out", tmp_path / "out"))
    assert facts["out"] is None
    assert facts["config"]["deepest_skips"] == 3
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_overwritten(tmp_path, stages, capsys):
    out = tmp_path / "out"
    ran(capsys, stages[0], "--out", out)
    before = (out / "model.safetensors").read_bytes()
    assert "is already there; choose another --out, or add --force" in refused(capsys, stages[0], "--out", out)
    ran(capsys, stages[0], "--out", out, "--half", "--force")
    assert (out / "model.safetensors").read_bytes() != before
    after = (out / "model.safetensors").read_bytes()
    broken = tmp_path / "broken-BaseG.ckpt"
    broken.write_bytes(b"text")
    assert "is no checkpoint" in refused(capsys, broken, "--out", out, "--force")
    assert (out / "model.safetensors").read_bytes() == after
    assert "is a file; --out names a folder" in refused(capsys, stages[0], "--out", stages[1], "--force")
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    assert "holds other files (checkpoints)" in refused(capsys, stages[0], "--out", tmp_path / "run", "--force")
    (tmp_path / "new").mkdir()
    ran(capsys, stages[0], "--out", tmp_path / "new")


def test_refusals(tmp_path, stages, capsys):
    assert "--out must be given, or --dry-run" in refused(capsys, stages[0])
    assert "there is no file" in refused(capsys, tmp_path / "none.pth", "--out", tmp_path / "out")
    assert "--kind" in refused(capsys, stages[0], "--out", tmp_path / "out", "--kind", "third")
    assert "needs no first stage" in refused(capsys, stages[0], "--stage1", stages[0], "--dry-run")
    assert not (tmp_path / "out").exists()
