"""A figure alone in a page of its own, for the browser tests of the figures; and when all figures of a page are up."""

DARK = "<style>@media (prefers-color-scheme: dark) { body { background: #121212 } }</style>"
PAGE = "<!doctype html><meta charset=utf-8>" + DARK.replace("{", "{{").replace("}", "}}") + "{}"
READY = "document.querySelector('.ssagan[data-ready]') || document.querySelector('.ssagan[data-kind=still]')"

AWAKE = "[...document.querySelectorAll('figure.ssagan:not([data-kind=still])')].every(f => 'ready' in f.dataset)"


def flag(name: str) -> str:
    """What asks the page for a data-NAME of its figure."""
    return f"document.querySelector('.ssagan').dataset.{name}"


def press(text: str) -> str:
    """What presses the first button that carries this text."""
    return f"[...document.querySelectorAll('button')].find(b => b.textContent === {text!r}).click()"
