"""The model for 64 pixels: what section 5.3 drops, and what the released branch drops and cannot start."""

from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn

from ssagan_lite.model.generator import GeneratorConfig, layer_shapes
from ssagan_lite.teach.audit.row import FAILS, HOLDS, UNTESTED, Row, Values, released_code

MODULE = "models.Dynamic_Model_attn_channel_cat_64"
SETTINGS = SimpleNamespace(attention_type="HW", c_cal=1)  # what the solver hands to its own model as `args`


def measure() -> Values:
    """Ours at 64 pixels: the layers that Table 1 loses, and the shapes (C, T, H, W) of those that stay."""
    full, small = (layer_shapes(GeneratorConfig(size=size)) for size in (128, 64))
    shapes = {name: list(shape) for name, shape in small.items()}
    return {"ours": {"dropped": sorted(set(full) - set(small)), "shapes": shapes}}


@torch.no_grad()
def of_reference(path: Path) -> Values:
    """The released branch, called as its solver calls it; then, without the argument that stops it, its shapes."""
    with released_code(path) as module:
        code = module(MODULE)
        try:
            code.MDGAN_S1_G(sn=False, ngf=8, args=SETTINGS)
            error = ""
        except TypeError as stopped:
            error = f"TypeError: {stopped}"
        generator, discriminator = code.MDGAN_S1_G(sn=False, ngf=8), code.MDGAN_S2_D(sn=True, ndf=8)
        convolutions = [name for name, layer in generator.named_children() if isinstance(layer, nn.Conv3d)]
        bottleneck: list[int] = []
        generator.downConv5.register_forward_hook(lambda _, __, out: bottleneck.extend(out.shape[2:]))
        clips = generator(torch.randn(2, 3, 32, 64, 64))  # (2, 3, 32, 64, 64)
        scores = discriminator(clips)[0]
    shape, judged = list(clips.shape[1:]), list(scores.shape)
    return {"error": error, "keeps": convolutions, "bottleneck": bottleneck, "clip": shape, "scores_of_2_clips": judged}


def verdict(values: Values) -> str:
    """Only the authors' own code can tell."""
    if "of_reference" not in values:
        return UNTESTED
    found = values["of_reference"]
    return HOLDS if not found["error"] and "downConv1" not in found["keeps"] else FAILS


def report(values: Values) -> str:
    """One sentence."""
    shapes = values["ours"]["shapes"]
    first, *_, last = shapes
    ours = (
        f"Ours drops {' and '.join(values['ours']['dropped'])}: {first} gives {shapes[first]}, {last} {shapes[last]}."
    )
    if "of_reference" not in values:
        return f"{ours} The released branch is read, not run: SSAGAN_REFERENCE names no checkout."
    found = values["of_reference"]
    return (
        f"{ours} The released branch ends in {found['error'] or 'no error'}; it keeps {', '.join(found['keeps'])}, has "
        f"a bottleneck of {found['bottleneck']}, and its critic gives {found['scores_of_2_clips']} scores for 2 clips."
    )


ROW = Row(
    title="The branch for 64 pixels",
    paper="For 64 x 64 the first convolutional and deconvolutional layer are removed.",
    section="section 5.3",
    code="Keeps conv1 and the last deconvolution, leaves out conv6 and deconv1, and takes no argument `args`, with "
    "which the solver calls it.",
    places=(
        "models/Dynamic_Model_attn_channel_cat_64.py:15",
        "models/Dynamic_Model_attn_channel_cat_64.py:65-91",
        "solver_beach.py:99-101",
        "solver_beach.py:119-120",
    ),
    claim="The released model for 64 pixels starts, and drops the layers that section 5.3 drops.",
    measure=measure,
    verdict=verdict,
    report=report,
    of_reference=of_reference,
)
