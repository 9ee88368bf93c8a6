"""Procedural skies: clips of moving clouds and turning stars, drawn from random numbers, with their true flow.

A cloud is noise with the spectrum of clouds, looked at in perspective. The wind turns the phases of its Fourier
coefficients, so a texture of any length moves without a seam; small eddies change faster than large ones. Chapter 01.

    noise in the cloud plane --perspective--> opacity --light--> colour --over--> sky --> ground in front --> camera
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ssagan_lite.errors import InputError

# Colours (red, green, blue) from 0 to 1 of a kind of sky: zenith, horizon, lit cloud, shaded cloud.
PALETTES = {
    "noon": ((0.16, 0.36, 0.72), (0.62, 0.76, 0.90), (1.00, 1.00, 0.99), (0.58, 0.63, 0.70)),
    "afternoon": ((0.22, 0.42, 0.70), (0.80, 0.82, 0.80), (1.00, 0.96, 0.88), (0.55, 0.56, 0.60)),
    "dusk": ((0.16, 0.18, 0.38), (0.95, 0.55, 0.28), (1.00, 0.68, 0.45), (0.30, 0.24, 0.34)),
    "overcast": ((0.50, 0.54, 0.60), (0.74, 0.77, 0.80), (0.88, 0.89, 0.90), (0.38, 0.41, 0.46)),
    "night": ((0.02, 0.03, 0.09), (0.10, 0.11, 0.20), (0.22, 0.22, 0.28), (0.06, 0.07, 0.11)),
}


SEEN = 0.2  # a layer moves a pixel where this much of what is seen there belongs to it


@dataclass(frozen=True)
class SyntheticClips:
    """frames: uint8 RGB (N, T, H, W, 3). mask: bool (N, T, H, W), true where cloud or star moves. flow: float32
    (N, T-1, 2, H, W), where the layer with most opacity at a pixel of frame t is in frame t+1, (x, y) in pixels."""

    frames: np.ndarray
    mask: np.ndarray
    flow: np.ndarray


def synthetic_clips(
    count: int, size: int, frames: int, seed: int, *, noise: bool = True, exposure: bool = True
) -> SyntheticClips:
    """Draw `count` skies of `frames` frames, `size` pixels a side. Clip i of a seed is the same whatever the count.

    noise, exposure: the sensor's grain, and the slow drift of its exposure, on by default. Raises InputError for a
    count, size or length below 1.
    """
    if min(count, size, frames) < 1:
        raise InputError(f"{count} skies of {frames} frames of {size} pixels cannot be drawn; use numbers above 0.")
    skies = [_Sky(np.random.default_rng([seed, index]), size, frames).draw(noise, exposure) for index in range(count)]
    return SyntheticClips(*(np.stack(parts) for parts in zip(*skies, strict=True)))


class _Plane:
    """A plane of cloud above the viewer, in perspective: which point of it each pixel sees, and how a wind looks."""

    def __init__(self, size: int, horizon: float, scale: float):
        y, x = np.mgrid[:size, :size].astype(np.float32) / size
        self.height = np.maximum(horizon - y + 0.12, 0.06)  # above the horizon; never quite 0, where the plane ends
        self.x, self.size, self.scale, self.sky = x - 0.5, size, scale, y < horizon

    def coordinates(self) -> tuple[np.ndarray, np.ndarray]:
        """Right and away, in units of the texture, (H, W) each."""
        return self.scale * self.x / self.height, self.scale / self.height

    def flow(self, wind: np.ndarray) -> np.ndarray:
        """Pixels by which what is seen at each pixel moves on in the image, (2, H, W)."""
        right, away = self.coordinates()
        height = self.scale / np.maximum(away + wind[1], 0.1)
        x = (right + wind[0]) * height / self.scale
        return np.stack([x - self.x, self.height - height]).astype(np.float32) * self.size


class _Layer:
    """One layer of cloud: a spectrum whose phases the wind turns, seen on a plane."""

    GRID = 128  # the texture's side; it repeats, far beyond what one clip shows

    def __init__(self, random: np.random.Generator, plane: _Plane, speed: float):
        self.plane = plane
        k = np.fft.fftfreq(self.GRID, 1 / self.GRID)
        ky, kx = np.meshgrid(k, k[: self.GRID // 2 + 1], indexing="ij")
        length = np.hypot(kx, ky)
        length[0, 0] = np.inf
        amplitude = length ** -random.uniform(1.5, 1.9) * (length >= 2)
        self.spectrum = amplitude * np.exp(2j * np.pi * random.random(length.shape))
        angle = random.uniform(0, 2 * np.pi)
        self.wind = speed * np.array([np.cos(angle), np.sin(angle)])  # texture units a frame
        eddies = random.normal(size=length.shape) * random.uniform(0.0015, 0.007) * np.sqrt(np.minimum(length, 64))
        self.turning = -2j * np.pi * (kx * self.wind[0] + ky * self.wind[1]) / self.GRID + 1j * eddies
        self.cover, self.softness = random.uniform(-0.8, 0.7), random.uniform(0.8, 2.0)
        self.growth = random.normal() * 0.006
        self.deviation = np.fft.irfft2(self.spectrum, (self.GRID, self.GRID)).std()

    def density(self, t: int) -> np.ndarray:
        """Cloud at frame t where each pixel looks, about -2 to 2, (H, W)."""
        texture = np.fft.irfft2(self.spectrum * np.exp(self.turning * t), (self.GRID, self.GRID)) / self.deviation
        right, away = self.plane.coordinates()
        return _sample(texture.astype(np.float32), right, away) + self.cover + self.growth * t

    def opacity(self, density: np.ndarray) -> np.ndarray:
        """0 where the sky shows, 1 where the cloud hides it, (H, W)."""
        return _smoothstep(density / self.softness)

    def flow(self) -> np.ndarray:
        return self.plane.flow(self.wind)


class _Sky:
    """Everything that one clip is made of; drawing it again gives the same bytes."""

    def __init__(self, random: np.random.Generator, size: int, frames: int):
        self.random, self.size, self.frames = random, size, frames
        self.kind = random.choice(list(PALETTES), p=[0.3, 0.22, 0.2, 0.16, 0.12])
        jitter = random.uniform(0.88, 1.12, (1, 3))
        self.zenith, self.horizon, self.lit, self.shaded = np.clip(np.array(PALETTES[self.kind]) * jitter, 0, 1)
        level = random.uniform(0.62, 1.05)
        speed = np.exp(random.normal(-1.8, 0.8))
        planes = [_Plane(size, level, random.uniform(9, 20)) for _ in range(random.integers(1, 4))]
        self.layers = [_Layer(random, plane, speed * random.uniform(0.6, 1.4)) for plane in planes]
        self.sun = random.uniform([0, 0.1], [1, 0.9]), random.normal(0, 0.004, 2)  # place and drift
        self.ground = _silhouette(random, size, level)
        self.exposure = random.normal(0, 0.03)
        self.stars = _Stars(random, size, frames) if self.kind == "night" else None

    def draw(self, noise: bool, exposure: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """uint8 (T, H, W, 3), bool (T, H, W), float32 (T-1, 2, H, W)."""
        drawn = [self._frame(t) for t in range(self.frames)]
        frames, masks, flows = (np.stack(parts) for parts in zip(*drawn, strict=True))
        if exposure:
            frames = frames * np.exp(self.exposure * np.linspace(0, 1, self.frames))[:, None, None, None]
        if noise:
            grain = self.random.normal(0, 1, frames.shape[:3]).astype(np.float32)
            frames = frames + 0.004 * grain[..., None]
        frames = np.rint(255 * np.clip(frames, 0, 1)).astype(np.uint8)
        return frames, masks, flows[:-1]

    def _frame(self, t: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Colours 0..1 (H, W, 3), mask (H, W) and the flow to the next frame (2, H, W)."""
        y, x = np.mgrid[: self.size, : self.size].astype(np.float32) / self.size
        image = self.zenith + (self.horizon - self.zenith) * y[..., None] ** 1.5  # (H, W, 3)
        place, drift = self.sun
        glow = np.exp(-((x - place[0] - t * drift[0]) ** 2 + (y - place[1] - t * drift[1]) ** 2) / 0.05)
        image = image + (0.35 if self.kind != "night" else 0.05) * glow[..., None] * (self.lit - image)
        flow, seen = np.zeros((2, self.size, self.size), np.float32), np.zeros((self.size, self.size))
        if self.stars:
            light, flow = self.stars.draw(t)
            image = image + light[..., None]
            seen = np.where(light > 0.02, 1.0, 0.0)
        for layer in self.layers:
            density = layer.density(t)
            opacity = layer.opacity(density)
            light = _smoothstep(0.9 - 0.35 * density + 0.5 * glow)[..., None]
            image = image + opacity[..., None] * (self.shaded + light * (self.lit - self.shaded) - image)
            seen = seen * (1 - opacity)  # what lies behind shows through what is left
            flow, seen = np.where(opacity > seen, layer.flow(), flow), np.maximum(opacity, seen)
        moving = seen > SEEN
        flow = np.where(moving, flow, 0)
        image = image + self.ground[..., None] * (0.12 * self.horizon + 0.02 - image)
        still = self.ground > 0.5
        return (
            cv2.GaussianBlur(image.astype(np.float32), (0, 0), 0.5),
            moving & ~still,
            np.where(still, 0, flow).astype(np.float32),
        )


