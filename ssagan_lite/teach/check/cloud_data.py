"""The grader of the page "The cloud data": windows of frames without a hole in their numbers."""

from ssagan_lite.teach.check.grader import WrongError, call, graded

PARTS = (
    ([3, 4, 5, 7, 8, 9, 10], 2),
    (list(range(70)), 32),
    ([*range(40), *range(41, 70)], 32),
    ([*range(10), *range(12, 40)], 8),
    ([5, 6, 7], 4),
    ([], 3),
    ([1, 3, 5, 7], 1),
)


def _windows(numbers, length, *, holes=True, step=None):
    """First numbers of the windows; the keywords make the usual mistakes."""
    found, start = [], 0
    while start + length <= len(numbers):
        window = numbers[start : start + length]
        whole = not holes or window[-1] - window[0] == length - 1
        found += [window[0]] if whole else []
        start += (step or length) if whole else 1
    return found


def _grid(numbers, length):
    """Cut first, then drop the windows with a hole."""
    cut = [numbers[start : start + length] for start in range(0, len(numbers) - length + 1, length)]
    return [window[0] for window in cut if window[-1] - window[0] == length - 1]


@graded
def windows(function):
    """The first number of each window: no overlap, no missing number, each as early as possible."""
    for numbers, length in PARTS:
        found = list(call(function, list(numbers), length))
        expected = _windows(numbers, length)
        if found == expected:
            continue
        about = f"for {len(numbers)} numbers and a length of {length}: "
        mistakes = {
            "a window reaches over a missing number.": _windows(numbers, length, holes=False),
            "the windows overlap: the next one begins where the last one ended.": _windows(numbers, length, step=1),
            "begin again right behind a hole, instead of dropping the window that it falls into.": _grid(
                numbers, length
            ),
        }
        for message, mistaken in mistakes.items():
            if found == mistaken:
                raise WrongError(about + message)
        if sorted(found) == expected:
            raise WrongError(about + "the windows are right, their order is not.")
        raise WrongError(f"{about}{expected[:4]} is expected to begin with, and {found[:4]} was found.")
    return "no hole, no overlap, none left out."
