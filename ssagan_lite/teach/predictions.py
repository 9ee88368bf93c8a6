"""Commit to an answer, then see: the predictions that open a chapter's sections.

They are HTML that stands alone, so they are the exercises of the static page too, where no code runs.
"""

import html

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component, veil

CLOSING = "Commit to an answer before you read on."
FOLDED = "<details><summary>{closing} Then open this.</summary><p><strong>{answer}</strong></p><p>{why}</p></details>"


def predict_first(question, choices=None, answer=None, why="", replies=None, *, range=None, within=None, step=None):
    """A question, the reader's committed answer, then the right one with the reason. Nothing is ever locked.

    choices: list of texts, of which `answer` is one; or range: (low, high, unit), with a number as the answer.
    why: told after every answer. replies: {wrong choice: what speaks for it and where it fails}; for a range
    {"low": ..., "high": ...}. within: how far off still counts as close (a tenth of the range). step: of the slider
    (a hundredth of the range). Chapter 01.
    """
    if (choices is None) == (range is None):
        raise InputError("predict_first takes either choices=[...] or range=(low, high, unit)")
    replies = dict(replies or {})
    if choices is not None:
        options, data = list(choices), _choice_data(choices, answer, replies)
    else:
        data = _range_data(range, answer, replies, within, step)
        options = [f"a number from {data['low_text']} to {data['high_text']}"]
    shown = data.pop("answer_text")
    hidden = {"answer": answer, "why": why, "replies": replies, "within": data.pop("within", 0)}
    folded = FOLDED.format(closing=CLOSING, answer=html.escape(shown), why=html.escape(why))
    listed = "".join(f"<li>{html.escape(option)}</li>" for option in options)
    static = f"<p><strong>{html.escape(question)}</strong></p><ul>{listed}</ul>{folded}"
    page = component("predict", {**data, "question": question, "hidden": veil(hidden)}, static=static, label=question)
    text = "\n".join([question, *(f"  ( ) {option}" for option in options), CLOSING])
    return Figure(page, stills.question(question, options, CLOSING), text)


def _choice_data(choices, answer, replies):
    if answer not in choices:
        raise InputError(f"the answer {answer!r} is none of the choices")
    unknown = [choice for choice in replies if choice not in choices or choice == answer]
    if unknown:
        raise InputError(f"replies answer wrong choices only; {unknown[0]!r} is none of them")
    return {"choices": list(choices), "answer_text": answer}


def _range_data(limits, answer, replies, within, step):
    low, high, unit = limits
    if answer is None or not low <= answer <= high:
        raise InputError(f"the answer {answer!r} does not lie between {low} and {high}")
    if set(replies) - {"low", "high"}:
        raise InputError('replies of a range are named "low" and "high"')
    step = step or (high - low) / 100
    digits = max(0, len(f"{step:.6f}".rstrip("0").split(".")[1]))

    def text(value):
        return f"{value:.{digits}f} {unit}".strip()

    return {
        "range": {"low": low, "high": high, "step": step, "unit": unit},
        "digits": digits,
        "within": (high - low) / 10 if within is None else within,
        "answer_text": text(answer),
        "low_text": text(low),
        "high_text": text(high),
    }
