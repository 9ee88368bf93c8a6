"""Chapter 13: four rows of the audit, measured in no time."""

from ssagan_lite.teach import audit, explore
from ssagan_lite.teach.bundle import Figure

ROWS = ("drop-last", "learning-rate", "attention-softmax", "table4-jensen")


def make_rows() -> dict[str, dict]:
    return {name: audit.run(name) for name in ROWS}


def make_figures() -> dict[str, Figure]:
    return {"audit_list": explore.audit_list(make_rows(), title="Four claims", alt="Four rows with their verdicts.")}
