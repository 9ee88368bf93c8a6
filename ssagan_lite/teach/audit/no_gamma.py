"""The ablation "without gamma", which in the released code puts BatchNorm where gamma stood."""

from pathlib import Path

import torch

from ssagan_lite.model.gates import GATES
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values, released_code

CHANNELS, PLACES = 32, (4, 32, 4, 8, 8)  # conv1's channels; (N, C, T, H, W) of what attention found
SCALES = (0.01, 1.0, 100.0)
NAMES = {"learned": "gamma", "one": "no gamma", "released": "released", "zero_init_norm": "zero-init BatchNorm"}


@torch.no_grad()
def branch_spread(gate: str, scale: float) -> float:
    """Standard deviation of what a new gate adds to x, in training, where attention found noise of that scale.

    BatchNorm divides by sqrt(variance + 1e-5), which shows at a scale of 0.01.
    """
    attended = torch.randn(PLACES) * scale  # (N, C, T, H, W)
    return GATES[gate](CHANNELS).train()(attended, torch.zeros_like(attended)).std().item()


def measure() -> Values:
    """The spread of each gate's branch before the first step, and the weights that the released one starts with."""
    spread = {name: {str(s): branch_spread(gate, s) for s in SCALES} for gate, name in NAMES.items()}
    return {"weight_spread": GATES["released"](512).project.weight.std().item(), "branch_spread": spread}


def of_reference(path: Path) -> Values:
    """The authors' own block: the spread of its weights as constructed, and after their initialisation; its branch."""
    with released_code(path) as module:
        block = module("models.self_attention_for_hw_no_gamma").SelfAttentionForHW(CHANNELS, None, c_cal=1)
        constructed = block.W[0].weight.std().item()
        block.apply(module("utils").weights_init)
        with torch.no_grad():
            branch = {str(s): block.W(torch.randn(PLACES) * s).std().item() for s in SCALES}
        return {"constructed": constructed, "initialised": block.W[0].weight.std().item(), "branch_spread": branch}


def verdict(values: Values) -> str:
    """Without gamma the branch is what attention found, y = o + x: so does the released branch keep o's scale?"""
    plain, released = values["branch_spread"]["no gamma"], values["branch_spread"]["released"]
    return HOLDS if all(abs(released[s] / plain[s] - 1) < 0.1 for s in plain) else FAILS


def report(values: Values) -> str:
    """One sentence."""
    spread = values["branch_spread"]
    listed = ", ".join(f"{value:.2g}" for value in spread["released"].values())
    return (
        f"For attention of scale {', '.join(f'{s:g}' for s in SCALES)} the released branch starts with a spread of "
        f"{listed}; without gamma it would be the scale itself, with gamma it is "
        f"{max(spread['gamma'].values()):.0f}. Its weights have a spread of {values['weight_spread']:.4f}, not 0."
    )


ROW = Row(
    title='"No gamma" is BatchNorm',
    paper="Method (B) is the model without gamma; it fails to learn motion because attention is over-weighted.",
    section="section 5.4, Fig. 4",
    code="Adds a 1x1x1 convolution and BatchNorm to the branch; their zero start is overwritten by the common "
    "initialisation, N(0, 0.02).",
    places=("models/self_attention_for_hw_no_gamma.py:26-32", "solver_beach.py:125", "utils.py:15-21"),
    claim="The released ablation takes gamma away and adds nothing.",
    measure=measure,
    verdict=verdict,
    report=report,
    of_reference=of_reference,
)
