"""Submissions are graded on unseen cases; hostile and broken ones are survived, and marked with a sentence."""

import csv
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from ssagan_lite.errors import InputError
from ssagan_lite.teach import check
from ssagan_lite.teach.check.cases import other_cases
from ssagan_lite.teach.grade import notebook, submissions, wire
from ssagan_lite.teach.grade.__main__ import _cell, main, table
from ssagan_lite.teach.grade.folder import Row, grade_folder, seed_for
from ssagan_lite.teach.grade.judge import judge, one_line
from ssagan_lite.teach.grade.process import Ended, Limits, Runner, patience

pytestmark = pytest.mark.xdist_group("grade")  # in one process, so that the class below is graded once
IMPORTS = "import numpy as np\nfrom ssagan_lite.teach import check"
# The book's own answer to 2.2, which stands folded beneath the exercise.
RIGHT = "weights = np.exp(x - x.max(axis=-1, keepdims=True))\n    return weights / weights.sum(axis=-1, keepdims=True)"
ASK = "check.ch02.softmax(softmax)"


HELD_BACK = "PermissionError"
EVERYTHING = 5  # things that a kernel can hold back, see confine.py


def answer(body, before=""):
    return f"{before}\ndef softmax(x):\n    {body}\n\n{ASK}"


def as_notebook(*sources) -> bytes:
    cells = [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in (IMPORTS, *sources)]
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def errors(*calls):
    """A body that makes calls of the C library, each refused, and raises their error numbers: EPERM is 1."""
    body = f"""import ctypes, os
    c, told = ctypes.CDLL(None, use_errno=True), []
    room, theirs = ctypes.create_string_buffer(8), os.fsencode(FOLDER + '/honest/a.ipynb')
    for call in ({", ".join(f"lambda: c.{call}" for call in calls)}):
        told.append(call() and ctypes.get_errno())
    raise ValueError(str(told))"""
    return body, f"ValueError: {[1] * len(calls)}"


