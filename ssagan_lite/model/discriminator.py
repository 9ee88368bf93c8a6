"""The discriminator: the encoder without attention, ending in one logit a clip (section 3.1). Chapter 07."""

from torch import Tensor, nn

from ssagan_lite.model.generator import GeneratorConfig, Stage, batch_norm, convolution


class Discriminator(nn.Module):
    """Clips (N, 3, T, H, W) in [-1, 1] -> logits (N,): positive where it takes the clip for a real one.

    The paper ends in a sigmoid; the losses here take logits, which is the same function without its rounding errors.
    config: a generator's, of which size, width and spectral_norm count. At the defaults 11,164,032 parameters.
    """

    def __init__(self, config: GeneratorConfig | None = None):
        super().__init__()
        self.config = config = config or GeneratorConfig()
        self.stages = nn.ModuleDict()
        channels = 3
        for layer in config.encoder[:-1]:
            width = config.filters(layer)
            self.stages[layer.name] = Stage(
                convolution(nn.Conv3d, layer, channels, width, config.spectral_norm),
                norm=None if layer == config.encoder[0] else batch_norm(width),
                activation=nn.LeakyReLU(0.2),
            )
            channels = width
        self.stages["logit"] = Stage(convolution(nn.Conv3d, config.encoder[-1], channels, 1, config.spectral_norm))

    def forward(self, clips: Tensor, return_layers: bool = False) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Logits (N,); with return_layers also what each stage before makes, (N, C, T, H, W) each."""
        x = clips
        layers = [x := stage(x) for stage in self.stages.values()]  # (N, 2C, T/2, H/2, W/2), at the end (N, 1, 1, 1, 1)
        logits = layers.pop().flatten()  # (N,)
        return (logits, layers) if return_layers else logits
