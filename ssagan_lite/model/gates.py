"""What may stand between what attention found, o, and what was there before, x (Eq. 3 and its ablations).

Each gate maps (o, x), both (N, C, T, H, W), to y of the same shape. Chapters 03 and 10; the paper's section 5.4.
"""

import torch
from torch import Tensor, nn

from ssagan_lite.errors import InputError


class LearnedGate(nn.Module):
    """Eq. 3, y = gamma * o + x: gamma is one learnt number that starts at 0, so the gate starts shut."""

    def __init__(self, channels: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, attended: Tensor, x: Tensor) -> Tensor:
        return self.gamma * attended + x


class OpenGate(nn.Module):
    """y = o + x: what "without gamma" says in section 5.4, read literally."""

    def __init__(self, channels: int):
        super().__init__()

    def forward(self, attended: Tensor, x: Tensor) -> Tensor:
        return attended + x


class ZeroInitNormGate(nn.Module):
    """y = BatchNorm(conv1x1x1(o)) + x, with a scale that starts at 0: the gate starts shut.

    The residual branch of non-local networks as its inventors start it (Wang et al., 2018, section 4.1).
    """

    def __init__(self, channels: int):
        super().__init__()
        self.project = nn.Conv3d(channels, channels, kernel_size=1)
        self.norm = nn.BatchNorm3d(channels)
        nn.init.zeros_(self.project.bias)
        nn.init.zeros_(self.norm.weight)

    def forward(self, attended: Tensor, x: Tensor) -> Tensor:
        return self.norm(self.project(attended)) + x


class ReleasedGate(ZeroInitNormGate):
    """The same branch as the authors' released "no gamma" code starts it: with unit variance, from the first step on.

    That code sets the convolution to 0, but its weight initialisation then overwrites it with N(0, 0.02) and the
    scale with N(1, 0.02). It is an ablation of gamma in name only (`self_attention_for_hw_no_gamma.py`).
    """

    def __init__(self, channels: int):
        super().__init__(channels)
        nn.init.normal_(self.project.weight, 0.0, 0.02)
        nn.init.normal_(self.norm.weight, 1.0, 0.02)


GATES = {"learned": LearnedGate, "one": OpenGate, "zero_init_norm": ZeroInitNormGate, "released": ReleasedGate}


def make_gate(name: str, channels: int) -> nn.Module:
    """The gate of that name. Raises InputError for a name that is not in `GATES`."""
    if name not in GATES:
        raise InputError(f"there is no gate '{name}'; choose one of {', '.join(GATES)}.")
    return GATES[name](channels)
