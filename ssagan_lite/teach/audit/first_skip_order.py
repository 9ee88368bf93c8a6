"""The first skip joins (down, up), all others (up, down): another order of the same channels."""

import torch
from torch.nn import functional as F

from ssagan_lite.teach import results
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values, small

PARITY = "released_parity.json"
EQUAL = 1e-9


def measure() -> Values:
    """deconv2 on the halves in either order, its weights' halves exchanged; and the parity of the whole model."""
    up, down = torch.randn(2, 2, 6, 2, 4, 4, dtype=torch.float64)  # (N, C, T, H, W) each
    weight = torch.randn(12, 5, 4, 4, 4, dtype=torch.float64)
    exchanged = torch.cat((weight[6:], weight[:6]))
    how = {"stride": 2, "padding": 1}
    plain = F.conv_transpose3d(torch.cat((up, down), dim=1), weight, **how)
    released = F.conv_transpose3d(torch.cat((down, up), dim=1), exchanged, **how)
    parity = results.value(PARITY, "largest_relative_difference.generator")
    return {"largest_difference": (plain - released).abs().max().item(), "parity_with_exchanged_halves": parity}


def verdict(values: Values) -> str:
    """Up to rounding."""
    return HOLDS if values["largest_difference"] < EQUAL else FAILS


def report(values: Values) -> str:
    """One sentence."""
    parity, difference = values["parity_with_exchanged_halves"], small(values["largest_difference"], EQUAL)
    return (
        f"With the halves of the weights exchanged the outputs differ by {difference}; then the "
        f"released generator's loss equals ours to {parity['loss']:.0e}, its gradients to {parity['gradients']:.0e}."
    )


ROW = Row(
    title="The order of the first skip",
    paper="Skip connections join encoder and decoder.",
    section="section 3.1, Fig. 3",
    code="The first one joins (down, up), the other four (up, down). Only a converter of weights must know.",
    places=("models/Dynamic_Model_attn_channel_cat.py:129-157",),
    claim="The order in which a skip is joined changes nothing but the names of channels.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
)
