"""What the paper and its poster print, as data with their source. Chapters 01, 09 and 12.

Horita and Yanai, "SSA-GAN: End-to-End Time-Lapse Video Generation with Spatial Self-Attention", ACPR 2019, and its
poster. Nothing here is measured by us. Rows are keyed by the names that `rows.py` gives them.
"""

import math
from dataclasses import dataclass

ROUNDING = 5e-5  # MSE is printed with four decimals


@dataclass(frozen=True)
class Printed:
    """One row as it is printed: mean MSE, mean PSNR in dB, mean SSIM."""

    mse: float
    psnr: float
    ssim: float


TABLE_3 = {  # cloud, 128x128x32
    "mdgan-stage1": Printed(0.0280, 23.14, 0.5997),
    "mdgan-stage2": Printed(0.0245, 23.8529, 0.6327),
    "ours-a": Printed(0.0238, 24.3512, 0.6991),
    "ours-b": Printed(0.0259, 23.5224, 0.6460),
}
POSTER_3 = {  # the poster's numbers for the same set
    "mdgan-stage1": Printed(0.0970, 16.9019, 0.3583),
    "mdgan-stage2": Printed(0.0307, 22.7372, 0.5920),
    "ours-a": Printed(0.0232, 24.9100, 0.6805),
}
TABLE_4 = {  # beach, 64x64x32; the poster prints the same numbers
    "recurrent": Printed(0.1849, 7.7988, 0.5143),
    "vgan": Printed(0.0958, 11.5586, 0.6035),
    "mdgan-stage2": Printed(0.0422, 16.1951, 0.8019),
    "ours-a": Printed(0.0379, 23.6601, 0.7320),
    "ours-b": Printed(0.0374, 25.6432, 0.7346),
}
TABLE_2 = {  # preference opinion score, 0..1000: 10 people, 100 pairs each; how often the first was preferred
    ("ours", "mdgan-stage1"): 871,
    ("ours", "mdgan-stage2"): 526,
    ("mdgan-stage1", "real"): 286,
    ("mdgan-stage2", "real"): 322,
    ("ours", "real"): 334,
}
PRINTED = {"table3": {"paper": TABLE_3, "poster": POSTER_3}, "table4": {"paper": TABLE_4, "poster": TABLE_4}}
NAMES = {
    "recurrent": "RNN-GAN",
    "vgan": "VGAN",
    "mdgan-stage1": "MD-GAN Stage I",
    "mdgan-stage2": "MD-GAN Stage II",
    "ours-a": "Ours (a)",
    "ours-b": "Ours (b)",
}


def psnr_at_least(mse: float, data_range: float) -> float:
    """The least mean PSNR in dB that a mean MSE leaves possible (Jensen's inequality): 10 log10(range^2 / MSE)."""
    return 10 * math.log10(data_range**2 / mse)


def possible(row: Printed, data_range: float) -> bool:
    """Whether the row can be a mean PSNR of this data range at all, with what rounding allows. Chapter 09."""
    return row.psnr >= psnr_at_least(row.mse + ROUNDING, data_range)


def range_note(table: str) -> str:
    """Which data ranges the rows of "table3" or "table4" can have been computed with, in one sentence."""
    rows = PRINTED[table]["paper"]
    cannot = {span: [NAMES[name] for name, row in rows.items() if not possible(row, span)] for span in (1.0, 2.0)}
    said = [
        f"with a data range of {span:g}, {', '.join(names)} cannot have the PSNR that is printed beside their MSE"
        if names
        else f"with a data range of {span:g} every row is possible"
        for span, names in cannot.items()
    ]
    return "; ".join(said) + "; which one was used, and whether by all rows, cannot be told from the table"
