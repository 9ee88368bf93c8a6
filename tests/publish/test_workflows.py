"""The workflows: GitHub's schema, our own rules, and their scripts, which are really run."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in FILES}
JOBS = {f"{name}.{key}": job for name, flow in WORKFLOWS.items() for key, job in flow["jobs"].items()}
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
SCRIPTS = {f"{name}: {step['name']}": step["run"] for name, step in STEPS if "run" in step}
each_job = pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
each_script = pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
each_workflow = pytest.mark.parametrize("flow", WORKFLOWS.values(), ids=WORKFLOWS)


def triggers(flow: dict) -> dict:
    return flow[True]  # what YAML makes of `on`


def test_there_are_four():
    assert set(WORKFLOWS) == {"ci", "pages", "colab", "links"}


def checked(*paths: Path) -> subprocess.CompletedProcess:
    """GitHub's schema, of the copy that comes with check-jsonschema."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    return subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=False)


def test_github_accepts_them_and_would_not_accept_a_job_without_a_machine(tmp_path):
    done = checked(*FILES)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "ci.yml"
    wrong.write_text(FILES[0].read_text("utf-8").replace("runs-on", "runs_on"))
    done = checked(wrong)
    assert done.returncode == 1
    assert "runs-on" in done.stdout + done.stderr


@each_script
def test_scripts_are_bash_and_stop_at_the_first_failure(script):
    assert script.startswith("set -euo pipefail\n")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "${{" not in script, "values come through the environment: a branch's name could hold commands"
    assert not re.search(r"\|\| true|set \+e|--force\b.*push|push.*--force|--allow-errors", script)


@each_workflow
def test_a_workflow_may_only_read_unless_a_job_says_more(flow):
    assert flow["permissions"] == {"contents": "read"}
    assert set(flow["concurrency"]) == {"group", "cancel-in-progress"}
    assert "pull_request_target" not in triggers(flow)


def test_the_jobs_that_may_write_are_these():
    extra = {name: job["permissions"] for name, job in JOBS.items() if "permissions" in job}
    assert extra == {
        "pages.notebooks": {"contents": "write"},
        "pages.deploy": {"pages": "write", "id-token": "write"},
        "colab.issue": {"contents": "read", "issues": "write"},
        "links.issue": {"contents": "read", "issues": "write"},
    }


@each_job
def test_a_job_ends_in_time_and_hides_no_failure(job):
    assert 0 < job["timeout-minutes"] <= 180
    assert "continue-on-error" not in json.dumps(job)


def test_actions_are_githubs_own_and_pinned_to_a_major_version():
    used = {step["uses"] for _, step in STEPS if "uses" in step}
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in used), used
    assert len(used) == len({name.partition("@")[0] for name in used}), "one version of each"


def test_only_the_job_that_pushes_keeps_the_key_to_the_repository():
    for name, step in STEPS:
        if step.get("uses", "").startswith("actions/checkout@"):
            kept = step.get("with", {}).get("persist-credentials", True)
            assert kept == (name == "pages.notebooks"), name


