"""Graders of chapter 13: planted departures, losses that can teach, a table's arithmetic, neighbours in a batch."""

import re
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ssagan_lite.teach.check.grader import WrongError, call, graded

# What stands in the line -> (which place of the paper it departs from, how the grader hints at it).
DEPARTURES = {
    '("conv4"': ("Table 1 conv4", "among the rows of the table"),
    "products = ": ("Eq. 1", "in Attention"),
    "return self.gamma": ("Eq. 3", "in Attention"),
    "with_logits": ("Eq. 4", "in the losses"),
    "smooth_l1": ("Eq. 5", "in the losses"),
}
# Lines that look odd, and are right or not for the paper to say.
ODD_BUT_RIGHT = {
    '("conv1", 32': "conv1 halves space and keeps time, as in Table 1",
    '("conv6", 512': "conv6 has its own kernel in Table 1 as well",
    "channels, 1) for": "the paper does not give this kernel, so nothing is departed from",
    "torch.zeros(1)": "gamma is one number that starts at 0, as Eq. 3 says",
    "softmax(dim=1)": "products of key and query, a softmax over each column, and the values on the left: that is "
    "Eq. 1 with the names exchanged",
    "v @ weights": "the values stand on the left because the columns sum to one; it is Eq. 2 transposed",
    "nn.BatchNorm3d": "no BatchNorm after the first and the last layer: so the paper says",
    '"bias": False': "neither Table 1 nor an equation speaks of biases",
    "nn.LeakyReLU": "neither Table 1 nor an equation speaks against it",
    "nn.Sigmoid": "D ends in a sigmoid, as the paper says. What is done with its result afterwards?",
    "made.detach()": "it saves work and changes no gradient of the critic (chapter 8)",
    "torch.log(1 - d": "it is the saturating form, and Eq. 4 to the letter (chapter 7)",
    "return game + content": "the weight of Eq. 7 is 1",
}


def module_text():
    """The module of exercise 13.4, as one text."""
    return Path(__file__).with_name("planted.txt").read_text("utf-8")


def _lines_with(snippet):
    """The numbers of the lines that hold a snippet, from 1."""
    return [number for number, line in enumerate(module_text().splitlines(), 1) if snippet in line]


@graded
def departures(function):
    """Exercise 13.4: {line: place of the paper} of the five lines that depart from Table 1 and Eq. 1-7."""
    named = _as_places(call(function))
    expected = {_lines_with(snippet)[0]: place for snippet, (place, _) in DEPARTURES.items()}
    logits = next(line for line, place in expected.items() if place == "Eq. 4")
    if logits not in named and logits + 1 in named:  # the next line uses it: as good
        named[logits] = named.pop(logits + 1)
    found = expected.keys() & named.keys()
    told = [f"{len(found)} of {len(expected)} found."]
    told += _mislabelled({line: (named[line], expected[line]) for line in sorted(found)})
    told += _false_alarms(sorted(named.keys() - expected.keys()))
    missing = [DEPARTURES[s][1] for s in DEPARTURES if _lines_with(s)[0] not in named]
    if missing:
        places = [f"{missing.count(where)} {where}" for where in dict.fromkeys(missing)]
        told.append(f"Still hidden: {', '.join(places)}.")
    if len(told) > 1:
        raise WrongError(" ".join(told))
    return "five departures, no false alarm. The shapes fit in all five: no error would have told you."


def _as_places(found):
    """{line: place} from a dict, or from pairs; WrongError for anything else."""
    if not isinstance(found, dict):
        try:
            found = dict(found)
        except (TypeError, ValueError) as error:
            raise WrongError('a dict is expected, from line number to place: {12: "Eq. 2"}.') from error
    last = len(module_text().splitlines())
    for line, place in found.items():
        if not isinstance(line, int | np.integer) or not 1 <= line <= last:
            raise WrongError(f"lines are numbered 1 to {last}; {line!r} is none of them.")
        if not isinstance(place, str):
            raise WrongError(f'line {line}: name the place as text, such as "Eq. 2" or "Table 1 conv2".')
    return {int(line): place for line, place in found.items()}


def _places_in(text):
    """The rows and equations that a text names, {"conv4", "eq1"}; "(1)" is an equation, and "Table 1" is none."""
    text = re.sub(r"tab[a-z]*\W*\d+", "", text[:200].lower())
    found = re.findall(r"conv\W*(\d+)|eq[a-z]*\W*(\d+)|\((\d+)\)", text)
    return {f"conv{row}" if row else f"eq{equation or in_brackets}" for row, equation, in_brackets in found}