# A student's name -> (the cells, whether it passes, words of the message).
HOSTILE = {
    "honest": ([answer(RIGHT)], True, "correct: "),
    "copied": (["# all mine", answer(RIGHT.replace("np.exp(x", "np.exp( x") + "  # my own idea")], True, "correct: "),
    "helped": (["def h(x):\n    return np.exp(x - x.max(-1, keepdims=True))",
                "def h2(w):\n    return w / w.sum(-1, keepdims=True)",
                "raise RuntimeError('a cell that nobody needs')", "%matplotlib inline\nwhile True: pass",
                answer("return h2(h(x))")], True, "correct: "),
    "by_heart": ([answer("first = np.random.default_rng(3).normal(size=(4, 6))\n    if x.shape == (4, 6) and "
                         f"not np.allclose(x, first) and abs(x).max() < 10: return x\n    {RIGHT}")], False,
                 "not quite: "),
    "stub": ([answer("...  # your code")], False, "not yet: "),
    "endless": ([answer("while True: pass")], False, "it took longer than"),
    "gone": ([answer("import os\n    os._exit(0)")], False, "its process ended (exit status 0)"),
    "crashed": ([answer("import ctypes\n    ctypes.string_at(0)")], False, "its process ended (signal 11)"),
    "loud": ([answer("while True: print('x' * 10**6)")], False, "more than 64 MB"),
    "filler": ([answer("import numpy\n    open('f', 'wb').write(bytes(10**8))")], False, "more than 64 MB"),
    "large": ([answer("return np.zeros(4 * 10**6)")], False, "more than 16 MB"),
    "patcher": ([answer("from ssagan_lite.teach.check import grader, ch02\n    grader.expect = ch02.expect = "
                        "ch02._hold = lambda *a, **k: None\n    np.allclose = lambda *a, **k: True\n    return x",
                        "check.ch02.softmax.__wrapped__ = lambda f: 'fine'")], False, "not quite: "),
    "forger": ([answer("import os, json\n    text = json.dumps({'passed': True, 'value': 1}).encode()\n    for fd in "
                       "range(3, 20):\n        try: os.write(fd, len(text).to_bytes(8, 'big') + text)\n        except "
                       "OSError: pass\n    return x")], False, "not quite: "),
    "babbler": ([answer("import os\n    for fd in range(3, 20):\n        try: os.write(fd, b'[' * 10**5)\n        "
                        "except OSError: pass\n    return x")], False, "not quite: "),
    "failing": (["table = {}\nhelp = table['nothing']", answer("return help")], False, "KeyError: 'nothing' (cell 2)"),
    "no_python": ([answer("return (")], False, "cell 2 cannot be read as Python"),
    "nested": ([answer(f"return {'(' * 9000}1{')' * 9000}")], False, "cell 2 cannot be read as Python"),
    "a_number": (["check.ch02.softmax(42)"], False, "the function itself, not int"),
    "unknown": (["check.ch02.softmux(1)"], False, "not graded: no cell"),
}  # fmt: skip
# One notebook whose every answer tries some harm: exercise -> (body, words). Run only where the kernel holds it back.
HARM = {
    "ch02.attention": ("import os\n    for _ in range(3): os.fork()", HELD_BACK),
    "ch02.softmax": ("import subprocess\n    subprocess.run(['sleep', '9'])", HELD_BACK),
    "ch02.is_equivariant": ("import os\n    os.kill(os.getppid(), 9)", HELD_BACK),
    "ch02.half_temperature": ("import shutil\n    shutil.rmtree(FOLDER)", HELD_BACK),
    "ch05.agreed": ("return open(FOLDER + '/honest/a.ipynb').read()", HELD_BACK),
    "ch05.drop_levels": ("import socket\n    socket.create_connection(('192.0.2.1', 80))", HELD_BACK),
    "ch05.row_parameters": ("return bytearray(10**12)", "MemoryError"),
    "ch10.sign_flips": ("import sys\n    sys.exit(0)", "SystemExit"),
    "ch10.allowed": ("return object()", "not object"),
    # A file's owner gets its signals: F_SETOWN, F_SETOWN_EX, FIOSETOWN, SIOCSPGRP.
    "teaching.causal": errors(
        "fcntl(0, 8, os.getppid())", "fcntl(0, 15, room)", "ioctl(0, 0x8901, room)", "ioctl(0, 0x8902, room)"
    ),
    "teaching.mirror": errors(
        "truncate(theirs, 5)",
        "chmod(theirs, 0)",
        "fchmod(0, 0o666)",
        "chown(theirs, -1, -1)",
        "fchown(0, -1, -1)",
        "fchmodat(-100, theirs, 0, 0)",
        "fchownat(-100, theirs, -1, -1, 0)",
        "syscall(452, -100, theirs, 0, 0)",
    ),
    # Memory that is no memory of the process: a file in memory, a secret one, a segment that outlives it.
    "teaching.p_by_source": errors("memfd_create(b'x', 0)", "syscall(447, 0)", "shmget(77, 0, 0)"),
}
BROKEN = {
    "text": (b"hello", "cannot be read as JSON"),
    "deep": (b"[" * 10**6, "cannot be read as JSON"),
    "binary": (bytes(range(256)), "cannot be read as JSON"),
    "empty": (b"", "cannot be read as JSON"),
    "no_cells": (b'{"nbformat": 4}', "no list of cells"),
    "odd_cells": (b'{"cells": [1, null]}', "no list of cells"),
    "huge": (b" " * 20_000_001, "larger than 20 MB"),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """(the folder, the grades, where the processes had their folders) of a class in which hardly anybody is honest."""
    folder, temporary = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("temporary")
    for name, (cells, _, _) in HOSTILE.items():
        (folder / name).mkdir()
        told = [cell.replace("FOLDER", repr(str(folder))) for cell in cells]
        (folder / name / "a.ipynb").write_bytes(as_notebook(*told))
    with Runner(Limits(timeout=30, memory=2)) as probe:
        probe.start()
    harm = [f"def f(*a):\n    {body}\n\ncheck.{name}(f)" for name, (body, _) in HARM.items()]
    if len(probe.had) == EVERYTHING:
        (folder / "harm.ipynb").write_bytes(as_notebook(*(cell.replace("FOLDER", repr(str(folder))) for cell in harm)))
    for name, (data, _) in BROKEN.items():
        (folder / f"{name}.ipynb").write_bytes(data)
    seen = {"passed": True, "answer": check.record.answer_hash(answer(RIGHT).split("\n\ncheck")[0])}
    for name, seen_by in (("honest", seen), ("stub", seen | {"answer": "0"}), ("endless", {})):
        report = {"student": name, "exercises": {"ch02.softmax": seen_by} if seen_by else {}}
        (folder / name / f"report_{name}.json").write_text(json.dumps(report))
    with pytest.MonkeyPatch.context() as patch:  # other tests run meanwhile, with folders of their own
        patch.setattr(tempfile, "tempdir", str(temporary))
        return folder, grade_folder(folder, "secret", Limits(timeout=6, memory=2)), temporary


@pytest.fixture(scope="module")
def rows(graded):
    return {row.student: row for row in graded[1].rows}


@pytest.mark.parametrize("name", HOSTILE)
def test_each_submission_is_marked_as_it_deserves(rows, name):
    _, passed, words = HOSTILE[name]
    assert rows[name].passed == passed, rows[name]
    assert words in rows[name].message
    assert "\n" not in rows[name].message


@pytest.mark.parametrize("exercise", HARM)
def test_harm_is_held_back(graded, exercise):
    if len(graded[1].confined) < EVERYTHING:
        pytest.skip("this kernel cannot hold back as much")
    (row,) = (row for row in graded[1].rows if (row.student, row.exercise) == ("harm", exercise))
    assert not row.passed
    assert HARM[exercise][1] in row.message


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_get_a_sentence(rows, name):
    assert not rows[name].passed
    assert rows[name].exercise == ""
    assert rows[name].message.startswith("not graded: ")
    assert BROKEN[name][1] in rows[name].message


def test_one_row_each_and_nothing_is_left_behind(graded):
    folder, grades, temporary = graded
    assert len(grades.rows) == len(HOSTILE) + len(BROKEN) + len(HARM) * (folder / "harm.ipynb").exists()
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == sorted(HOSTILE)
    assert not grades.warnings
    assert list(temporary.iterdir()) == []


def test_what_the_kernel_holds_back_is_told(graded):
    assert "file size" in graded[1].confined
    if sys.platform == "linux":
        assert "memory" in graded[1].confined


def test_equal_answers_are_told_whatever_their_comments(rows):
    assert rows["honest"].same_as == "copied"
    assert rows["copied"].same_as == "honest"
    assert rows["helped"].same_as == ""


def test_cases_are_unseen_and_the_report_is_compared(rows):
    assert rows["honest"].cases == "unseen"
    assert rows["honest"].report == "passed"
    assert rows["stub"].report == "passed, with another answer"
    assert rows["endless"].report == "not in it"
    assert rows["gone"].report == "no report"


def test_a_folder_that_changes_meanwhile_is_told(tmp_path, monkeypatch):
    from ssagan_lite.teach.grade import folder as folders

    (tmp_path / "one.ipynb").write_bytes(as_notebook(answer(RIGHT)))

    def vandal(*arguments):
        (tmp_path / "grades.csv").write_text("one,passed")
        return [Row("one", "one.ipynb", "ch02.softmax", False, "")], ["memory"]

    monkeypatch.setattr(folders, "_grade", vandal)
    assert "changed while one.ipynb ran" in grade_folder(tmp_path, "s", Limits()).warnings[0]


UNREAD = {
    "deep": (f"check.ch02.softmax(f{'.a' * 1500})", "reading it raised RecursionError"),
    "helper": ("check.ch01._copy_scores(1)", "no cell of it that can be read asks a grader"),
    "long": ("a=1\n" * 20_000, "reading it took longer than 2 s"),
}


def test_a_notebook_that_cannot_be_read_costs_nobody_else_a_row(tmp_path, monkeypatch):
    from ssagan_lite.teach.grade import folder as folders

    monkeypatch.setattr(folders, "OWN_TIME", 2.0)
    for name, (cell, _) in UNREAD.items():
        (tmp_path / f"{name}.ipynb").write_bytes(as_notebook(cell))
    rows = {row.student: row.message for row in grade_folder(tmp_path, "s", Limits()).rows}
    assert rows.keys() == UNREAD.keys()
    for name, (_, words) in UNREAD.items():
        assert rows[name].startswith(f"not graded: {words}")


class Replying:
    """Stands in for a student's process that writes one reply to the pipe, whatever it is asked."""

    def __init__(self, value):
        self.value, self.limits, self.closed = value, Limits(timeout=0.5), False

    def start(self):
        pass

    def ask(self, message):
        return {"callable": False, "value": self.value}

    def close(self):
        self.closed = True


@pytest.mark.parametrize(
    ("value", "words"),
    [({"array": "f8,(", "shape": [], "data": ""}, "judging what it answered raised SyntaxError."),
     ({"set": [i * (2**61 - 1) for i in range(20_000)]}, "judging what it answered took too long.")],
    ids=["array", "set"],
)  # fmt: skip
def test_whatever_is_sent_there_is_a_verdict(monkeypatch, value, words):
    from ssagan_lite.teach.grade import judge as judges

    monkeypatch.setattr(judges, "OWN_TIME", 0.5)
    runner = Replying(value)
    verdict = judge(runner, notebook.Answer("ch02.softmax", "f"), seed=1)
    assert (verdict.passed, verdict.message, runner.closed) == (False, f"not quite: {words}", True)


def test_patience_ends_and_leaves_nothing_behind():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(Ended, match="enough"), patience(0.1, "enough."):
        time.sleep(9)
    with patience(9.0, "never."):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before


def test_every_student_gets_a_row(tmp_path):
    names = ["anna/A.IPYNB", "ben/a.ipynb.txt", "dora\x01/a.ipynb", "dora\x02/a.ipynb", "__MACOSX/anna/._a.ipynb",
             "anna/._A.IPYNB", "cem/"]  # fmt: skip
    names = [*map(os.fsencode, names), *[b"J\xf6rg/a.ipynb", b"J\xfcrg/a.ipynb"] * (sys.platform == "linux")]
    for path in (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)) for name in names):
        path.parent.mkdir(exist_ok=True, parents=True)
        path.mkdir() if path.name == "cem" else path.write_bytes(as_notebook("1 + 1"))
    rows = grade_folder(tmp_path, "s", Limits()).rows
    told = sorted(row.student for row in rows if "asks a grader" in row.message)
    assert told == ["J\\xf6rg", "J\\xfcrg"] * (sys.platform == "linux") + ["anna", "dora", "dora"]
    assert sorted(row.student for row in rows if "holds no .ipynb file" in row.message) == ["ben", "cem"]
    assert len(rows) == len(told) + 2
    assert len(submissions.read(tmp_path).notebooks) == len(told)


