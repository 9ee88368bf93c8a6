"""The authors' checkpoints into ours: every kind of them, all that is none, and the same numbers from both codes."""

import collections
import functools
import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.utils import spectral_norm

from benchmarks.reference_parity import MDGAN_VARIANTS, VARIANTS, parity
from ssagan_lite.baselines.mdgan import TwoStage
from ssagan_lite.errors import InputError
from ssagan_lite.inference.convert import convert, read_checkpoint
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.inference.released import save_weights
from ssagan_lite.model.generator import Generator, GeneratorConfig

DOWN = ("conv1", "conv2", "conv3", "conv4", "conv5")
SHAPES = {
    "60-BaseG.ckpt": {},
    "reduced-BaseG.ckpt": {"reduction": 2},
    "ablation-BaseG.ckpt": {"gate": "released"},
    "added-BaseG.ckpt": {"skip": "add", "attention": DOWN},
    "12-RefineG.ckpt": {"skip": "add", "deepest_skips": 3, "reduction": 2},
    "netG_S1_030.pth": {"skip": "add", "attention": "none"},
    "netG_S2_067.pth": {"skip": "add", "deepest_skips": 3, "attention": "none"},
}


@functools.cache
def ours(name: str) -> Generator:
    """A generator of ours, in eval mode, whose every number has been drawn."""
    torch.manual_seed(sum(name.encode()))
    generator = Generator(GeneratorConfig(width=2, **SHAPES[name])).eval()
    for key, tensor in generator.state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif key.endswith(("running_mean", "bias")):
            tensor.normal_(0, 0.2)
        elif key.endswith("gamma"):
            tensor.uniform_(0.2, 0.4)
        elif "convolution" in key:  # strong enough for the deepest levels to be seen in the clip
            tensor.normal_(0, (4 / tensor[0].numel()) ** 0.5)
    return generator


