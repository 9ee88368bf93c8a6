"""A run of a system without BatchNorm, started by the tests as one process, as two devices, or as two nodes.

python tests/training/run_small.py OUT '{"devices": 2}'
"""

import json
import os
import sys

import numpy as np
import torch
from torch import nn

from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.fit import fit
from ssagan_lite.training.losses import ADVERSARIAL, content_loss
from ssagan_lite.training.systems import System


class Plain(System):
    """Two small networks whose gradients are means over clips, each clip by itself."""

    def __init__(self):
        critic = nn.Sequential(nn.Conv3d(3, 4, 4, 4), nn.LeakyReLU(0.2), nn.Conv3d(4, 1, (2, 4, 4)), nn.Flatten())
        super().__init__(nn.Conv3d(3, 3, 3, padding=1), critic, critic_steps=1)

    def description(self):
        return {"architecture": "none that the package knows"}

    def generate(self, real):
        return self.generator(real[:, :, :1].expand_as(real)).tanh()  # (N, 3, T, H, W)

    def critic_loss(self, real):
        with torch.no_grad():
            fake = self.generate(real)
        loss = ADVERSARIAL["non-saturating"].critic(self.discriminator(real), self.discriminator(fake))
        return loss, {"loss": loss}

    def generator_loss(self, real):
        fake = self.generate(real)
        loss = ADVERSARIAL["non-saturating"].generator(self.discriminator(fake)) + content_loss(fake, real)
        return loss, {"loss": loss}


def main() -> None:
    out, changes = sys.argv[1], json.loads(sys.argv[2])
    clips = np.random.default_rng(0).integers(0, 256, (12, 10, 16, 16, 3), dtype=np.uint8)
    base = {"steps": 2, "critic_steps": 1, "batch": 4, "sample_every": 1, "flip": True, "temporal_crops": True}
    shape = GeneratorConfig(size=16, width=2)
    config = TrainConfig(out=out, generator=shape, device="cpu", **{**base, **changes})
    torch.manual_seed(int(os.environ.get("LOCAL_RANK", 0)))  # replicas that begin apart are made equal
    fit(config, list(clips), system=Plain())


if __name__ == "__main__":
    main()
