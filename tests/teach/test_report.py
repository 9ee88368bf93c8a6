"""The report that a student hands in, and the exercises that a teacher sets."""

import json

import numpy as np
import pytest
import torch

from graders import told
from ssagan_lite.errors import InputError
from ssagan_lite.teach import check
from ssagan_lite.teach.check import record, teaching
from ssagan_lite.teach.check.grader import graded


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch):
    monkeypatch.setattr(record, "SEEN", {})


def find_leak(sources, splits):
    return set()


def read(file):
    return json.loads(file.read_text("utf-8"))


class TestReport:
    def test_what_was_tried_and_passed(self, tmp_path, capsys):
        for _ in range(2):
            check.ch01.leak(find_leak)
        check.ch02.softmax(None)
        capsys.readouterr()
        file = check.report(student="anna-7", folder=tmp_path)
        assert file.name == "report_anna-7.json"
        assert capsys.readouterr().out == (
            "report_anna-7.json: 2 exercises tried, 0 passed. Hand it in with your notebook.\n"
        )
        content = read(file)
        assert content["exercises"]["ch01.leak"]["tries"] == 2
        assert len(content["exercises"]["ch01.leak"]["answer"]) == 16
        assert content["exercises"]["ch02.softmax"] == {"tries": 1, "passed": False, "answer": None}
        assert content["seed"] == record.seed_of("anna-7") != record.seed_of("anna-8")
        assert {"python", "torch", "numpy"} == set(content["versions"])
        assert content["book"]
        assert [path.name for path in tmp_path.iterdir()] == [file.name]

    @pytest.mark.parametrize("student", ["", " ", None, 7, "../anna", "a/b", "a b", "-x", ".x", "a" * 41, "é", "a\n"])
    def test_an_odd_id_is_refused(self, student, tmp_path):
        with pytest.raises(InputError, match="is no student's id"):
            check.report(student=student, folder=tmp_path)
        assert not list(tmp_path.iterdir())

    def test_another_kernel_of_the_same_student_adds_to_it(self, tmp_path):
        check.ch01.leak(find_leak)
        check.report(student="anna", folder=tmp_path)
        record.SEEN.clear()
        check.ch02.softmax(None)
        assert list(read(check.report(student="anna", folder=tmp_path))["exercises"]) == ["ch01.leak", "ch02.softmax"]

    @pytest.mark.parametrize(
        "text",
        ['{"student": "ben", "exercises": {}}', "hello", "[]", '{"student": "anna", "exercises": {"x": 1}}', "{}"],
    )
    def test_a_file_of_somebody_else_stays(self, text, tmp_path):
        file = tmp_path / "report_anna.json"
        file.write_text(text)
        with pytest.raises(InputError, match="is no report of 'anna'"):
            check.report(student="anna", folder=tmp_path)
        assert file.read_text() == text

    def test_recording_never_raises(self, capsys):
        class Odd:
            def __getattribute__(self, name):
                raise SystemError(name)

        assert graded(lambda answer: "fine.")(Odd())
        record.note(None, None, None)


class TestHash:
    def test_comments_and_layout_do_not_count(self):
        one = record.answer_hash("def f(x):\n    return x + 1\n")
        assert one == record.answer_hash("    def f( x ):  # mine\n\n        return x+1")
        assert one != record.answer_hash("def f(x):\n    return x + 2\n")
        assert record.answer_hash(None) is None

    def test_half_a_text_has_a_hash_too(self):
        assert len(record.answer_hash("def f((")) == 16

    def test_f_strings_are_the_same_in_every_python(self):
        source = 'f = lambda x: f"{x + 1!r:>{3}} {{a}}"'
        assert record.answer_hash(source) == "d50293073fca9e56"


