"""A System is all that fit() knows of a model: two networks, and what each of them minimises. Chapters 07 and 08."""

from dataclasses import replace

from torch import Tensor, nn, no_grad

from ssagan_lite.model.discriminator import Discriminator
from ssagan_lite.model.generator import Generator, description
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.losses import ADVERSARIAL, content_loss, gradient_penalty, ssim_loss

Loss = tuple[Tensor, dict[str, Tensor]]  # what is minimised, and the parts that are worth a curve


class System:
    """Two networks that play against each other. Subclass it to train another model with fit().

    generator and discriminator are replaced by fit() with the same networks, wrapped for device and precision; so the
    losses go through these attributes. Clips `real` are (N, 3, T, H, W) in [-1, 1].
    """

    def __init__(self, generator: nn.Module, discriminator: nn.Module, critic_steps: int = 5):
        self.generator, self.discriminator, self.critic_steps = generator, discriminator, critic_steps

    def description(self) -> dict:
        """What builds the generator again, as it stands in a checkpoint."""
        return description(self.generator)

    def generate(self, real: Tensor) -> Tensor:
        """The clips that the generator makes from the first frames of real ones; same shape and range."""
        return self.generator(real[:, :, 0])  # (N, 3, T, H, W)

    def critic_loss(self, real: Tensor) -> Loss:
        """What the discriminator minimises on these clips."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its discriminator minimises")

    def generator_loss(self, real: Tensor) -> Loss:
        """What the generator minimises on these clips."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its generator minimises")


class SSAGAN(System):
    """SSA-GAN's game (section 3.3): Eq. 6 for the discriminator, Eq. 7 for the generator, and the released extras.

    The systems in `baselines` play it too, with networks, or a content loss, of their own.
    """

    def __init__(self, config: TrainConfig):
        super().__init__(*self.networks(config), config.critic_steps)
        self.config, self.game = config, ADVERSARIAL[config.adversarial]

    def networks(self, config: TrainConfig) -> tuple[nn.Module, nn.Module]:
        """Generator and discriminator, with new weights."""
        return Generator(config.generator), self.critic(config)

    @staticmethod
    def critic(config: TrainConfig) -> nn.Module:
        """The paper's discriminator, with new weights."""
        return Discriminator(replace(config.generator, spectral_norm=config.critic_spectral_norm))

    def content(self, fake: Tensor, real: Tensor) -> Tensor:
        """What ties the clip to the photo: Eq. 5."""
        return content_loss(fake, real)

    def critic_loss(self, real: Tensor) -> Loss:
        """Eq. 6, and the gradient penalty where it has a weight. The generator's graph is not built."""
        with no_grad():
            fake = self.generate(real)
        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        loss = self.game.critic(real_logits, fake_logits)
        parts = {"real_logit": real_logits.mean(), "fake_logit": fake_logits.mean()}
        if self.config.gradient_penalty:
            critic = getattr(self.discriminator, "module", self.discriminator)  # Fabric's allows no gradient inside
            parts["penalty"] = gradient_penalty(critic, self.game.score, real, fake)
            loss = loss + self.config.gradient_penalty * parts["penalty"]
        return loss, {"loss": loss, **parts}

    def generator_loss(self, real: Tensor) -> Loss:
        """Eq. 7, and the SSIM term where it has a weight."""
        fake = self.generate(real)
        parts = {"content": self.content(fake, real)}
        loss = self.config.content_weight * parts["content"]
        if self.config.adversarial_weight:
            parts["adversarial"] = self.game.generator(self.discriminator(fake))
            loss = loss + self.config.adversarial_weight * parts["adversarial"]
        if self.config.ssim_weight:
            parts["ssim"] = ssim_loss(fake, real)
            loss = loss + self.config.ssim_weight * parts["ssim"]
        return loss, {"loss": loss, **parts}
