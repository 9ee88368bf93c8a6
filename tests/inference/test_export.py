"""The ONNX file against PyTorch: the same clips, the same map, gammas that turn, and no code of ours to run it."""

import copy
import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ssagan_lite.baselines.mdgan import TwoStage, TwoStageConfig
from ssagan_lite.baselines.recurrent import RecurrentConfig, RecurrentGenerator
from ssagan_lite.baselines.vgan import VGANConfig, VGANGenerator
from ssagan_lite.beyond.wind import WindConfig, WindGenerator, share_of_way
from ssagan_lite.errors import InputError
from ssagan_lite.inference.export import export
from ssagan_lite.inference.exportable import attended
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.attention import BACKENDS
from ssagan_lite.model.generator import Generator, GeneratorConfig

why = 'needs the extra "export"'
onnx = pytest.importorskip("onnx", reason=why)
pytest.importorskip("onnxscript", reason=why)
onnxruntime = pytest.importorskip("onnxruntime", reason=why)

TOLERANCE = {"fp32": 1e-4, "fp16": 2e-2}  # of values in [-1, 1]
SMALL = {"size": 16, "width": 4}


@pytest.fixture(scope="module")
def sky():
    return load_generator("sky-32")


@pytest.fixture(scope="module")
def files(sky, tmp_path_factory):
    """sky-32 in both precisions: (path, facts) by precision."""
    folder = tmp_path_factory.mktemp("onnx")
    paths = {precision: folder / f"{precision}.onnx" for precision in TOLERANCE}
    return {p: (path, export(sky, path, name="sky-32", precision=p)) for p, path in paths.items()}


def photo(size: int = 32) -> torch.Tensor:
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(7)) * 2 - 1


def played(path, **inputs) -> dict[str, torch.Tensor]:
    """What ONNX Runtime makes of the inputs, by the outputs' names."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    made = session.run(names, {name: tensor.numpy() for name, tensor in inputs.items()})
    return {name: torch.from_numpy(array) for name, array in zip(names, made, strict=True)}


def settled(generator):
    """With BatchNorm's statistics of some photos, so that what comes out is not grey, and gammas that are open."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith("gamma"):
                parameter.fill_(0.5)
        for module in generator.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.momentum, module.training = 0.5, True
        for _ in range(8):
            generator.animate(torch.rand(4, 3, generator.config.size, generator.config.size) * 2 - 1)
    return generator.eval()


@pytest.mark.parametrize("precision", TOLERANCE)
def test_the_clip_is_pytorchs(precision, files, sky):
    path, facts = files[precision]
    made = played(path, photo=photo(), gammas=torch.tensor(facts["gammas"]))
    expected = sky.animate(photo())
    assert made["clip"].shape == (1, 3, 16, 32, 32)
    assert expected.std() > 0.1
    assert (made["clip"] - expected).abs().max() < TOLERANCE[precision]
    assert facts["difference"] < TOLERANCE[precision]


@pytest.mark.parametrize("factor", [0, 1, 3])
def test_gammas_turn_as_in_pytorch(factor, files):
    path, facts = files["fp32"]
    generator = load_generator("sky-32")
    for module in attended(generator).values():
        module.gate.gamma.mul_(factor)
    expected = generator.animate(photo())
    gammas = torch.tensor(facts["gammas"])
    made = played(path, photo=photo(), gammas=gammas * factor)["clip"]
    assert (made - expected).abs().max() < TOLERANCE["fp32"]
    if factor != 1:
        assert (made - played(path, photo=photo(), gammas=gammas)["clip"]).abs().max() > 0.01


def test_each_gamma_has_its_own_layer(files):
    path, facts = files["fp32"]
    for index, layer in enumerate(facts["layers"]):
        generator = load_generator("sky-32")
        attended(generator)[layer].gate.gamma.fill_(1.5)
        gammas = torch.tensor(facts["gammas"])
        gammas[index] = 1.5
        made = played(path, photo=photo(), gammas=gammas)["clip"]
        assert (made - generator.animate(photo())).abs().max() < TOLERANCE["fp32"], layer


def map_in_pytorch(generator, layer: str, first: torch.Tensor) -> torch.Tensor:
    """A of a layer, as its own forward returns it on the whole clip."""
    seen = []
    attention = attended(generator)[layer]
    hook = attention.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    generator(first[:, :, None].expand(-1, -1, generator.config.frames, -1, -1))
    hook.remove()
    return attention(seen[0], return_attention=True)[1][0]


