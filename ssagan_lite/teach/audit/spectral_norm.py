"""Spectral normalisation, which the paper does not name: each weight is divided by the most that it can stretch."""

from pathlib import Path
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from ssagan_lite.model.discriminator import Discriminator
from ssagan_lite.model.generator import Generator, GeneratorConfig
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values, released_code

SHAPE, CLIPS = {"size": 32, "width": 8}, 8
SAME = 1e-3


def pair(kind: type[nn.Module]) -> tuple[nn.Module, nn.Module]:
    """A network and the same one with all its convolutions but attention's normalised: equal stored weights."""
    plain, normalised = (kind(GeneratorConfig(**SHAPE, spectral_norm=on)) for on in (False, True))
    theirs = dict(plain.named_parameters())
    with torch.no_grad():
        for name, parameter in normalised.named_parameters():
            parameter.copy_(theirs[name.replace("parametrizations.weight.original", "weight")])
    return plain, normalised


def stretches(network: nn.Module) -> Values:
    """By how much each stage's weight, as a matrix (filters, the rest), stretches at most: its first singular value."""
    weights = {name: stage.convolution.weight for name, stage in network.stages.items()}
    return {name: torch.linalg.matrix_norm(weight.flatten(1), 2).item() for name, weight in weights.items()}


def apart(a: Tensor, b: Tensor) -> float:
    """Length of the difference over the length of a."""
    return ((a - b).norm() / a.norm()).item()


def measure() -> Values:
    """Untrained networks with and without it, same stored weights and clips: stretches, outputs, gradients, counts."""
    critics, generators = pair(Discriminator), pair(Generator)
    config = critics[0].config
    clips = torch.randn(CLIPS, 3, config.frames, config.size, config.size).clamp(-1, 1).requires_grad_()
    logits = [critic(clips) for critic in critics]
    reaching = [torch.autograd.grad(found.sum(), clips)[0].norm().item() for found in logits]
    with torch.no_grad():
        made = [generator.animate(clips[:, :, 0]) for generator in generators]  # (N, 3, T, H, W)
    parameters = [sum(p.numel() for p in generator.parameters()) for generator in generators]
    return {
        "largest_stretch": {"plain": stretches(critics[0]), "normalised": stretches(critics[1])},
        "logits_differ": apart(*logits),
        "gradient_reaching_the_clips": dict(zip(("plain", "normalised"), reaching, strict=True)),
        "clips_differ": apart(*made),
        "parameters": dict(zip(("plain", "normalised"), parameters, strict=True)),
    }


def of_reference(path: Path) -> Values:
    """The released networks, built with the defaults of their own settings: layers with it and without it."""
    text = (path / "config" / "parameter.py").read_text("utf-8")
    on = {player: f"'--use_spectral_norm_{player}', type=str2bool, default=True" in text for player in "GD"}
    with released_code(path) as module:
        code = module("models.Dynamic_Model_attn_channel_cat")
        settings = SimpleNamespace(attention_type="HW", c_cal=1)
        networks = {"G": code.MDGAN_S1_G(sn=on["G"], ngf=4, args=settings), "D": code.MDGAN_S2_D(sn=on["D"], ndf=4)}
    found: Values = {"on_by_default": on}
    for player, network in networks.items():
        layers = [m for m in network.modules() if isinstance(m, nn.Conv3d | nn.ConvTranspose3d)]
        normalised = [hasattr(layer, "weight_orig") for layer in layers]
        found[player] = {"convolutions": len(layers), "normalised": sum(normalised)}
    return found


def verdict(values: Values) -> str:
    """By the logits."""
    return HOLDS if values["logits_differ"] < SAME else FAILS


def report(values: Values) -> str:
    """One sentence, and one more where the authors' code was asked."""
    plain, normalised = (values["largest_stretch"][form] for form in ("plain", "normalised"))
    reaching, found = values["gradient_reaching_the_clips"], values.get("of_reference")
    tail = ""
    if found:
        counts = [f"{found[p]['normalised']} of {found[p]['convolutions']} in {p}" for p in "GD"]
        tail = f" In the released networks as they start by default it is on {' and '.join(counts)}."
    return (
        f"Untrained, the critic's layers stretch by {min(plain.values()):.2f} to {max(plain.values()):.2f}, normalised "
        f"by {min(normalised.values()):.2f} to {max(normalised.values()):.2f}; logits then differ by "
        f"{100 * values['logits_differ']:.0f} % and the first clips by {100 * values['clips_differ']:.0f} %, and "
        f"{reaching['normalised'] / reaching['plain']:.1f} times the gradient reaches the clips. The count of "
        f"parameters does not show it.{tail}"
    )


ROW = Row(
    title="Spectral normalisation",
    paper="Names batch normalisation, and no other.",
    section="section 3.1",
    code="Divides the weights of all convolutions but attention's by their largest singular value, in both networks, "
    "by default; scripts/train_stage1.sh does not switch it off.",
    places=(
        "config/parameter.py:55-56",
        "solver_beach.py:119-123",
        "models/Dynamic_Model_attn_channel_cat.py:41-68",
        "models/Dynamic_Model_attn_channel_cat.py:319-349",
    ),
    claim="The released networks use no normalisation but the batch normalisation that the paper names.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
    of_reference=of_reference,
)
