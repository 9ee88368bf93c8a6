"""The critic's last LeakyReLU has the slope 0.01, PyTorch's default, where all others have 0.2."""

import torch

from ssagan_lite.model.discriminator import Discriminator
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values

SHAPE, CLIPS = GeneratorConfig(size=32, width=8), 8
SLOPES = {"released": 0.01, "others": 0.2}
SAME = 1e-3


def measure() -> Values:
    """One untrained critic with either slope, same clips: its logits, and the gradient that reaches the clips."""
    critic = Discriminator(SHAPE)
    clips = torch.randn(CLIPS, 3, SHAPE.frames, SHAPE.size, SHAPE.size).clamp(-1, 1).requires_grad_()
    logits, reaching = {}, {}
    for name, slope in SLOPES.items():
        critic.stages["conv5"].activation.negative_slope = slope
        logits[name] = critic(clips)
        (gradient,) = torch.autograd.grad(logits[name].sum(), clips)  # (N, 3, T, H, W)
        reaching[name] = gradient.norm().item()
    away = (logits["released"] - logits["others"]).norm() / logits["others"].norm()
    return {
        "slopes": SLOPES,
        "logits_differ": away.item(),
        "gradient_reaching_the_clips": reaching,
        "gradient_ratio": reaching["released"] / reaching["others"],
    }


def verdict(values: Values) -> str:
    """By the logits."""
    return HOLDS if values["logits_differ"] < SAME else FAILS


def report(values: Values) -> str:
    """One sentence."""
    return (
        f"Before training the logits differ by {100 * values['logits_differ']:.0f} % of their length, and "
        f"{values['gradient_ratio']:.2f} of the gradient reaches the clips: another critic, and not a worse one by "
        "what is measured here."
    )


ROW = Row(
    title="One slope of the critic",
    paper="The discriminator has the encoder's layers without attention.",
    section="section 3.1",
    code="Its last LeakyReLU is written without the slope, so that it has 0.01; the encoder's have 0.2.",
    places=("models/Dynamic_Model_attn_channel_cat.py:344", "models/Dynamic_Model_attn_channel_cat.py:376"),
    claim="The released critic computes what the encoder's layers would.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
)
