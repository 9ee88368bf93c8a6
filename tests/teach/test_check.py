"""Graders: a stub is told so, a solution passes, usual mistakes get words of their own, and nothing ever raises."""

from itertools import product

import cv2
import numpy as np
import pytest
import torch

from graders import failing, graders_of, stub, told, unwritten
from ssagan_lite.teach import check
from ssagan_lite.teach.check import ch01, cloud_data, skies, teaching
from ssagan_lite.teach.check.cases import other_cases
from ssagan_lite.teach.check.grader import WrongError, call, expect, graded

GRADERS = [grader for chapter in check.CHAPTERS for grader in graders_of(getattr(check, chapter))]


@pytest.mark.parametrize("grader", GRADERS)
@pytest.mark.parametrize("answer", [stub, unwritten, None, ...])
def test_a_stub_is_not_yet(grader, answer, capsys):
    assert told(capsys, grader, answer).startswith("not yet: ")


@pytest.mark.parametrize("grader", GRADERS)
@pytest.mark.parametrize("answer", [42, "function", [1], failing, lambda: 1, lambda *a: object(), lambda *a: "text"])
def test_nonsense_is_answered_in_a_sentence(grader, answer, capsys):
    assert told(capsys, grader, answer).startswith("not quite: ")


def test_an_error_in_the_readers_code_is_named_with_its_line(capsys):
    assert "IndexError: string index out of range (line 3 of your function)" in told(capsys, ch01.leak, failing)


def helper(letters):
    return letters[7]


def test_an_error_in_a_helper_is_named_with_the_line_that_called_it(capsys):
    def above(*arguments):
        letters = "abc"
        return helper(letters)

    def within(*arguments):
        letters = "abc"
        return (lambda place: letters[place])(7)

    for function in (above, within):
        assert "string index out of range (line 3 of your function)" in told(capsys, ch01.leak, function)


def test_only_an_empty_stub_is_unwritten(capsys):
    def of_bytes(*arguments):
        return torch.nn.functional.mse_loss(torch.zeros(2, dtype=torch.uint8), torch.ones(2, dtype=torch.uint8))

    assert "your code raised NotImplementedError: " in told(capsys, ch01.error_per_frame, of_bytes)


def test_each_grader_says_the_same_twice(capsys):
    assert told(capsys, ch01.beat_copy_first, darker) == told(capsys, ch01.beat_copy_first, darker)


def test_results_show_nothing_more_in_a_notebook():
    assert graded(lambda answer: "fine.")(1)._ipython_display_() is None


def test_chapters_are_found_by_name():
    assert check.ch01 is ch01
    with pytest.raises(AttributeError, match="ch99"):
        _ = check.ch99


class TestExpect:
    def test_the_first_difference_is_named(self):
        with pytest.raises(WrongError, match=r"at index \(1, 0\) 3 is expected, and 7 was found"):
            expect([[1, 2], [7, 8]], [[1, 2], [3, 4]])

    def test_a_shape_is_named(self):
        with pytest.raises(WrongError, match=r"\(2,\), and is \(3,\)"):
            expect([1, 2, 3], [1, 2])

    def test_a_usual_mistake_gets_its_own_words(self):
        with pytest.raises(WrongError, match="squared"):
            expect(9, 6, mistakes={"you squared.": 9})

    def test_a_mistake_that_gives_the_right_value_for_once_is_none(self):
        expect(4, 4, mistakes={"you doubled.": 4})

    def test_nan_is_never_right(self):
        with pytest.raises(WrongError, match="nan was found"):
            expect([np.nan], [1.0])

    def test_what_is_right_passes(self):
        expect(np.float32([1, 2]), [1, 2])
        assert call(lambda x: x + 1, 1) == 2

    @pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.int64])
    def test_tensors_of_any_type_and_history_are_compared(self, kind):
        found = torch.tensor([1, 2]).to(kind).requires_grad_(kind.is_floating_point)
        expect(found, [1, 2])
        expect([*found], [1, 2])


def errors(prediction, target):
    difference = (prediction.astype(float) - target.astype(float)) / 127.5
    return (difference**2).mean(axis=(1, 2, 3))


class TestErrorPerFrame:
    def test_the_solution(self, capsys):
        told(capsys, ch01.error_per_frame, errors, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda p, t: (((p - t) / 127.5) ** 2).mean(axis=(1, 2, 3)), "wrapped round"),
            (lambda p, t: ((p - t).astype(float) ** 2).mean(axis=(1, 2, 3)), "wrapped round, and the scale"),
            (lambda p, t: ((p.astype(float) - t) ** 2).mean(axis=(1, 2, 3)), "still 0 to 255"),
            (lambda p, t: ((p / 255 - t / 255) ** 2).mean(axis=(1, 2, 3)), "0 to 1"),
            (lambda p, t: errors(p, t).mean(), "whole clip"),
            (lambda p, t: abs(p / 127.5 - t / 127.5).mean(axis=(1, 2, 3)), "absolute error"),
            (lambda p, t: errors(p, t) ** 0.5, "root"),
            (lambda p, t: ((p / 127.5 - t / 127.5) ** 2).mean(axis=(0, 1, 2)), r"shape"),
            (lambda p, t: errors(p, t) * 1.5, "at index 0"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch01.error_per_frame, mistake)

    def test_clips_that_were_changed_are_noticed(self, capsys):
        def careless(prediction, target):
            result = errors(prediction, target)
            prediction[:] = 0
            return result

        assert "changes the clips" in told(capsys, ch01.error_per_frame, careless)


def fade(first, frames, sigma=1.5, weight=0.2):
    blurred = cv2.GaussianBlur(first, (0, 0), sigma)
    weights = [weight * t / (frames - 1) for t in range(frames)]
    return np.stack([cv2.addWeighted(first, 1 - w, blurred, w, 0) for w in weights])


