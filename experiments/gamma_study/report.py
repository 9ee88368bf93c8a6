"""What the finished runs say together: pairs of runs with the same seed, and intervals of their differences."""

import math
from collections.abc import Sequence

import numpy as np

METRICS = ("psnr", "ssim", "mse", "flow_ratio", "end_point_error")
FAMILY = ("none", "one", "zero_init_norm", "released")  # those asked about share one level of 0.05 (Bonferroni)
RESAMPLES = 10_000
QUESTION = "Does a gate that starts shut, y = gamma * o + x with gamma = 0 at first, matter (paper, section 5.4)?"
LIMITS = (
    "Models are small and training is short: what differs at the paper's 128 pixels and width 32, or after its many "
    "epochs, may not differ here, and the other way round.",
    "Attention compares vectors of {dimension} numbers at width {width}, not 1024, so its logits start less spread; "
    "the arm 'scaled' undoes this for the start only.",
    "Skies are drawn, with wind that is the same over a whole layer; real clouds also form, dissolve and turn.",
    "Short, small clips move by few pixels; PSNR rewards a blurred copy, so it is read together with flow.",
    "For PSNR the {asked} intervals asked about hold together at 95 %; those of other scores, and of 'scaled', are "
    "looked at besides and count as hints.",
    "'No difference found' does not say that there is none: the interval says how large it may be.",
)


def t_quantile(share: float, degrees: int) -> float:
    """Student's t below which lies this share (from 0.5 to below 1), to five digits.

    With t = sqrt(degrees) tan(angle), the density over the angle is cos(angle)^(degrees - 1): summed up, and inverted.
    """
    angle = np.linspace(0, math.pi / 2, 400_001)
    density = np.cos(angle) ** (degrees - 1)
    below = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return math.sqrt(degrees) * math.tan(np.interp(2 * share - 1, below / below[-1], angle))


def paired_interval(differences: Sequence[float], level: float = 0.95) -> list[float]:
    """The interval [low, high] of the mean difference, from Student's t; two or more differences."""
    values = np.asarray(differences, float)
    error = values.std(ddof=1) / math.sqrt(len(values))
    half = t_quantile((1 + level) / 2, len(values) - 1) * error
    return [float(values.mean() - half), float(values.mean() + half)]


def sign_flips(differences: Sequence[float]) -> float:
    """The exact share of the 2^n patterns of signs whose mean is at least as far from 0 as that of the differences."""
    sums = np.zeros(1)
    for value in differences:
        sums = np.concatenate([sums + value, sums - value])
    return float(np.mean(np.abs(sums) >= abs(np.sum(differences)) - 1e-9 * np.abs(differences).sum()))


def bootstrap_interval(differences: Sequence[float], level: float = 0.95) -> list[float]:
    """The interval of the mean difference from pairs drawn again and again, with replacement."""
    values = np.asarray(differences, float)
    drawn = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    ends = np.quantile(values[drawn].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return [float(end) for end in ends]


def compared(differences: list[float], level: float) -> dict:
    """Everything that is said of the differences of one score over the seeds; two or more."""
    values = {"mean": float(np.mean(differences)), "interval_95": paired_interval(differences)}
    values |= {"interval_corrected": paired_interval(differences, level), "sign_flip_p": sign_flips(differences)}
    return values | {"bootstrap_95": bootstrap_interval(differences), "per_seed": differences}


def paired(records: dict[str, dict[int, dict]], level: float) -> dict[str, dict]:
    """learned minus each other arm, for each score, over the seeds that are finished in both."""
    ours, found = records.get("learned", {}), {}
    for arm, theirs in records.items():
        seeds = sorted(ours.keys() & theirs.keys())
        if arm == "learned" or len(seeds) < 2:
            continue
        found[arm] = {"seeds": seeds}
        for name in METRICS:
            found[arm][name] = compared([ours[s]["scores"][name] - theirs[s]["scores"][name] for s in seeds], level)
    return found


def arm_summary(runs: dict[int, dict]) -> dict:
    """One arm: its scores as means and for each seed, its attention's as means over seeds, its gammas."""
    seeds, first = sorted(runs), runs[min(runs)]
    values = {"seeds": seeds, "seconds": [runs[seed]["seconds"] for seed in seeds]}
    values["per_seed"] = {name: [runs[seed]["scores"][name] for seed in seeds] for name in first["scores"]}
    values["mean"] = {name: float(np.mean(each)) for name, each in values["per_seed"].items()}
    levels = first["attention"]
    over = {lv: {key: [runs[s]["attention"][lv][key] for s in seeds] for key in levels[lv]} for lv in levels}
    values["attention"] = {lv: {key: float(np.mean(each)) for key, each in of.items()} for lv, of in over.items()}
    if levels:
        keys = next(iter(levels.values()))
        values["attention_mean"] = {k: float(np.mean([of[k] for of in values["attention"].values()])) for k in keys}
    if len(first["gamma"]) > 1:  # more than its steps
        values["gamma"] = {str(seed): runs[seed]["gamma"] for seed in seeds}
    return values


def verdict(interval: Sequence[float], more_is_better: bool = True) -> str:
    """What an interval of learned minus another arm allows to write about the gate."""
    low, high = interval if more_is_better else (-interval[1], -interval[0])
    return "gamma helps" if low > 0 else "gamma hurts" if high < 0 else "no difference found"


def finding(pairs: dict[str, dict], metric: str, unit: str, more_is_better: bool = True) -> str:
    """One sentence from the corrected intervals of a score over the arms of `FAMILY`."""
    parts = []
    for arm in [arm for arm in FAMILY if arm in pairs]:
        low, high = interval = pairs[arm][metric]["interval_corrected"]
        what = f"{low:+.2f} to {high:+.2f} {unit}, {len(pairs[arm]['seeds'])} seeds"
        parts.append(f"{arm}: {verdict(interval, more_is_better)} ({what})")
    if not parts:
        return "Too few runs are finished: two seeds of learned and of another arm make the first interval."
    return f"{metric} of learned minus that of " + "; ".join(parts) + "."


def report(records: dict[str, dict[int, dict]], seeds: int, width: int) -> dict:
    """All that book/results/gamma.json says of the runs. records: arm -> seed -> record, for all arms that were asked
    about; seeds: as many as planned; width: the generator's.
    """
    asked = max(1, sum(arm in FAMILY for arm in records))
    level = 1 - 0.05 / asked
    pairs = paired(records, level)
    corrected = {arm: pairs[arm]["psnr"]["interval_corrected"] for arm in FAMILY if arm in pairs}
    values = {
        "question": QUESTION,
        "seeds_planned": seeds,
        "seeds_finished": {arm: len(runs) for arm, runs in records.items()},
        "level": level,
        "differences": corrected,
        "finding": finding(pairs, "psnr", "dB"),
        "finding_motion": finding(pairs, "end_point_error", "px", more_is_better=False),
        "limits": [limit.format(dimension=32 * width, width=width, asked=asked) for limit in LIMITS],
        "paired": pairs,
        "arms": {arm: arm_summary(runs) for arm, runs in records.items() if runs},
    }
    return plain(values)


def plain(value):
    """Numbers with five digits, which is what they are good for."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