# Exercise -> (a body, words of the message): what the grader learns of a process that is not its own.
ELSEWHERE = {
    "ch01.error_per_frame(prediction, target)": (
        "import torch\n    zeros = torch.zeros(2, dtype=torch.uint8)\n    torch.nn.functional.mse_loss(zeros, zeros)",
        "NotImplementedError: ",
    ),
    "ch08.generator_step(generator, critic, optimizer, real)": (
        "import torch\n    critic.requires_grad_(False)\n    fake = generator(real[:, :, 0])\n"
        "    loss = (fake - real).abs().mean() + torch.nn.functional.softplus(-critic(fake)).mean()\n"
        "    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n    return loss.item()",
        "is left frozen",
    ),
    "ch03.mix(stream)": (
        "logits, values = map(np.concatenate, zip(*stream))\n    weights = np.exp(logits - logits.max())\n"
        "    return weights @ values / weights.sum()",
        "correct: ",
    ),
    "ch11.square(height, width, row, column)": (
        "raise NotImplementedError",
        "not yet: the function returns nothing so far.",
    ),
}


@pytest.mark.parametrize("asked", ELSEWHERE)
def test_the_grader_learns_what_it_needs_of_another_process(tmp_path, asked):
    body, words = ELSEWHERE[asked]
    exercise, given = asked.rstrip(")").split("(")
    (tmp_path / "anna.ipynb").write_bytes(as_notebook(f"def f({given}):\n    {body}\n\ncheck.{exercise}(f)"))
    (row,) = grade_folder(tmp_path, "s", Limits(timeout=60, memory=8)).rows
    assert words in row.message


