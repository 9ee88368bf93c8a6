"""Table 4 against arithmetic: the mean of PSNRs is never below the PSNR of the mean error."""

import math

from ssagan_lite.teach.audit.row import FAILS, UNTESTED, Row, Values

# The paper's numbers: model -> (MSE, PSNR in dB).
TABLE_3 = {
    "MD-GAN Stage I": (0.0280, 23.14),
    "MD-GAN Stage II": (0.0245, 23.8529),
    "Ours (a)": (0.0238, 24.3512),
    "Ours (b)": (0.0259, 23.5224),
}
TABLE_4 = {
    "RNN-GAN": (0.1849, 7.7988),
    "VGAN": (0.0958, 11.5586),
    "MD-GAN Stage II": (0.0422, 16.1951),
    "Ours (a)": (0.0379, 23.6601),
    "Ours (b)": (0.0374, 25.6432),
}
RANGES = (1, 2)
ROUNDING = 0.02  # dB: an MSE of 0.0238 is known to 1 in 476


def gap(mse: float, psnr: float, data_range: float) -> float:
    """dB above the floor 10 log10(range^2 / MSE); below 0 no clips can give these two numbers."""
    return psnr - 10 * math.log10(data_range**2 / mse)


def measure() -> Values:
    """Gaps of all rows of both tables under both ranges, and the rows that are impossible."""
    found: Values = {}
    for name, table in (("table3", TABLE_3), ("table4", TABLE_4)):
        gaps = {str(r): {model: gap(*row, r) for model, row in table.items()} for r in RANGES}
        impossible = {r: [model for model, value in by.items() if value < -ROUNDING] for r, by in gaps.items()}
        found[name] = {"gap": gaps, "impossible": impossible}
    return found


def verdict(values: Values) -> str:
    """Arithmetic can refute one scale for a table, where no range is possible for all rows; it can never prove it."""
    return FAILS if all(values["table4"]["impossible"].values()) else UNTESTED


def report(values: Values) -> str:
    """One sentence."""
    table = values["table4"]
    gaps = ", ".join(f"{model} {value:+.2f}" for model, value in table["gap"]["1"].items())
    return (
        f"With a range of 2, which Table 3 fits, {', '.join(table['impossible']['2']) or 'no row'} cannot be; with a "
        f"range of 1 {', '.join(table['impossible']['1']) or 'every row'} can, dB above the floor: {gaps}. Two scales "
        "would explain it, and so would errors counted in another range."
    )


ROW = Row(
    title="Table 4 and Jensen's inequality",
    paper="Table 4 compares five models on the beach by MSE, PSNR and SSIM.",
    section="section 5.3, Table 4",
    code="Scores with scikit-image, whose PSNR takes a range of 2 for colours in [-1, 1]; which code scored the "
    "other models is not released.",
    places=("eval_metrics.py:26-32",),
    claim="The PSNRs of Table 4 are on one scale.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
)