@pytest.mark.parametrize("precision", TOLERANCE)
def test_the_map_is_pytorchs_and_its_rows_sum_to_one(precision, files, sky):
    path, facts = files[precision]
    made = played(path, photo=photo(), gammas=torch.tensor(facts["gammas"]))["attention"]
    assert (facts["attention"], made.shape) == ("conv3", (256, 256))
    assert torch.allclose(made.sum(dim=1), torch.ones(256), atol=1e-5)
    assert (made - map_in_pytorch(sky, "conv3", photo())).abs().max() < TOLERANCE[precision]
    assert made.max() > 2 / 256  # it looks somewhere


def test_another_layers_map_on_the_way_up(tmp_path, sky):
    facts = export(sky, tmp_path / "sky.onnx", attention="deconv2")
    made = played(tmp_path / "sky.onnx", photo=photo(), gammas=torch.tensor(facts["gammas"]))["attention"]
    assert (facts["attention"], facts["places"], made.shape) == ("deconv2", 64, (64, 64))
    assert (made - map_in_pytorch(sky, "deconv2", photo())).abs().max() < TOLERANCE["fp16"]


def test_fp16_keeps_kernels_alone_and_halves_the_file(files):
    (half, about), (full, _) = files["fp16"], files["fp32"]
    assert 0.45 < half.stat().st_size / full.stat().st_size < 0.55
    assert about["bytes"] == half.stat().st_size
    kinds = {tensor.data_type for tensor in onnx.load(half).graph.initializer if len(tensor.dims) == 1}
    assert onnx.TensorProto.FLOAT16 not in kinds
    casts = [node for node in onnx.load(half).graph.node if node.op_type == "Cast"]
    assert {node.attribute[0].i for node in casts} == {onnx.TensorProto.FLOAT}


def test_what_the_file_says_and_what_it_does_not(files):
    path, facts = files["fp16"]
    model = onnx.load(path)
    about = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert about == {key: facts[key] for key in facts.keys() - {"file", "bytes", "difference"}}
    assert (about["model"], about["size"], about["frames"]) == ("sky-32", 32, 16)
    assert about["layers"] == ["conv3", "conv4", "conv5", "deconv1", "deconv2", "deconv3"]
    assert "[-1,1] RGB" in about["input"]
    assert "MIT" in about["licence"]
    content = path.read_bytes()
    assert b".py" not in content, "the exporter's notes name files of this machine"
    assert sys.prefix.encode() not in content


def test_a_page_can_run_it(files):
    """ONNX Runtime's WebAssembly has the standard operators alone; shapes are fixed, and all is in the one file."""
    model = onnx.load(files["fp16"][0], load_external_data=False)
    assert [(entry.domain, entry.version <= 20) for entry in model.opset_import] == [("", True)]
    assert model.ir_version <= 10
    assert not model.functions
    assert {node.domain for node in model.graph.node} == {""}
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    shapes = {}
    for value in (*model.graph.input, *model.graph.output):
        shapes[value.name] = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
        assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    expected = {"photo": [1, 3, 32, 32], "gammas": [6], "clip": [1, 3, 16, 32, 32], "attention": [256, 256]}
    assert shapes == expected