def _mislabelled(pairs):
    """What to say of lines that were found, with a place that they do not break."""
    for line, (named, expected) in pairs.items():
        places = _places_in(named)
        # The critic minimises -(4), which is Eq. 6: either name will do, and both.
        allowed = {"eq4", "eq6"} if expected == "Eq. 4" else _places_in(expected)
        if places & allowed and not places <= allowed:
            return [f"Line {line} is one of them, with several places to its name: name the one that it departs from."]
        if not places & allowed:
            return [f"Line {line} is one of them, but it is not {named} that it departs from."]
    return []


def _false_alarms(lines):
    """A few words on lines that keep to the paper: the first that looks odd is explained."""
    if not lines:
        return []
    if len(lines) > 8:
        return [f"{len(lines)} of your lines keep to the paper. Flagging all of them is not reading."]
    reasons = {line: why for snippet, why in ODD_BUT_RIGHT.items() for line in _lines_with(snippet)}
    line = next((line for line in lines if line in reasons), lines[0])
    why = f"looks odd, and is no departure: {reasons[line]}" if line in reasons else "keeps to the paper"
    more = f" (as {'does' if len(lines) == 2 else 'do'} {len(lines) - 1} more of yours)" if len(lines) > 1 else ""
    return [f"Line {line} {why}{more}.".replace("?.", "?")]


def _dice(loss):
    """The loss plus a number that changes from call to call, and does not depend on x."""
    return lambda x: loss(x) + torch.rand(())


_OTHER = torch.ones(3, requires_grad=True)


def _overwritten(x):
    """What the released ranking loss does to its distances."""
    return -(x**2).exponential_(1).log().mean()


# name -> (loss, whether it can teach, what to say to the wrong answer)
_LOSSES = {
    "square": (lambda x: ((x - 3) ** 2).mean(), True, "((x - 3) ** 2).mean() is as good a teacher as there is."),
    "constant": (lambda x: torch.tensor(0.7), False, "a loss that is the number 0.7 for every x teaches nothing."),
    "random": (
        _overwritten,
        False,
        "random values, gradient 0: a loss that changes from call to call need not teach.",
    ),
    "detached": (
        lambda x: (x.detach() ** 2).mean(),
        False,
        "its value follows x, but detach() has cut the way back: there is no gradient.",
    ),
    "noisy": (
        _dice(lambda x: (x - 1).abs().mean()),
        True,
        "its value has noise added, but its gradient has not: it teaches. Look at the gradient, not at the value.",
    ),
    "at rest": (
        lambda x: (x**2).mean() - (x**4).mean(),
        True,
        "its gradient is 0 at the x that it was given, and nowhere near it. Look beside x, too.",
    ),
    "steps": (
        lambda x: (x + 0.2).round().mean(),
        False,
        "round() is flat between its steps: the value follows x, and the gradient is 0 nearly everywhere.",
    ),
    "two factors": (
        lambda x: (x[..., :1] * x[..., 1:]).sum(),
        True,
        "a product of two numbers that are both 0, like a gate that starts shut: one step beside, there is a gradient.",
    ),
    "another's": (
        lambda x: (_OTHER**2).sum(),
        False,
        "it has a gradient, but of something else: x does not enter it.",
    ),
}


@graded
def teaches(function):
    """Exercise 13.1: whether there is a gradient of loss(x) with respect to x, at x or a little beside it."""
    for loss, expected, why in _LOSSES.values():
        x = torch.zeros(2, 4)
        found = _yes_or_no(call(function, loss, x))
        if x.requires_grad or x.any():
            raise WrongError("your function changes the x that it was given: work on a copy, x.clone().")
        if found != expected:
            raise WrongError(why)
    return "nine losses, and you asked each for its gradient, not for its value."


def _yes_or_no(found):
    if not isinstance(found, bool | np.bool_) and not (isinstance(found, torch.Tensor) and found.dtype == torch.bool):
        raise WrongError(f"True or False is expected, not {type(found).__name__}.")
    return bool(found)


# (mean PSNR, mean MSE, range) as printed. The last digit hides half a unit: rows of which some are only just possible.
_ROWS = (
    ("7.7988", "0.1849", 2),
    ("7.7988", "0.1849", 1),
    ("23.6601", "0.0379", 2),
    ("24.3512", "0.0238", 2),
    ("22.00", "0.0250", 2),
    ("22.04", "0.025", 2),
    ("22.03", "0.025", 2),
    ("21.96", "0.025", 2),
    ("21.9", "0.025", 2),
    ("26", "0.01", 2),
    ("24", "0.01", 2),
    ("20.0", "650.25", 255),
    ("19.8", "650.25", 255),
)