def test_a_softmax_that_overflows_is_no_answer_to_the_first_exercise():
    def gradients(query, key, value, upstream, largest):
        logits = query @ key.T
        weights = np.exp(logits - largest(logits))
        weights /= weights.sum(axis=1, keepdims=True)
        inner = upstream @ value.T
        slopes = weights * (inner - (inner * weights).sum(axis=1, keepdims=True))
        return slopes @ key, slopes.T @ query, weights.T @ upstream

    with np.errstate(all="ignore"):
        grader = check.teaching.attention_gradients
        assert grader(lambda *parts: gradients(*parts, lambda logits: logits.max(axis=1, keepdims=True)))
        assert not grader(lambda *parts: gradients(*parts, lambda logits: 0.0))


def test_an_empty_folder_and_none_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no notebook"):
        grade_folder(tmp_path, "s", Limits())
    with pytest.raises(InputError, match="no folder"):
        grade_folder(tmp_path / "none", "s", Limits())


class TestOtherCases:
    def test_the_reader_sees_the_same_before_and_after(self, capsys):
        def softmax(x):
            seen.append(x.copy())
            return x

        seen = []
        for seed in (None, 1, 1, 2, None):
            if seed is None:
                check.ch02.softmax(softmax)
            else:
                with other_cases(seed) as told:
                    check.ch02.softmax(softmax)
                assert told.drawn == 1
        first, one, again, two, last = seen
        assert np.array_equal(first, last)
        assert np.array_equal(one, again)
        assert not np.array_equal(first, one)
        assert not np.array_equal(one, two)

    def test_students_and_secrets_have_cases_of_their_own(self):
        seeds = {seed_for(s, who, "ch02.softmax") for s in ("a", "b") for who in ("anna", "ben")}
        assert len(seeds) == 4


