"""What stands still: hills, roofs or trees below the horizon, and water that mirrors what is above it."""

import cv2
import numpy as np

KEPT = np.float32([0.72, 0.78, 0.84])  # of red, green and blue light, by still water seen at a low angle
RIPPLE = 0.012  # how far ripples shift the mirror image, in sides of the picture


def silhouette(random: np.random.Generator, size: int, horizon: float) -> np.ndarray:
    """Ground from 0 to 1 (H, W): hills, roofs or trees below the horizon, which is a share of the height."""
    x = np.arange(size) / size
    line = random.choice([hills, roofs, trees], p=[0.5, 0.25, 0.25])(random, x, horizon)
    y = np.arange(size)[:, None] / size
    return np.clip((y - line[None]) * size + 0.5, 0, 1).astype(np.float32)


def hills(random: np.random.Generator, x: np.ndarray, horizon: float) -> np.ndarray:
    """A sum of waves, the shorter the lower; the height of the line at each x, as a share of the side."""
    return (
        horizon
        - 0.03
        + sum(np.sin(2 * np.pi * (k * x + random.random())) * random.normal(0, 0.05) / k for k in range(1, 9))
    )


def roofs(random: np.random.Generator, x: np.ndarray, horizon: float) -> np.ndarray:
    """Blocks of buildings between random edges."""
    edges = np.sort(random.random(12))
    return horizon - random.uniform(0, 0.16, 13)[np.searchsorted(edges, x)]


def trees(random: np.random.Generator, x: np.ndarray, horizon: float) -> np.ndarray:
    """A row of crowns, pointed like firs or round like oaks, with ragged edges."""
    count, pointed = random.integers(6, 16), random.random() < 0.5
    place, width = random.random((count, 1)), random.uniform(0.03, 0.09, (count, 1))
    height = width * random.uniform(1.0, 2.5, (count, 1))
    across = np.clip(1 - np.abs(x - place) / width, 0, 1)  # (count, W), 0 at a crown's edges and 1 in its middle
    crown = height * (across if pointed else np.sqrt(1 - (1 - across) ** 2))
    ragged = 1 + 0.25 * np.interp(x, np.linspace(0, 1, 65), random.uniform(-1, 1, 65))
    return horizon - 0.01 - crown.max(axis=0) * ragged


class Water:
    """A lake below a shore: the picture above it, mirrored, darkened, and shaken by ripples that stand still."""

    def __init__(self, random: np.random.Generator, size: int, shore: float):
        self.row = round(shore * size)  # the first row of water
        rows, columns = np.mgrid[:size, :size].astype(np.float32)
        depth = np.maximum(rows - self.row + 1, 0) / size
        waves = cv2.GaussianBlur(random.normal(size=(size, size)).astype(np.float32), (0, 0), size / 16, None, 0.6)
        shift = RIPPLE * size * waves / waves.std() * np.minimum(1, 6 * depth)
        self.x, self.y = columns, np.clip(2 * self.row - 1 - rows + shift, 0, self.row - 1).astype(np.float32)

    def mirror(self, image: np.ndarray) -> np.ndarray:
        """(H, W) or (H, W, C) with everything below the shore replaced by what is mirrored there."""
        seen = cv2.remap(image, self.x, self.y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        return np.concatenate([image[: self.row], seen[self.row :]])

    def reflect(self, image: np.ndarray) -> np.ndarray:
        """Colours (H, W, 3) with water below the shore: a mirror that keeps most of the light."""
        seen = self.mirror(image)
        seen[self.row :] *= KEPT
        return seen

    def mirror_flow(self, flow: np.ndarray) -> np.ndarray:
        """(2, H, W): what moves up in the sky moves down in the water."""
        seen = self.mirror(flow.transpose(1, 2, 0))  # (H, W, 2)
        seen[self.row :, :, 1] *= -1
        return seen.transpose(2, 0, 1)