def _half(text):
    """Half a unit of the last printed digit."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def _fits(psnr, mse, data_range, room=1.0):
    """room: how many half units of the last digits are granted; negative ones to the wrong side."""
    largest = float(mse) + room * _half(mse)
    return float(psnr) + room * _half(psnr) >= 10 * np.log10(data_range**2 / largest)


@graded
def possible(function):
    """Exercise 13.3: whether a mean PSNR and a mean MSE, both as printed, can belong to one set of clips."""
    mistakes = {
        "a mean of PSNRs lies at or above the floor of the mean error, never below": lambda *row: not _fits(*row),
        "printed digits are rounded: grant both numbers half a unit of the last one": lambda *r: _fits(*r, room=0),
        "the rounding is to speak for the table: a PSNR half a unit higher, an MSE half a unit larger": (
            lambda *row: _fits(*row, room=-1)
        ),
        "the range enters squared": lambda psnr, mse, size: _fits(psnr, mse, size**0.5),
        "it does not depend on the range that was given": lambda psnr, mse, size: _fits(psnr, mse, 2),
        "half a unit of the last printed digit, and not a fixed allowance": lambda psnr, mse, size: (
            float(psnr) + 0.1 >= 10 * np.log10(size**2 / float(mse))
        ),
    }
    found = [_yes_or_no(call(function, *row)) for row in _ROWS]
    expected = [_fits(*row) for row in _ROWS]
    for words, mistake in mistakes.items():
        if found != expected and found == [bool(mistake(*row)) for row in _ROWS]:
            raise WrongError(f"{words}.")
    for row, is_it, should in zip(_ROWS, found, expected, strict=True):
        if is_it != should:
            psnr, mse, size = row
            verdict = "is possible" if should else "is not possible"
            raise WrongError(f"a PSNR of {psnr} with an MSE of {mse} and a range of {size} {verdict}.")
    return "no row is accused that rounding could explain."


class _CentredOnBatch(nn.Module):
    """Takes the mean over the batch away, in any mode."""

    def forward(self, clips):
        return clips - clips.mean(dim=0, keepdim=True)


def _models():
    """name -> (model, whether a clip's result depends on its neighbours, what to say to the wrong answer)."""
    torch.manual_seed(13)
    training, resting = (nn.Sequential(nn.Conv3d(3, 3, 1), nn.BatchNorm3d(3)).train(mode) for mode in (True, False))
    return {
        "training": (training, True, "BatchNorm in training mode uses the batch's own mean and deviation."),
        "resting": (resting, False, "BatchNorm at rest uses stored numbers: nobody's neighbours enter it."),
        "instance": (
            nn.InstanceNorm3d(3).train(),
            False,
            "it is in training mode, but InstanceNorm normalises each clip alone: measure, do not ask for the mode.",
        ),
        "centred": (
            _CentredOnBatch().eval(),
            True,
            "this one is at rest, and takes the mean over the batch away: measure, do not ask for the mode.",
        ),
        "dropout": (
            nn.Dropout3d(0.5).train(),
            False,
            "Dropout throws dice: two answers differ, whoever the neighbours are. Let both throw the same "
            "(torch.manual_seed before each).",
        ),
        "rounding": (
            nn.Conv3d(3, 3, 3, padding=1),
            False,
            "a convolution looks at one clip; the last digits may still differ. Use torch.allclose.",
        ),
    }


def _state(model):
    return [model.training, *(tensor.clone() for tensor in model.state_dict().values())]


@graded
def depends_on_neighbours(function):
    """Exercise 13.2: whether what a model makes of a clip depends on the other clips of its batch."""
    generator = torch.Generator().manual_seed(4)
    for model, expected, why in _models().values():
        clip, *others = torch.rand(7, 3, 4, 6, 6, generator=generator)
        others = torch.stack(others) * torch.linspace(0.1, 2, 6).view(-1, 1, 1, 1, 1)
        before = _state(model)
        found = _yes_or_no(call(function, model, clip, others))
        if model.training != before[0]:
            raise WrongError("your function leaves the model in another mode: ask it as you found it.")
        if found != expected:
            raise WrongError(why)
        if not all(torch.equal(a, b) for a, b in zip(before[1:], _state(model)[1:], strict=True)):
            raise WrongError("asking changed the running statistics of the model: ask a copy (copy.deepcopy).")
    return "by measuring, whatever mode the model says it is in."
