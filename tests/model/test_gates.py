"""What may stand where gamma stands."""

import pytest
import torch
from torch import nn

from ssagan_lite.model.attention import SpatialSelfAttention
from ssagan_lite.model.gates import GATES, make_gate


@pytest.fixture
def branches():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 6, 3, 4, 5, generator=generator), torch.randn(2, 6, 3, 4, 5, generator=generator)


@pytest.mark.paper("Eq. 3")
def test_learned_is_equation_3(branches):
    attended, x = branches
    gate = make_gate("learned", 6)
    assert torch.equal(gate(attended, x), x)
    with torch.no_grad():
        gate.gamma.fill_(0.25)
    torch.testing.assert_close(gate(attended, x), 0.25 * attended + x)


@pytest.mark.paper("Without gamma")
def test_one_is_a_plain_sum_without_parameters(branches):
    attended, x = branches
    gate = make_gate("one", 6)
    assert torch.equal(gate(attended, x), attended + x)
    assert not list(gate.parameters())


def test_zero_init_norm_starts_shut_and_can_open(branches):
    attended, x = branches
    gate = make_gate("zero_init_norm", 6)
    assert torch.equal(gate(attended, x), x)
    gate(attended, x).square().sum().backward()
    assert gate.norm.weight.grad.abs().min() > 0


def test_released_adds_a_branch_of_unit_variance_however_strong_attention_is(branches):
    attended, x = branches
    gate = make_gate("released", 6)
    for strength in (1.0, 10.0, 100.0):
        branch = gate(attended * strength, x) - x
        deviation = branch.transpose(0, 1).flatten(1).std(dim=1)
        assert (deviation - 1).abs().max() < 0.1


@pytest.mark.paper("Without gamma")
def test_released_equals_convolution_and_batchnorm_as_in_the_released_code(branches):
    attended, x = branches
    gate = make_gate("released", 6)
    torch.manual_seed(3)
    nn.init.normal_(gate.project.weight, 0.0, 0.02)
    branch = nn.Sequential(nn.Conv3d(6, 6, kernel_size=1), nn.BatchNorm3d(6))
    branch[0].load_state_dict(gate.project.state_dict())
    branch[1].load_state_dict(gate.norm.state_dict())
    torch.testing.assert_close(gate(attended, x), branch(attended) + x)
    assert gate.project.bias.abs().max() == 0
    assert 0 < (gate.norm.weight - 1).abs().max() < 0.2


@pytest.mark.parametrize("name", GATES)
def test_each_gate_works_in_the_module(name):
    x = torch.randn(2, 4, 2, 3, 3)
    module = SpatialSelfAttention(4, gate=name)
    assert module(x).shape == x.shape
    assert torch.equal(module(x), x) == (name in ("learned", "zero_init_norm"))
