"""MD-GAN's published outputs: do they come nearer to the true motion than a still picture? Numbers of chapter 09."""

from ssagan_lite.teach import results
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values

STAGES = ("mdgan-stage1", "mdgan-stage2")
NUMBERS = ("motion_energy_ratio", "flow_magnitude_ratio", "end_point_error", "end_point_error_of_no_flow")


def measure() -> Values:
    """From book/results/samples.json: 48 real clips, scored by experiments/score_samples.py, read and not repeated."""
    found: Values = {s: {n: results.value("samples.json", f"models.{s}.{n}") for n in NUMBERS} for s in STAGES}
    return found | {"clips": results.value("samples.json", "models.mdgan-stage1.clips"), "source": "samples.json"}


def verdict(values: Values) -> str:
    """Nearer is an end-point error below that of a still picture; one that is not proves no bad motion (chapter 6)."""
    farther = [values[stage]["end_point_error"] >= values[stage]["end_point_error_of_no_flow"] for stage in STAGES]
    return HOLDS if not any(farther) else FAILS


def report(values: Values) -> str:
    """One sentence."""
    parts = [
        f"{stage}: motion energy {values[stage]['motion_energy_ratio']:.2f} and displacement "
        f"{values[stage]['flow_magnitude_ratio']:.2f} of the real, end-point error "
        f"{values[stage]['end_point_error']:.2f} px where a still picture has "
        f"{values[stage]['end_point_error_of_no_flow']:.2f}"
        for stage in STAGES
    ]
    return f"On {values['clips']} clips, " + "; ".join(parts) + "."


ROW = Row(
    title="How MD-GAN's public outputs move",
    paper="Viewers prefer SSA-GAN to MD-GAN's second stage in 526 of 1,000 answers; motion is not measured.",
    section="section 5.2, Table 2",
    code="No code or score for motion; the outputs are those of MD-GAN's own repository.",
    places=(),
    claim="MD-GAN's public clips come nearer to the true motion than a still picture.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
)
