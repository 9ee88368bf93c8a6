"""A Wasserstein game on sigmoid outputs, which the released code plays in place of Eq. 4."""

import torch
from torch import Tensor

from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values
from ssagan_lite.training.losses import ADVERSARIAL

FORMS = ("released", "wgan-gp", "minimax", "non-saturating")
LARGEST = 10  # logits of the curve go from -10 to 10, in steps of a half
SURE = (4, 8)  # a critic this sure that a clip is generated
EQUAL = 1e-6


def generator_gradient(form: str, logits: Tensor) -> Tensor:
    """|d loss / d logit| of the generator's adversarial loss at each logit (P,) of a generated clip: (P,)."""
    logits = logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(ADVERSARIAL[form].generator(logits), logits)
    return gradient.abs() * len(logits)  # the loss is a mean over them


def measure() -> Values:
    """The range of the critic's loss over 10,000 pairs of logits, and the curves of the generator's gradient."""
    real, fake = torch.randn(2, 10_000, dtype=torch.float64) * 100
    losses = torch.stack([ADVERSARIAL["released"].critic(*pair) for pair in zip(real, fake, strict=True)])
    logits = torch.linspace(-LARGEST, LARGEST, 4 * LARGEST + 1, dtype=torch.float64)
    curves = {form: generator_gradient(form, logits) for form in FORMS}
    sure = torch.tensor([0.0, *(-logit for logit in SURE)], dtype=torch.float64)
    left = {form: generator_gradient(form, sure) for form in FORMS}
    return {
        "critic_loss": {"lowest": losses.min().item(), "highest": losses.max().item()},
        "logits": logits.tolist(),
        "gradient": {form: curve.tolist() for form, curve in curves.items()},
        # Where the critic is sure that the clip is generated: gradient there over gradient where it cannot tell.
        "left_at_logit": {
            str(-logit): {form: (found[place] / found[0]).item() for form, found in left.items()}
            for place, logit in enumerate(SURE, 1)
        },
    }


def verdict(values: Values) -> str:
    """Both readings of Eq. 4 count: the generator's minimax form, and the one whose gradient does not vanish."""
    released = torch.tensor(values["gradient"]["released"])
    distances = [(released - torch.tensor(values["gradient"][form])).abs().max() for form in FORMS[2:]]
    return HOLDS if min(distances) < EQUAL else FAILS


def report(values: Values) -> str:
    """One sentence."""
    left = values["left_at_logit"]
    kept = " and ".join(f"{100 * left[str(-logit)]['released']:.2g} % at {-logit}" for logit in SURE)
    return (
        f"The critic's loss stays within [{values['critic_loss']['lowest']:.3f}, "
        f"{values['critic_loss']['highest']:.3f}]; of the generator's gradient at logit 0 are left {kept}, "
        "where the same game without a sigmoid keeps all and the non-saturating form of Eq. 4 nearly doubles it."
    )


ROW = Row(
    title="The Wasserstein game on a sigmoid",
    paper="The game is log D(Y) + log(1 - D(X)), with D ending in a sigmoid.",
    section="section 3.3, Eq. 4",
    code="The critic minimises D(X) - D(Y), the generator -D(X), both on sigmoid outputs, with a gradient penalty.",
    places=(
        "solver_beach.py:400-407",
        "solver_beach.py:422",
        "models/Dynamic_Model_attn_channel_cat.py:350",
        "models/Dynamic_Model_attn_channel_cat.py:381",
    ),
    claim="The released code plays the game of Eq. 4.",
    measure=measure,
    verdict=verdict,
    report=report,
)
