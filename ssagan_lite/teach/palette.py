"""The same colour, line and shape for the same thing, through the whole book (Chapter 01 onwards).

A role names what is drawn: "truth", "copy-first", "fading-copy", "ours", "mdgan-stage1", "mdgan-stage2", "paper",
"other". The colours are written once, in assets/figure.css; lines and shapes tell the roles apart in grey too.
"""

import re
from functools import cache
from importlib import resources

ROLES = ("truth", "copy-first", "fading-copy", "ours", "mdgan-stage1", "mdgan-stage2", "paper", "other")

# matplotlib's names for the line and the shape that assets/marks.js draws.
LINES = {
    "truth": "-",
    "copy-first": "-",
    "fading-copy": (0, (6, 3)),
    "ours": (0, (9, 2, 1.5, 2)),
    "mdgan-stage1": (0, (1.5, 2)),
    "mdgan-stage2": (0, (3.5, 2, 1, 2)),
    "paper": (0, (3, 3)),
    "other": (0, (4, 1.5)),
}
SHAPES = {
    "truth": "*",
    "copy-first": "s",
    "fading-copy": "D",
    "ours": "o",
    "mdgan-stage1": "^",
    "mdgan-stage2": "v",
    "paper": "x",
    "other": "h",
}


def asset(name):
    """The text of one file of teach/assets."""
    return resources.files("ssagan_lite.teach").joinpath("assets", name).read_text("utf-8")


def has_asset(name):
    """Whether teach/assets holds a file of that name."""
    return resources.files("ssagan_lite.teach").joinpath("assets", name).is_file()


@cache
def colours(theme="light"):
    """Role (and "ink", "soft", "line") -> "#rrggbb" on a light or a dark page."""
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", asset("figure.css"))
    return {name: light if theme == "light" else dark for name, light, dark in pairs}


def with_plain_colours(css):
    """The style sheet, and its named colours once more for browsers that do not know light-dark() (before 2024)."""
    pairs = re.findall(r"(--[\w-]+): light-dark\((#\w+), (#\w+)\)", css)
    light, dark = ("".join(f"{name}:{pair[side]};" for name, *pair in pairs) for side in (0, 1))
    figure = ".ssagan" * 3  # three times, to win over every other rule
    themed = f'html[data-theme="dark"] {figure},{figure}[data-theme="dark"]'
    return f"{css}@supports not (color:light-dark(#000,#fff)){{{figure}{{{light}}}{themed}{{{dark}}}}}\n"


def role_of(name):
    """The role that a label such as "Copy first" or "MD-GAN Stage I" stands for; "other" where none is meant."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if "gan" in words and words.startswith("md"):
        return "mdgan-stage2" if re.search(r"-(ii|2)$|stage2", words) else "mdgan-stage1"
    starts = {"real": "truth", "the-truth": "truth", "the-real": "truth", "our": "ours", "fading": "fading-copy"}
    for start, role in [*starts.items(), *((role, role) for role in ROLES)]:
        if words.startswith(start) or words.startswith("the-" + start):
            return role
    return "other"
