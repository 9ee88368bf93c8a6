"""How the generator that is told the wind is trained: SSA-GAN's game, with the wind of the true clip. Chapter 14."""

from dataclasses import asdict

from torch import Tensor, nn

from ssagan_lite.beyond.wind import WindConfig, WindGenerator, measured_wind
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.losses import ssim_loss
from ssagan_lite.training.systems import SSAGAN, Loss


class Wind(SSAGAN):
    """Eq. 6 and 7 for the clip under the true clip's wind; content, and SSIM where it has a weight, for the calm one.

    Nothing is known of the wind in a calm, so that clip learns what is likely whatever the wind: which pixels darken,
    brighten and blur.
    """

    def networks(self, config: TrainConfig) -> tuple[nn.Module, nn.Module]:
        """Table 1 with the wind's channels at its end, and the paper's discriminator."""
        return WindGenerator(WindConfig(**asdict(config.generator))), self.critic(config)

    def generate(self, real: Tensor) -> Tensor:
        """The clips under the wind of the real ones, (N, 3, T, H, W); those in a calm are kept for the same step."""
        moving, self.calm = self.generator(real[:, :, 0], measured_wind(real), both=True)
        return moving

    def generator_loss(self, real: Tensor) -> Loss:
        """Eq. 7 under the wind, and what the clip in a calm is to learn."""
        loss, parts = super().generator_loss(real)
        parts["calm"] = self.content(self.calm, real)
        loss = loss + self.config.content_weight * parts["calm"]
        if self.config.ssim_weight:
            loss = loss + self.config.ssim_weight * ssim_loss(self.calm, real)
        return loss, parts
