"""What a run will cost: counted against Table 1 by hand and against real steps, and said so that it can be read."""

import math
import re
import time

import pytest
import torch
from torch.nn import functional as F

from ssagan_lite.cli.estimate import (
    FlopCounter,
    count_activations,
    count_flops,
    count_parameters,
    duration,
    estimate,
    estimate_lines,
    flops_of,
    loss_of,
    saved_bytes,
    scaled_down,
    with_prefix,
    without_storage,
)
from ssagan_lite.errors import InputError
from ssagan_lite.model.discriminator import Discriminator
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import PRESETS, TrainConfig, preset
from ssagan_lite.training.systems import SSAGAN

PLAIN = TrainConfig(
    generator=GeneratorConfig(size=16, width=4, attention="none"), batch=3, critic_steps=2, device="cpu"
)
TINY = PLAIN.replace(generator=GeneratorConfig(size=16, width=4))


def critic_by_hand(config: GeneratorConfig, layers: slice = slice(None)) -> int:
    """Forward FLOPs a clip of the discriminator's rows of Table 1: two for each weight at each place of the output."""
    costs, channels = [], 3
    for row in config.encoder:
        filters = 1 if row == config.encoder[-1] else config.filters(row)
        costs.append(2 * math.prod(row.output) * filters * channels * math.prod(row.kernel))
        channels = filters
    return sum(costs[layers])


def test_a_first_convolution_by_hand():
    # At 16 x 16 and width 4, conv4 comes first: 3 colours -> 32 filters of 4 x 4 x 4, at 4 x 8 x 8 places.
    assert critic_by_hand(PLAIN.generator, slice(1)) == 2 * (4 * 8 * 8) * 32 * 3 * (4 * 4 * 4)
    first = Discriminator(PLAIN.generator).stages["conv4"]
    with torch.no_grad(), FlopCounter() as counter:
        first(torch.zeros(1, 3, 8, 16, 16))
    assert counter.flops == critic_by_hand(PLAIN.generator, slice(1))


def test_the_discriminator_by_hand_forward_and_backward():
    shape, clips = PLAIN.generator, torch.zeros(2, 3, 8, 16, 16)
    with FlopCounter() as counter:
        Discriminator(shape)(clips).sum().backward()
    # Backward is twice forward, but nobody asks for the gradient of the clips.
    assert counter.flops == 2 * (3 * critic_by_hand(shape) - critic_by_hand(shape, slice(1)))


def test_the_forward_share_is_that_of_all_convolutions(monkeypatch):
    counts = []
    for name in ("conv3d", "conv_transpose3d"):
        monkeypatch.setattr(F, name, counted(getattr(F, name), name == "conv_transpose3d", counts))
    system = SSAGAN(PLAIN)
    with FlopCounter() as counter:
        loss_of(system, "generator", 2)
    assert counter.flops == sum(counts) > 0
    counts.clear()
    with FlopCounter() as counter:
        loss = loss_of(system, "generator", 2)
        forward = counter.flops
        loss.backward()
    assert sum(counts) == forward
    assert 2 * forward < counter.flops <= 3 * forward


def counted(convolve, transposed: bool, counts: list[int]):
    """A convolution that notes two FLOPs for each weight at each place of its smaller side."""

    def convolve_and_count(x, weight, *arguments, **options):
        out = convolve(x, weight, *arguments, **options)
        places = x if transposed else out
        counts.append(2 * places[:, 0].numel() * weight.numel())
        return out

    return convolve_and_count


def test_flops_without_storage_are_those_of_real_steps():
    real = SSAGAN(TINY)
    with without_storage():
        ghost = SSAGAN(TINY)
        counted = [flops_of(ghost, player, 2) for player in ("critic", "generator")]
    assert counted == [flops_of(real, player, 2) for player in ("critic", "generator")]


def test_flops_grow_with_batch_and_critic_steps_and_attention():
    flops = count_flops(TINY)
    assert count_flops(TINY.replace(batch=30)) == pytest.approx(10 * flops)
    with without_storage():
        system = SSAGAN(TINY)
        assert flops == 2 * flops_of(system, "critic", 3) + flops_of(system, "generator", 3)
    assert flops > count_flops(PLAIN)
    for backend in ("fused", "chunked"):
        other = TINY.replace(generator=GeneratorConfig(size=16, width=4, backend=backend))
        assert count_flops(other) == flops


