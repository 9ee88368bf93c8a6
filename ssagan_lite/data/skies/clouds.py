"""Clouds: noise with the spectrum of clouds, on a plane seen in perspective, carried along by turning its phases."""

import cv2
import numpy as np

GRID = 128  # the texture's side; it repeats, far beyond what one clip shows
LARGEST_WAVES_LEFT_OUT = 2  # waves as long as the texture would show that it repeats
EDDIES, GROWTH = (0.006, 0.024), 0.025  # how fast clouds morph and grow, for a wind of one texture unit a frame


class Plane:
    """A plane of cloud above the viewer, in perspective: which point of it each pixel sees, and how a wind looks."""

    def __init__(self, size: int, horizon: float, scale: float):
        y, x = np.mgrid[:size, :size].astype(np.float32) / size
        self.height = np.maximum(horizon - y + 0.12, 0.06)  # above the horizon; never quite 0, where the plane ends
        self.x, self.size, self.scale = x - 0.5, size, scale

    def coordinates(self) -> tuple[np.ndarray, np.ndarray]:
        """Right and away, in units of the texture, (H, W) each."""
        return self.scale * self.x / self.height, self.scale / self.height

    def flow(self, wind: np.ndarray) -> np.ndarray:
        """Pixels by which what is seen at each pixel moves on in the image, (2, H, W)."""
        right, away = self.coordinates()
        height = self.scale / np.maximum(away + wind[1], 0.1)
        x = (right + wind[0]) * height / self.scale
        return np.stack([x - self.x, self.height - height]).astype(np.float32) * self.size


class CloudLayer:
    """One layer of cloud: a spectrum whose phases the wind turns, seen on a plane.

    wind: texture units a frame, (right, away). Small eddies change faster than large ones, and each octave of the
    spectrum goes a little faster or slower than the wind, so clouds morph while they move.
    """

    def __init__(self, random: np.random.Generator, plane: Plane, wind: np.ndarray):
        self.plane, self.wind = plane, wind
        speed, k = np.hypot(*wind), np.fft.fftfreq(GRID, 1 / GRID)
        ky, kx = np.meshgrid(k, k[: GRID // 2 + 1], indexing="ij")  # (GRID, GRID/2 + 1)
        length = np.hypot(kx, ky)
        length[0, 0] = np.inf
        amplitude = length ** -random.uniform(1.5, 1.9) * (length >= LARGEST_WAVES_LEFT_OUT)
        self.spectrum = amplitude * np.exp(2j * np.pi * random.random(length.shape))
        of_octave = 1 + 0.03 * random.normal(size=8)  # the speed of waves of 1, 2, 4 ... cycles, against the wind
        octave = np.log2(np.minimum(length, GRID)).round().astype(int).clip(0, 7)
        eddies = random.normal(size=length.shape) * random.uniform(*EDDIES) * speed * np.sqrt(np.minimum(length, 64))
        self.turning = -2j * np.pi * (kx * wind[0] + ky * wind[1]) * of_octave[octave] / GRID + 1j * eddies
        self.cover, self.softness = random.uniform(-0.8, 0.7), random.uniform(0.8, 2.0)
        self.growth = random.normal() * GROWTH * speed
        self.deviation = np.fft.irfft2(self.spectrum, (GRID, GRID)).std()
        self.looked_at = [np.mod(part, GRID) for part in plane.coordinates()]  # the texture repeats

    def density(self, t: int) -> np.ndarray:
        """Cloud at frame t where each pixel looks, about -2 to 2, (H, W)."""
        texture = np.fft.irfft2(self.spectrum * np.exp(self.turning * t), (GRID, GRID)) / self.deviation
        wide = cv2.copyMakeBorder(texture.astype(np.float32), 0, 1, 0, 1, cv2.BORDER_WRAP)
        return cv2.remap(wide, *self.looked_at, cv2.INTER_LINEAR) + self.cover + self.growth * t

    def opacity(self, density: np.ndarray) -> np.ndarray:
        """0 where the sky shows, 1 where the cloud hides it, (H, W)."""
        return smoothstep(density / self.softness)

    def flow(self) -> np.ndarray:
        """Pixels a frame, (2, H, W)."""
        return self.plane.flow(self.wind)


def winds(random: np.random.Generator, count: int) -> list[np.ndarray]:
    """A wind for each layer, (right, away) in texture units a frame: it veers and changes speed with height."""
    speed, angle = np.exp(random.normal(-1.9, 0.7)), random.uniform(0, 2 * np.pi)
    made = []
    for _ in range(count):
        made.append(speed * np.array([np.cos(angle), np.sin(angle)]))
        speed, angle = speed * random.uniform(0.7, 1.4), angle + random.normal(0, 0.3)
    return made


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, and smooth between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)
