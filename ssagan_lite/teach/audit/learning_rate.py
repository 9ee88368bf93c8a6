"""A learning rate that the paper calls fixed, and that the released code divides by ten twice."""

import warnings

import torch

from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values
from ssagan_lite.training.config import EPOCH

EPOCHS, FIXED, MILESTONES = 100, 2e-4, (45, 55)
SHOWN = (1, 44, 45, 54, 55, 100)


def rates_as_released() -> list[float]:
    """solver_beach.py:131-132 and 389-391: PyTorch's own scheduler, stepped at the beginning of each epoch."""
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=FIXED)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=MILESTONES, gamma=0.1)
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch would have the optimiser step first
        for _ in range(EPOCHS):
            scheduler.step()
            rates.append(optimizer.param_groups[0]["lr"])
    return rates


def measure() -> Values:
    """The rate in each epoch that matters, and how far Adam can go in all of them: the sum of the rates."""
    rates = rates_as_released()
    return {
        "rate_in_epoch": {str(epoch): rates[epoch - 1] for epoch in SHOWN},
        "lowest": min(rates),
        "highest": max(rates),
        "share_of_travel_before_epoch_45": sum(rates[:44]) / sum(rates),
        "share_of_travel_from_epoch_55": sum(rates[54:]) / sum(rates),
        "travel_over_that_of_a_fixed_rate": sum(rates) / (EPOCHS * FIXED),
        "generator_steps_an_epoch": EPOCH,
    }


def verdict(values: Values) -> str:
    """Fixed is fixed."""
    return HOLDS if values["highest"] - values["lowest"] < 1e-12 else FAILS


def report(values: Values) -> str:
    """One sentence."""
    rate = values["rate_in_epoch"]
    return (
        f"The rate is {rate['1']:.0e} up to epoch 44, {rate['45']:.0e} from 45 and {rate['55']:.0e} from 55 to 100; of "
        f"all steps' lengths {100 * values['share_of_travel_before_epoch_45']:.0f} % lie before epoch 45 and "
        f"{100 * values['share_of_travel_from_epoch_55']:.1f} % in the last 46 epochs."
    )


ROW = Row(
    title="The fixed learning rate",
    paper="The learning rate is fixed at 0.0002 during learning.",
    section="section 4",
    code="Divides it by ten in epochs 45 and 55 of 100 (stage two: 30, 40 and 50).",
    places=("solver_beach.py:131-132", "solver_beach.py:389-391", "config/parameter.py:25"),
    claim="The learning rate is fixed.",
    measure=measure,
    verdict=verdict,
    report=report,
)
