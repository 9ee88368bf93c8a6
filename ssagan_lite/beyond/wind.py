"""A generator that is told the wind: it moves the photo by what it reads in it, and paints what changes.

    photo --> Table 1, with attention --> response (2x2 a place and frame): how each place follows the wind
                                      --> change under the wind, and change in a calm (colours)

    clip(wind) = photo carried by response * wind, + change under the wind
    clip(calm) = photo + change in a calm

Beyond the paper. One photo has many futures: a model that must name one of them without being told more does best to
blur (chapter 09). Two numbers say here which future is meant; in training they are measured in the true clip. Chapter
14.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import Generator, GeneratorConfig, convolution

RESPONSE, CHANGE = 4, 3  # channels: a 2x2 matrix, a colour
REACH = 3.0  # a place follows the wind at most so much more, or less, than by the wind itself
MOST_WIND = 1.0  # picture widths a clip


@dataclass(frozen=True)
class WindConfig(GeneratorConfig):
    """Table 1's shape, and the wind where none is given. Raises InputError for a shape or a wind that cannot be."""

    wind: tuple[float, float] | None = (0.1, 0.0)
    """Picture widths over the whole clip, to the right and down; None is a calm."""

    def __post_init__(self):
        super().__post_init__()
        if self.wind is not None:
            check_wind(self.wind)