def theirs(name: str) -> dict[str, torch.Tensor]:
    """The same network by the authors' names, written down without the converter: module by module."""
    generator, state = ours(name), {}

    def put(prefix, module):
        state.update({f"{prefix}.{key}": value.clone() for key, value in module.state_dict().items()})

    for half, stages in (("down", generator.encoder), ("up", generator.decoder)):
        for level, stage in enumerate(stages.values(), start=1):
            put(f"{half}Conv{level}", stage.convolution)
            if hasattr(stage, "norm"):
                put(f"{half}BN{level}", stage.norm)
            if hasattr(stage, "attention"):
                attention = stage.attention
                place = f"attn_{level}" if half == "down" else f"up_attn_{[5, 4, 3, 2, 1][level - 1]}"
                for part in ("query", "key", "value"):
                    put(f"{place}.{part}_conv", getattr(attention, part))
                if generator.config.gate == "learned":
                    state[f"{place}.gamma"] = attention.gate.gamma.detach().clone()
                else:
                    put(f"{place}.W.0", attention.gate.project)
                    put(f"{place}.W.1", attention.gate.norm)
    if generator.config.skip == "concat":
        weight = state["upConv2.weight"]
        state["upConv2.weight"] = torch.cat([weight[len(weight) // 2 :], weight[: len(weight) // 2]])
    return state


def normalised(state: dict) -> tuple[dict, dict]:
    """With weight_orig, weight_u and weight_v for each convolution; and with the weights that PyTorch makes of them."""
    stored, effective = dict(state), dict(state)
    for name in [name for name in state if "Conv" in name]:
        layer, weight = name.removesuffix(".weight"), stored.pop(name)
        kind, order = (nn.ConvTranspose3d, 1) if name.startswith("up") else (nn.Conv3d, -1)
        module = spectral_norm(kind(*weight.shape[:2][::order], weight.shape[2:], bias=False))
        module.weight_orig.data.copy_(weight * 7)
        module(
            torch.zeros(1, module.in_channels, 4, 4, 4)
        )  # one step in training: u and v are still far from their end
        module.eval()(torch.zeros(1, module.in_channels, 4, 4, 4))
        effective[name] = module.weight.detach().clone()
        stored |= {f"{layer}.{key}": value.clone() for key, value in module.state_dict().items()}
    return stored, effective


def saved(folder: Path, state, name: str, **options) -> Path:
    torch.save(state, folder / name, **options)
    return folder / name


def clip(generator, first=None):
    """What it makes of one frame."""
    first = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(3)) * 2 - 1 if first is None else first
    with torch.no_grad():
        return generator.animate(first)


def refused(path, match, **options):
    with pytest.raises(InputError, match=match) as found:
        convert(path, **options)
    assert str(found.value).endswith(".")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", SHAPES)
def test_each_network_makes_the_clip_that_it_made_before(tmp_path, name):
    converted = convert(saved(tmp_path, theirs(name), name))
    assert converted.generator.config == ours(name).config
    assert not converted.generator.training
    torch.testing.assert_close(clip(converted.generator), clip(ours(name)), rtol=0, atol=1e-6)
    assert converted.needs_clips == (converted.checkpoint.kind == "refiner")
    assert not converted.checkpoint.spectral_norm


@pytest.mark.parametrize("name", ["60-BaseG.ckpt", "12-RefineG.ckpt"])
def test_spectral_normalisation_is_folded_in_as_eval_mode_does(tmp_path, name):
    stored, effective = normalised(theirs(name))
    assert not torch.allclose(effective["upConv2.weight"], theirs(name)["upConv2.weight"])
    parallel = {f"module.{key}": value for key, value in stored.items()}
    folded = convert(saved(tmp_path, parallel, name))
    plain = convert(saved(tmp_path, effective, name))
    assert folded.checkpoint.spectral_norm
    torch.testing.assert_close(clip(folded.generator), clip(plain.generator), rtol=0, atol=1e-6)


def test_files_of_the_first_spectral_normalisation_which_stored_its_weights(tmp_path):
    stored, effective = normalised(theirs("60-BaseG.ckpt"))
    old = {key: value for key, value in stored.items() if not key.endswith("_v")}
    old |= {key: value for key, value in effective.items() if "Conv" in key}
    generator = convert(saved(tmp_path, old, "60-BaseG.ckpt")).generator
    plain = convert(saved(tmp_path, effective, "60-BaseG.ckpt")).generator
    assert torch.equal(clip(generator), clip(plain))


def test_a_swapped_half_would_be_seen(tmp_path):
    """The comparison can fail: their first join is (down, up), ours (up, down)."""
    state = theirs("60-BaseG.ckpt")
    state["upConv2.weight"] = torch.cat(state["upConv2.weight"].chunk(2)[::-1])
    wrong = convert(saved(tmp_path, state, "60-BaseG.ckpt")).generator
    assert (clip(wrong) - clip(ours("60-BaseG.ckpt"))).abs().max() > 1e-3


def test_gammas_and_half_floats_are_kept(tmp_path):
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in theirs("60-BaseG.ckpt").items()
    }
    generator = convert(saved(tmp_path, state, "60-BaseG.ckpt")).generator
    gamma = generator.decoder["deconv1"].attention.gamma
    assert gamma.dtype == torch.float32
    assert gamma == state["up_attn_5.gamma"].float()


def in_python_2(state: dict) -> bytes:
    """The bytes that PyTorch 0.3 wrote under Python 2.7, as MD-GAN's files were made: byte strings, bare tensors."""
    storages = {name: tensor.contiguous() for name, tensor in state.items()}
    keys = {name: str(1000 + i) for i, name in enumerate(storages)}

    class Stored:
        def __init__(self, name):
            self.name = name

    class Bare:
        def __init__(self, name):
            self.name = name

        def __reduce__(self):
            shape, stride = tuple(storages[self.name].shape), storages[self.name].stride()
            return torch._utils._rebuild_tensor, (Stored(self.name), 0, shape, stride)

    class Pickler(pickle._Pickler):
        def persistent_id(self, item):
            if isinstance(item, Stored):
                kind = torch.LongStorage if storages[item.name].dtype == torch.int64 else torch.FloatStorage
                return ("storage", kind, keys[item.name], "cuda:0", storages[item.name].numel(), None)
            return None

    def save_str(pickler, text):
        pickler.write(b"U" + bytes([len(text)]) + text.encode())  # SHORT_BINSTRING
        pickler.memoize(text)

    Pickler.dispatch = {**pickle._Pickler.dispatch, str: save_str}
    file = io.BytesIO()
    about = {"protocol_version": 1001, "little_endian": True}
    tensors = collections.OrderedDict((name, Bare(name)) for name in state)
    for item in (0x1950A86A20F9469CFC6C, 1001, about, tensors, list(keys.values())):
        Pickler(file, protocol=2).dump(item)
    for tensor in storages.values():
        file.write(struct.pack("<q", tensor.numel()) + tensor.numpy().tobytes())
    return file.getvalue()


@pytest.mark.parametrize("name", ["netG_S1_030.pth", "netG_S2_067.pth"])
def test_a_file_as_old_as_md_gans(tmp_path, name):
    state = {key: value for key, value in theirs(name).items() if not key.endswith("num_batches_tracked")}
    content = in_python_2(state)
    assert b"U\x10downConv1.weight" in content
    assert b"_rebuild_tensor\n" in content
    (tmp_path / name).write_bytes(content)
    torch.testing.assert_close(clip(convert(tmp_path / name).generator), clip(ours(name)), rtol=0, atol=1e-6)


@pytest.mark.parametrize("wrap", ["state_dict", "parallel", "nested", "old"])
def test_wrappings(tmp_path, wrap):
    name = "netG_S1_030.pth"
    state = theirs(name)
    states = {
        "state_dict": {"epoch": 30, "state_dict": state},
        "parallel": {f"module.module.{key}": value for key, value in state.items()},
        "nested": {"model": {"state_dict": state}, "optimizer": {"state": {0: {"step": 3}}, "param_groups": []}},
        "old": state,
    }
    path = saved(tmp_path, states[wrap], name, _use_new_zipfile_serialization=wrap != "old")
    if wrap == "nested":
        refused(path, "no tensors at all")
        path = saved(tmp_path, {"model": state, "optimizer": {"state": {}}}, name)
    assert torch.equal(clip(convert(path).generator), clip(ours(name)))


def test_two_stages_become_one(tmp_path):
    first = saved(tmp_path, theirs("netG_S1_030.pth"), "netG_S1_030.pth")
    second = saved(tmp_path, theirs("netG_S2_067.pth"), "netG_S2_067.pth")
    with torch.no_grad():
        expected = ours("netG_S2_067.pth")(clip(ours("netG_S1_030.pth")))
    folder = save_weights(convert(first).generator, tmp_path / "first", half=False)
    unnamed = saved(tmp_path, theirs("netG_S1_030.pth"), "first.pth")
    for stage1 in (first, folder, str(folder / "model.safetensors"), unnamed):
        converted = convert(second, stage1=stage1)
        assert isinstance(converted.generator, TwoStage)
        assert not converted.needs_clips
        torch.testing.assert_close(clip(converted.generator), expected, rtol=0, atol=1e-6)
    loaded = load_generator(save_weights(converted.generator, tmp_path / "both", half=False))
    assert torch.equal(clip(loaded), clip(converted.generator))
    refused(first, "is MD-GAN's first stage .* needs no first stage", stage1=first)
    refused(second, "is MD-GAN's refiner .* takes the first stage", stage1=second)
    refused(second, "no model or file", stage1=tmp_path / "nowhere")
    refused(second, "is no one-stage generator", stage1="sky-64")  # it is told the wind
    refused(second, "is no one-stage generator", stage1=tmp_path / "both")


def test_what_only_the_name_or_the_option_tells(tmp_path):
    state = theirs("netG_S1_030.pth")
    refused(saved(tmp_path, state, "weights.pth"), "say --kind stage1 or --kind refiner")
    assert convert(tmp_path / "weights.pth", kind="stage1").generator.config.deepest_skips is None
    assert convert(tmp_path / "weights.pth", kind="refiner").generator.config.deepest_skips == 3
    assert convert(saved(tmp_path, state, "ms_s2_067.pth")).checkpoint.kind == "refiner"
    assert convert(saved(tmp_path, state, "md_s1_030.pth")).checkpoint.kind == "stage1"
    assert convert(saved(tmp_path, state, "md_s1_030.pth"), kind="refiner").checkpoint.kind == "refiner"
    refused(saved(tmp_path, state, "stage1_and_stage2.pth"), "its name says neither")
    base = saved(tmp_path, theirs("60-BaseG.ckpt"), "RefineG.ckpt")  # tensors that leave no choice outdo a name
    assert convert(base).checkpoint.kind == "stage1"
    refused(base, "as no refiner does", kind="refiner")


def test_layers_that_their_network_never_calls(tmp_path):
    extra = theirs("60-BaseG.ckpt")
    state = theirs("added-BaseG.ckpt") | {key: value for key, value in extra.items() if key.startswith("up_attn_")}
    converted = convert(saved(tmp_path, state, "added-BaseG.ckpt"))
    assert len(converted.checkpoint.unused) == 35
    assert torch.equal(clip(converted.generator), clip(ours("added-BaseG.ckpt")))


def without(state, *prefixes):
    return {name: tensor for name, tensor in state.items() if not name.startswith(prefixes)}


def test_networks_that_are_none_of_ours(tmp_path):
    base, name = theirs("60-BaseG.ckpt"), "60-BaseG.ckpt"
    small = without(base, "downConv6", "upConv1", "downBN5", "upBN1")
    refused(saved(tmp_path, small, name), "64x64 variant.*has its shape, and the released main.py fails to build it")
    refused(saved(tmp_path, without(small, "attn_", "up_attn_"), name), "64x64 variant.*has its shape.$")
    refused(saved(tmp_path, without(base, "attn_"), name), "over space and time at once, after upConv5 alone")
    critic = {"module.slice1.0.weight_orig": torch.zeros(2), "module.slice2.0.weight": torch.zeros(2)}
    refused(saved(tmp_path, critic, "60-BaseD.ckpt"), "is a discriminator")
    other = {f"conv_{i}.0.weight": torch.zeros(2) for i in range(1, 6)}
    refused(saved(tmp_path, other, name), r"it has conv_1.0.weight, conv_2.0.weight, .* and others \(5 in all\)")
    refused(saved(tmp_path, {"generator_config": {}, "generator": base}, name), "written by ssagan train")


def test_tensors_that_do_not_fit(tmp_path):
    base, name = theirs("60-BaseG.ckpt"), "60-BaseG.ckpt"
    extra = {f"extra.{i}": torch.zeros(1) for i in range(4)}
    refused(saved(tmp_path, base | extra, name), r"extra.0, extra.1, extra.2 and others \(4 in all\)")
    refused(saved(tmp_path, without(base, "upBN3.bias", "attn_2.gamma"), name), "lacks .*: attn_2.gamma, upBN3.bias.")
    refused(saved(tmp_path, without(base, "upConv2"), name), "lacks upConv2.weight")
    refused(
        saved(tmp_path, base | {"upBN3.bias": torch.zeros(5)}, name),
        r"upBN3.bias has the shape \(5,\), its network \(8,\)",
    )
    refused(saved(tmp_path, base | {"downConv1.weight": torch.zeros(3)}, name), r"has the shape \(3,\), where a 3D")
    refused(
        saved(tmp_path, base | {"attn_1.query_conv.weight": torch.zeros(0, 2, 1, 1, 1)}, name), r"has the shape \(0"
    )
    stored, _ = normalised(base)
    refused(
        saved(tmp_path, without(stored, "upConv3.weight_v"), name), "upConv3.weight_u or upConv3.weight_v is missing"
    )
    refused(saved(tmp_path, stored | {"upConv3.weight_u": torch.zeros(9)}, name), "do not fit a matrix")
    u = stored["upConv3.weight_u"]
    refused(saved(tmp_path, stored | {"upConv3.weight_u": u * 0}, name), "cannot be normalised")


def test_numbers_that_are_none(tmp_path):
    base, name = theirs("60-BaseG.ckpt"), "60-BaseG.ckpt"
    for bad in (float("nan"), float("inf")):
        weight = base["upConv6.weight"].clone()
        weight[0, 0, 0, 0, 0] = bad
        refused(saved(tmp_path, base | {"upConv6.weight": weight}, name), r"NaN or infinite numbers \(upConv6.weight\)")
    for odd in (
        torch.zeros(2, dtype=torch.complex64),
        torch.zeros(2, 2).to_sparse(),
        "text",
        torch.zeros(2, device="meta"),
    ):
        refused(saved(tmp_path, base | {"upBN3.bias": odd}, name), "'upBN3.bias' is not a plain tensor")
    huge = torch.zeros(1).expand(10**12)
    refused(saved(tmp_path, base | {"upBN3.bias": huge}, name), "more numbers than a file of its size can hold")
    for none in ([torch.zeros(2)], torch.zeros(2), {3: torch.zeros(2)}, {}, 3):
        refused(saved(tmp_path, none, name), "holds no network|no tensors at all")
    refused(saved(tmp_path, {"G": base, "D": base}, name), r"several networks \(G, D\)")


def test_files_that_are_no_checkpoint(tmp_path):
    path = tmp_path / "60-BaseG.ckpt"
    refused(path, "there is no file")
    refused(tmp_path, "is a folder; give the checkpoint inside it")
    whole = saved(tmp_path, theirs("netG_S1_030.pth"), "whole.pth").read_bytes()
    contents = {
        b"": "is empty",
        b"  <!DOCTYPE html><title>Google Drive</title>": "is a web page",
        b"text": "is no checkpoint",
        b"\x80": "is no checkpoint",
        whole[: len(whole) // 2]: "is no checkpoint",
        in_python_2({"a.weight": torch.zeros(400)})[:-100]: "is no checkpoint",
    }
    for content, match in contents.items():
        path.write_bytes(content)
        refused(path, match)


def test_archives_that_unpack_to_more_than_they_are(tmp_path):
    path = tmp_path / "60-BaseG.ckpt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(10**7))
    refused(path, "is a compressed archive")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"no pickle")
    refused(path, "is no checkpoint")
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", 10**9)
    path.write_bytes(content)
    refused(path, "unpacks to more than it is")


def test_code_is_never_run(tmp_path):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "attacked"),)

    for zipped in (True, False):
        state = theirs("60-BaseG.ckpt") | {"extra": Attack()}
        path = saved(tmp_path, state, "60-BaseG.ckpt", _use_new_zipfile_serialization=zipped)
        refused(path, r"holds more than tensors \(\w+\.mkdir\), and code in a file is never run")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Attack()))
    refused(tmp_path / "plain.pth", "holds more than tensors|is no checkpoint")
    refused(saved(tmp_path, nn.Linear(2, 2), "whole.pth"), r"torch\.nn\.modules\.linear\.Linear.*state_dict\(\) alone")
    assert not (tmp_path / "attacked").exists()


