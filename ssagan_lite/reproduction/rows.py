"""The rows of Tables 3 and 4 and of Figures 1 and 4: what each one is called, and how it is trained. Chapter 12."""

from dataclasses import dataclass

from ssagan_lite.errors import InputError


@dataclass(frozen=True)
class Row:
    """One row. A row without a model is not trained.

    name: on the command line, and of its run folder. model: of `baselines.registry`. stage1: the row whose generator it
    refines. gate: what stands where gamma stands. printed: its key in `paper.py`.
    """

    name: str
    label: str
    model: str = ""
    stage1: str = ""
    gate: str = "learned"
    printed: str = ""


ROWS = {
    row.name: row
    for row in (
        Row("copy-first", "copy-first"),
        Row("fading-copy", "fading copy"),
        Row("mdgan-stage1-published", "MD-GAN Stage I (its authors' file)", printed="mdgan-stage1"),
        Row("mdgan-stage2-published", "MD-GAN Stage II (its authors' file)", printed="mdgan-stage2"),
        Row("recurrent", "recurrent GAN (in the spirit of RNN-GAN)", "recurrent", printed="recurrent"),
        Row("vgan", "VGAN", "vgan", printed="vgan"),
        Row("mdgan-stage1", "MD-GAN Stage I", "mdgan-stage1", printed="mdgan-stage1"),
        Row("mdgan-stage2", "MD-GAN Stage II", "mdgan-stage2", "mdgan-stage1", printed="mdgan-stage2"),
        Row("ours-a", "Ours (a)", "ssagan", printed="ours-a"),
        Row("ours-b-second", "Ours (b) with attention in stage II only", "ssagan-b", "mdgan-stage1", printed="ours-b"),
        Row("ours-b-both", "Ours (b) with attention in both stages", "ssagan-b", "ours-a", printed="ours-b"),
        Row("gate-one", "without gamma (o + x)", "ssagan", gate="one"),
        Row("gate-released", "without gamma, as released", "ssagan", gate="released"),
    )
}
OURS = ("ours-a", "ours-b-second", "ours-b-both")
TABLES = {
    "table2": ("ours-a", "mdgan-stage1", "mdgan-stage2"),
    "table3": ("copy-first", "fading-copy", "mdgan-stage1", "mdgan-stage2", *OURS),
    "table4": ("copy-first", "fading-copy", "recurrent", "vgan", "mdgan-stage2", *OURS),
    "figure1": ("ours-a", "mdgan-stage1", "mdgan-stage2"),
    "figure4": ("ours-a", "gate-one", "gate-released"),
}
PUBLISHED = ("mdgan-stage1-published", "mdgan-stage2-published")  # where the data is the 48 sample clips


def rows_of(what: str, data: str, models: str = "") -> list[Row]:
    """The rows of a table or figure in its order; models, names with commas between, keeps only those and copy-first.

    Where data is "samples", Table 3 also has the predictions that MD-GAN's authors published. Raises InputError for a
    name that is no row there.
    """
    names = list(TABLES[what])
    if what == "table3" and data == "samples":
        names[2:2] = PUBLISHED
    chosen = [name.strip() for name in models.split(",") if name.strip()]
    for name in chosen:
        if name not in names:
            raise InputError(f"{what} has no row '{name}'; choose among {', '.join(names)}.")
    if chosen and "copy-first" in names:
        chosen.append("copy-first")  # what all others are compared with
    return [ROWS[name] for name in names if not chosen or name in chosen]


def to_train(rows: list[Row], given: dict[str, str]) -> list[Row]:
    """The rows to train, first stages first; given: those that have trained weights already, which need none."""
    found: dict[str, Row] = {}
    for row in rows:
        if row.model and row.name not in given:
            if row.stage1:
                found |= {first.name: first for first in to_train([ROWS[row.stage1]], given)}
            found[row.name] = row
    return list(found.values())
