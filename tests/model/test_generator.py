"""Table 1, at every size, and what follows its rows."""

import pytest
import torch
from torch import nn

from ssagan_lite.errors import InputError
from ssagan_lite.model.discriminator import Discriminator
from ssagan_lite.model.generator import TABLE_1, Generator, GeneratorConfig, layer_shapes

TINY = {"size": 16, "width": 4}


def count(network: nn.Module, part: str = "") -> int:
    return sum(parameter.numel() for name, parameter in network.named_parameters() if part in name)


@pytest.mark.paper("Table 1")
def test_parameter_counts_at_the_papers_size():
    with torch.device("meta"):
        generator, discriminator = Generator(), Discriminator()
    assert count(generator) == 52_319_370
    assert count(generator, "attention") == 2_101_066
    assert count(discriminator) == 11_164_032


def test_additive_skips_without_attention_are_the_baselines_size():
    with torch.device("meta"):
        generator = Generator(GeneratorConfig(skip="add", attention="none"))
    assert count(generator) == 52_319_370 - 2_101_066 - 64 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 32) - 32 * 3 * 48


@pytest.mark.paper("Table 1")
def test_the_shapes_of_table_1():
    shapes = layer_shapes(GeneratorConfig())
    assert shapes == {layer.name: (layer.filters, *layer.output) for layer in TABLE_1}


