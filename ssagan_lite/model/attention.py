"""Spatial self-attention: every place of the sky looks at every other place (section 3.2, Eq. 1-3, Fig. 2).

    x (N, C, T, H, W) -- query 1x1x1 --> (N, HW, C'T) --.
                      -- key   1x1x1 --> (N, HW, C'T) --+--> softmax(Q K^T) = A (N, HW, HW) --.
                      -- value 1x1x1 --> (N, HW, C T) ------------------------> o = A V ------+--> gate(o, x)

Time is folded into the feature, so all frames share one map. There is no 1/sqrt(d). Three exact back ends compute the
same function; they differ in what they hold in memory. Chapters 02 (the maths) and 03 (the module and its cost).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ssagan_lite.errors import InputError
from ssagan_lite.model.gates import make_gate

LARGEST_QUERY_BLOCK = 512  # rows of the map that the chunked form holds at once: 8 MiB of float32 at N = 4096
AUTO_EXPLICIT_UP_TO = 1024  # up to here a map of one clip is at most 4 MiB, and the plain form is the simplest


def attention_map(query: Tensor, key: Tensor) -> Tensor:
    """Eq. 1: the weights with which each place looks at all places; each row sums to one.

    query and key are (N, HW, D); the result is (N, HW, HW), rows belonging to the queries. The paper's softmax "in each
    column" is the same function with the names of query and key exchanged. Chapter 02.

    >>> attention_map(torch.zeros(1, 4, 2), torch.zeros(1, 4, 2))[0, 0]
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    logits = query @ key.transpose(1, 2)  # (N, HW, HW)
    return logits.softmax(dim=-1)


def explicit_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Eq. 1 and 2 as written: the whole map is held. (N, HW, D), (N, HW, D), (N, HW, V) -> (N, HW, V). Chapter 02."""
    return attention_map(query, key) @ value


def fused_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """PyTorch's scaled_dot_product_attention, told not to scale. Shapes as `explicit_attention`. Chapter 03."""
    # Its default scale, 1/sqrt(D), would be another model; its kernels want contiguous rows and an axis for heads.
    heads = (part.contiguous().unsqueeze(1) for part in (query, key, value))  # (N, 1, HW, D)
    return F.scaled_dot_product_attention(*heads, scale=1.0).squeeze(1)  # (N, HW, V)


def chunked_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Exact softmax over blocks of queries; nothing HW x HW is ever held. Shapes as `explicit_attention`. Chapter 03.

    A row of the map needs all keys but no other row, so rows can be computed in blocks. For the backward pass each
    block is computed again instead of being kept.
    """
    rows = min(LARGEST_QUERY_BLOCK, max(1, query.shape[1] // 8))
    blocks = [
        checkpoint(explicit_attention, block, key, value, use_reentrant=False, preserve_rng_state=False)
        for block in query.split(rows, dim=1)
    ]
    return torch.cat(blocks, dim=1)  # (N, HW, V)


def auto_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The plain form where the map is small, the fused one where it is not (measured in benchmarks/attention.py)."""
    form = explicit_attention if query.shape[1] <= AUTO_EXPLICIT_UP_TO else fused_attention
    return form(query, key, value)


BACKENDS = {
    "auto": auto_attention,
    "explicit": explicit_attention,
    "fused": fused_attention,
    "chunked": chunked_attention,
}


class SpatialSelfAttention(nn.Module):
    """Eq. 1-3: attention over space with time folded into the feature, then a gate. Chapters 02 and 03.

    channels: C of the input. reduction: C' = C / reduction for query and key (1 in the paper). gate: what stands where
    gamma stands, one of `gates.GATES` ("learned" in the paper). backend: one of `BACKENDS`; all compute the same.
    Raises InputError for an unknown name or a reduction that does not divide the channels.
    """

    def __init__(self, channels: int, reduction: int = 1, gate: str = "learned", backend: str = "auto"):
        super().__init__()
        if channels < 1 or reduction < 1 or channels % reduction:
            raise InputError(f"reduction {reduction} does not divide {channels} channels; choose a divisor.")
        if backend not in BACKENDS:
            raise InputError(f"there is no attention back end '{backend}'; choose one of {', '.join(BACKENDS)}.")
        self.query = nn.Conv3d(channels, channels // reduction, kernel_size=1)  # conv_1 of Fig. 2
        self.key = nn.Conv3d(channels, channels // reduction, kernel_size=1)  # conv_2
        self.value = nn.Conv3d(channels, channels, kernel_size=1)  # conv_3
        for projection in (self.query, self.key, self.value):
            nn.init.normal_(projection.weight, 0.0, 0.02)  # as in the released code, which leaves the biases alone
        self.gate = make_gate(gate, channels)
        self.backend = backend

    @property
    def gamma(self) -> nn.Parameter:
        """The learnt scalar of Eq. 3. Only the "learned" gate has one."""
        return self.gate.gamma

    def forward(self, x: Tensor, return_attention: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        """(N, C, T, H, W) -> the same shape; with return_attention also the map A (N, HW, HW)."""
        _, _, t, h, w = x.shape
        query = self._fold(self.query(x))  # (N, HW, C'T)
        key = self._fold(self.key(x))  # (N, HW, C'T)
        value = self._fold(self.value(x))  # (N, HW, CT)
        attended = BACKENDS[self.backend](query, key, value)  # (N, HW, CT)
        attended = attended.transpose(1, 2).unflatten(1, (-1, t)).unflatten(3, (h, w))  # (N, C, T, H, W)
        y = self.gate(attended, x)
        return (y, attention_map(query, key)) if return_attention else y

    @staticmethod
    def _fold(x: Tensor) -> Tensor:
        """Fold channels and time into one feature a place (Fig. 2, steps b, d, h)."""
        return x.flatten(3).flatten(1, 2).transpose(1, 2)  # (N, HW, CT)