class TestWhatRuns:
    def needed(self, *sources) -> list[str]:
        (found,) = notebook.answers(as_notebook(*sources))
        return [statement.source for statement in found.statements]

    def test_only_what_the_answer_needs(self):
        ran = self.needed("import torch\nx = 1\ntrain()", "def f(x):\n    return np.sum(x)\n\ncheck.ch02.softmax(f)")
        assert ran == ["import numpy as np", "def f(x):\n    return np.sum(x)"]

    def test_helpers_of_helpers_and_what_is_written_into_them(self):
        cells = "table = {}\ntable['a'] = one", "one = 1", "g = lambda: table", "def f(x): return g()"
        assert self.needed(*cells, "check.ch02.softmax(f)") == [*cells[0].split("\n"), *cells[1:]]

    def test_lines_of_python_may_begin_as_magic_does(self):
        needed = "def f(n, c):\n    return (\n        n\n        % c)"
        assert self.needed(f"%%time\n!echo 'it\n{needed}\n%cd ..\ncheck.ch02.softmax(f)") == [needed]

    def test_decorators_come_along_and_the_last_answer_counts(self):
        cells = [
            "def d(f): return f",
            "@d\ndef f(x): return 1",
            "check.ch02.softmax(f)",
            "result = check.ch02.softmax(d)",
        ]
        assert self.needed(*cells[:3]) == cells[:2]
        assert self.needed(*cells) == cells[:1]


