"""Opens one issue for a check that fails, or adds to the one that is open; run by the weekly workflows.

    python tools/report_failure.py --title "The weekly check of links fails" --run ADDRESS < report.txt

Needs `gh`, signed in (GH_TOKEN), and GH_REPO or a clone. `--dry-run` says what would be done, and does none of it.
"""

import argparse
import json
import subprocess
import sys

LONGEST = 20_000  # characters of a report; GitHub takes 65,536
COUNTED = 200  # open issues that are looked through


def gh(*arguments: str, text: str = "") -> str:
    """What `gh` prints; raises where it fails, with its message on stderr."""
    done = subprocess.run(["gh", *arguments], input=text, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def open_issue(title: str) -> int | None:
    """The number of the open issue with this title, the oldest where there are several."""
    listed = gh("issue", "list", "--state", "open", "--limit", str(COUNTED), "--json", "number,title")
    return min((issue["number"] for issue in json.loads(listed) if issue["title"] == title), default=None)


def body(report: str, run: str) -> str:
    """The end of the report as a block of code, and where the run is."""
    shown = report.strip()[-LONGEST:].replace("```", "'''")
    return f"{run}\n" + (f"\n```text\n{shown}\n```\n" if shown else "\nThe run says why; it left no report.\n")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--title", required=True, help="of the issue; it tells whether one is open already")
    parser.add_argument("--run", required=True, help="the address of the run that failed")
    parser.add_argument("--dry-run", action="store_true", help="ask what is open, and only say what would be done")
    given = parser.parse_args(arguments)
    text = body(sys.stdin.read(), given.run)
    number = open_issue(given.title)
    if number is None:
        what = ["issue", "create", "--title", given.title, "--body-file", "-"]
    else:
        what = ["issue", "comment", str(number), "--body-file", "-"]
    print(f"report: gh {' '.join(what[:3])}")
    print(text if given.dry_run else gh(*what, text=text), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
