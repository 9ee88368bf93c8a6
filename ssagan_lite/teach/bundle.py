"""One output of a notebook: a picture that works everywhere the notebook is read.

`Figure` carries up to four forms of the same thing, and whoever shows the notebook takes the best it can: HTML that
needs no kernel and no network (the book, JupyterLab, Colab, VS Code), a still PNG (print, and viewers that run no
scripts), the alternative text, and the live widget where there is one. Used by every chapter.
"""

import base64
import hashlib
import html
import json
import re
from functools import cache

from ssagan_lite.errors import InputError
from ssagan_lite.teach.palette import asset, has_asset, with_plain_colours

BUDGET = 300_000  # bytes of one output, all its forms together
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

PAGE = """\
<figure class="ssagan" id="{id}" data-kind="{kind}" aria-label="{label}">
<style>{css}</style>
{caption}<div class="ssagan-static">{static}</div>
<div class="ssagan-stage"></div>
{note}{script}</figure>"""


class Figure:
    """A mime bundle; a notebook shows it when it is the last value of a cell.

    html: text that stands alone, no address outside itself. still: the bytes of a PNG. alt: what the picture says, in
    a sentence or two. widget: an ipywidget that shows the same while a kernel runs. Raises InputError when `alt` is
    empty or all forms together are over `budget` bytes.
    """

    def __init__(self, html, still, alt, *, widget=None, budget=BUDGET):
        if not alt.strip():
            raise InputError("a figure needs alt=: a sentence that says what the picture shows")
        self.html, self.still, self.alt, self.widget = html, still, alt.strip(), widget
        if self.size > budget:
            raise InputError(
                f"this figure holds {self.size // 1000} KB of {budget // 1000} KB: show fewer, smaller or shorter clips"
            )

    @property
    def size(self):
        """Bytes in the notebook, all forms together."""
        return sum(len(text.encode()) for text in self._forms().values())

    def _forms(self):
        forms = {"text/html": self.html, "text/plain": self.alt}
        if self.still:
            forms["image/png"] = base64.b64encode(self.still).decode()
        return forms

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = self._forms()
        if self.widget is not None:
            bundle[WIDGET_VIEW] = self.widget._repr_mimebundle_()[WIDGET_VIEW]
        return bundle

    def __repr__(self):
        return self.alt


def component(kind, data, *, title="", static="", note="", label=""):
    """The HTML of one figure: `data` (anything that JSON holds) given to the scripts of `kind`.

    static: HTML that shows where no script runs. The id is a hash of the content, so that the same figure is the same
    text in every run.
    """
    payload = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    name = hashlib.sha256(f"{kind}{payload}{title}{static}".encode()).hexdigest()[:12]
    return PAGE.format(
        id=f"ssagan-{name}",
        kind=kind,
        label=html.escape(label or title),
        css=_style(kind),
        caption=f'<figcaption class="ssagan-title">{html.escape(title)}</figcaption>\n' if title else "",
        static=static,
        note=f'<p class="ssagan-note">{html.escape(note)}</p>\n' if note else "",
        script=_script(kind, payload),
    )


@cache
def scripts(kind):
    """The assets behind a kind of figure, in the order in which they are joined into one module; none for a still.

    A figure's own file says in its first line what it needs: `// Needs: dom, theme, chart.`
    """
    if kind == "still":
        return ()
    first = asset(f"{kind}.js").split("\n", 1)[0]
    needs = re.fullmatch(r"// Needs: ([\w, ]+)\.", first)
    if not needs:
        raise InputError(f"assets/{kind}.js must begin with a line such as '// Needs: dom, theme.', not {first!r}")
    return (*(f"{name}.js" for name in needs[1].split(", ")), f"{kind}.js")


def _style(kind):
    """The look of every figure, and what one kind adds to it."""
    own = f"{kind}.css"
    return with_plain_colours(asset("figure.css") + (asset(own) if has_asset(own) else ""))


def veil(value):
    """What must not be read before the reader has committed: base64 of JSON, for assets/dom.js `unveil`."""
    return base64.b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()


def _script(kind, payload):
    if not scripts(kind):
        return ""
    code = "\n".join(asset(name) for name in scripts(kind))
    return f'<script type="application/json">{payload}</script>\n<script type="module">{code}</script>\n'