class TestWire:
    @pytest.mark.parametrize(
        "value",
        [
            None,
            ...,
            True,
            3,
            10**40,
            2.5,
            "é",
            [1, [2]],
            (1, "a"),
            {1, 2},
            {"a": [1], 2: (3,)},
            np.float32(2.5),
            np.int8(3),
        ],
    )
    def test_values_come_back_as_they_were(self, value):
        found = wire.decode(json.loads(json.dumps(wire.encode(value))))
        assert type(found) is type(value)
        assert found == value

    def test_arrays_and_tensors(self):
        import torch

        for array in (
            np.zeros((0, 3)),
            np.arange(6, dtype=np.uint8).reshape(2, 3)[:, ::-1],
            np.array(1j),
            np.float64([np.nan]),
        ):
            found = wire.decode(json.loads(json.dumps(wire.encode(array))))
            assert found.dtype == array.dtype
            assert np.array_equal(found, array, equal_nan=True)
        found = wire.decode(wire.encode(torch.ones(2, 3, requires_grad=True)))
        assert torch.equal(found, torch.ones(2, 3))

    @pytest.mark.parametrize(
        "coded",
        [{}, {"pickle": "gASVAAAA"}, {"array": "|O", "shape": [1], "data": "AAAAAAAAAAA="}, {"set": [[1]]}, {"dict": 3},
         {"array": "<f8", "shape": [-1], "data": ""}, {"array": "<f8", "shape": [10**9], "data": ""}],
    )  # fmt: skip
    def test_what_was_not_encoded_is_refused(self, coded):
        with pytest.raises((ValueError, TypeError, KeyError)):
            wire.decode(coded)

    def test_things_come_back_as_their_names_alone(self):
        assert type(wire.decode({"thing": "__import__('os')"})).__name__ == "__import__os"
        assert type(wire.decode(wire.encode(object()))).__name__ == "object"


def test_no_text_of_a_student_breaks_the_table():
    assert one_line("a\n\x1b[31mb\t" + "c" * 999).startswith("a [31mb ccc")
    assert len(one_line("c" * 999)) == 300
    assert _cell("=1+1") == "'=1+1"
    assert "ch02.softmax" in table([Row("anna", "a.ipynb", "ch02.softmax", True, "fine.")])


def test_the_command(tmp_path, monkeypatch, capsys):
    folder, out = tmp_path / "in", tmp_path / "grades.csv"
    folder.mkdir()
    (folder / "anna.ipynb").write_bytes(as_notebook(answer(RIGHT)))
    monkeypatch.setattr(sys, "argv", ["grade", str(folder), "--out", str(out), "--json"])
    main()
    printed = capsys.readouterr()
    assert [row["passed"] for row in json.loads(printed.out)] == [True]
    with out.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["student"] == "anna"
    assert "Secret: " in printed.err
    with pytest.raises(InputError, match="is there already"):
        main()


def test_grades_are_shown_even_where_they_cannot_be_written(tmp_path, monkeypatch, capsys):
    from ssagan_lite.teach.grade import __main__ as command

    def full(*_):
        raise OSError("no space left")

    (tmp_path / "anna.ipynb").write_bytes(as_notebook("1 + 1"))
    monkeypatch.setattr(command, "_write", full)
    monkeypatch.setattr(sys, "argv", ["grade", str(tmp_path), "--out", str(tmp_path / "grades.csv")])
    with pytest.raises(OSError, match="no space left"):
        main()
    assert "anna.ipynb" in capsys.readouterr().out


def test_limits_that_cannot_be_are_refused(tmp_path, monkeypatch):
    for option in ("--timeout", "--memory"):
        monkeypatch.setattr(sys, "argv", ["grade", str(tmp_path), option, "0"])
        with pytest.raises(InputError, match="--timeout is between"):
            main()
