"""The paper's softmax "in each column" and the code's over rows are one function, with two names exchanged."""

import torch
from torch import Tensor

from ssagan_lite.model.attention import attention_map
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values, small

PLACES, FEATURES = 49, 12
EQUAL = 1e-12


def column_map(query: Tensor, key: Tensor) -> Tensor:
    """Eq. 1 by its words: X = query key^T, exp over the sum of its column; (N, HW, D) twice -> (N, HW, HW)."""
    products = (query @ key.transpose(1, 2)).exp()  # (N, HW, HW)
    return products / products.sum(dim=1, keepdim=True)


def measure() -> Values:
    """Differences of the two readings, with the names exchanged and as they stand, in float64."""
    query, key, value = torch.randn(3, 2, PLACES, FEATURES, dtype=torch.float64)
    columns = column_map(query, key)
    rows = attention_map(key, query)  # the names exchanged
    attended = columns.transpose(1, 2) @ value, rows @ value  # each place's weights sum to 1 in both
    return {
        "map_difference": (columns - rows.transpose(1, 2)).abs().max().item(),
        "output_difference": (attended[0] - attended[1]).abs().max().item(),
        "difference_without_exchange": (columns - attention_map(query, key)).abs().max().item(),
    }


def verdict(values: Values) -> str:
    """Up to rounding."""
    return HOLDS if max(values["map_difference"], values["output_difference"]) < EQUAL else FAILS


def report(values: Values) -> str:
    """One sentence."""
    return (
        f"With query and key renamed the maps differ by {small(values['map_difference'], EQUAL)} and the outputs by "
        f"{small(values['output_difference'], EQUAL)}; without it by {values['difference_without_exchange']:.2f}."
    )


ROW = Row(
    title="Columns or rows",
    paper='The softmax is "calculated in each column".',
    section="section 3.2, Eq. 1",
    code="Takes it over the last dimension, the keys, with a comment that asks why.",
    places=("models/self_attention_for_hw.py:25", "models/self_attention_for_hw.py:52-65"),
    claim="Eq. 1 and the released code are one function.",
    measure=measure,
    verdict=verdict,
    report=report,
)
