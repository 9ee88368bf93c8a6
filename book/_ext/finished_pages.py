"""Takes out of the finished pages what they do without: they then open as files, and load in a moment.

- The theme asks the browser to fetch its icon fonts early, in a way that browsers refuse for file:// pages and report
  as an error. The style sheet fetches the same fonts without complaint.
- The theme brings its icons twice, as fonts and as 1.5 MB of script that draws them anew. The fonts are enough.
- MathJax, 1.2 MB, comes to the home page as well; it stays where there is a formula.
"""

import re
from pathlib import Path

FONT_PRELOAD = re.compile(r'<link rel="preload" as="font"[^>]*>\n?')
ICON_SCRIPT = re.compile(
    r'<link rel="preload" as="script" href="[^"]*fontawesome[^>]*>\n?|<script src="[^"]*fontawesome[^>]*></script>\n?'
)
MATHJAX = re.compile(r'<script>window\.MathJax = [^<]*</script>\s*<script [^>]*src="[^"]*mathjax[^>]*></script>')
FORMULA = re.compile(r'class="[^"]*\bmath\b|\\\(|\\\[|\$\$')


def lighter(page: str) -> str:
    """The HTML of a page without what it does not need."""
    page = ICON_SCRIPT.sub("", FONT_PRELOAD.sub("", page))
    without = MATHJAX.sub("", page)
    return page if FORMULA.search(without) else without


def lighten_pages(app, exception):
    """Rewrites each finished page; pages that need all they have stay as they are."""
    if exception is not None or app.builder.format != "html":
        return
    for file in Path(app.outdir).glob("**/*.html"):
        page = file.read_text(encoding="utf-8")
        if (less := lighter(page)) != page:
            file.write_text(less, encoding="utf-8")


def setup(app):
    app.connect("build-finished", lighten_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
