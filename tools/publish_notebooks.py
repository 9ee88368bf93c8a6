"""Writes the notebooks as Colab opens them, and the book's configuration with the address that its buttons lead to.

    python tools/publish_notebooks.py --repository OWNER/NAME --tag v0.1 --out DIR

    DIR/colab/book/NN_topic.ipynb   SOURCE, in the first code cell, says where pip finds the package
    DIR/colab/README.md             what the branch `colab` holds, with a link to open each notebook
    DIR/_config.yml                 launch buttons lead to that branch of OWNER/NAME, link previews to its pages

Nothing else of a notebook changes, not even its layout, and nothing in the repository. `--tag` takes whatever pip may
install from: a tag, a branch or a commit. The pages workflow runs this with the name of the repository that it runs
in, so that a fork's buttons open the fork. Only the standard library. A name that cannot be is refused in one sentence,
with exit status 2.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
BRANCH = "colab"
EMPTY = r"SOURCE = \"\"  #"  # as it stands in the file, inside a JSON string
REPOSITORY = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}/(?!\.{1,2}$)(?!.*\.git$)[A-Za-z0-9._-]{1,100}")
REFERENCE = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)|[./]$))[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
SAFE_SOURCE = re.compile(r"[^\"'\\\s#]+")
SETTING = re.compile(r'^repository: \{url: "", branch: \w+, path_to_book: book\}$', re.MULTILINE)
PAGES = re.compile(r'^    ogp_site_url: ""', re.MULTILINE)


class PublishError(ValueError):
    """One sentence: what cannot be published, and what to give instead."""


def pip_address(repository: str, tag: str) -> str:
    """What `pip install` takes for OWNER/NAME at a tag, a branch or a commit; raises `PublishError` on other names."""
    if not REPOSITORY.fullmatch(repository):
        raise PublishError(f"{repository!r} names no GitHub repository: give OWNER/NAME.")
    if not REFERENCE.fullmatch(tag):
        raise PublishError(f"{tag!r} names no tag: give a tag, a branch or a commit, such as v0.1.")
    return f"git+https://github.com/{repository}@{tag}"


def fill_source(text: str, source: str) -> str:
    """The text of a notebook whose first code cell installs from `source`, a path or an address; all else unchanged.

    Raises `PublishError` where the line is not there exactly once, or not in the first code cell.
    """
    if not SAFE_SOURCE.fullmatch(source):
        raise PublishError(f"{source!r} cannot be a source: quotes, backslashes, blanks and # do not fit in it.")
    cells = (cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    first = "".join(next(cells, {"source": ""})["source"])
    if text.count(EMPTY) != 1 or 'SOURCE = ""  #' not in first:
        raise PublishError('the line SOURCE = "" must stand once in a notebook, in its first code cell.')
    return text.replace(EMPTY, EMPTY.replace(r"\"\"", rf"\"{source}\""))


def pages_address(repository: str) -> str:
    """Where GitHub Pages shows OWNER/NAME: a folder of the owner's site, or that site itself."""
    owner, name = repository.lower().split("/")[0], repository.split("/")[1]
    site = f"https://{owner}.github.io/"
    return site if name.lower() == f"{owner}.github.io" else f"{site}{name}/"


def fill_config(text: str, repository: str) -> str:
    """_config.yml with the addresses of OWNER/NAME: the branch of the filled notebooks, and the hosted pages."""
    setting = f'repository: {{url: "https://github.com/{repository}", branch: {BRANCH}, path_to_book: book}}'
    filled, count = SETTING.subn(setting, text)
    if count != 1:
        raise PublishError('_config.yml must have one line `repository: {url: "", branch: main, path_to_book: book}`.')
    filled, count = PAGES.subn(f'    ogp_site_url: "{pages_address(repository)}"', filled)
    if count != 1:
        raise PublishError('_config.yml must have one line `ogp_site_url: ""`, indented by four.')
    return filled


def title(text: str) -> str:
    """The first heading of a notebook."""
    prose = ("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")
    found = re.search(r"^# (.+)$", "\n".join(prose), flags=re.MULTILINE)
    return found[1] if found else "(no title)"


def read_me(repository: str, tag: str, titles: dict[str, str]) -> str:
    """What a visitor of the branch reads."""
    start = f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/book"
    lines = [f"- [{text}]({start}/{quote(name)})" for name, text in titles.items()]
    return (
        f"# The notebooks of the book, for Colab\n\nMade from `{tag}` by `tools/publish_notebooks.py`, and made anew "
        "at each publication: change them on the main branch, not here. Open one in Colab:\n\n"
        + "\n".join(lines)
        + "\n"
    )


def published(root: Path, repository: str, tag: str) -> dict[str, str]:
    """Every file to write: its path inside the folder, and its text."""
    source, files, titles = pip_address(repository, tag), {}, {}
    for path in sorted((root / "book").glob("*.ipynb")):
        text = path.read_text("utf-8")
        try:
            files[f"{BRANCH}/book/{path.name}"] = fill_source(text, source)
        except PublishError as error:
            raise PublishError(f"{path.name}: {error}") from error
        titles[path.name] = title(text)
    if not titles:
        raise PublishError(f"{root / 'book'} holds no notebook.")
    files[f"{BRANCH}/README.md"] = read_me(repository, tag, titles)
    files["_config.yml"] = fill_config((root / "_config.yml").read_text("utf-8"), repository)
    return files


def write(files: dict[str, str], out: Path) -> None:
    """Everything, into a folder that is new or empty."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PublishError(f"{out} is there and not an empty folder: name a new one.")
    for name, text in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, "utf-8", newline="\n")


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repository", required=True, metavar="OWNER/NAME", help="where the package is, on GitHub")
    parser.add_argument("--tag", required=True, help="the tag, branch or commit that pip installs")
    parser.add_argument("--out", required=True, type=Path, help="a folder that is new or empty")
    given = parser.parse_args(arguments)
    try:
        files = published(root, given.repository, given.tag)
        write(files, given.out)
    except PublishError as error:
        print(f"publish: {error}", file=sys.stderr)
        return 2
    print(f"publish: {len(files) - 2} notebooks for {given.repository}@{given.tag} in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
