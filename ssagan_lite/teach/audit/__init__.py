"""The paper against its released code, one measurement a row; `run(name)` measures it again. Chapter 13.

    from ssagan_lite.teach import audit
    audit.run("ranking-loss")["values"]      # numbers, measured now, on one core, in seconds
    print(audit.summary("ranking-loss"))     # paper, code, measured, verdict

Every row judges one sentence, its `claim`, by the values that it measures; where the paper is silent the claim is what
a reader would assume, in our words, and `assumed` says so. No row needs the authors' code: what must be shown to be
wrong is written again here, in our words, as `..._as_released`, with the line it stands for. Where the variable
SSAGAN_REFERENCE names the folder `src` of a checkout of the authors' code, some rows ask that code itself too.
"""

import importlib

from ssagan_lite.errors import InputError
from ssagan_lite.teach.audit.row import Row, reference

ROWS = {
    "done-well": "done_well",
    "wgan-on-sigmoid": "wgan_on_sigmoid",
    "graph-through-g": "graph_through_g",
    "ranking-loss": "ranking_loss",
    "no-gamma-is-batchnorm": "no_gamma",
    "train-mode-evaluation": "train_mode",
    "drop-last": "drop_last",
    "ssim-as-loss": "ssim_as_loss",
    "ssim-window": "ssim_window",
    "size-64-branch": "size_64",
    "beach-branch": "beach_branch",
    "table4-jensen": "table4_jensen",
    "poster-vs-paper": "poster_vs_paper",
    "mdgan-public-motion": "mdgan_motion",
    "zero-grad-twice": "zero_grad_twice",
    "first-skip-order": "first_skip_order",
    "critic-slope": "critic_slope",
    "spectral-norm": "spectral_norm",
    "learning-rate": "learning_rate",
    "attention-softmax": "attention_softmax",
    "checkpoint-names": "checkpoint_names",
    "copy-first-beats-the-headline": "copy_first",
}
"""The rows in the order of the chapter: name -> module of this folder, which holds it as `ROW`."""


def rows() -> dict[str, Row]:
    """All rows by name, in the chapter's order."""
    return {name: row(name) for name in ROWS}


def row(name: str) -> Row:
    """One row. Raises InputError for a name that is not in `ROWS`."""
    if name not in ROWS:
        raise InputError(f"there is no row '{name}' in the audit; choose one of {', '.join(ROWS)}.")
    return importlib.import_module(f"{__name__}.{ROWS[name]}").ROW


def run(name: str) -> dict:
    """Measure one row now: title, paper, section, code, places, claim, assumed, values, measured (a sentence), verdict.

    Takes less than five seconds on one core, is the same each time but for timings, and prints nothing.
    """
    return row(name).run(reference())


def summary(name: str, found: dict | None = None) -> str:
    """Four lines on one row: paper, code, measured, verdict; a claim of ours is marked.

    found: what `run(name)` or the stored file says of it.
    """
    found = found or run(name)
    lines = {"paper": "paper", "code": "code", "measured": "measured", "verdict": "verdict"}
    text = {label: found[key] for label, key in lines.items()}
    text["paper"] += f" ({found['section']})"
    text["code"] += f" ({', '.join(found['places'])})" if found["places"] else ""
    ours = " (our words; the paper is silent)" if found["assumed"] else ""
    text["verdict"] = f'"{found["claim"]}"{ours} {found["verdict"]}'
    return "\n".join(f"{label + ':':10}{line}" for label, line in text.items())
