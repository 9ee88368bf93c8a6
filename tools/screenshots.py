"""Take a picture of every built page, as a desktop and a phone show it, light and dark.

    make shots                              # of every page, in _build/screenshots
    python tools/screenshots.py PAGE ...    # of some

They are for looking at: after a change to a page, a figure or a style, open the four of that page. Needs Chromium.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser import Browser, find_chromium  # noqa: E402
from figure_page import AWAKE  # noqa: E402

PAGES, PICTURES = ROOT / "_build" / "html", ROOT / "_build" / "screenshots"
WIDTHS = {"desktop": 1200, "phone": 380}


def main() -> int:
    if find_chromium() is None:
        print("Chromium is not installed, and no other browser was found.", file=sys.stderr)
        return 2
    there = pages(PAGES)
    names = sys.argv[1:] or sorted(there)
    if missing := sorted(set(names) - there):
        print(f"There is no built page {', '.join(missing)}; run `make book` first.", file=sys.stderr)
        return 2
    PICTURES.mkdir(parents=True, exist_ok=True)
    with Browser() as browser:
        for name in names:
            take(browser, name)
    print(f"The pictures are in {PICTURES.relative_to(ROOT)}")
    return 0


def pages(built: Path) -> set[str]:
    """The names of a built book's pages, such as teaching/index: not those that Sphinx adds."""
    found = {file.relative_to(built).with_suffix("").as_posix() for file in built.rglob("*.html")}
    return {name for name in found if not name.startswith(("_static/", "_modules/"))} - {"genindex", "search"}


def take(browser: Browser, name: str) -> None:
    """Four pictures of one page, each of its whole length."""
    for device, width in WIDTHS.items():
        for theme in ("light", "dark"):
            with browser.page(PAGES / f"{name}.html", width=width, dark=theme == "dark") as page:
                page.wait(AWAKE)
                page.screenshot(PICTURES / f"{name.replace('/', '-')}-{device}-{theme}.png", full=True)


if __name__ == "__main__":
    sys.exit(main())
