"""A photo that stands still against the best row of Table 3."""

from ssagan_lite.teach import results
from ssagan_lite.teach.audit.row import FAILS, HOLDS, UNTESTED, Row, Values

BEST = {"mse": 0.0238, "psnr": 24.3512, "ssim": 0.6991}  # ours (a), best in each column
LOWER_IS_BETTER = ("mse",)


def measure() -> Values:
    """From book/results/samples.json and measuring.json: copy-first on 48 real clips, frames 1 to 31."""
    copied = {s: results.value("samples.json", f"models.copy-first.frames_1_on.{s}") for s in BEST}
    spread = results.value("measuring.json", "sets.real.conventions.copy-first.per_clip")
    return {
        "paper_best": BEST,
        "copy_first": copied,
        "copy_first_wins": [s for s in BEST if (copied[s] < BEST[s]) == (s in LOWER_IS_BETTER)],
        "psnr_of_other_48_clips": [spread["mean_low"], spread["mean_high"]],
        "clips": results.value("samples.json", "models.copy-first.clips"),
        "same_clips_as_the_paper": False,
        "source": "samples.json, measuring.json",
    }


def verdict(values: Values) -> str:
    """Only the same clips could settle it; the paper's 2,815 are 29 GB away."""
    if not values["same_clips_as_the_paper"]:
        return UNTESTED
    return FAILS if values["copy_first_wins"] else HOLDS


def report(values: Values) -> str:
    """One sentence."""
    copied, best, (low, high) = values["copy_first"], values["paper_best"], values["psnr_of_other_48_clips"]
    return (
        f"Copy-first scores {copied['mse']:.4f}, {copied['psnr']:.2f} dB and {copied['ssim']:.3f} on "
        f"{values['clips']} clips, the paper's best {best['mse']:.4f}, {best['psnr']:.2f} dB and {best['ssim']:.3f} on "
        f"other clips; the mean over as many others would lie between {low:.1f} and {high:.1f} dB (95 %, bootstrap)."
    )


ROW = Row(
    title="Standing still beats the headline",
    paper="SSA-GAN (a) has the best MSE, PSNR and SSIM on the clouds; no row repeats the photo.",
    section="section 5.2, Table 3",
    code="Has no such row either.",
    places=("solver_beach.py:314-380",),
    claim="The best row of Table 3 is better than repeating the photo.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
)