def test_three_pythons_are_tested_without_a_gpu_build():
    job = JOBS["ci.test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    runs = [step["run"].split("\n", 1)[1].strip() for step in job["steps"] if "run" in step]
    assert runs == ["make cpu", ".ci/run"]
    recipe = (ROOT / "Makefile").read_text("utf-8").split("\ncpu:\n")[1].split("\n\n")[0]
    assert "--torch-backend cpu torch -c constraints.txt" in recipe


def test_nothing_is_published_before_the_book_is_built():
    jobs = WORKFLOWS["pages"]["jobs"]
    assert jobs["notebooks"]["needs"] == "build"
    assert jobs["deploy"]["needs"] == ["build", "notebooks"]
    for name in ("notebooks", "deploy"):
        assert "default_branch" in jobs[name]["if"]


@pytest.mark.parametrize("name", ["colab", "links"])
def test_weekly_checks_report_what_failed(name):
    flow = WORKFLOWS[name]
    (cron,) = (entry["cron"] for entry in triggers(flow)["schedule"])
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", cron)
    issue = flow["jobs"]["issue"]
    assert issue["if"] == f"${{{{ !cancelled() && needs.{issue['needs']}.result != 'success' }}}}"


def test_the_links_job_installs_what_its_tool_imports():
    code = (
        "import sys; from tools import check_links; print(*{n.split('.')[0] for n, m in sys.modules.items() "
        "if 'site-packages' in (getattr(m, '__file__', None) or '')})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    names = {"cv2": "opencv-python-headless", "PIL": "pillow", "imageio_ffmpeg": "imageio-ffmpeg"}
    installed = set(SCRIPTS["links.check: Install what reading the data needs"].split())
    brought = {"certifi", "charset_normalizer", "idna", "urllib3", "packaging", "platformdirs"}  # by requests and pooch
    start = {"_distutils_hack"}  # by the interpreter
    assert {names.get(name, name) for name in set(done.stdout.split()) - brought - start} <= installed
    assert "torch" not in done.stdout.split()


def run(script: str, variables: dict, folder: Path) -> subprocess.CompletedProcess:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, check=False)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def origin(book, tmp_path) -> Path:
    """A repository like GitHub's: the small book and the tool, on the branch main."""
    (book / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "publish_notebooks.py", book / "tools")
    bare = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", str(bare))
    git(book, "init", "--quiet")
    git(book, "remote", "add", "origin", bare.as_uri())
    commit(book)
    return bare


def commit(book: Path) -> None:
    git(book, "add", "--all")
    git(book, "commit", "--quiet", "-m", "A change")
    git(book, "push", "--quiet", "origin", "HEAD:refs/heads/main")


def publish(origin: Path, variables: dict, tmp_path: Path, **given: str) -> str:
    """Run the script of the job in a new shallow clone, as actions/checkout makes it; what it printed."""
    number = len(list(tmp_path.glob("clone-*")))
    clone, temporary = tmp_path / f"clone-{number}", tmp_path / f"runner-{number}"
    temporary.mkdir()
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "main", origin.as_uri(), str(clone))
    script = SCRIPTS["pages.notebooks: Write one commit to the branch colab"]
    done = run(script, variables | {"RUNNER_TEMP": str(temporary)} | given, clone)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_publication_is_one_commit_on_the_branch(origin, book, variables, tmp_path):
    before = git(origin, "rev-parse", "main")
    publish(origin, variables, tmp_path)
    assert git(origin, "log", "--format=%s %P", "colab") == "Notebooks of v0.1"
    listed = git(origin, "ls-tree", "-r", "--name-only", "colab").split()
    assert listed == ["README.md", "book/01_one.ipynb", "book/02_two.ipynb"]
    assert "git+https://github.com/owner/name@v0.1" in git(origin, "show", "colab:book/02_two.ipynb")

    assert "already holds" in publish(origin, variables, tmp_path)
    assert git(origin, "rev-list", "--count", "colab") == "1"

    (book / "book" / "02_two.ipynb").unlink()
    commit(book)
    first = git(origin, "rev-parse", "colab")
    publish(origin, variables, tmp_path, REFERENCE="v0.2")
    assert git(origin, "log", "-1", "--format=%s %P", "colab") == f"Notebooks of v0.2 {first}"
    assert git(origin, "ls-tree", "-r", "--name-only", "colab").split() == ["README.md", "book/01_one.ipynb"]
    assert git(origin, "rev-parse", "main~1") == before


