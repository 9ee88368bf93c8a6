"""At the foot of each page: the package's version, the results its numbers come from, the paper's map, its source.

A page's date is that of the newest result file that it names, as that file tells it; a page that names none has none.
Result files are found by their names, in the text of a page and in the outputs that are stored with a notebook.
"""

import html
import re
import sys
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from results_page import RESULTS, abouts, anchor, versions  # noqa: E402

BOOK = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"(?<![\w-])([\w-]+)\.json")
FILLED_BY = {"{paper-map}": [BOOK / "paper_items.json"], "{results-table}": sorted(RESULTS.glob("*.json"))}


def results_named(source: Path) -> list[str]:
    """The result files that a page names, or that what fills it names; without ending, in order."""
    text, there = source.read_text("utf-8"), {file.stem for file in RESULTS.glob("*.json")}
    named = set(NAMED.findall(text))
    for directive, files in FILLED_BY.items():
        if directive in text:
            named |= {file.stem for file in files}.union(*(NAMED.findall(file.read_text("utf-8")) for file in files))
    return sorted(named & there)


def newest(names: list[str], found: dict[str, dict]) -> dict | None:
    """What the newest of these files says of itself; None where none has a date."""
    dated = [found[name] for name in names if found[name].get("date")]
    return max(dated, key=lambda about: about["date"]) if dated else None


def stamp(names: list[str], found: dict[str, dict], version: str, address: Callable[[str], str], source: str) -> str:
    """The foot as HTML. address: that of a page of the book, seen from this one; without a source there is no link."""
    about, appendix = newest(names, found), address("results_page")
    parts = [f"ssagan-lite {html.escape(version)}"]
    if about:
        parts.append(f"newest numbers of {html.escape(about['date'])}, with {html.escape(versions(about))}")
    if names:
        links = (f'<a href="{html.escape(appendix)}#{anchor(name)}">{html.escape(name)}</a>' for name in names)
        parts.append(f"results: {', '.join(links)}")
    parts.append(f'<a href="{html.escape(address("paper_map"))}">the map of the paper</a>')
    if source:
        parts.append(f'<a href="{html.escape(source)}">source of this page</a>')
    return f'<footer class="page-stamp">{" · ".join(parts)}</footer>'


def source_of(app, pagename: str, context: dict) -> str:
    """The page's source: in the repository where _config.yml names one, else the copy that the built book holds."""
    options, file = app.config.html_theme_options, app.env.doc2path(pagename, base=False)
    if url := options.get("repository_url"):
        folder, branch = options.get("path_to_docs", "").strip("/"), options.get("repository_branch", "main")
        return f"{url.rstrip('/')}/blob/{branch}/{f'{folder}/' if folder else ''}{file}"
    held = context.get("sourcename")
    return context["pathto"](f"_sources/{held}", 1) if held else ""


def add_stamp(app, pagename, templatename, context, doctree):
    """Append the foot to each page that has a source; the index and the search have none."""
    if doctree is None or app.builder.format != "html":
        return
    from ssagan_lite import __version__

    names = results_named(Path(app.env.doc2path(pagename)))
    source = source_of(app, pagename, context)
    context["body"] += stamp(names, abouts(), __version__, context["pathto"], source)


def setup(app):
    app.connect("html-page-context", add_stamp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