def still(first, frames):
    return np.repeat(first[None], frames, axis=0)


def darker(first, frames):
    return np.stack([cv2.convertScaleAbs(first, alpha=1 - 0.02 * t) for t in range(frames)])


class TestBeatCopyFirst:
    def test_the_solution(self, capsys):
        told(capsys, ch01.beat_copy_first, fade, passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (still, "a tie"),
            (lambda first, frames: still(first, frames) / 255, "multiply by 255"),
            (lambda first, frames: still(first, frames).astype(int), "bytes"),
            (lambda first, frames: first, "frames first"),
            (lambda first, frames: np.moveaxis(still(first, frames), 0, 2), "frames first"),
            (lambda first, frames: fade(first, frames, sigma=6, weight=0.9), "Change less"),
            (lambda first, frames: still(cv2.GaussianBlur(first, (0, 0), 3), frames), "Frame 0 was given"),
            (darker, "darker than the photo"),
            (lambda first, frames: 255 - still(first, frames), "copy-first is still ahead in MSE"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch01.beat_copy_first, mistake)


def find_leak(sources, splits):
    sides = {side: {s for s, split in zip(sources, splits, strict=True) if split == side} for side in ("train", "test")}
    return sides["train"] & sides["test"]


class TestLeak:
    def test_the_solution_as_a_set_or_a_list(self, capsys):
        told(capsys, ch01.leak, find_leak, passed=True)
        told(capsys, ch01.leak, lambda *a: sorted(find_leak(*a)), passed=True)

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            (lambda sources, splits: {s for s in sources if sources.count(s) > 1}, "no leak"),
            (
                lambda sources, splits: [i for i, s in enumerate(sources) if s in find_leak(sources, splits)],
                "numbers of",
            ),
            (lambda sources, splits: set(sources), "one side only"),
            (lambda sources, splits: set(), "is missing"),
            (lambda sources, splits: dict.fromkeys(find_leak(sources, splits), True), "a set of sources"),
        ],
    )
    def test_usual_mistakes(self, mistake, words, capsys):
        assert words in told(capsys, ch01.leak, mistake)


def turning(sign=-1, swap=False, radians=2 * np.pi):
    """A solution of `skies.moved`, or with the keywords a usual mistake."""

    def moved(spectrum, right, down):
        side = len(spectrum)
        across, along = np.meshgrid(np.arange(side // 2 + 1), np.fft.fftfreq(side, 1 / side))
        right, down = (down, right) if swap else (right, down)
        return spectrum * np.exp(sign * 1j * radians * (across * right + along * down) / side)

    return moved


def test_skies_moved(capsys):
    told(capsys, skies.moved, turning(), passed=True)
    assert "the other way" in told(capsys, skies.moved, turning(sign=1))
    assert "swapped" in told(capsys, skies.moved, turning(swap=True))
    assert "too small" in told(capsys, skies.moved, turning(radians=1))
    assert "no inverse" in told(capsys, skies.moved, lambda s, *shift: np.fft.irfft2(turning()(s, *shift)))


def windows(numbers, length):
    """A solution of `cloud_data.windows`."""
    found, run = [], []
    for number in numbers:
        run = [] if run and number != run[-1] + 1 else run
        run.append(number)
        if len(run) == length:
            found.append(run[0])
            run = []
    return found


def test_cloud_windows(capsys):
    told(capsys, cloud_data.windows, windows, passed=True)
    told(capsys, cloud_data.windows, lambda n, k: np.array(windows(n, k)), passed=True)
    blind = told(capsys, cloud_data.windows, lambda n, k: n[: len(n) - k + 1 : k])
    assert "over a missing number" in blind

    def overlapping(n, k):
        return [n[i] for i in range(len(n) - k + 1) if n[i + k - 1] - n[i] == k - 1]

    assert "overlap" in told(capsys, cloud_data.windows, overlapping)
    dropped = told(
        capsys,
        cloud_data.windows,
        lambda n, k: [x for x in n[: len(n) - k + 1 : k] if x + k - 1 in n[n.index(x) + k - 1 : n.index(x) + k]],
    )
    assert "begin again" in dropped
    assert "order" in told(capsys, cloud_data.windows, lambda n, k: windows(n, k)[::-1])


def masked(query, key, value, largest, mask_first=True):
    """Attention that never looks ahead, or with the keywords a usual mistake."""
    logits = query @ key.T
    past = np.tril(np.ones(logits.shape, bool))
    logits = np.where(past, logits, -np.inf) if mask_first else logits
    with np.errstate(all="ignore"):
        weights = np.exp(logits - largest(logits)) * past
        return weights / weights.sum(axis=1, keepdims=True) @ value


def test_causal_logits_get_large(capsys):
    def own(logits):
        return logits.max(axis=1, keepdims=True)

    told(capsys, teaching.causal, lambda *parts: masked(*parts, own), passed=True)
    for wrong in (lambda *parts: masked(*parts, lambda logits: 0.0), lambda *parts: masked(*parts, own, False)):
        assert "not finite" in told(capsys, teaching.causal, wrong)


@pytest.mark.parametrize("seed", range(4))
def test_no_rounding_decides_which_p_by_source_is_right(seed, capsys):
    def p(differences, sources):
        names, seen = sorted(set(sources)), abs(np.mean(differences))
        patterns = [dict(zip(names, signs, strict=True)) for signs in product((1, -1), repeat=len(names))]
        return np.mean([abs(np.dot([s[n] for n in sources], differences) / len(sources)) >= seen for s in patterns])

    with other_cases(seed):
        told(capsys, teaching.p_by_source, p, passed=True)
