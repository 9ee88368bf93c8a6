"""Graders of chapter 13: the solutions pass, and usual mistakes get words of their own; the planted module is what it
is said to be."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from graders import told
from ssagan_lite.model.attention import attention_map
from ssagan_lite.model.generator import ENCODER
from ssagan_lite.teach.check import ch13

RIGHT = {11: "Table 1 conv4", 27: "Eq. 1", 30: "Eq. 3", 53: "Eq. 4", 59: "Eq. 5"}


def found_in(places):
    return lambda: places


def gradient_somewhere(loss, x, width=0.1):
    for _ in range(5):
        beside = (x + width * torch.randn(x.shape)).requires_grad_()
        value = loss(beside)
        if value.requires_grad:
            (gradient,) = torch.autograd.grad(value, beside, allow_unused=True)
            if gradient is not None and (gradient != 0).any():
                return True
    return False


def half(text):
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def fits(psnr, mse, data_range):
    return bool(float(psnr) + half(psnr) >= 10 * np.log10(data_range**2 / (float(mse) + half(mse))))


def depends(model, clip, others):
    half_of_them, answers = len(others) // 2, []
    for neighbours in (others[:half_of_them], others[half_of_them:]):
        torch.manual_seed(0)
        with torch.no_grad():
            answers.append(deepcopy(model)(torch.cat([clip[None], neighbours]))[0])
    return not torch.allclose(*answers, atol=1e-5)


class TestDepartures:
    @pytest.mark.parametrize(
        "answer",
        [
            RIGHT,
            RIGHT | {53: "Eq. 6"},
            {line: place.lower().replace("eq. ", "equation ") for line, place in RIGHT.items()},
            RIGHT | {53: "Eq. 4 and 6"},
            {11: "Table 1, row conv 4 (kernel)", 27: "(1)", 30: "equation (3)", 53: "eq4", 59: "EQ 5"},
            list(RIGHT.items()),
            {line: place for line, place in RIGHT.items() if line != 53} | {54: "Eq. 4"},
        ],
    )
    def test_the_solution_in_several_spellings(self, answer, capsys):
        told(capsys, ch13.departures, found_in(answer), passed=True)

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            ({11: "Table 1 conv4"}, "1 of 5 found. Still hidden: 2 in Attention, 2 in the losses"),
            ({}, "0 of 5 found"),
            (RIGHT | {28: "Eq. 1"}, "Line 28 looks odd, and is no departure: products of key and query"),
            (RIGHT | {47: "Eq. 4"}, "What is done with its result"),
            (RIGHT | {51: "Eq. 6"}, "changes no gradient"),
            (RIGHT | {58: "Eq. 4"}, "to the letter"),
            (RIGHT | {42: "Eq. 7"}, "Line 42 keeps to the paper"),
            (RIGHT | {30: "Eq. 2"}, "Line 30 is one of them, but it is not Eq. 2"),
            (RIGHT | {27: "Eq. 12"}, "Line 27 is one of them, but it is not Eq. 12"),
            (dict.fromkeys(RIGHT, "Table 1 conv4, Eq. 1, Eq. 3, Eq. 4, Eq. 5"), "several places to its name"),
            (dict.fromkeys(range(1, 61), "Eq. 1"), "not reading"),
            ({99: "Eq. 1"}, "numbered 1 to 60"),
            ({11: 4}, "name the place as text"),
            (11, "a dict is expected"),
        ],
    )
    def test_answers_gone_wrong(self, answer, words, capsys):
        assert words in told(capsys, ch13.departures, found_in(answer))

    def test_no_hint_gives_a_line_away(self, capsys):
        printed = told(capsys, ch13.departures, found_in({11: "Table 1 conv4"}))
        assert not [line for line in (27, 30, 53, 59) if str(line) in printed]


@pytest.fixture(scope="module")
def module():
    space: dict = {}
    exec(ch13.module_text(), space)
    return space


class TestThePlantedModule:
    def test_snippets_name_one_line_each(self):
        for snippet in (*ch13.DEPARTURES, *ch13.ODD_BUT_RIGHT):
            assert len(ch13._lines_with(snippet)) == 1, snippet
        assert {ch13._lines_with(s)[0]: place for s, (place, _) in ch13.DEPARTURES.items()} == RIGHT

    def test_it_runs_and_all_shapes_are_those_of_table_1(self, module):
        encoder = module["encoder"](True).to("meta")
        assert encoder(torch.empty(2, 3, 32, 128, 128, device="meta")).shape == (2, 512, 1, 1, 1)

    def test_only_conv4_differs_from_table_1(self, module):
        theirs = {name: tuple(row) for name, *row in module["ROWS"]}
        ours = {row.name: (row.filters, row.kernel, row.stride, row.padding) for row in ENCODER}
        assert [name for name in ours if ours[name] != theirs[name]] == ["conv4"]

    def test_mended_it_is_the_attention_of_the_paper(self, module):
        torch.manual_seed(0)
        layer, x = module["Attention"](3).double(), torch.randn(2, 3, 2, 4, 4, dtype=torch.float64)
        layer.gamma.data.fill_(1.0)  # open: what is left is the attention alone
        query, key, value = (
            part(x).flatten(3).flatten(1, 2).transpose(1, 2) for part in (layer.query, layer.key, layer.value)
        )
        scaled = attention_map(query / query.shape[-1] ** 0.5, key) @ value  # (N, HW, CT)
        assert torch.allclose(layer(x), scaled.transpose(1, 2).view_as(x))
        assert not torch.allclose(layer(x), (attention_map(query, key) @ value).transpose(1, 2).view_as(x))

    def test_a_sigmoid_of_a_sigmoid_cannot_get_below_one(self, module):
        def sure(clips):  # a critic that is right, whatever it is asked
            return torch.full((2,), float(clips.mean() > 0))

        loss = module["critic_loss"](sure, torch.ones(2, 1), -torch.ones(2, 1))
        assert loss.item() == pytest.approx(1.0, abs=0.01)

    def test_the_content_loss_is_a_square_near_zero(self, module):
        def silent(clips):
            return torch.zeros(2)

        real = torch.zeros(2, 3)
        losses = [module["generator_loss"](silent, real, real + step).item() for step in (0.1, 0.2)]
        assert losses[1] / losses[0] == pytest.approx(4)


class TestTeaches:
    def test_the_solution(self, capsys):
        told(capsys, ch13.teaches, gradient_somewhere, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda loss, x: bool(loss(x) != loss(x)), "as good a teacher"),
            (lambda loss, x: True, "the number 0.7"),
            (lambda loss, x: gradient_somewhere(loss, x, width=0), "Look beside x"),
            (lambda loss, x: loss(x.clone().requires_grad_()).requires_grad, "random values, gradient 0"),
            (lambda loss, x: bool(loss(x + 0.4) != loss(x)), "random values, gradient 0"),
            (lambda loss, x: gradient_somewhere(loss, x.add_(1)), "changes the x"),
            (lambda loss, x: 1.0, "True or False"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch13.teaches, mistake)


class TestPossible:
    def test_the_solution(self, capsys):
        told(capsys, ch13.possible, fits, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda p, m, r: not fits(p, m, r), "never below"),
            (lambda p, m, r: bool(float(p) >= 10 * np.log10(r**2 / float(m))), "grant both numbers"),
            (
                lambda p, m, r: bool(float(p) - half(p) >= 10 * np.log10(r**2 / (float(m) - half(m)))),
                "speak for the table",
            ),
            (lambda p, m, r: fits(p, m, r**0.5), "squared"),
            (lambda p, m, r: fits(p, m, 2), "depend on the range"),
            (lambda p, m, r: bool(float(p) + 0.1 >= 10 * np.log10(r**2 / float(m))), "fixed allowance"),
            (lambda p, m, r: True, "is not possible"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch13.possible, mistake)


class TestDependsOnNeighbours:
    def test_the_solution(self, capsys):
        told(capsys, ch13.depends_on_neighbours, depends, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda model, clip, others: depends(deepcopy(model).eval(), clip, others), "batch's own mean"),
            (lambda model, clip, others: depends(model.eval(), clip, others), "another mode"),
            (lambda model, clip, others: model.training, "InstanceNorm normalises each clip alone"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch13.depends_on_neighbours, mistake)

    @pytest.mark.parametrize(
        ("copied", "seeded", "words"), [(False, True, "running statistics"), (True, False, "throws dice")]
    )
    def test_half_solutions(self, copied, seeded, words, capsys):
        def asked(model, clip, others):
            answers = []
            for neighbours in others.split(3):
                if seeded:
                    torch.manual_seed(0)
                used = deepcopy(model) if copied else model
                with torch.no_grad():
                    answers.append(used(torch.cat([clip[None], neighbours]))[0])
            return not torch.allclose(*answers, atol=1e-5)

        assert words in told(capsys, ch13.depends_on_neighbours, asked)
