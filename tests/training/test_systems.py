"""What each network minimises, and what each step leaves alone."""

import pytest
import torch

from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import PRESETS, TrainConfig, preset
from ssagan_lite.training.systems import SSAGAN, System

TINY = GeneratorConfig(size=16, width=2)


@pytest.fixture
def real() -> torch.Tensor:
    return torch.rand(4, 3, 8, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def make(**changes) -> SSAGAN:
    torch.manual_seed(0)
    return SSAGAN(TrainConfig(generator=TINY, **changes))


def test_the_generator_sees_the_first_frame_alone(real):
    system = make()
    system.generator.eval()
    changed = real.clone()
    changed[:, :, 1:] = 0
    torch.testing.assert_close(system.generate(real), system.generate(changed))
    torch.testing.assert_close(system.generate(real), system.generator.animate(real[:, :, 0]))


@pytest.mark.paper("Eq. 6")
def test_the_critics_loss_does_not_reach_the_generator(real):
    system = make()
    system.critic_loss(real)[0].backward()
    assert all(parameter.grad is None for parameter in system.generator.parameters())
    assert all(parameter.grad is not None for parameter in system.discriminator.parameters())


@pytest.mark.paper("Eq. 7")
def test_the_generators_loss_is_equation_7(real):
    system = make(content_weight=3.0)
    loss, parts = system.generator_loss(real)
    torch.testing.assert_close(loss, 3 * parts["content"] + parts["adversarial"])


def test_content_alone_never_asks_the_discriminator(real):
    system = make(adversarial_weight=0.0)
    system.discriminator.forward = None
    loss, parts = system.generator_loss(real)
    torch.testing.assert_close(loss, parts["content"])


def test_the_released_objective_has_all_its_terms(real):
    torch.manual_seed(0)
    released = preset("released").replace(generator=TINY)
    system = SSAGAN(released)
    loss, parts = system.critic_loss(real)
    assert loss.item() != pytest.approx((loss - 10 * parts["penalty"]).item())
    loss, parts = system.generator_loss(real)
    torch.testing.assert_close(loss, parts["content"] + parts["adversarial"] + parts["ssim"])
    assert hasattr(system.discriminator.stages["conv4"].convolution, "parametrizations")


def test_a_system_that_says_nothing_is_told_so(real):
    with pytest.raises(NotImplementedError, match="System does not say"):
        System(None, None).critic_loss(real)


def test_presets_are_the_papers_unless_they_say_otherwise():
    assert PRESETS["paper"].learning_rate == 2e-4
    assert PRESETS["paper"].betas == (0.5, 0.9)
    assert (PRESETS["paper"].batch, PRESETS["paper"].critic_steps) == (16, 5)
    assert (PRESETS["paper"].content_weight, PRESETS["paper"].gradient_penalty) == (1.0, 0.0)
    assert PRESETS["beach"].generator.size == 64
    assert set(PRESETS) == {"smoke", "laptop", "evening", "colab", "paper", "beach", "released"}


@pytest.mark.parametrize("changes", [{"steps": 0}, {"batch": 0}, {"adversarial": "lsgan"}])
def test_a_run_that_cannot_be_is_refused(changes):
    with pytest.raises(InputError, match=next(iter(changes))):
        TrainConfig(**changes)


def test_an_unknown_preset_is_named_beside_the_known_ones():
    with pytest.raises(InputError, match=r"'huge'.*smoke"):
        preset("huge")
