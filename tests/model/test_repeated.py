"""The folded encoder against the plain one: the same numbers for less work."""

import copy
from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ssagan_lite.model.attention import SpatialSelfAttention
from ssagan_lite.model.gates import GATES
from ssagan_lite.model.generator import Generator, GeneratorConfig
from ssagan_lite.model.repeated import clip_length, encode_repeated, windows

SUBSETS = {16: ("conv4",), 32: ("conv4", "conv5"), 64: ("conv3",)}
GRID = [
    *product((16, 32), ("all", "subset"), GATES, (False, True), (1, 2)),
    *product((16, 32), ("none",), ("learned",), (False, True), (1,)),
    (64, "subset", "released", True, 2),
]


def make_encoder(size: int, dtype: torch.dtype = torch.float64, **options) -> nn.ModuleDict:
    """An encoder of width 4 with every parameter away from its start: gates open, weights large enough to matter."""
    torch.manual_seed(0)
    encoder = Generator(GeneratorConfig(size=size, width=4, **options)).encoder.to(dtype)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return encoder


def plain(encoder: nn.ModuleDict, first: Tensor) -> list[Tensor]:
    x = first.unsqueeze(2).expand(-1, -1, clip_length(encoder), -1, -1)
    return [x := stage(x) for stage in encoder.values()]


def draw_frame(size: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(2, 3, size, size, dtype=dtype) * 2 - 1


def run(encode, encoder: nn.ModuleDict, first: Tensor) -> dict[str, Tensor]:
    """All that must agree: outputs, gradients of a random functional of all of them, buffers afterwards."""
    encoder, first = copy.deepcopy(encoder), first.clone().requires_grad_()
    outputs = encode(encoder, first)
    torch.manual_seed(1)
    # Not randn_like: it fills memory in the tensor's own order, which attention changes.
    sum((output * torch.randn(output.shape, dtype=output.dtype)).mean() for output in outputs).backward()
    found = {f"output {name}": output.detach() for name, output in zip(encoder, outputs, strict=True)}
    found |= {f"gradient {name}": parameter.grad for name, parameter in encoder.named_parameters()}
    return found | {"gradient input": first.grad} | dict(encoder.named_buffers())


ZERO_BY_NATURE = ("key.bias", "value.bias", "project.bias")  # no effect through softmax, or through BatchNorm


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float):
    """Apart by no more than the tolerance, relative to the largest number of each tensor.

    A gradient that is zero by nature is nothing but rounding, which is relative to the gradients around it.
    """
    assert found.keys() == expected.keys()
    steepest = max((value.abs().max() for name, value in expected.items() if name.startswith("gradient")), default=0.0)
    for name, wanted in expected.items():
        assert found[name].shape == wanted.shape, name
        around = steepest if name.endswith(ZERO_BY_NATURE) else 0.0
        assert (found[name] - wanted).abs().max() <= tolerance * wanted.abs().max().clamp(min=around), name


@pytest.mark.parametrize(("size", "attention", "gate", "spectral", "reduction"), GRID)
def test_it_equals_the_plain_encoder_in_training(size, attention, gate, spectral, reduction):
    chosen = SUBSETS[size] if attention == "subset" else attention
    encoder = make_encoder(size, attention=chosen, gate=gate, spectral_norm=spectral, reduction=reduction)
    first = draw_frame(size)
    assert_same(run(encode_repeated, encoder, first), run(plain, encoder, first), 1e-12)


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("spectral", [False, True])
def test_it_equals_the_plain_encoder_in_evaluation(gate, spectral):
    encoder = make_encoder(32, gate=gate, spectral_norm=spectral)
    plain(encoder, draw_frame(32))  # running statistics away from 0 and 1
    first = draw_frame(32)
    assert_same(run(encode_repeated, encoder.eval(), first), run(plain, encoder, first), 1e-12)


@pytest.mark.paper("One frame in, 32 out")
def test_it_equals_the_plain_encoder_at_the_papers_size():
    encoder = make_encoder(128, attention=("conv2", "conv4"), gate="released")
    first = draw_frame(128)[:1]
    assert_same(run(encode_repeated, encoder, first), run(plain, encoder, first), 1e-12)


@pytest.mark.parametrize("backend", ["explicit", "fused", "chunked"])
def test_every_back_end_of_attention_serves(backend):
    encoder = make_encoder(16, backend=backend)
    first = draw_frame(16)
    assert_same(run(encode_repeated, encoder, first), run(plain, encoder, first), 1e-12)


