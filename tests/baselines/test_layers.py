"""What each baseline is made of, against its source or a NumPy rendering of its formula."""

import numpy as np
import pytest
import torch

from ssagan_lite.baselines.mdgan import gram_matrix, ranking_loss
from ssagan_lite.baselines.recurrent import FrameDiscriminator, RecurrentConfig, RecurrentGenerator
from ssagan_lite.baselines.registry import recipe, untrained
from ssagan_lite.baselines.vgan import VGANConfig, VGANDiscriminator, VGANGenerator
from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import Generator, GeneratorConfig
from ssagan_lite.training.config import TrainConfig


def features(seed: int) -> torch.Tensor:
    return torch.randn(2, 3, 4, 5, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_gram_matrix_is_that_of_numpy():
    x = features(0)
    rows = x.numpy().reshape(2, 12, 30)
    expected = np.einsum("nip,njp->nij", rows, rows) / (12 * 30)
    np.testing.assert_allclose(gram_matrix(x).numpy(), expected, rtol=1e-12)


def test_a_gram_matrix_does_not_know_where():
    x = features(0)
    shuffled = x.flatten(3)[..., torch.randperm(30)].unflatten(3, (5, 6))
    torch.testing.assert_close(gram_matrix(shuffled), gram_matrix(x))
    assert not torch.allclose(gram_matrix(x.flip(2)), gram_matrix(x)), "the order of frames does matter"


def test_the_ranking_loss_is_that_of_numpy():
    coarse, real, refined = (features(seed) for seed in range(3))

    def gram(x):
        rows = x.numpy().reshape(2, 12, 30)
        return rows @ rows.transpose(0, 2, 1) / (12 * 30)

    near = np.abs(gram(refined) - gram(real)).sum((1, 2))
    far = np.abs(gram(refined) - gram(coarse)).sum((1, 2))
    expected = -np.log(np.exp(-near) / (np.exp(-near) + np.exp(-far))).mean()
    assert ranking_loss(coarse, real, refined).item() == pytest.approx(expected, rel=1e-10)


def test_the_ranking_loss_is_log_two_where_both_are_as_near_and_falls_towards_the_real_clip():
    coarse, real = features(0), features(1)
    assert ranking_loss(coarse, coarse, features(2)).item() == pytest.approx(np.log(2))
    losses = [ranking_loss(coarse, real, torch.lerp(coarse, real, share)) for share in (0.0, 0.5, 1.0)]
    assert losses[0] > losses[1] > losses[2]


def test_the_ranking_loss_has_a_gradient():
    refined = features(2).requires_grad_()
    ranking_loss(features(0), features(1), refined).backward()
    assert refined.grad.abs().min() > 0


def test_the_second_stage_adds_the_ranking_of_two_layers():
    torch.manual_seed(0)
    config = recipe("mdgan-stage2", TrainConfig(generator=GeneratorConfig(size=32, width=4)))
    system = untrained(config.replace(ranking_weight=3.0))
    system.discriminator.eval()
    real = torch.rand(2, 3, 16, 32, 32) * 2 - 1
    loss, parts = system.generator_loss(real)
    torch.testing.assert_close(loss, parts["content"] + parts["adversarial"] + 3 * parts["ranking"])
    layers = [system.discriminator(clip, True)[1] for clip in (system.coarse, real, system.refined)]
    by_hand = sum(ranking_loss(*(kind[level] for kind in layers)) for level in (0, 2))
    torch.testing.assert_close(parts["ranking"], by_hand)


def test_the_refiner_joins_its_three_deepest_levels_only():
    config = GeneratorConfig(size=64, width=4, skip="add", attention="none", deepest_skips=3)
    generator = Generator(config).eval()
    photo = torch.rand(1, 3, 64, 64) * 2 - 1
    *skips, _ = generator.encode(photo)
    assert config.joined == ("deconv2", "deconv3", "deconv4")
    seen = []
    handle = generator.decoder["deconv5"].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    before = generator.decoder["deconv4"].register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.no_grad():
        generator(photo)
    handle.remove(), before.remove()
    assert torch.equal(seen[0], seen[1]), "deconv5 takes deconv4's output as it is"
    assert len(skips) == 4


@pytest.mark.parametrize(("skip", "channels"), [("concat", 64), ("add", 32)])
def test_a_level_that_is_not_joined_does_not_double_its_channels(skip, channels):
    generator = Generator(GeneratorConfig(size=64, width=8, skip=skip, deepest_skips=3))
    assert generator.decoder["deconv4"].convolution.in_channels == channels
    assert generator.decoder["deconv5"].convolution.in_channels == 16


def test_vgan_has_the_layers_of_its_authors_code():
    with torch.device("meta"):
        generator, discriminator = VGANGenerator(), VGANDiscriminator(VGANConfig())
    sizes = [tuple(p.shape) for n, p in generator.named_parameters() if p.dim() > 1]
    assert sizes[:4] == [(128, 3, 4, 4), (256, 128, 4, 4), (512, 256, 4, 4), (1024, 512, 4, 4)]
    assert (1024, 1024, 2, 1, 1) in sizes
    assert sizes[-2:] == [(128, 3, 4, 4, 4), (128, 1, 4, 4, 4)]
    assert [p.shape[0] for p in discriminator.parameters() if p.dim() > 1] == [128, 256, 512, 1024, 1]


def test_vgans_mask_chooses_between_its_streams():
    foreground, background = torch.rand(1, 3, 8, 16, 16), torch.rand(1, 3, 16, 16)
    shut, half = torch.zeros(1, 1, 8, 16, 16), torch.full((1, 1, 8, 16, 16), 0.5)
    combine = VGANGenerator.combine
    torch.testing.assert_close(combine(shut, foreground, background), background.unsqueeze(2).expand_as(foreground))
    torch.testing.assert_close(combine(1 + shut, foreground, background), foreground)
    expected = 0.5 * foreground + 0.5 * background.unsqueeze(2)
    torch.testing.assert_close(combine(half, foreground, background), expected)


def test_vgan_is_tied_to_the_photo_by_frame_0_alone():
    system = untrained(recipe("vgan", TrainConfig(generator=GeneratorConfig(size=16, width=2))))
    real = torch.rand(2, 3, 8, 16, 16)
    fake = real.clone()
    fake[:, :, 1:] += 1
    assert system.content(fake, real) == 0
    fake[:, :, 0] += 0.5
    assert system.content(fake, real).item() == pytest.approx(0.5, abs=1e-6)


def test_vgan_is_not_made_for_128_pixels():
    with pytest.raises(InputError, match="not 128"):
        VGANConfig(size=128)


@pytest.mark.parametrize("size", [128, 64, 32, 16])
def test_the_recurrent_models_frames_come_one_after_the_other(size):
    config = RecurrentConfig(size=size, width=2)
    generator = RecurrentGenerator(config).eval()
    photo = torch.rand(1, 3, size, size)
    with torch.no_grad():
        codes = generator.codes(photo)
        assert codes.shape == (1, config.frames, config.code)
        assert generator(photo).shape == (1, 3, config.frames, size, size)
        state = (codes[:, 0], torch.zeros_like(codes[:, 0]))
        for t in range(1, 3):
            state = generator.cell(codes[:, t - 1], state)
            torch.testing.assert_close(state[0], codes[:, t])


def test_the_frame_discriminator_cannot_tell_the_order_of_frames():
    discriminator = FrameDiscriminator(RecurrentConfig(size=16, width=2)).eval()
    clip = torch.rand(1, 3, 8, 16, 16)
    with torch.no_grad():
        assert discriminator(clip).shape == (8,)
        torch.testing.assert_close(discriminator(clip).sort().values, discriminator(clip.flip(2)).sort().values)