@pytest.mark.parametrize("name", ["smoke", "released"])
def test_activations_are_those_of_a_real_step(name):
    shape = GeneratorConfig(size=16, width=4, spectral_norm=name == "released")
    config = preset(name).replace(generator=shape, batch=3, device="cpu")
    real = max(saved_in_memory(SSAGAN(config), player, 3) for player in ("critic", "generator"))
    assert count_activations(config) == pytest.approx(real, rel=0.05)


def saved_in_memory(system: SSAGAN, player: str, batch: int) -> int:
    """Bytes at distinct addresses that the hooks see in a real step, without the parameters."""
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):
        loss = loss_of(system, player, batch)
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in saved}
    for parameter in [*system.generator.parameters(), *system.discriminator.parameters()]:
        storages.pop(parameter.data_ptr(), None)
    assert loss.requires_grad
    return sum(storages.values())


def test_activations_depend_on_the_form_of_attention():
    held = {
        backend: count_activations(TrainConfig(generator=GeneratorConfig(size=64, width=2, backend=backend), batch=2))
        for backend in ("explicit", "fused", "chunked")
    }
    assert held["chunked"] == held["fused"] < held["explicit"]


def test_saved_bytes_count_a_storage_once():
    with without_storage():
        system = SSAGAN(PLAIN)
        one, two, three = (saved_bytes(system, "generator", batch) for batch in (1, 2, 3))
    assert three - two == two - one > 0


def test_the_papers_size_is_counted_in_seconds():
    started = time.perf_counter()
    told = estimate(PRESETS["paper"], measure=False)
    assert time.perf_counter() - started < 20
    assert told.weight_bytes == 4 * (52_319_370 + 11_164_032)
    assert told.optimizer_bytes == 2 * told.weight_bytes
    assert 5e12 < told.flops_cycle < 5e13
    assert told.seconds_cycle is None
    lines = estimate_lines(told, PRESETS["paper"])
    assert lines[0].startswith("one cycle (5 critic steps, 1 generator step): ")
    assert "0.25 GB weights" in lines[1]
    assert lines[2] == "time: unknown; the time was not measured."


def test_measured_time_becomes_a_readable_line():
    state = torch.random.get_rng_state()
    told = estimate(TINY.replace(batch=8, steps=30, devices=2))  # and yet no process is started
    assert torch.equal(state, torch.random.get_rng_state())
    assert 0 < told.seconds_cycle < 60
    lines = estimate_lines(told, TINY.replace(batch=8, steps=30))
    assert re.fullmatch(r"about [\d.e-]+ s a cycle here, [\d.]+ (s|minutes) for 30 steps: estimated from .+", lines[2])
    assert "size 16, width 4, batch 2" in lines[2]
    assert "factor of two" in lines[2]
    assert all(line == line.strip() and "  " not in line for line in lines)


def test_a_run_that_fails_leaves_the_time_unknown(monkeypatch):
    def fail(config, fabric):
        raise RuntimeError("out of memory.\nand a long trace")

    monkeypatch.setattr("ssagan_lite.cli.estimate.time_cycle", fail)
    told = estimate(TINY)
    assert told.seconds_cycle is None
    assert estimate_lines(told, TINY)[2] == "time: unknown; the small run failed (out of memory)."


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device is there")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="device 'cuda'"):
        estimate(TINY.replace(device="cuda"))


def test_every_preset_can_be_scaled_down():
    for config in PRESETS.values():
        small = scaled_down(config, "cpu")
        assert small.generator.size <= 64
        assert small.generator.width <= 16
        assert small.batch == 2
        assert scaled_down(config, "cuda").generator == config.generator
    chosen = GeneratorConfig(attention=("conv1", "conv2", "deconv5"), reduction=32)
    small = scaled_down(TrainConfig(generator=chosen, precision="bf16-mixed"), "cpu")
    assert small.generator.attention == ("conv2",)
    assert count_parameters(small) > 0


def test_mixed_precision_is_explained():
    config = TINY.replace(precision="bf16-mixed")
    assert "about half of it where precision is mixed" in estimate_lines(estimate(config, measure=False), config)[1]


def test_numbers_are_short():
    assert [with_prefix(n) for n in (0, 999, 12_345, 1.234e13)] == ["0 ", "999 ", "12.3 k", "12.3 T"]
    assert [duration(n) for n in (0.034, 3.14, 65, 150, 136_800, 1e7)] == [
        *("0.034 s", "3.1 s", "65 s", "2 minutes"),
        *("38 hours", "116 days"),
    ]


def test_count_parameters_of_both_networks():
    system = SSAGAN(TINY)
    real = sum(p.numel() for network in (system.generator, system.discriminator) for p in network.parameters())
    assert count_parameters(TINY) == real
