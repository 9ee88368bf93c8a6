"""A night sky: points of light that turn round a pole."""

import numpy as np


class Stars:
    """Between 60 and 160 stars; `size` is the frame's side in pixels."""

    def __init__(self, random: np.random.Generator, size: int):
        self.size, count = size, random.integers(60, 160)
        self.pole = random.uniform([0.2, 0.2], [0.8, 0.8]) * size
        self.radius, self.phase = np.sqrt(random.random(count)) * size, random.uniform(0, 2 * np.pi, count)
        self.light = random.power(0.4, count) * 0.8
        self.speed = random.choice([-1, 1]) * random.uniform(0.003, 0.012)  # radians a frame

    def light_at(self, t: int) -> np.ndarray:
        """What the stars add to the picture at frame t, from 0 to about 1, (H, W)."""
        angle = self.phase + self.speed * t
        light = np.zeros((self.size, self.size), np.float32)
        for dx, dy, strength in zip(np.cos(angle) * self.radius, np.sin(angle) * self.radius, self.light, strict=True):
            x, y = self.pole[0] + dx, self.pole[1] + dy
            column, row = int(np.floor(x)), int(np.floor(y))
            for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):  # shared among four pixels, so that it glides
                if 0 <= row + i < self.size and 0 <= column + j < self.size:
                    light[row + i, column + j] += strength * (1 - abs(y - row - i)) * (1 - abs(x - column - j))
        return light

    def flow(self) -> np.ndarray:
        """Pixels a frame by which each place of the sky turns, (2, H, W)."""
        rows, columns = np.mgrid[: self.size, : self.size].astype(np.float32)
        x, y = columns - self.pole[0], rows - self.pole[1]
        cos, sin = np.cos(self.speed), np.sin(self.speed)
        return np.stack([cos * x - sin * y - x, sin * x + cos * y - y]).astype(np.float32)
