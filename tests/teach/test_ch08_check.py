"""The exercises of chapter 08: solutions pass, usual mistakes get words of their own."""

import copy

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from graders import told
from ssagan_lite.teach.check import ch08

ITEM = torch.Tensor.item


def step(
    content=1.0, sign=-1, form=1, detached=False, zero=True, back=True, go=True, climb=1, back_to=torch.Tensor.item
):
    """A solution of `generator_step`, or with the keywords a usual mistake."""

    def generator_step(generator, critic, optimizer, real):
        fake = generator(real[:, :, 0])
        judged = critic(fake.detach() if detached else fake)
        loss = content * (fake - real).abs().mean() + form * softplus(sign * judged).mean()
        if zero:
            optimizer.zero_grad()
        if back:
            (climb * loss).backward()
        if go:
            optimizer.step()
        return back_to(loss)

    return generator_step


def late_zero(generator, critic, optimizer, real):
    step(go=False)(generator, critic, optimizer, real)
    optimizer.zero_grad()
    optimizer.step()
    return 0.0


def both(generator, critic, optimizer, real):
    loss = step()(generator, critic, optimizer, real)
    with torch.no_grad():
        for weight in critic.parameters():
            weight += 1
    return loss


def frozen(generator, critic, optimizer, real):
    critic.requires_grad_(False)
    return step()(generator, critic, optimizer, real)


def thawed(generator, critic, optimizer, real):
    loss = frozen(generator, critic, optimizer, real)
    critic.requires_grad_(True)
    return loss


class TestGeneratorStep:
    def test_a_critic_may_be_frozen_for_the_step(self, capsys):
        told(capsys, ch08.generator_step, thawed, passed=True)

    @pytest.mark.parametrize(
        "kind",
        [
            ITEM,
            torch.Tensor.detach,
            lambda loss: loss,
            lambda loss: loss.detach().numpy(),
            lambda loss: np.float32(loss.item()),
        ],
    )
    def test_the_solution(self, kind, capsys):
        told(capsys, ch08.generator_step, step(back_to=kind), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (step(zero=False), "an old gradient is still in the step"),
            (step(detached=True), "never reached the generator"),
            (step(content=0), "content is missing"),
            (step(sign=1), "wants it up"),
            (step(sign=1, form=-1), "the form that saturates"),
            (step(climb=-1), "climbs"),
            (step(go=False), "step() is missing"),
            (late_zero, "wipes it out"),
            (step(zero=False, back=False), "only the old gradient"),
            (step(content=3), "should be"),
            (both, "the critic has changed"),
            (frozen, "is left frozen"),
            (step(back_to=str), "return its loss"),
            (step(back_to=lambda loss: 0.0), "return its loss"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch08.generator_step, mistake)


def checkpoint(missing=(), copied=copy.deepcopy, whole=()):
    """A solution of `checkpoint`, or with the keywords a usual mistake."""

    def take(run):
        parts = ("generator", "critic", "generator_optimizer", "critic_optimizer")
        state = {name: copied(getattr(run, name).state_dict()) for name in parts}
        state |= {"done": run.done, "dice": run.dice.get_state()}
        state |= {name: getattr(run, name) for name in whole}
        return {name: value for name, value in state.items() if name not in missing}

    return take


class TestCheckpoint:
    def test_the_solution(self, capsys):
        told(capsys, ch08.checkpoint, checkpoint(), passed=True)

    @pytest.mark.parametrize("name", list(ch08.PARTS))
    def test_what_is_missing_is_named_with_its_consequence(self, name, capsys):
        said = told(capsys, ch08.checkpoint, checkpoint(missing=[name]))
        assert f"{name!r} is not in it" in said
        assert ch08.PARTS[name] in said

    def test_live_tensors_are_no_copy(self, capsys):
        assert "changed with the run" in told(capsys, ch08.checkpoint, checkpoint(copied=lambda state: state))

    def test_whole_objects_are_no_state(self, capsys):
        assert "whole object" in told(capsys, ch08.checkpoint, checkpoint(whole=["generator"]))

    def test_another_state_is_noticed(self, capsys):
        def early(run):
            return checkpoint()(run) | {"done": 0}

        assert "'done' is not the state" in told(capsys, ch08.checkpoint, early)

    def test_a_fresh_run_goes_its_own_way(self):
        one, other = ch08._Run(seed=1), ch08._Run(seed=2)
        for run in (one, other):
            run.cycle()
        assert not torch.equal(ch08._flat(one.generator), ch08._flat(other.generator))


def answers(**changed):
    """The right answers, read where the curves leave the band; some of them changed."""
    right = {}
    for letter, cause in ch08.WARD.items():
        shown = {curve: ch08._leaves(letter, curve) for curve in ch08.CURVES}
        curve = next((curve for curve, first in shown.items() if first is not None), None)
        right[letter] = (cause, curve, shown.get(curve))
    return lambda: right | changed


class TestDiagnose:
    def test_the_solution(self, capsys):
        told(capsys, ch08.diagnose, answers(Q="healthy"), passed=True)

    @pytest.mark.parametrize("kind", [np.int64, np.float32, torch.tensor])
    def test_a_cycle_may_be_any_number(self, kind, capsys):
        said = {letter: (*seen[:2], seen[2] and kind(int(seen[2]))) for letter, seen in answers()().items()}
        told(capsys, ch08.diagnose, lambda: said, passed=True)

    def test_an_open_case_is_not_yet(self, capsys):
        assert "run S waits" in told(capsys, ch08.diagnose, answers(S=...))

    @pytest.mark.parametrize(
        ("letter", "said", "words"),
        [
            ("R", ("large steps", "content", 4), "content would jump up"),
            ("U", ("foreign parameters", "content", 4), "would not move at all"),
            ("T", ("swapped labels", "logits", 4), "ever further below"),
            ("S", ("idle critic", "logits", 4), "at a distance that stays"),
            ("P", ("healthy", None, None), "far outside the grey"),
            ("P", ("bad luck", "logits", 3), "there is no cause 'bad luck'"),
            ("P", ("gradients pile up",), "name a curve too"),
            ("P", ("gradients pile up", "gradient", 180), "leaves the grey for good"),
            ("P", 7, "not 7"),
        ],
    )
    def test_a_wrong_answer_gets_a_hint(self, letter, said, words, capsys):
        assert words in told(capsys, ch08.diagnose, answers(**{letter: said}))

    def test_the_one_that_is_well_stays_in_the_band(self):
        assert [ch08._leaves("Q", curve) for curve in ch08.CURVES] == [None, None, None]

    def test_each_mistake_leaves_it(self):
        for letter in set(ch08.WARD) - {"Q"}:
            assert any(ch08._leaves(letter, curve) is not None for curve in ch08.CURVES), letter