class WindGenerator(Generator):
    """Table 1 with ten channels at its end in place of three colours, and the photo carried by them."""

    architecture = "wind"

    def __init__(self, config: WindConfig | None = None):
        super().__init__(config or WindConfig())
        last = self.config.decoder[-1]
        stage = self.decoder[last.name]
        channels, made = stage.convolution.in_channels, RESPONSE + 2 * CHANGE
        stage.convolution = convolution(nn.ConvTranspose3d, last, channels, made, self.config.spectral_norm)

    def forward(self, first: Tensor, wind: Tensor | None = None, both: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        """A photo (N, 3, H, W) in [-1, 1] and the wind (N, 2), None for a calm -> the clip (N, 3, T, H, W), same range.

        With both: the clip under the wind and the clip in a calm, which share nearly all of the work.
        """
        response, change, calm_change = self.read(first)
        if both:
            return carried(first, response, change, wind), calm(first, calm_change)
        return calm(first, calm_change) if wind is None else carried(first, response, change, wind)

    def read(self, first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the network says of a photo (N, 3, H, W), whatever the wind.

        response (N, 4, T, H, W), rows of a 2x2 matrix, the unit matrix plus up to +-`REACH`; two changes of colour
        (N, 3, T, H, W) in [-1, 1], the first under the wind, the second in a calm.
        """
        made = smoothed(super().forward(first).float())  # (N, 10, T, H, W); places need all their digits
        response, change, calm_change = made.split((RESPONSE, CHANGE, CHANGE), dim=1)
        unit = torch.eye(2, device=made.device).view(1, RESPONSE, 1, 1, 1)
        return unit + REACH * response, change, calm_change

    def animate(self, first: Tensor, wind: Tensor | None = None) -> Tensor:
        """One photo (N, 3, H, W) in [-1, 1] -> a clip (N, 3, T, H, W), under the wind given, or the configuration's."""
        if wind is None and self.config.wind is not None:
            wind = torch.tensor(self.config.wind, device=first.device).expand(len(first), 2)  # (N, 2)
        return self(first, wind)


def check_wind(wind: tuple[float, float]) -> None:
    """Raise InputError unless these are two numbers that a picture can be carried by."""
    numbers = isinstance(wind, tuple | list) and len(wind) == 2 and all(isinstance(x, int | float) for x in wind)
    if not numbers or not all(abs(x) <= MOST_WIND for x in wind):
        raise InputError(f"the wind {wind} is not two numbers from -{MOST_WIND:g} to {MOST_WIND:g}, in picture widths.")


def smoothed(x: Tensor) -> Tensor:
    """(N, C, T, H, W) -> the same shape, weighted 1:2:1 with the neighbours on each axis.

    This takes out the pattern of two pixels and two frames that transposed convolutions leave (chapter 4), wholly, and
    little else. A photo that is carried along a chessboard of motions would be torn by it.
    """
    x = F.pad(x, (1,) * 6, mode="replicate")  # (N, C, T+2, H+2, W+2)
    return F.avg_pool3d(F.avg_pool3d(x, 2, stride=1), 2, stride=1)  # (N, C, T, H, W)


def calm(first: Tensor, change: Tensor) -> Tensor:
    """The photo with a change of colour (N, 3, T, H, W), in [-1, 1]."""
    return (first.unsqueeze(2) + change).clamp(-1, 1)  # (N, 3, T, H, W)


def carried(first: Tensor, response: Tensor, change: Tensor, wind: Tensor) -> Tensor:
    """The photo carried along, frame t by the share t / (T - 1) of the way, and changed in colour.

    first (N, 3, H, W); response (N, 4, T, H, W); change (N, 3, T, H, W); wind (N, 2). What comes in over an edge is
    what lies on its other side, as in a mirror.
    """
    clip = first.unsqueeze(2).expand_as(change)  # (N, 3, T, H, W)
    return (look_up(clip, -share_of_way(response, wind)) + change).clamp(-1, 1)


def share_of_way(response: Tensor, wind: Tensor) -> Tensor:
    """How far each place has moved in each frame: (N, 4, T, H, W) and (N, 2) -> (N, 2, T, H, W), picture widths."""
    n, _, t, h, w = response.shape
    way = (response.view(n, 2, 2, t, h, w) * wind.view(n, 1, 2, 1, 1, 1)).sum(dim=2)  # (N, 2, T, H, W)
    return way * torch.linspace(0, 1, t, device=way.device).view(1, 1, t, 1, 1)


def look_up(clip: Tensor, way: Tensor) -> Tensor:
    """Each pixel's colour from a place that lies `way` (N, 2, T, H, W) picture widths, (x, y), from its own."""
    n, c, t, h, w = clip.shape
    y, x = torch.meshgrid(*(centres(side, clip.device) for side in (h, w)), indexing="ij")  # (H, W) each
    places = torch.stack((x, y)).view(1, 2, 1, h, w) + 2 * way  # (N, 2, T, H, W), the picture from -1 to 1
    places = places.permute(0, 2, 3, 4, 1).flatten(0, 1)  # (N*T, H, W, 2)
    frames = clip.transpose(1, 2).flatten(0, 1)  # (N*T, 3, H, W)
    found = F.grid_sample(frames.float(), places, padding_mode="reflection", align_corners=False)
    return found.view(n, t, c, h, w).transpose(1, 2)  # (N, 3, T, H, W)


def centres(count: int, device: torch.device) -> Tensor:
    """The middles of `count` pixels in a picture from -1 to 1."""
    return (torch.arange(count, device=device) + 0.5) * (2 / count) - 1


def measured_wind(clips: Tensor, gap: int = 2) -> Tensor:
    """The wind in true clips (N, 3, T, H, W): (N, 2), picture widths over the whole clip, to the right and down.

    One motion for the whole picture, by least squares (Lucas and Kanade, 1981): brightness b of what moves does not
    change, so b_x u + b_y v + b_t = 0, over all places that change in the clip at all. b_t is taken over `gap` frames.
    Each place is weighted by 1 / (b_x^2 + b_y^2 + FLAT^2), its distance from that line in place of its error in
    brightness; otherwise a hill's edge, which is steep and stands still, would outweigh a sky of soft clouds.
    """
    grey = clips.float().mean(dim=1)  # (N, T, H, W)
    changing = (grey.std(dim=1, keepdim=True) > CHANGES).float()  # (N, 1, H, W)
    now, later = grey[:, :-gap:gap], grey[:, gap::gap]  # (N, P, H, W), P pairs of frames
    b_y, b_x = torch.gradient((now + later) / 2, dim=(2, 3))
    weight = (changing / (b_x.square() + b_y.square() + FLAT**2)).flatten(1).unsqueeze(1)  # (N, 1, PHW)
    slopes = torch.stack((b_x, b_y), dim=-1).flatten(1, 3)  # (N, PHW, 2)
    b_t = (later - now).flatten(1).unsqueeze(-1)  # (N, PHW, 1)
    weighted = slopes.transpose(1, 2) * weight  # (N, 2, PHW)
    normal = weighted @ slopes + torch.eye(2, device=clips.device)  # (N, 2, 2); the unit matrix where nothing changes
    motion = torch.linalg.solve(normal, -weighted @ b_t).squeeze(-1)  # (N, 2), pixels over gap frames
    return (motion * (clips.shape[2] - 1) / gap / clips.shape[-1]).clamp(-MOST_WIND, MOST_WIND)


CHANGES = 0.02  # a place changes whose brightness, from -1 to 1, has this standard deviation over the clip
FLAT = 0.03  # a slope, in brightness a pixel, below which a place says little of the motion