def test_no_code_of_ours_is_needed(files):
    code = (
        "import json, sys, numpy, onnxruntime\n"
        "session = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])\n"
        "gammas = json.loads(session.get_modelmeta().custom_metadata_map['gammas'])\n"
        "photo = numpy.zeros((1, 3, 32, 32), 'float32')\n"
        "clip, _ = session.run(None, {'photo': photo, 'gammas': numpy.array(gammas, 'float32')})\n"
        "print(clip.shape, 'torch' in sys.modules, 'ssagan_lite' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(files["fp16"][0])], capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stdout == "(1, 3, 16, 32, 32) False False\n"


def multiplications(path) -> int:
    """Products in all convolutions and matrix products of a graph."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.output, *graph.value_info):
        shapes[value.name] = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
    count = 0
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose"):  # a kernel's share of each place of the output, or of the input
            places = shapes[(node.output if node.op_type == "Conv" else node.input)[0]][2:]
            count += math.prod(places) * math.prod(shapes[node.input[1]])
        elif node.op_type == "MatMul":
            count += math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return count


def test_the_repeated_frame_stays_folded(files, sky):
    with FlopCounterMode(display=False) as folded:
        sky.animate(photo())
    with FlopCounterMode(display=False) as plain:
        sky(photo()[:, :, None].expand(-1, -1, 16, -1, -1))
    count = 2 * multiplications(files["fp32"][0])
    assert folded.get_total_flops() < 0.95 * plain.get_total_flops()
    assert count == pytest.approx(folded.get_total_flops(), rel=0.01)


@pytest.mark.parametrize("gate", ["one", "zero_init_norm", "released"])
def test_a_gate_without_gamma_leaves_the_input_out(gate, tmp_path):
    torch.manual_seed(0)
    generator = settled(Generator(GeneratorConfig(**SMALL, gate=gate)))
    facts = export(generator, tmp_path / "sky.onnx", precision="fp32")
    assert (facts["layers"], facts["gammas"], facts["attention"]) == ([], [], "conv4")
    made = played(tmp_path / "sky.onnx", photo=photo(16))
    assert made.keys() == {"clip", "attention"}
    assert (made["clip"] - generator.animate(photo(16)).detach()).abs().max() < TOLERANCE["fp32"]


OTHERS = {
    "without attention": lambda: Generator(GeneratorConfig(**SMALL, attention="none")),
    "vgan": lambda: VGANGenerator(VGANConfig(**SMALL)),
    "recurrent": lambda: RecurrentGenerator(RecurrentConfig(**SMALL)),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_models_without_attention_have_a_clip_alone(kind, tmp_path):
    torch.manual_seed(0)
    generator = settled(OTHERS[kind]())
    facts = export(generator, tmp_path / "sky.onnx", precision="fp32")
    assert (facts["layers"], facts["attention"], facts["places"]) == ([], None, 0)
    made = played(tmp_path / "sky.onnx", photo=photo(16))
    assert made.keys() == {"clip"}
    expected = generator.animate(photo(16)).detach()
    assert (made["clip"] - expected).abs().max() < min(TOLERANCE["fp32"], expected.std() / 100)


WINDS = [(0.0, 0.0), (0.2, -0.1), (1.0, -1.0)]  # none, the configuration's, and the most that there is


@pytest.fixture(scope="module")
def windy():
    """A generator that is told the wind, whose places follow it differently."""
    torch.manual_seed(0)
    generator = settled(WindGenerator(WindConfig(**SMALL, wind=WINDS[1])))
    with torch.no_grad():
        generator.decoder["deconv3"].convolution.weight.mul_(2)
    return generator.requires_grad_(False)


@pytest.fixture(scope="module")
def windy_files(windy, tmp_path_factory):
    """The same in both precisions: (path, facts) by precision."""
    folder = tmp_path_factory.mktemp("wind")
    paths = {precision: folder / f"{precision}.onnx" for precision in TOLERANCE}
    return {p: (path, export(windy, path, precision=p)) for p, path in paths.items()}


def test_the_wind_is_an_input_and_its_default_is_in_the_file(windy, windy_files):
    path, facts = windy_files["fp32"]
    model = onnx.load(path)
    shapes = {value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim] for value in model.graph.input}
    layers = len(facts["layers"])
    assert (layers, shapes) == (4, {"photo": [1, 3, 16, 16], "gammas": [layers], "wind": [1, 2]})
    about = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert about["wind"] == facts["wind"] == [0.2, -0.1]
    made = played(path, photo=photo(16), gammas=torch.tensor(facts["gammas"]), wind=torch.tensor([facts["wind"]]))
    assert (made["clip"] - windy.animate(photo(16))).abs().max() < TOLERANCE["fp32"]


@pytest.mark.parametrize("wind", WINDS)
@pytest.mark.parametrize("factor", [0, 2])
@pytest.mark.parametrize("precision", TOLERANCE)
def test_the_wind_carries_the_photo_as_in_pytorch(precision, factor, wind, windy, windy_files):
    path, facts = windy_files[precision]
    told, generator = torch.tensor([wind]), copy.deepcopy(windy)
    for module in attended(generator).values():
        module.gate.gamma.mul_(factor)
    response, change, _ = generator.read(photo(16))
    assert response.std(dim=(2, 3, 4)).min() > 0.02  # the places differ
    all_made = played(path, photo=photo(16), gammas=torch.tensor(facts["gammas"]) * factor, wind=told)
    assert list(all_made) == ["clip", "attention", "way", "change"]
    made = all_made["clip"]
    assert (all_made["way"] - share_of_way(response, told)).abs().max() < TOLERANCE[precision]
    assert (all_made["change"] - change).abs().max() < TOLERANCE[precision]
    assert (made - generator(photo(16), told)).abs().max() < TOLERANCE[precision]
    assert wind == (0, 0) or (made - generator(photo(16), 0 * told)).abs().max() > 0.1


def test_in_a_calm_there_is_no_wind_to_tell(windy, tmp_path):
    calm = copy.deepcopy(windy)
    calm.config = replace(windy.config, wind=None)
    facts = export(calm, tmp_path / "calm.onnx", precision="fp32")
    assert facts["wind"] is None
    assert [value.name for value in onnx.load(tmp_path / "calm.onnx").graph.input] == ["photo", "gammas"]
    made = played(tmp_path / "calm.onnx", photo=photo(16), gammas=torch.tensor(facts["gammas"]))["clip"]
    assert (made - windy(photo(16), None)).abs().max() < TOLERANCE["fp32"]
    assert (made - windy.animate(photo(16))).abs().max() > 0.1


def test_in_sixteen_bits_places_keep_their_digits(windy_files):
    """Neither the shares of the way nor the middles of the pixels are rounded, and both are worked out once."""
    graph = onnx.load(windy_files["fp16"][0]).graph
    tables = {tuple(tensor.dims): onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    np.testing.assert_array_equal(tables[1, 1, 8, 1, 1].ravel(), torch.linspace(0, 1, 8))
    np.testing.assert_array_equal(tables[1, 2, 1, 16, 16][0, 0, 0, 3], (np.arange(16) + 0.5) / 8 - 1)
    assert not {node.op_type for node in graph.node} & {"Range", "EyeLike", "ConstantOfShape"}


def test_two_stages_name_their_parts(tmp_path):
    torch.manual_seed(0)
    stage1 = GeneratorConfig(**SMALL, skip="add", attention="none")
    generator = settled(TwoStage(TwoStageConfig(stage1, GeneratorConfig(**SMALL, attention=("conv4", "deconv1")))))
    facts = export(generator, tmp_path / "sky.onnx", precision="fp32", attention="refiner.deconv1")
    assert (facts["layers"], facts["places"]) == (["refiner.conv4", "refiner.deconv1"], 16)
    made = played(tmp_path / "sky.onnx", photo=photo(16), gammas=torch.zeros(2))["clip"]
    for module in attended(generator).values():
        module.gate.gamma.detach().zero_()
    assert (made - generator.animate(photo(16)).detach()).abs().max() < TOLERANCE["fp32"]


def test_spectral_normalisation_is_folded_in_and_the_generator_is_left_as_it_was(tmp_path):
    torch.manual_seed(0)
    config = GeneratorConfig(**SMALL, spectral_norm=True, backend="chunked", attention=("conv4",))
    generator = settled(Generator(config))
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    backends = dict(BACKENDS)
    facts = export(generator, tmp_path / "sky.onnx", precision="fp32")
    made = played(tmp_path / "sky.onnx", photo=photo(16), gammas=torch.tensor(facts["gammas"]))["clip"]
    assert (made - generator.animate(photo(16)).detach()).abs().max() < TOLERANCE["fp32"]
    assert all(torch.equal(tensor, before[name]) for name, tensor in generator.state_dict().items())
    assert generator.state_dict().keys() == before.keys()
    assert attended(generator)["conv4"].backend == "chunked"
    assert backends == BACKENDS


def test_what_cannot_be_exported_leaves_no_file(tmp_path, sky):
    target = tmp_path / "sky.onnx"
    with pytest.raises(InputError, match="choose one of conv3, conv4"):
        export(sky, target, attention="conv1")
    with pytest.raises(InputError, match="fp16 or fp32"):
        export(sky, target, precision="int8")
    without = Generator(GeneratorConfig(**SMALL, attention="none")).eval()
    with pytest.raises(InputError, match="this generator has none"):
        export(without, target, attention="conv4")
    torch.nn.init.constant_(without.encoder["conv4"].convolution.weight, 1e6)  # too large for 16 bits
    with pytest.raises(InputError, match="--precision fp32"):
        export(without, target)
    assert not list(tmp_path.iterdir())
    assert np.isfinite(export(without, target, precision="fp32")["difference"])
