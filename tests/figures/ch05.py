"""Chapter 05: Table 1, filled in by the reader, at two of its settings."""

from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure


def make_figures() -> dict[str, Figure]:
    words = {"title": "The table that grows", "alt": "Twelve rows of a table, and a U that grows with them."}
    return {
        "table_one": explore.table_one_calculator(**words),
        "table_one_small": explore.table_one_calculator(**words, size=64, width=8, skip="add", attention=False),
    }