def test_single_precision_is_close():
    encoder = make_encoder(32, torch.float32)
    first = draw_frame(32, torch.float32)
    found, expected = run(encode_repeated, encoder, first), run(plain, encoder, first)
    assert_same(found, expected, 1e-4)  # gradients: sums of many terms of both signs
    for values in (found, expected):
        for name in [name for name in values if name.startswith("gradient")]:
            del values[name]
    assert_same(found, expected, 1e-5)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (128, [(32, 3), (16, 3), (8, 3), (4, 3), (2, 2), (1, 1)]),
        (64, [(16, 3), (8, 3), (4, 3), (2, 2), (1, 1)]),
        (32, [(8, 3), (4, 3), (2, 2), (1, 1)]),
        (16, [(4, 3), (2, 2), (1, 1)]),
    ],
)
def test_of_the_plain_encoders_frames_at_most_three_differ_at_each_level(size, expected):
    encoder = make_encoder(size, attention=("conv4",))
    with torch.no_grad():
        outputs = plain(encoder, draw_frame(size)[:1])
    for x, (frames, differing) in zip(outputs, expected, strict=True):
        steps = x.diff(dim=2).abs().amax(dim=(0, 1, 3, 4)) > 1e-10 * x.abs().max()
        assert (x.shape[2], 1 + steps.sum().item()) == (frames, differing)
        if frames > 3:
            assert steps.nonzero().flatten().tolist() == [0, frames - 2]  # the first and the last frame alone


def test_windows_of_a_repeated_frame():
    assert windows((32,), 3, 1, 1) == ([(-1, 0, 0), (0, 0, 0), (0, 0, -1)], (1, 30, 1))
    assert windows((1, 30, 1), 4, 2, 1) == ([(-1, 0, 1, 1), (1, 1, 1, 1), (1, 1, 2, -1)], (1, 14, 1))
    assert windows((1, 2, 1), 4, 2, 1) == ([(-1, 0, 1, 1), (1, 1, 2, -1)], (1, 1))
    assert windows((1, 1), 2, 1, 0) == ([(0, 1)], (1,))


@pytest.mark.parametrize("size", [128, 64, 32, 16])
def test_the_encoder_tells_the_length_of_its_clips(size):
    config = GeneratorConfig(size=size, width=1)
    assert clip_length(Generator(config).encoder) == config.frames


def test_it_takes_less_than_half_of_the_work():
    encoder, first = make_encoder(64), draw_frame(64)[:1]

    def count(encode) -> int:
        with FlopCounterMode(display=False) as counter:
            sum(output.sum() for output in encode(encoder, first)).backward()
        return counter.get_total_flops()

    assert count(encode_repeated) < count(plain) / 2


def test_in_mixed_precision_the_outputs_have_the_plain_types_and_are_close():
    encoder, first = make_encoder(32, torch.float32, gate="learned"), draw_frame(32, torch.float32)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        found, expected = encode_repeated(encoder, first), plain(encoder, first)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        assert (ours - theirs).abs().mean() < 0.05 * theirs.abs().mean()


def test_with_another_norm_the_plain_stages_run():
    encoder = make_encoder(16)
    encoder["conv5"].norm = nn.InstanceNorm3d(64, dtype=torch.float64)
    first = draw_frame(16)
    assert_same(run(encode_repeated, encoder, first), run(plain, encoder, first), 0.0)


def test_a_forward_hook_sees_the_whole_clip():
    encoder, seen = make_encoder(16), []
    encoder["conv4"].convolution.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[2]))
    encode_repeated(encoder, draw_frame(16))
    assert seen == [8]


class Doubled(SpatialSelfAttention):
    """Somebody's own block, which does not do what its parent does."""

    def forward(self, x):
        return 2 * super().forward(x)


class Own(nn.Module):
    """Somebody's own block, which looks at all frames."""

    def forward(self, x):
        return x - x.mean(dim=2, keepdim=True)


class OwnGate(nn.Module):
    def forward(self, attended, x):
        return x + attended * torch.arange(x.shape[2]).view(-1, 1, 1)


@pytest.mark.parametrize("block", [lambda: Doubled(64), Own, lambda: nn.Sequential(Own())])
def test_with_a_block_of_ones_own_the_plain_stages_run(block):
    encoder, first = make_encoder(16), draw_frame(16)
    encoder["conv5"].attention = block().double()
    assert_same(run(encode_repeated, encoder, first), run(plain, encoder, first), 0.0)


def test_with_a_gate_of_ones_own_the_plain_stages_run():
    encoder, first = make_encoder(16), draw_frame(16)
    encoder["conv5"].attention.gate = OwnGate()
    assert_same(run(encode_repeated, encoder, first), run(plain, encoder, first), 0.0)