def test_float64_is_kept_for_those_who_compare(tmp_path):
    state = {name: tensor.double() for name, tensor in theirs("60-BaseG.ckpt").items()}
    path = saved(tmp_path, normalised(state)[0] | {"upBN2.bias": state["upBN2.bias"]}, "60-BaseG.ckpt")
    assert read_checkpoint(path).tensors["upBN2.bias"].dtype == torch.float64
    assert {tensor.dtype for tensor in convert(path).generator.parameters()} == {torch.float32}


LAYERS = {"BaseG, additive": 41, "BaseG, no gamma": 81}
REFERENCES = {"SSAGAN_REFERENCE": VARIANTS, "MDGAN_REFERENCE": MDGAN_VARIANTS}


@pytest.mark.parametrize(("variable", "name"), [(where, name) for where in REFERENCES for name in REFERENCES[where]])
def test_their_code_computes_the_same(variable, name):
    """Layer by layer, in both precisions; needs a checkout of the code that the network comes from."""
    if not os.environ.get(variable):
        pytest.skip(f"{variable} does not name a checkout of the code to compare with")
    checkout, variant = Path(os.environ[variable]), REFERENCES[variable][name]
    for dtype, tolerance in ((torch.float32, 1e-5), (torch.float64, 1e-12)):
        found = parity(checkout, variant, dtype)
        assert len(found) == LAYERS.get(name, 21 if "MD-GAN" in name else 61) + 2  # and the clip, made in two ways
        print("\n".join(f"{name:22} {layer:20} {value:9.1e}" for layer, value in found.items()))
        assert max(found.values()) <= tolerance