@pytest.mark.parametrize(("size", "frames"), [(128, 32), (64, 32), (32, 16), (16, 8)])
@pytest.mark.paper("Beach at 64 pixels")
def test_smaller_sizes_drop_levels_from_both_ends(size, frames):
    config = GeneratorConfig(size=size, width=4)
    shapes = layer_shapes(config)
    assert config.frames == frames
    assert shapes["conv6"][1:] == (1, 1, 1)
    assert list(shapes.values())[-1] == (3, frames, size, size)
    table = {layer.name: layer for layer in TABLE_1}
    for name, (channels, *place) in list(shapes.items())[:-1]:
        assert (channels, tuple(place)) == (table[name].filters // 8, table[name].output)


@pytest.mark.parametrize("width", [1, 4, 32])
def test_the_heads_dimension_is_32_times_the_width_at_every_level(width):
    config = GeneratorConfig(width=width)
    shapes = layer_shapes(config)
    assert {shapes[name][0] * shapes[name][1] for name in config.attended} == {32 * width}


@pytest.mark.parametrize("skip", ["concat", "add"])
@pytest.mark.parametrize("attention", ["all", "none", ("conv4", "deconv1")])
def test_a_clip_comes_out_and_every_parameter_but_the_shut_ones_learns(skip, attention):
    torch.manual_seed(0)
    config = GeneratorConfig(**TINY, skip=skip, attention=attention)
    generator = Generator(config)
    clip = generator.animate(torch.rand(2, 3, 16, 16) * 2 - 1)
    assert clip.shape == (2, 3, 8, 16, 16)
    assert clip.abs().max() <= 1
    clip.square().sum().backward()
    for name, parameter in generator.named_parameters():
        shut = "attention" in name and not name.endswith("gamma")  # gamma is 0: nothing reaches query, key, value
        assert (parameter.grad.abs().max() > 0) != shut, name
    assert list(config.attended) == [
        name for name, stage in [*generator.encoder.items(), *generator.decoder.items()] if hasattr(stage, "attention")
    ]


@pytest.mark.paper("Fig. 3", "Batch normalisation")
def test_what_follows_each_convolution():
    generator = Generator(GeneratorConfig(width=1))
    kinds = {
        name: [type(module).__name__ for module in stage]
        for name, stage in [*generator.encoder.items(), *generator.decoder.items()]
    }
    assert kinds["conv1"] == ["Conv3d", "SpatialSelfAttention"]
    assert kinds["conv3"] == ["Conv3d", "BatchNorm3d", "LeakyReLU", "SpatialSelfAttention"]
    assert kinds["conv6"] == ["Conv3d"]
    assert kinds["deconv1"] == ["ConvTranspose3d", "BatchNorm3d", "ReLU", "SpatialSelfAttention"]
    assert kinds["deconv6"] == ["ConvTranspose3d", "Tanh"]
    assert all(stage.convolution.bias is None for stage in generator.encoder.values())


@pytest.mark.paper("Fig. 3")
def test_the_forward_pass_equals_one_written_out():
    torch.manual_seed(0)
    generator = Generator(GeneratorConfig(**TINY)).eval()
    first = torch.rand(1, 3, 16, 16) * 2 - 1
    down, up = generator.encoder, generator.decoder
    conv4 = down["conv4"](first[:, :, None].repeat(1, 1, 8, 1, 1))
    conv5 = down["conv5"](conv4)
    deconv1 = up["deconv1"](down["conv6"](conv5))
    deconv2 = up["deconv2"](torch.cat((deconv1, conv5), dim=1))
    deconv3 = up["deconv3"](torch.cat((deconv2, conv4), dim=1))
    torch.testing.assert_close(generator.animate(first), deconv3)


def test_the_same_seed_draws_the_same_network():
    def draw():
        torch.manual_seed(5)
        return Generator(GeneratorConfig(**TINY)).state_dict()

    first, second = draw(), draw()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_weights_are_drawn_as_in_the_released_code():
    torch.manual_seed(0)
    generator = Generator(GeneratorConfig(size=32, width=16))
    for stage in [*generator.encoder.values(), *generator.decoder.values()]:
        assert abs(stage.convolution.weight.std().item() - 0.02) < 0.002
    norms = torch.cat([m.weight for m in generator.modules() if isinstance(m, nn.BatchNorm3d)])
    assert abs(norms.mean().item() - 1) < 0.01
    assert abs(norms.std().item() - 0.02) < 0.005


def test_spectral_normalisation_bounds_every_convolution_but_attentions():
    generator = Generator(GeneratorConfig(**TINY, spectral_norm=True))
    for stage in generator.encoder.values():
        assert "weight" in stage.convolution.parametrizations
    assert not hasattr(generator.encoder["conv4"].attention.query, "parametrizations")
    assert Discriminator(GeneratorConfig(**TINY, spectral_norm=True))(torch.rand(2, 3, 8, 16, 16)).shape == (2,)


@pytest.mark.parametrize("size", [128, 64, 32, 16])
@pytest.mark.paper("Discriminator")
def test_the_discriminator_ends_in_one_logit_a_clip(size):
    config = GeneratorConfig(size=size, width=1)
    with torch.device("meta"):
        logits = Discriminator(config)(torch.empty(3, 3, config.frames, size, size))
    assert logits.shape == (3,)


@pytest.mark.paper("Discriminator")
def test_logits_are_not_squashed():
    torch.manual_seed(0)
    discriminator = Discriminator(GeneratorConfig(**TINY)).eval()
    with torch.no_grad():
        discriminator.stages["logit"].convolution.weight.mul_(1e4)
        logits = discriminator(torch.rand(8, 3, 8, 16, 16) * 2 - 1)
    assert logits.abs().max() > 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"size": 100}, "100"),
        ({"width": 0}, "0"),
        ({"skip": "residual"}, "residual"),
        ({"attention": ("conv6",)}, "conv6"),
        ({"attention": "everywhere"}, "everywhere"),
        ({"size": 64, "attention": ("conv1",)}, "conv1"),
    ],
)
def test_a_configuration_that_cannot_be_is_named(arguments, named):
    with pytest.raises(InputError, match=named):
        GeneratorConfig(**arguments)


def test_clips_of_another_shape_are_refused_with_both_shapes():
    with pytest.raises(InputError, match=r"\(3, 8, 16, 16\).*\(3, 8, 32, 32\)"):
        Generator(GeneratorConfig(**TINY))(torch.zeros(1, 3, 8, 32, 32))
