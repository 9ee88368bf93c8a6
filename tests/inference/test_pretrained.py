import dataclasses
import json
import pickle
import random
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from ssagan_lite.errors import InputError
from ssagan_lite.inference import pretrained
from ssagan_lite.inference.predict import predict
from ssagan_lite.inference.pretrained import MODELS, VARIANTS, WEIGHTS_FOLDER, load_generator
from ssagan_lite.inference.released import save_weights
from ssagan_lite.model.generator import Generator, GeneratorConfig

CONFIG = GeneratorConfig(size=16, width=4, attention=("conv4", "deconv2"))


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return Generator(CONFIG).eval()


@pytest.fixture
def checkpoint(tmp_path, generator):
    state = {"generator_config": dataclasses.asdict(CONFIG), "generator": generator.state_dict(), "step": 3}
    torch.save(state, tmp_path / "last.pt")
    return tmp_path / "last.pt"


def change(path, **values):
    state = torch.load(path, weights_only=True)
    torch.save({key: value for key, value in {**state, **values}.items() if value is not None}, path)
    return path


def is_ready(loaded, generator, tolerance):
    first = torch.rand(1, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        close = torch.allclose(loaded.animate(first), generator.animate(first), atol=tolerance)
    still = not any(parameter.requires_grad for parameter in loaded.parameters())
    return close and still and not loaded.training and loaded.config == CONFIG


def test_a_training_checkpoint(checkpoint, generator):
    assert is_ready(load_generator(checkpoint), generator, 0)
    assert is_ready(load_generator(str(checkpoint)), generator, 0)


def test_the_released_format_as_folder_and_as_file(tmp_path, generator):
    folder = save_weights(generator, tmp_path / "released")
    for path in (folder, str(folder), folder / "model.safetensors"):
        assert is_ready(load_generator(path), generator, 2e-3)


def test_a_run_folder_is_its_last_checkpoint(tmp_path, checkpoint, generator):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    checkpoint.replace(tmp_path / "run" / "checkpoints" / "last.pt")
    (tmp_path / "run" / "config.json").write_text("{}")  # of the training, not of the generator
    assert is_ready(load_generator(tmp_path / "run"), generator, 0)


def test_a_shipped_model_by_name(tmp_path, generator, monkeypatch):
    save_weights(generator, tmp_path / "sky-16")
    monkeypatch.setattr(pretrained, "WEIGHTS_FOLDER", tmp_path)
    monkeypatch.setattr(pretrained, "MODELS", ("sky-16", "sky-64"))
    assert is_ready(load_generator("sky-16"), generator, 2e-3)
    with pytest.raises(
        InputError, match=r"no model or file sky16 \(did you mean sky-16\?\); models that ship: sky-16, sky-64"
    ):
        load_generator("sky16")
    with pytest.raises(InputError, match=r"no model or file ocean; models that ship: sky-16, sky-64; or give the path"):
        load_generator("ocean")


def test_every_model_that_ships_makes_a_moving_clip():
    """True of none as of many: what lies in the weights folder must work."""
    folders = {folder.name for folder in WEIGHTS_FOLDER.glob("*/") if (folder / "config.json").exists()}
    assert folders | VARIANTS.keys() == set(MODELS)
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    for name in MODELS:
        clip = predict(load_generator(name), photo, size=64)
        assert np.abs(np.diff(clip.astype(int), axis=0)).max() > 0


def test_a_name_may_come_as_a_path():
    assert load_generator(Path("sky-32")).config == load_generator("sky-32").config


def test_a_variant_is_the_same_weights_told_otherwise():
    first = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    moving, calm = load_generator("sky-64"), load_generator("sky-64-calm")
    assert moving.config.wind is not None
    assert calm.config.wind is None
    torch.testing.assert_close(calm.animate(first), moving(first))
    assert not torch.allclose(calm.animate(first), moving.animate(first), atol=0.05)


def test_an_unknown_path(tmp_path):
    with pytest.raises(InputError, match=r"no model or file .*missing\.pt"):
        load_generator(tmp_path / "missing.pt")


def test_a_pickle_with_code_is_not_run(tmp_path):
    class Attack:
        def __reduce__(self):
            return (tmp_path.joinpath("attacked").touch, ())

    with open(tmp_path / "plain.pt", "wb") as file:
        pickle.dump(Attack(), file)
    torch.save({"generator_config": {}, "generator": Attack()}, tmp_path / "zipped.pt")
    for name in ("plain.pt", "zipped.pt"):
        with pytest.raises(InputError, match=rf"{name} is no checkpoint of plain tensors"):
            load_generator(tmp_path / name)
    assert not (tmp_path / "attacked").exists()


def test_files_that_are_no_checkpoint(tmp_path, checkpoint):
    whole = checkpoint.read_bytes()
    generator = random.Random(0)
    contents = [
        b"",
        b"text",
        b"hello",  # a KeyError of the unpickler's
        whole[:15_000],  # an OSError of the archive's
        whole[: len(whole) // 2],
        b"PK\x03\x04",
        b"\x80",
        *(generator.randbytes(200) for _ in range(30)),
    ]
    for content in contents:
        (tmp_path / "bad.pt").write_bytes(content)
        with pytest.raises(InputError, match=r"bad\.pt is no checkpoint of plain tensors, or is damaged"):
            load_generator(tmp_path / "bad.pt")
    with zipfile.ZipFile(tmp_path / "archive.pt", "w") as archive:
        archive.writestr("readme.txt", "not a model")
    with pytest.raises(InputError, match=r"archive\.pt is no checkpoint"):
        load_generator(tmp_path / "archive.pt")


@pytest.mark.parametrize("missing", ["generator", "generator_config"])
def test_a_checkpoint_without_a_generator(checkpoint, missing):
    with pytest.raises(InputError, match=r"last\.pt lacks a generator and its configuration"):
        load_generator(change(checkpoint, **{missing: None}))


def test_a_list_instead_of_a_checkpoint(tmp_path):
    torch.save([torch.zeros(3)], tmp_path / "list.pt")
    with pytest.raises(InputError, match=r"list\.pt lacks a generator"):
        load_generator(tmp_path / "list.pt")


def test_weights_of_another_size(checkpoint):
    config = {**dataclasses.asdict(CONFIG), "width": 8}
    with pytest.raises(InputError, match=r"last\.pt does not fit its configuration"):
        load_generator(change(checkpoint, generator_config=config))


def test_weights_with_a_missing_tensor(checkpoint, generator):
    tensors = generator.state_dict()
    tensors.pop(next(iter(tensors)))
    with pytest.raises(InputError, match=r"last\.pt does not fit its configuration"):
        load_generator(change(checkpoint, generator=tensors))


@pytest.mark.parametrize(
    "config", [{"size": 17}, {"colour": "blue"}, {"width": "x"}, {"width": 2.5}, {"attention": 3}, 7, {"gate": "none"}]
)
def test_configurations_that_cannot_be_built(checkpoint, config):
    full = {**dataclasses.asdict(CONFIG), **config} if isinstance(config, dict) else config
    with pytest.raises(InputError):
        load_generator(change(checkpoint, generator_config=full))


def test_weights_that_are_no_numbers(checkpoint, generator, tmp_path):
    tensors = generator.state_dict()
    tensors["encoder.conv4.convolution.weight"][0, 0, 0, 0, 0] = float("nan")
    with pytest.raises(InputError, match=r"last\.pt holds NaN or infinite weights"):
        load_generator(change(checkpoint, generator=tensors))


def test_released_folders_with_defects(tmp_path, generator):
    def broken(name, damage):
        folder = save_weights(generator, tmp_path / name)
        damage(folder)
        with pytest.raises(InputError, match=name):
            load_generator(folder)

    broken("no-config", lambda folder: (folder / "config.json").unlink())
    broken("no-weights", lambda folder: (folder / "model.safetensors").unlink())
    broken("cut", lambda folder: (folder / "model.safetensors").write_bytes(b"\x08"))
    broken("json", lambda folder: (folder / "config.json").write_text("{"))
    other = json.dumps({**dataclasses.asdict(CONFIG), "width": 8})
    broken("other-size", lambda folder: (folder / "config.json").write_text(other))
    odd = json.dumps({**dataclasses.asdict(CONFIG), "width": 4.5})
    broken("odd-width", lambda folder: (folder / "config.json").write_text(odd))
    broken("no-model", lambda folder: [shutil.rmtree(folder), folder.mkdir()])
