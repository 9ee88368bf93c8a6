"""What the authors did well, with evidence. It comes first."""

from pathlib import Path
from types import SimpleNamespace

import torch

from ssagan_lite.model.attention import SpatialSelfAttention
from ssagan_lite.model.gates import LearnedGate
from ssagan_lite.model.generator import Generator
from ssagan_lite.teach import results
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values, released_code

PARAMETERS = 52_319_370  # counted in the released generator; `of_reference` counts again
EQUAL = 1e-6

POINTS = {
    "The code is public": "Training, evaluation and the ablation are released under the MIT licence; of MD-GAN, its "
    "baseline, only a test script is.",
    "Table 1 is the code": "The generator made from Table 1 has as many parameters as the released one, with "
    "concatenated skips and 1x1x1 kernels, which the paper leaves open.",
    "The attention is Eq. 1-3": "With the same weights, losses and gradients equal ours: at width 4, with "
    "concatenated skips and spectral normalisation in both (released_parity.json).",
    "gamma starts at 0": "As Eq. 3 says, so that training starts from a plain 3D U-Net.",
    "Common scores": "PSNR and SSIM are those of scikit-image, not the authors' own; ours agree with that library "
    "(tests/evaluation/test_metrics.py).",
    "The settings are the paper's": "Batch 16, five discriminator updates, Adam with 0.5 and 0.9, 2e-4 at the start.",
    "An unfavourable result is printed": "Table 4 and section 5.3 say that MD-GAN's second stage has the better SSIM.",
    "People were asked about the truth too": "Table 2 compares every model with real clips, left and right at random.",
}


def measure() -> Values:
    """The points, and the three that are numbers: parameters, first gammas, parity."""
    with torch.device("meta"):
        generator = Generator()
    counted = sum(parameter.numel() for parameter in generator.parameters())
    attention = sum(p.numel() for name, p in generator.named_parameters() if ".attention." in name)
    parity = results.value("released_parity.json", "largest_relative_difference")
    return {
        "points": POINTS,
        "parameters": {"table_1": counted, "released": PARAMETERS, "attention": attention},
        "first_gamma": LearnedGate(32).gamma.item(),
        "largest_parity_difference": max(value for player in parity.values() for value in player.values()),
    }


@torch.no_grad()
def of_reference(path: Path) -> Values:
    """The released generator's parameters, normalised as by default; its attention beside ours, in float64."""
    with released_code(path) as module:
        settings = SimpleNamespace(attention_type="HW", c_cal=1)
        network = module("models.Dynamic_Model_attn_channel_cat").MDGAN_S1_G(sn=True, ngf=32, args=settings)
        theirs = module("models.self_attention_for_hw").SelfAttentionForHW(8, None, c_cal=1).double()
    gammas = [parameter.item() for name, parameter in network.named_parameters() if name.endswith("gamma")]
    ours = SpatialSelfAttention(8, backend="explicit").double()
    for part in ("query", "key", "value"):
        getattr(ours, part).load_state_dict(getattr(theirs, f"{part}_conv").state_dict())
    ours.gate.gamma.fill_(0.7), theirs.gamma.fill_(0.7)
    x = torch.randn(2, 8, 4, 6, 6, dtype=torch.float64)  # (N, C, T, H, W)
    return {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "gammas": gammas,
        "attention_difference": (ours(x) - theirs(x)[0]).abs().max().item(),
    }


def verdict(values: Values) -> str:
    """By the three numbers."""
    counted = values["parameters"]
    same = counted["table_1"] == counted["released"] and values["first_gamma"] == 0
    return HOLDS if same and values["largest_parity_difference"] < EQUAL else FAILS


def report(values: Values) -> str:
    """One sentence."""
    counted = values["parameters"]
    return (
        f"Table 1, with concatenated skips, makes {counted['table_1']:,} parameters, {counted['attention']:,} of them "
        f"in attention, and the released generator has {counted['released']:,}; losses and gradients differ by "
        f"{values['largest_parity_difference']:.0e} at most; gamma starts at {values['first_gamma']:.0f}."
    )


ROW = Row(
    title="What was done well",
    paper="Twelve layers, attention after each convolutional and deconvolutional layer, gamma from 0 on.",
    section="section 3, Table 1",
    code="These layers and shapes, with attention after ten of the twelve. Two things are not in the paper: skips are "
    "concatenated, and all convolutions but attention's are spectrally normalised by default.",
    places=(
        "models/Dynamic_Model_attn_channel_cat.py:41-68",
        "models/Dynamic_Model_attn_channel_cat.py:129-157",
        "models/self_attention_for_hw.py:24",
        "models/self_attention_for_hw.py:52-72",
        "eval_metrics.py:17-41",
        "config/parameter.py:26-28",
        "config/parameter.py:55-60",
    ),
    claim="The layers, shapes and attention of the released generator are those of Table 1 and Eq. 1 to 3.",
    measure=measure,
    verdict=verdict,
    report=report,
    of_reference=of_reference,
)
