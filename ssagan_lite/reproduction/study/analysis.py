"""Counting a preference test as Table 2 does, on a scale of 0 to 1000, with what the table does not print: intervals,
agreement, the liking for a side, and who did not look."""

from collections.abc import Sequence
from itertools import combinations
from statistics import median

import numpy as np

from ssagan_lite.errors import InputError
from ssagan_lite.reproduction.intervals import bootstrap_interval, exact_interval
from ssagan_lite.reproduction.study import QUESTION
from ssagan_lite.reproduction.study.answers import Answer, Sheet

SCALE = 1000  # ten subjects and a hundred pairs: the counts of Table 2 run to it
FEW = 10  # raters; with fewer, a bootstrap over them holds the truth less often than it says
RULE = "a rater is left out who chose the broken clip in more than one in four attention checks"
SIMULATED = "SIMULATED: {} of {} files were made up by a program; no person gave these answers."


def analyse(sheets: Sequence[Sheet]) -> dict:
    """All counts of one study, as plain types. Raises InputError without any sheet.

    Scores and their intervals are preferences in 1000 answers, shares of the left side lie in [0, 1]. Where a value is
    not defined it is None, and a `why` beside it says so.
    """
    if not sheets:
        raise InputError("no answers are given; name the files that the raters saved.")
    kept = [sheet for sheet in sheets if not is_careless(sheet)]
    counted = [answer for sheet in kept for answer in sheet.pairs]
    names = sheets[0].study.names
    lefts = sum(answer.chose_left for answer in counted)
    return {
        "study": sheets[0].study.id,
        "question": QUESTION,
        "simulated": any(sheet.simulated for sheet in sheets),
        "simulated_files": sum(sheet.simulated for sheet in sheets),
        "files": len(sheets),
        "raters": [sheet.rater for sheet in kept],
        "excluded": [_excluded(sheet) for sheet in sheets if is_careless(sheet)],
        "rule": RULE,
        "comparisons": [compare(kept, *two) for two in combinations(names, 2)],
        "left": {"chosen": lefts, "answers": len(counted), **_share(lefts, len(counted))},
        "median_seconds": round(median(answer.seconds for answer in counted), 2) if counted else None,
    }


def is_careless(sheet: Sheet) -> bool:
    """Whether a rater failed more than one in four attention checks. Without checks nobody did."""
    return 4 * sheet.wrong_checks > len(sheet.checks)


def _excluded(sheet: Sheet) -> dict:
    return {"rater": sheet.rater, "file": str(sheet.file), "wrong": sheet.wrong_checks, "checks": len(sheet.checks)}


def compare(sheets: Sequence[Sheet], first: str, second: str) -> dict:
    """How often `first` was preferred over `second`: one line of Table 2.

    exact_interval: of Clopper and Pearson over all answers, as if each were independent. rater_interval: bootstrap over
    raters, whose answers hang together; None with fewer than two. agreement: Fleiss' kappa over the pairs.
    """
    own = [[answer for answer in sheet.pairs if set(answer.item.methods) == {first, second}] for sheet in sheets]
    votes = [[_votes_for(answer, first) for answer in answers] for answers in own]
    preferred, total = sum(map(sum, votes)), sum(map(len, votes))
    interval = [SCALE * end for end in exact_interval(preferred, total)] if total else None
    shares = [SCALE * sum(vote) / len(vote) for vote in votes if vote]
    kappa, why = _agreement(own, first)
    return {
        "first": first,
        "second": second,
        "preferred": preferred,
        "answers": total,
        "score": SCALE * preferred / total if total else None,
        "exact_interval": interval,
        "rater_interval": list(bootstrap_interval(shares)) if len(shares) > 1 else None,
        "agreement": kappa,
        "why_no_agreement": why,
    }


def _votes_for(answer: Answer, name: str) -> bool:
    return answer.item.methods[answer.chosen] == name


def _share(count: int, total: int) -> dict:
    if not total:
        return {"share": None, "exact_interval": None}
    return {"share": count / total, "exact_interval": list(exact_interval(count, total))}