class _Stars:
    """Points of light that turn round a pole."""

    def __init__(self, random: np.random.Generator, size: int, frames: int):
        self.size, count = size, random.integers(60, 160)
        self.pole = random.uniform([0.2, 0.2], [0.8, 0.8]) * size
        self.radius, self.phase = np.sqrt(random.random(count)) * size, random.uniform(0, 2 * np.pi, count)
        self.light = random.power(0.4, count) * 0.8
        self.speed = random.choice([-1, 1]) * random.uniform(0.003, 0.012)  # radians a frame

    def draw(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Light (H, W), and the flow of the turning sky (2, H, W)."""
        angle = self.phase + self.speed * t
        light = np.zeros((self.size, self.size), np.float32)
        for dx, dy, strength in zip(np.cos(angle) * self.radius, np.sin(angle) * self.radius, self.light, strict=True):
            x, y = self.pole[0] + dx, self.pole[1] + dy
            column, row = int(np.floor(x)), int(np.floor(y))
            for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):  # shared among four pixels, so that it glides
                if 0 <= row + i < self.size and 0 <= column + j < self.size:
                    light[row + i, column + j] += strength * (1 - abs(y - row - i)) * (1 - abs(x - column - j))
        rows, columns = np.mgrid[: self.size, : self.size].astype(np.float32)
        x, y = columns - self.pole[0], rows - self.pole[1]
        cos, sin = np.cos(self.speed), np.sin(self.speed)
        return light, np.stack([cos * x - sin * y - x, sin * x + cos * y - y]).astype(np.float32)


def _silhouette(random: np.random.Generator, size: int, level: float) -> np.ndarray:
    """Ground from 0 to 1 (H, W): hills, or roofs, below the horizon."""
    x = np.arange(size) / size
    if random.random() < 0.3:
        edges = np.sort(random.random(12))
        line = level - random.uniform(0, 0.16, 13)[np.searchsorted(edges, x)]
    else:
        waves = sum(np.sin(2 * np.pi * (k * x + random.random())) * random.normal(0, 0.05) / k for k in range(1, 9))
        line = level - 0.03 + waves
    y = np.arange(size)[:, None] / size
    return np.clip((y - line[None]) * size + 0.5, 0, 1).astype(np.float32)


def _sample(texture: np.ndarray, right: np.ndarray, away: np.ndarray) -> np.ndarray:
    """The repeating texture at fractional coordinates, (H, W)."""
    side = len(texture)
    wide = cv2.copyMakeBorder(texture, 0, 1, 0, 1, cv2.BORDER_WRAP)
    return cv2.remap(wide, np.mod(right, side), np.mod(away, side), cv2.INTER_LINEAR)


def _smoothstep(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)
