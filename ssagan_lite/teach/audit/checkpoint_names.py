"""Names of checkpoints in the released files speak of weights that neither paper nor released loss has."""

import re
from pathlib import Path

import torch

from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.sources import open_clips
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.teach.audit.row import HOLDS, UNTESTED, Row, Values
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.losses import ADVERSARIAL, ssim_loss
from ssagan_lite.training.systems import SSAGAN

# file:line -> the folder that a checkpoint is loaded from
NAMES = {
    "generate_movie_cloud.py:53": "4_21_cloud_my-model_stage1_hatc-8_v2_ssimlambda10",
    "solver_beach.py:715": "7_1_WH_own_S1_L1-10",
    "solver_beach.py:724": "7_1_noGammaHW_own_S1_L1-10",
}
WEIGHTS = re.compile(r"(L1-|ssimlambda)(\d+)")
SHAPE, CLIPS = GeneratorConfig(size=32, width=8), 8


def weights_in(names: list[str]) -> list[int]:
    """The numbers that stand beside a loss in names of checkpoints, if that is what they mean."""
    return [int(found.group(2)) for name in names if (found := WEIGHTS.search(name))]


def pulls() -> Values:
    """Length of each term's gradient at the first clips of an untrained pair: the generator's loss as released."""
    system = SSAGAN(TrainConfig(generator=SHAPE, adversarial="released"))
    skies = open_clips("synthetic", SHAPE.size, SHAPE.frames, count=CLIPS)
    real = stack_clips([skies[i] for i in range(CLIPS)])  # (N, 3, T, H, W)
    made = system.generator.animate(real[:, :, 0]).detach().requires_grad_()  # (N, 3, T, H, W)
    terms = {
        "adversarial": ADVERSARIAL["released"].generator(system.discriminator(made)),
        "L1": (made - real).abs().mean(),
        "1 - SSIM": ssim_loss(made, real),
    }
    return {name: torch.autograd.grad(term, made)[0].norm().item() for name, term in terms.items()}


def measure() -> Values:
    """The names, the weights in them, and what a weight of ten would do to the pulls on an untrained pair's clips."""
    found = pulls()
    return {
        "weight_in_paper_and_code": 1,
        "names": NAMES,
        "weights_in_names": weights_in(list(NAMES.values())),
        "pull": found,
        "share_of_the_critics_pull": {
            term: {str(weight): weight * found[term] / found["adversarial"] for weight in (1, 10)}
            for term in ("L1", "1 - SSIM")
        },
    }


def of_reference(path: Path) -> Values:
    """All folders in the released files whose name has such a number, and the loss's own weights."""
    folders, files = set(), sorted(path.glob("*.py"))
    for file in files:
        folders |= set(re.findall(r"[\w.-]*(?:L1-|ssimlambda)\d+[\w.-]*", file.read_text("utf-8")))
    return {"files": len(files), "names": sorted(folders), "weights_in_names": weights_in(sorted(folders))}


def verdict(values: Values) -> str:
    """Names that say 1 would agree with the paper; of others nobody can tell which run made which table."""
    agree = all(weight == values["weight_in_paper_and_code"] for weight in values["weights_in_names"])
    return HOLDS if agree else UNTESTED


def report(values: Values) -> str:
    """One sentence."""
    shares = values["share_of_the_critics_pull"]
    listed = [f"{term} {100 * by['1']:.1f} %, with a ten {100 * by['10']:.0f} %" for term, by in shares.items()]
    named = " and a ".join(map(str, sorted(set(values["weights_in_names"]))))
    return (
        f"{len(values['names'])} names have a {named} beside L1 or SSIM, where paper and code have "
        f"{values['weight_in_paper_and_code']}. On an untrained network's clips the terms' gradients are as long as "
        f"this share of the critic's: {' and '.join(listed)}. These checkpoints are not public: what made Table 3, no "
        "line tells."
    )


ROW = Row(
    title="The names of checkpoints",
    paper='The weight of the L1 term is 1 "for all experiments".',
    section="section 3.3, Eq. 7",
    code="Has the weight 1 too, and loads checkpoints whose folders have L1-10, ssimlambda10 and hatc-8 in their "
    "names. What these mean is not written anywhere.",
    places=tuple(sorted(NAMES)),
    claim="The published scores come from runs with the weights of Eq. 7.",
    measure=measure,
    verdict=verdict,
    report=report,
    of_reference=of_reference,
)