def _agreement(own: Sequence[Sequence[Answer]], first: str) -> tuple[float | None, str | None]:
    """Fleiss' kappa of one comparison, or None and why."""
    if len(own) < 2 or not own[0]:
        return None, "agreement needs two raters or more"
    pairs: dict[str, list[int]] = {}
    for answer in (answer for answers in own for answer in answers):
        pairs.setdefault(answer.item.id, [0, 0])[not _votes_for(answer, first)] += 1
    kappa = fleiss_kappa(list(pairs.values()))
    return kappa, None if kappa is not None else "all answers are the same, and chance alone would agree as well"


def fleiss_kappa(counts) -> float | None:
    """Agreement of raters beyond chance (Fleiss, 1971): 1 where all agree, 0 as by chance, below 0 less than that.

    counts: (pairs, categories), how many raters chose each category for each pair. It is defined for one number of
    ratings in all pairs, two at least: InputError otherwise. None where all ratings are in one category: then
    agreement by chance is complete too, and the ratio is 0 / 0.
    """
    counts = np.asarray(counts, dtype=np.float64)  # (P, K)
    if counts.ndim != 2 or not counts.size or len(set(counts.sum(axis=1))) != 1 or counts[0].sum() < 2:
        raise InputError("Fleiss' kappa needs one number of ratings in all pairs, two at least; leave out the others.")
    ratings = counts[0].sum()
    observed = ((counts**2).sum(axis=1) - ratings) / (ratings * (ratings - 1))  # (P,)
    by_chance = ((counts.sum(axis=0) / counts.sum()) ** 2).sum()
    if by_chance == 1:
        return None
    return float((observed.mean() - by_chance) / (1 - by_chance))


def stamp(result: dict) -> list[str]:
    """The first line of a table that holds simulated answers; no line where all are real."""
    return [SIMULATED.format(result["simulated_files"], result["files"])] if result["simulated"] else []


def as_text(result: dict) -> str:
    """What `analyse` found, as a table and a few sentences."""
    kept, out = len(result["raters"]), result["excluded"]
    lines = [*stamp(result), f"{QUESTION} Study {result['study']}, {kept} of {result['files']} raters counted."]
    if not result["left"]["answers"]:
        lines.append("No answers are left to count.")
    else:
        lines += _table(result["comparisons"]) + _sentences(result)
    names = ", ".join(f"{one['rater']} ({one['wrong']} of {one['checks']} wrong, {one['file']})" for one in out)
    return "\n".join([*lines, f"Left out: {names or 'nobody'}; {RULE}."])


def _table(comparisons: list[dict]) -> list[str]:
    width = max(len(f"{one['first']} over {one['second']}") for one in comparisons)
    lines = [f"{'':{width}}  score  {'answers':>8}  {'95 % of answers':>16}  {'95 % of raters':>16}  kappa"]
    for one in comparisons:
        kappa = "-" if one["agreement"] is None else f"{one['agreement']:.2f}"
        ends = f"{span(one['exact_interval']):>16}  {span(one['rater_interval']):>16}"
        label = f"{one['first']} over {one['second']}"
        lines.append(f"{label:{width}}  {one['score']:5.0f}  {one['answers']:8}  {ends}  {kappa:>5}")
    return lines


def span(interval: Sequence[float] | None) -> str:
    """Both ends of an interval on the scale of Table 2, or a stroke where there is none."""
    return "-" if interval is None else f"{interval[0]:.0f} to {interval[1]:.0f}"


def _sentences(result: dict) -> list[str]:
    left, interval = result["left"], [100 * end for end in result["left"]["exact_interval"]]
    lines = [
        f"Score: preferences for the first in {SCALE} answers; 500 says that nobody can tell.",
        "95 % of answers: exact, as if all answers were independent; 95 % of raters: bootstrap.",
    ]
    if len(result["raters"]) < 2:
        lines.append("One rater alone says what one person prefers: no interval over raters, and no agreement.")
    elif len(result["raters"]) < FEW:
        lines.append(f"With {len(result['raters'])} raters the interval over raters is narrower than it should be.")
    undefined = {one["why_no_agreement"] for one in result["comparisons"]} - {
        None,
        "agreement needs two raters or more",
    }
    lines += [f"Kappa is not defined where {why}." for why in undefined]
    return [
        *lines,
        f"The left side was chosen in {100 * left['share']:.1f} % of answers (95 %: {span(interval)} %).",
        f"An answer took {result['median_seconds']:.1f} s (median).",
    ]
