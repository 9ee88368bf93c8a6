"""The directive `results-table`: every file of book/results, how it was made and how long that took.

It is put together anew in each build from what the files say of themselves (ssagan_lite/evaluation/provenance.py).
"""

import json
from pathlib import Path

from docutils.nodes import Element
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

RESULTS = Path(__file__).resolve().parents[1] / "results"
ABSENT = "not noted"
SPACE = "\N{NO-BREAK SPACE}"
PARTS = ("summary", "files")


def abouts(folder: Path = RESULTS) -> dict[str, dict]:
    """What each result file says of how it was made, by name without ending; {} where it says nothing."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        held = json.loads(file.read_text("utf-8"))
        found[file.stem] = held.get("about", {}) if isinstance(held, dict) else {}
    return found


def anchor(name: str) -> str:
    """Where the page tells of a result file."""
    return "result-" + name.lower().replace("_", "-").replace(".", "-")


def took(seconds: float | None) -> str:
    """A time as people say it: 8.4 s, 24 min, 1 h 11 min."""
    if seconds is None:
        return ABSENT
    if seconds < 120:
        return f"{seconds:.1f}{SPACE}s"
    minutes = round(seconds / 60)
    return f"{minutes}{SPACE}min" if minutes < 120 else f"{minutes // 60}{SPACE}h {minutes % 60}{SPACE}min"


def versions(about: dict) -> str:
    """The versions of Python and the libraries in one line."""
    names = {"python": "Python"}
    return (
        ", ".join(f"{names.get(name, name)} {number}" for name, number in about.get("versions", {}).items()) or ABSENT
    )


def said(value: object) -> str:
    """A value, or that there is none."""
    return ABSENT if value is None else str(value)


def summary(found: dict[str, dict]) -> list[str]:
    """All files in one table, the longest first, and what they took together."""
    known = {name: about["wall_seconds"] for name, about in found.items() if about.get("wall_seconds") is not None}
    lines = [f"{len(found)} files; made one after the other they took {took(sum(known.values()))}.", ""]
    lines += ["| file | took | device |", "|---|---|---|"]
    for name in sorted(found, key=lambda name: -known.get(name, 0)):
        facts = took(known.get(name)), said(found[name].get("device"))
        lines.append(f"| [{name}](#{anchor(name)}) | {' | '.join(facts)} |")
    return lines


def files(found: dict[str, dict]) -> list[str]:
    """Each file with all that it says of itself, and the file to take along."""
    lines = []
    for name, about in found.items():
        data = about.get("data_sha256")
        facts = {
            "took": took(about.get("wall_seconds")),
            "made on": said(about.get("date")),
            "seed": said(about.get("seed")),
            "device": said(about.get("device")),
            "versions": versions(about),
            "code": f"commit {about['commit']}" if about.get("commit") else ABSENT,
            "clips": f"sha256 {data[:12]}…" if data else ABSENT,
        }
        lines += [f"({anchor(name)})=", f"**{{download}}`{name}.json <results/{name}.json>`**", ""]
        lines += ["```sh", about.get("command", f"# {ABSENT}"), "```", ""]
        lines += [" · ".join(f"{what} {value}" for what, value in facts.items()), ""]
    return lines


class ResultsTable(SphinxDirective):
    """Takes the name of a part, one of PARTS."""

    required_arguments = 1

    def run(self):
        if self.arguments[0] not in PARTS:
            raise self.error(f"there is no part {self.arguments[0]!r}; there is {', '.join(PARTS)}")
        self.env.note_reread()  # a new result file is not Sphinx's to see
        for file in RESULTS.glob("*.json"):
            self.env.note_dependency(str(file))
        lines = {"summary": summary, "files": files}[self.arguments[0]](abouts())
        parent = Element()
        self.state.nested_parse(StringList(lines, source=str(RESULTS)), 0, parent)
        return parent.children


def setup(app):
    app.add_directive("results-table", ResultsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
