"""Asks every address in the book, and every host that data come from, whether it still answers.

    python tools/check_links.py            both; one line each, exit status 1 where something is gone
    python tools/check_links.py --data     only the data: the sample clips are compared with their sha256, of the two
                                           archives the first bytes are read, in parts, as the data scripts do

An address is gone when it is not found, cannot be reached or answers with an error, three times in a row. A host that
refuses robots (401, 403, 405, 429) is named, and is no failure: a reader's browser may well be let in.
"""

import argparse
import hashlib
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from json import loads
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ssagan_lite.data import beach, cloud, samples  # noqa: E402
from ssagan_lite.data.remote import RemoteFile  # noqa: E402
from ssagan_lite.errors import InputError  # noqa: E402

PAGES = ("*.md", "*.cff", "book/**/*.md", "book/**/*.ipynb", "book/**/*.bib")
ADDRESS = re.compile(r"https?://(?:[\w-]+\.)+\w+(?::\d+)?(?:/[^\s<>\"'`\\{}|^]*)?", re.IGNORECASE)
DOI = re.compile(r"^\s*doi\s*=\s*[{\"](10\.[^}\"]+)", re.IGNORECASE | re.MULTILINE)
PREPRINT = re.compile(r"arXiv:\s?(\d{4}\.\d{4,5})", re.IGNORECASE)
REFUSALS = (401, 403, 405, 429)
HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; link check of a book)"}
TRIES, PAUSE, TIMEOUT = 3, 5.0, 30.0  # seconds


@dataclass(frozen=True)
class Verdict:
    """What became of one address: "ok", "refuses" or "gone", why, and where it stands."""

    address: str
    state: str
    reason: str
    place: str

    def __str__(self) -> str:
        return f"{self.state:8}{self.address}  ({self.reason}; {self.place})"


def prose(path: Path) -> str:
    """The text of a page, or the Markdown cells of a notebook."""
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in loads(text)["cells"] if cell["cell_type"] == "markdown")


def addresses_in(text: str) -> Iterator[str]:
    """Every address in a text, without the punctuation that follows it; a DOI and an arXiv number count as one."""
    for found in ADDRESS.findall(text):
        address = found.partition("#")[0].rstrip(".,;:!?*_")
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1].rstrip(".,;:!?*_")
        yield address
    yield from (f"https://doi.org/{number}" for number in DOI.findall(text))
    yield from (f"https://arxiv.org/abs/{number}" for number in PREPRINT.findall(text))


def links(root: Path = ROOT) -> dict[str, str]:
    """Address -> the first page that it stands in."""
    found: dict[str, str] = {}
    for path in sorted({path for pattern in PAGES for path in root.glob(pattern) if "_build" not in path.parts}):
        for address in addresses_in(prose(path)):
            found.setdefault(address, path.relative_to(root).as_posix())
    return found


def ask(address: str) -> tuple[str, str]:
    """(state, reason) of one answer; its body is not read."""
    try:
        with requests.get(address, headers=HEADERS, stream=True, timeout=TIMEOUT) as answer:
            moved = f", moved to {answer.url}" if answer.url != address else ""
            if answer.ok:
                return "ok", f"{answer.status_code}{moved}"
            return "refuses" if answer.status_code in REFUSALS else "gone", f"{answer.status_code}{moved}"
    except requests.RequestException as error:
        return "gone", type(error).__name__


def check_link(address: str, place: str, pause: Callable[[float], None] = time.sleep) -> Verdict:
    """Ask up to three times, until there is an answer that is no error."""
    for attempt in range(TRIES):
        state, reason = ask(address)
        if state != "gone" or attempt == TRIES - 1:
            break
        pause(PAUSE)
    return Verdict(address, state, reason, place)


def check_file(address: str, sha256: str, place: str) -> Verdict:
    """Download a small file, and compare it."""
    try:
        answer = requests.get(address, headers=HEADERS, timeout=TIMEOUT)
        answer.raise_for_status()
    except requests.RequestException as error:
        return Verdict(address, "gone", str(error) or type(error).__name__, place)
    same = hashlib.sha256(answer.content).hexdigest() == sha256
    return Verdict(address, "ok" if same else "gone", "sha256 as known" if same else "the file has changed", place)


def check_archive(address: str, magic: bytes, place: str) -> Verdict:
    """Read the first bytes of a large archive, in the way the data scripts read it: in parts."""
    try:
        with RemoteFile(address, block=2**10, attempts=TRIES, timeout=TIMEOUT) as file:
            start, size = file.read(len(magic)), file.size
    except InputError as error:
        return Verdict(address, "gone", str(error), place)
    if start != magic:
        return Verdict(address, "gone", f"it begins with {start!r}, not {magic!r}", place)
    return Verdict(address, "ok", f"{size / 1e9:.2f} GB, read in parts", place)


def data_checks() -> list[Callable[[], Verdict]]:
    """One check for each file that the book's data come from."""
    files = [(samples.BASE_URL + name, sha256) for name, sha256 in samples.FILES.values()]
    archives = [(cloud.MIRROR, b"PK\x03\x04", "the cloud data"), (beach.ADDRESS, b"BZh", "the beach data")]
    return [
        *(lambda file=file: check_file(*file, "the sample clips") for file in files),
        *(lambda archive=archive: check_archive(*archive) for archive in archives),
    ]


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Returns the exit status: 1 where something is gone."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--data", action="store_true", help="only the hosts that data come from")
    only.add_argument("--links", action="store_true", help="only the addresses in the book")
    given = parser.parse_args(arguments)
    checks = [] if given.links else data_checks()
    if not given.data:
        checks += [lambda link=link: check_link(*link) for link in links(root).items()]
    with ThreadPoolExecutor(8) as threads:
        verdicts = list(threads.map(lambda check: check(), checks))
    for verdict in sorted(verdicts, key=lambda verdict: verdict.state):
        print(verdict)
    gone = sum(verdict.state == "gone" for verdict in verdicts)
    print(f"{len(verdicts)} addresses, {gone} gone")
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main())
