"""Makes the built pages work when they are opened as files, with no server and no network.

The theme asks the browser to fetch its icon fonts early, in a way that browsers refuse for file:// pages and report
as an error. The style sheet fetches the same fonts without complaint, so the early request is taken out.
"""

import re
from pathlib import Path

FONT_PRELOAD = re.compile(r'<link rel="preload" as="font"[^>]*>\n?')


def remove_font_preloads(app, exception):
    """Rewrites each finished page; pages that have no such line stay as they are."""
    if exception is not None or app.builder.format != "html":
        return
    for page in Path(app.outdir).glob("**/*.html"):
        text = page.read_text(encoding="utf-8")
        shorter = FONT_PRELOAD.sub("", text)
        if shorter != text:
            page.write_text(shorter, encoding="utf-8")


def setup(app):
    app.connect("build-finished", remove_font_preloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
