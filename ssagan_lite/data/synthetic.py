"""Procedural skies: clips of moving clouds and turning stars, drawn from random numbers, with their true flow.

A cloud is noise with the spectrum of clouds, looked at in perspective. The wind turns the phases of its Fourier
coefficients, so a texture of any length moves without a seam. The page "How the skies are made" shows each step.

    skies/clouds.py  noise in the cloud plane --perspective--> opacity, light ----.
    skies/stars.py   points that turn round a pole --------------------------------+--> over the sky's gradient
    skies/ground.py  hills, roofs, trees; water that mirrors what is above it <---'     --> exposure, grain, bytes
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ssagan_lite.data.skies.clouds import CloudLayer, Plane, smoothstep, winds
from ssagan_lite.data.skies.ground import Water, silhouette
from ssagan_lite.data.skies.stars import Stars
from ssagan_lite.errors import InputError

# Colours (red, green, blue) from 0 to 1 of a kind of sky: zenith, horizon, lit cloud, shaded cloud.
PALETTES = {
    "noon": ((0.16, 0.36, 0.72), (0.62, 0.76, 0.90), (1.00, 1.00, 0.99), (0.58, 0.63, 0.70)),
    "afternoon": ((0.22, 0.42, 0.70), (0.80, 0.82, 0.80), (1.00, 0.96, 0.88), (0.55, 0.56, 0.60)),
    "dusk": ((0.16, 0.18, 0.38), (0.95, 0.55, 0.28), (1.00, 0.68, 0.45), (0.30, 0.24, 0.34)),
    "overcast": ((0.50, 0.54, 0.60), (0.74, 0.77, 0.80), (0.88, 0.89, 0.90), (0.38, 0.41, 0.46)),
    "night": ((0.02, 0.03, 0.09), (0.10, 0.11, 0.20), (0.22, 0.22, 0.28), (0.06, 0.07, 0.11)),
}
SHARES = (0.3, 0.22, 0.2, 0.16, 0.12)  # of each kind, about as in the public samples

GRAIN = 0.004  # of the sensor, at 128 pixels a side: its standard deviation, where white is 1
SEEN = 0.2  # a layer moves a pixel where this much of what is seen there belongs to it
WATER_BELOW, WATER_SHARE = 0.85, 0.4  # where the horizon is high enough for a lake, and how often there is one


@dataclass(frozen=True)
class SyntheticClips:
    """frames: uint8 RGB (N, T, H, W, 3). mask: bool (N, T, H, W), true where cloud or star moves
    and the ground does not hide it in the next frame. flow: float32
    (N, T-1, 2, H, W), where the layer with most opacity at a pixel of frame t is in frame t+1, (x, y) in pixels."""

    frames: np.ndarray
    mask: np.ndarray
    flow: np.ndarray


def synthetic_clips(
    count: int, size: int, frames: int, seed: int, *, noise: bool = True, exposure: bool = True
) -> SyntheticClips:
    """Draw `count` skies of `frames` frames, `size` pixels a side. Clip i of a seed is the same whatever the count.

    noise, exposure: the sensor's grain, and the slow drift of its exposure, on by default. Raises InputError for a
    count, size or length below 1, or a seed below 0.

    >>> skies = synthetic_clips(2, size=16, frames=8, seed=0)
    >>> skies.frames.shape, skies.frames.dtype, skies.mask.shape, skies.flow.shape
    ((2, 8, 16, 16, 3), dtype('uint8'), (2, 8, 16, 16), (2, 7, 2, 16, 16))
    """
    if min(count, size, frames) < 1:
        raise InputError(f"{count} skies of {frames} frames of {size} pixels cannot be drawn; use numbers above 0.")
    if seed < 0:
        raise InputError(f"{seed} is no seed for skies; use a whole number from 0 on.")
    skies = [_Sky(np.random.default_rng([seed, index]), size, frames).draw(noise, exposure) for index in range(count)]
    return SyntheticClips(*(np.stack(parts) for parts in zip(*skies, strict=True)))


class _Sky:
    """Everything that one clip is made of; drawing it again gives the same bytes."""

    def __init__(self, random: np.random.Generator, size: int, frames: int):
        self.random, self.size, self.frames = random, size, frames
        self.kind = random.choice(list(PALETTES), p=SHARES)
        jitter = random.uniform(0.88, 1.12, (1, 3))
        self.zenith, self.horizon, self.lit, self.shaded = np.clip(np.array(PALETTES[self.kind]) * jitter, 0, 1)
        level = random.uniform(0.62, 1.05)
        carried = winds(random, random.integers(1, 4))
        self.layers = [CloudLayer(random, Plane(size, level, random.uniform(9, 20)), wind) for wind in carried]
        self.sun = random.uniform([0, 0.1], [1, 0.9]), random.normal(0, 0.004, 2)  # place and drift
        self.ground = silhouette(random, size, level)
        has_water = level < WATER_BELOW and random.random() < WATER_SHARE
        self.water = Water(random, size, level + random.uniform(0, 0.06)) if has_water else None
        self.exposure = random.normal(0, 0.03)
        self.stars = Stars(random, size) if self.kind == "night" else None

    def draw(self, noise: bool, exposure: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """uint8 (T, H, W, 3), bool (T, H, W), float32 (T-1, 2, H, W)."""
        drawn = [self._frame(t) for t in range(self.frames)]
        frames, masks, flows = (np.stack(parts) for parts in zip(*drawn, strict=True))
        if exposure:
            drift = np.exp(
                self.exposure * np.arange(self.frames) / 31
            )  # (T,); as fast in a short clip as in a long one
            frames = frames * drift[:, None, None, None]
        if noise:
            grain = self.random.normal(0, 1, frames.shape[:3]).astype(np.float32)
            frames = frames + GRAIN * min(1, self.size / 128) * grain[..., None]  # shrinking averages it away
        frames = np.rint(255 * np.clip(frames, 0, 1)).astype(np.uint8)
        return frames, masks, flows[:-1]

    def _frame(self, t: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Colours 0..1 (H, W, 3), mask (H, W) and the flow to the next frame (2, H, W)."""
        image, flow, seen = self._sky(t)
        moving = (seen > SEEN) & ~self._hidden(flow)
        flow = np.where(moving, flow, 0).astype(np.float32)
        image = image + self.ground[..., None] * (0.12 * self.horizon + 0.02 - image)
        image = image.astype(np.float32)
        if self.water:
            image, flow = self.water.reflect(image), self.water.mirror_flow(flow)
            moving = self.water.mirror(moving.astype(np.float32)) > 0.5
            flow = np.where(moving, flow, 0)
        return cv2.GaussianBlur(image, (0, 0), 0.5), moving, flow

    def _sky(self, t: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Colours (H, W, 3) without ground; the flow of what is most seen (2, H, W); how much of it is seen (H, W)."""
        glow = self._glow(t)
        y = np.arange(self.size, dtype=np.float32)[:, None, None] / self.size
        image = self.zenith + (self.horizon - self.zenith) * y**1.5  # (H, 1, 3)
        image = image + (0.35 if self.kind != "night" else 0.05) * glow[..., None] * (self.lit - image)  # (H, W, 3)
        flow, seen = np.zeros((2, self.size, self.size), np.float32), np.zeros((self.size, self.size))
        if self.stars:
            light, flow = self.stars.light_at(t), self.stars.flow()
            image = image + light[..., None]
            seen = np.where(light > 0.02, 1.0, 0.0)
        for layer in self.layers:
            density = layer.density(t)
            opacity = layer.opacity(density)
            light = smoothstep(0.95 - 0.4 * density + 0.2 * glow)[..., None]
            image = image + opacity[..., None] * (self.shaded + light * (self.lit - self.shaded) - image)
            seen = seen * (1 - opacity)  # what lies behind shows through what is left
            flow, seen = np.where(opacity > seen, layer.flow(), flow), np.maximum(opacity, seen)
        return image, flow, seen

    def _hidden(self, flow: np.ndarray) -> np.ndarray:
        """Where the ground covers the sky, or will in the next frame: nothing can be followed there, (H, W)."""
        ground = cv2.dilate(self.ground, np.ones((3, 3)))  # with the edge that the camera blurs
        y, x = np.mgrid[: self.size, : self.size].astype(np.float32)
        later = cv2.remap(ground, x + flow[0], y + flow[1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        return np.maximum(ground, later) > 0.05

    def _glow(self, t: int) -> np.ndarray:
        """Light round the sun, from 0 to 1 (H, W)."""
        y, x = np.mgrid[: self.size, : self.size].astype(np.float32) / self.size
        place, drift = self.sun
        return np.exp(-((x - place[0] - t * drift[0]) ** 2 + (y - place[1] - t * drift[1]) ** 2) / 0.05)