def test_nothing_is_pushed_for_a_name_that_cannot_be(origin, variables, tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", origin.as_uri(), str(clone))
    script = SCRIPTS["pages.notebooks: Write one commit to the branch colab"]
    done = run(script, variables | {"REFERENCE": "v0.1; ls"}, clone)
    assert done.returncode == 2
    assert "names no tag" in done.stderr
    assert git(origin, "branch", "--format=%(refname:short)") == "main"


def test_the_address_is_filled_in_before_the_book_is_built(book, variables):
    (book / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "publish_notebooks.py", book / "tools")
    done = run(SCRIPTS["pages.build: Fill in the address of this repository"], variables, book)
    assert done.returncode == 0, done.stderr
    assert 'url: "https://github.com/owner/name", branch: colab' in (book / "_config.yml").read_text()


def test_the_site_is_not_deployed_with_buttons_that_lead_elsewhere(variables, tmp_path):
    page = tmp_path / "_build" / "html" / "01_one.html"
    page.parent.mkdir(parents=True)
    script = SCRIPTS["pages.build: See that the buttons lead here"]
    start = "https://colab.research.google.com/github"
    page.write_text(f'<a href="{start}/owner/name/blob/colab/book/01_one.ipynb">')
    assert run(script, variables, tmp_path).returncode == 0
    page.write_text(f'<a href="{start}/other/name/blob/colab/book/01_one.ipynb">')
    assert run(script, variables, tmp_path).returncode == 1


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, 1)])
def test_a_failing_check_fails_its_step_and_leaves_a_report(status, expected, variables, tmp_path):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "check_links.py").write_text(f"print('gone')\nraise SystemExit({status})\n")
    done = run(SCRIPTS["links.check: Ask"], variables, tmp_path)
    assert (done.returncode, done.stdout) == (expected, "gone\n")
    assert run(SCRIPTS["links.check: Keep the report"], variables, tmp_path).returncode == 0
    name, text, end = Path(variables["GITHUB_OUTPUT"]).read_text().split("\n", 2)
    assert name.startswith("report<<end-")
    assert text == "gone"
    assert end.strip() == name.removeprefix("report<<")


FAKE_DOCKER = """#!/bin/bash
printf '%s\\n' "$@" > docker.log
echo "01 failed"
exit 1
"""


def test_a_chapter_that_fails_in_the_image_fails_the_step(variables, commands, tmp_path):
    (commands / "docker").write_text(FAKE_DOCKER)
    (commands / "docker").chmod(0o755)
    done = run(
        SCRIPTS["colab.chapters: Run each chapter in an empty folder"], variables | {"GITHUB_SHA": "c0ffee"}, tmp_path
    )
    assert (done.returncode, (tmp_path / "report.txt").read_text()) == (1, "01 failed\n")
    asked = (tmp_path / "docker.log").read_text()
    assert "SOURCE=git+https://github.com/owner/name@c0ffee\n" in asked
    inner = asked[asked.index("-c\n") + 3 :]
    subprocess.run(["bash", "-n"], input=inner, text=True, check=True)
    assert "run_chapters_alone.py --all --python" in inner


FAKE_GH = """#!/usr/bin/env python
import json, os, sys
text = sys.stdin.read() if "-" in sys.argv else ""
with open(os.environ["GH_LOG"], "a") as log:
    log.write(json.dumps([sys.argv[1:], text]) + "\\n")
if sys.argv[2] == "list":
    print(os.environ["GH_OPEN"])
"""


@pytest.mark.parametrize("name", ["colab", "links"])
@pytest.mark.parametrize("is_open", [False, True])
def test_one_issue_is_opened_or_updated(name, is_open, variables, commands, tmp_path):
    (commands / "gh").write_text(FAKE_GH)
    (commands / "gh").chmod(0o755)
    script = SCRIPTS[f"{name}.issue: Report"]
    title = re.search(r'--title "([^"]+)"', script)[1]
    others = [{"number": 3, "title": "Something else"}, *([{"number": 7, "title": title}] if is_open else [])]
    given = {
        "GH_OPEN": json.dumps(others),
        "GH_LOG": str(tmp_path / "gh.log"),
        "RUN": "https://run",
        "REPORT": "it's `gone`",
    }
    done = run(script, variables | given, ROOT)
    assert done.returncode == 0, done.stderr
    _, (what, text) = map(json.loads, (tmp_path / "gh.log").read_text().splitlines())
    assert what[:2] == (["issue", "comment"] if is_open else ["issue", "create"])
    assert ("7" if is_open else title) in what
    assert "https://run" in text
    assert "it's `gone`" in text


def test_tools_that_a_bare_python_runs_need_only_the_standard_library():
    for name in ("publish_notebooks", "report_failure", "run_chapters_alone"):
        tree = ast.parse((ROOT / "tools" / f"{name}.py").read_text("utf-8"))
        imported = {alias.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
        imported |= {n.module.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert imported <= set(sys.stdlib_module_names) | {"tools"}, name