class TestTeaching:
    """Oracles that the exercises rule out (libraries, searches, looked-up numbers) pass; usual mistakes are named."""

    def test_gradients(self, capsys):
        def by_autograd(*arrays, scale=1.0, sign=1):
            query, key, value, upstream = (torch.from_numpy(array).requires_grad_() for array in arrays)
            attended = torch.softmax(scale * query @ key.T, dim=1) @ value
            gradients = torch.autograd.grad((attended * upstream).sum(), (query, key, value))
            return tuple(sign * gradient.numpy() for gradient in gradients)

        told(capsys, teaching.attention_gradients, by_autograd, passed=True)
        assert "gradient of query" in told(capsys, teaching.attention_gradients, lambda *a: by_autograd(*a, scale=0.5))
        assert "sign" in told(capsys, teaching.attention_gradients, lambda *a: by_autograd(*a, sign=-1))
        assert "shape" in told(capsys, teaching.attention_gradients, lambda q, k, v, u: (q.T, k, v))

    def test_causal(self, capsys):
        def library(query, key, value, causal=True, scale=1.0):
            parts = (torch.from_numpy(part)[None] for part in (query, key, value))
            attend = torch.nn.functional.scaled_dot_product_attention
            return attend(*parts, is_causal=causal, scale=scale)[0].numpy()

        def late(query, key, value):
            weights = np.tril(library(query, key, np.eye(len(key)), causal=False))
            return weights @ value

        told(capsys, teaching.causal, library, passed=True)
        assert "comes later" in told(capsys, teaching.causal, lambda *a: library(*a, causal=False))
        assert "add up" in told(capsys, teaching.causal, late)
        assert "do not fit" in told(capsys, teaching.causal, lambda *a: library(*a, scale=0.5))

        def backwards(*parts):
            return library(*(part[::-1].copy() for part in parts))[::-1]

        assert "masked the past" in told(capsys, teaching.causal, backwards)

    def test_mirror(self, capsys, monkeypatch):
        layers, size = [((3, 4, 4), (1, 2, 2), (1, 1, 1))], (5, 9, 8)
        monkeypatch.setattr(teaching, "_drawn_layer", lambda random: layers[0])

        def searched(more):
            return lambda layers, size: [(*layer, more) for layer in layers[::-1]]

        assert "the encoder had" in told(capsys, teaching.mirror, searched((0, 0, 0)))
        assert "not between" in told(capsys, teaching.mirror, searched((1, 0, 0)))
        turned = told(capsys, teaching.mirror, lambda layers, size: [(*part[::-1], part[0]) for part in layers])
        assert "mirror image" in turned
        teaching._compare_decoder([(*layers[0], (0, 1, 0))], layers, size)

    def test_resting_critic(self, capsys):
        def searched(real, made, loss):
            share = real / (real + made)
            low, high = np.full(real.shape, -1200.0), np.full(real.shape, 1200.0)
            for _ in range(200):
                thirds = low + (high - low) / 3, high - (high - low) / 3
                left, right = (teaching._cost(at, share, made / (real + made), loss) for at in thirds)
                low, high = np.where(left > right, thirds[0], low), np.where(left > right, high, thirds[1])
            return (low + high) / 2

        told(capsys, teaching.resting_critic, searched, passed=True)
        one_for_all = told(capsys, teaching.resting_critic, lambda p, q, loss: searched(p, q, "square"))
        assert "a critic pays less with a" in one_for_all
        assert "not finite" in told(capsys, teaching.resting_critic, lambda p, q, loss: p * np.inf)

    def test_p_by_source(self, capsys):
        names = ["a", "b"]
        differences, sources = np.array([1.0, 2.0, -1.0]), np.array(["a", "a", "b"])

        def looked_up(differences, sources):
            return 0.5 if abs(sum(differences)) > 3 else 1.0  # sums of 4, and of 2

        teaching._compare_patterns(looked_up, differences, sources, names)
        for wrong, words in ((1 / 3, "whole sources"), (1.0, "2 of 4 patterns")):
            with pytest.raises(teaching.WrongError, match=words):
                teaching._compare_patterns(lambda *a, p=wrong: p, differences, sources, names)
        with pytest.raises(teaching.WrongError, match="one-sided"):
            teaching._compare_patterns(lambda *a: looked_up(*a) / 2, differences, sources, names)
        assert "p: the shape" in told(capsys, teaching.p_by_source, lambda differences, sources: differences)

    def test_conclude(self):
        random = np.random.default_rng(1)
        _, lost, differences = teaching._study(random, 5, 0.9, 0.2)
        assert len(lost) == 3
        assert np.isclose(differences.std(ddof=1), 0.2)
        right = {"pairs": 5, "lost": lost, "interval": (0.65, 1.15), "verdict": "better"}
        judge = teaching._compare_study
        judge(right, differences, lost, (0.65, 1.15), "better")
        for wrong, words in (
            ({"pairs": 8}, "you count 8"),
            ({"lost": []}, "lack a run"),
            ({"interval": (-1.15, -0.65)}, "other way round"),
            ({"verdict": "sure"}, "one of negligible"),
            ({"verdict": "open"}, "you say"),
        ):
            with pytest.raises(teaching.WrongError, match=words):
                judge(right | wrong, differences, lost, (0.65, 1.15), "better")
