"""A run small enough for a test: 16x16x8 clips of drifting colour."""

import numpy as np
import pytest

from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import TrainConfig

TINY = GeneratorConfig(size=16, width=2)


@pytest.fixture(scope="session")
def clips() -> list[np.ndarray]:
    """Twelve clips uint8 (8, 16, 16, 3): a smooth picture that moves to the right."""
    random = np.random.default_rng(0)
    made = []
    for _ in range(12):
        row = np.cumsum(random.normal(size=(16, 3)), axis=0)
        row = 255 * (row - row.min()) / np.ptp(row)
        made.append(
            np.stack([np.broadcast_to(np.roll(row, t, axis=0), (16, 16, 3)) for t in range(8)]).astype(np.uint8)
        )
    return made


@pytest.fixture
def config(tmp_path) -> TrainConfig:
    return TrainConfig(
        out=str(tmp_path / "run"), generator=TINY, steps=4, critic_steps=2, batch=4, sample_every=2, device="cpu"
    )
