"""Graders of chapter 08: the generator's step, what a checkpoint must hold, and a ward round of failing runs."""

import copy
import io
import pickle

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD, Adam

from ssagan_lite.teach import results
from ssagan_lite.teach.check.grader import NotYetError, WrongError, call, graded, one_number

NEAR = 20  # cycles by which a reading off a curve may be wrong
CURVES = ("logits", "content", "gradient")
WARD = {"P": "gradients pile up", "Q": "healthy", "R": "foreign parameters", "S": "swapped labels",
        "T": "idle critic", "U": "large steps"}  # fmt: skip
SIGNS = {
    "healthy": "some curve of it is far outside the grey.",
    "large steps": "then content would jump up and stay there.",
    "foreign parameters": "then content would not move at all.",
    "swapped labels": "then real would fall ever further below generated, with a short gradient.",
    "gradients pile up": "then the critic's gradient would be dozens of times too long, to the end.",
    "idle critic": "then real would lie below generated, at a distance that stays, with a long gradient.",
}
# What each part of a run's state is good for: what happens to a run that begins without it.
PARTS = {
    "generator": "the fresh run begins with other weights",
    "critic": "the generator goes on against a critic that knows nothing yet",
    "generator_optimizer": "Adam's means of past gradients begin at zero again",
    "critic_optimizer": "Adam's means of past gradients begin at zero again",
    "done": "the fresh run begins again with the first batch",
    "dice": "other noise falls on the clips",
}


class _Maker(nn.Module):
    """A generator that is quick to train: both frames are a linear map of the first one."""

    def __init__(self):
        super().__init__()
        self.colours, self.norm = nn.Conv2d(3, 6, 1), nn.BatchNorm2d(6)

    def forward(self, first: Tensor) -> Tensor:
        return self.norm(self.colours(first)).tanh().unflatten(1, (3, 2))  # (N, 3, 2, H, W)


class _Judge(nn.Linear):
    """A critic that is quick to train: one logit a clip (3, 2, 4, 4)."""

    def __init__(self):
        super().__init__(96, 1)

    def forward(self, clips: Tensor) -> Tensor:
        return super().forward(clips.flatten(1)).flatten()  # (N,)


class _Run:
    """A training that is repeated in an instant."""

    def __init__(self, seed: int):
        self.generator, self.critic, _ = _trio(seed)
        self.generator_optimizer = Adam(self.generator.parameters(), 0.02)
        self.critic_optimizer = Adam(self.critic.parameters(), 0.02)
        self.done, self.dice = 0, torch.Generator().manual_seed(seed)

    def cycle(self) -> None:
        real = _trio(self.done)[2] + 0.1 * torch.randn(5, 3, 2, 4, 4, generator=self.dice)
        fake = self.generator(real[:, :, 0])
        self.critic_optimizer.zero_grad()
        (_bold(self.critic(real)) + F.softplus(self.critic(fake.detach())).mean()).backward()
        self.critic_optimizer.step()
        self.generator_optimizer.zero_grad()
        (_content(fake, real) + _bold(self.critic(fake))).backward()
        self.generator_optimizer.step()
        self.done += 1


def _trio(seed: int):
    """A generator, a critic and clips (5, 3, 2, 4, 4), the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _Maker(), _Judge(), torch.rand(5, 3, 2, 4, 4) * 2 - 1


def _content(fake: Tensor, real: Tensor) -> Tensor:
    return (fake - real).abs().mean()


def _bold(logits: Tensor) -> Tensor:
    return F.softplus(-logits).mean()


@graded
def generator_step(function):
    """Exercise 8.1: one step of the generator down Eq. 7 in its non-saturating form; the critic stays as it is."""
    generator, critic, real = _trio(80)
    before = copy.deepcopy(critic.state_dict())
    for parameter in generator.parameters():
        parameter.grad = torch.ones_like(parameter)  # what an earlier step left behind
    found = call(function, generator, critic, SGD(generator.parameters(), lr=0.1), real)
    if any(not torch.equal(tensor, before[name]) for name, tensor in critic.state_dict().items()):
        raise WrongError("the critic has changed: in this step only the generator moves.")
    right, loss = _step(_right)
    _compare_weights(_flat(generator), right)
    if not all(parameter.requires_grad for parameter in critic.parameters()):
        raise WrongError("the critic is left frozen: it could not learn in its next turn.")
    value = one_number(found)
    if value is None or not abs(value - loss) <= 1e-4:
        raise WrongError(f"the step is right; return its loss, {loss:.4f}, a number.")
    return "the generator has moved down its loss, the critic has not moved, and no old gradient was in the step."


def _flat(network: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def _step(loss, rest: float = 0, sign: float = 1):
    """The generator's weights after one step down a loss of (fake, logits, real), and the loss."""
    generator, critic, real = _trio(80)
    fake = generator(real[:, :, 0])
    value = loss(fake, critic(fake), real)
    value.backward()
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter -= 0.1 * (sign * parameter.grad + rest)
    return _flat(generator), value.item()


def _right(fake: Tensor, logits: Tensor, real: Tensor) -> Tensor:
    return _content(fake, real) + _bold(logits)


# What to say -> the loss of a usual mistake, and how its gradient is followed.
MISSTEPS = (
    ("an old gradient is still in the step: call optimizer.zero_grad() before backward().", _right, {"rest": 1}),
    ("this step climbs: the loss gets larger.", _right, {"sign": -1}),
    (
        "the critic's word never reached the generator: no_grad or detach cut it off, or it is not in the loss.",
        lambda fake, logits, real: _content(fake, real),
        {},
    ),
    ("content is missing from the loss.", lambda fake, logits, real: _bold(logits), {}),
    (
        "this pushes the logit of made clips down: the generator wants it up, softplus(-logits).",
        lambda fake, logits, real: _content(fake, real) + F.softplus(logits).mean(),
        {},
    ),
    (
        "that is Eq. 4 to the letter, the form that saturates: take softplus(-logits).",
        lambda fake, logits, real: _content(fake, real) - F.softplus(logits).mean(),
        {},
    ),
)


def _compare_weights(found: Tensor, right: Tensor) -> None:
    """Raise WrongError unless the generator has taken the right step; name the usual ways to miss it."""
    if torch.allclose(found, right, atol=1e-5):
        return
    start = _flat(_trio(80)[0])
    if torch.equal(found, start):
        raise WrongError(
            "the generator has not moved: step() is missing, or zero_grad() between backward() and step() wipes it out."
        )
    if torch.allclose(found, start - 0.1, atol=1e-6):
        raise WrongError("only the old gradient was followed: backward() is missing, and zero_grad() before it.")
    for message, loss, how in MISSTEPS:
        if torch.allclose(found, _step(loss, **how)[0], atol=1e-5):
            raise WrongError(message)
    far = int((found - right).abs().argmax())
    raise WrongError(f"weight {far} of the generator should be {right[far]:.4f} afterwards, and is {found[far]:.4f}.")


@graded
def checkpoint(function):
    """Exercise 8.2: all of a run's state, as copies, so that a fresh run goes on exactly as this one does."""
    run, fresh = _Run(seed=1), _Run(seed=2)
    for _ in range(4):
        run.cycle()
    state = call(function, run)
    if not isinstance(state, dict):
        raise WrongError(f"a dict from names to states is expected, not {type(state).__name__}.")
    there = copy.deepcopy({name: _state(run, name) for name in PARTS})
    run.cycle()  # the run goes on before the dict is written
    written = _on_disk(state)
    for name, missing in PARTS.items():
        if name not in written:
            raise WrongError(f"{name!r} is not in it: {missing}.")
        if not _same(written[name], there[name]):
            moved = _same(written[name], _state(run, name))
            told = "has changed with the run since: copy it" if moved else "is not the state of this run"
            raise WrongError(f"{name!r} {told}.")
        _give(fresh, name, written[name])
    for _ in range(3):
        run.cycle()
    for _ in range(4):
        fresh.cycle()
    if not torch.equal(_flat(run.generator), _flat(fresh.generator)):
        raise WrongError("the fresh run goes another way than the one that was not stopped.")
    return "a fresh run goes on with it, to the last bit, and it fits into a file."


def _state(run: _Run, name: str):
    """The state of one part of a run."""
    part = getattr(run, name)
    if isinstance(part, torch.Generator):
        return part.get_state()
    return part.state_dict() if hasattr(part, "state_dict") else part


def _give(run: _Run, name: str, state) -> None:
    if name == "done":
        run.done = state
    elif name == "dice":
        run.dice.set_state(state)
    else:
        getattr(run, name).load_state_dict(state)


def _on_disk(state: dict) -> dict:
    """The dict as it comes back from a file of plain values."""
    file = io.BytesIO()
    try:
        torch.save(state, file)
        file.seek(0)
        return torch.load(file, weights_only=True)
    except (pickle.PickleError, TypeError, AttributeError, RuntimeError) as error:
        raise WrongError("a whole object is in it; a file of plain values holds states only.") from error


def _same(one, other) -> bool:
    """Whether two states are equal, all the way down."""
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return isinstance(one, Tensor) and isinstance(other, Tensor) and torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other


def ward():
    """The runs of exercise 8.3: {letter: curves}, and the band that three healthy runs fill: {curve: (low, high)}.

    The curves are arrays by name: "cycle", "logits" (real minus generated), "content" and "gradient" (the critic's).
    """
    stored = results.value("failures.json", "ward")
    *healthy, well = map(_curves, stored["healthy"])
    failed = {key.replace("_", " "): _curves(run) for key, run in stored["failed"].items()}
    band = {name: np.array([run[name] for run in healthy]) for name in CURVES}  # (3, points)
    band = {name: (values.min(axis=0), values.max(axis=0)) for name, values in band.items()}
    return {letter: (failed | {"healthy": well})[cause] for letter, cause in WARD.items()}, band


def _curves(run: dict) -> dict:
    values = {name: np.array(curve) for name, curve in run["curves"].items()}
    gap, count = values["real_logit"] - values["fake_logit"], len(values["content"])
    cycle = (np.arange(count) + 0.5) * run["cycles"] / count
    return {"cycle": cycle, "logits": gap, "content": values["content"], "gradient": values["critic_gradient"]}


@graded
def diagnose(function):
    """Exercise 8.3: for each run of the ward the cause, a curve that shows it, and the cycle from which it does."""
    answer = call(function)
    if not isinstance(answer, dict):
        raise WrongError(f'a dict such as {{"P": (cause, curve, cycle)}} is expected, not {type(answer).__name__}.')
    for letter, truth in WARD.items():
        said = answer.get(letter)
        if said is None or said is ...:
            raise NotYetError(f"run {letter} waits for its diagnosis.")
        cause, curve, cycle = _three(letter, said)
        if cause not in SIGNS:
            raise WrongError(f"run {letter}: there is no cause {cause!r}; choose among {', '.join(SIGNS)}.")
        if cause != truth:
            raise WrongError(f"run {letter} is not a case of {cause!r}: {SIGNS[cause]}")
        if cause != "healthy":
            _check_place(letter, curve, cycle)
    return "six runs, five causes, and one that is well."


def _three(letter: str, said) -> list:
    """Cause, curve and cycle of an answer; None for what is left out."""
    if not isinstance(said, str | tuple | list):
        raise WrongError(f'run {letter}: an answer such as ("idle critic", "logits", 40) is expected, not {said!r}.')
    given = [said] if isinstance(said, str) else list(said)
    return (given + [None] * 3)[:3]


def _check_place(letter: str, curve, cycle) -> None:
    """The curve has to be one that leaves the band, and the cycle near the place where it does."""
    if curve not in CURVES:
        raise WrongError(f"run {letter}: that is the cause; name a curve too, one of {', '.join(CURVES)}.")
    clearly, at_all = _leaves(letter, curve), _leaves(letter, curve, margin=0)
    if clearly is None:
        raise WrongError(f"run {letter}: that is the cause, but its {curve} could be a healthy run's.")
    cycle = one_number(cycle)
    if cycle is None or not at_all - NEAR <= cycle <= clearly + NEAR:
        raise WrongError(f"run {letter}: that is the cause; but look again where its {curve} leaves the grey for good.")


def _leaves(letter: str, curve: str, margin: float = 1) -> float | None:
    """The cycle from which on a curve is out of the band, by more than margin times its mean width; None if never."""
    runs, band = ward()
    values, low, high = (np.log(x) if curve == "gradient" else x for x in (runs[letter][curve], *band[curve]))
    width = margin * (high - low).mean()
    inside = np.flatnonzero((values > low - width) & (values < high + width))
    first = inside[-1] + 1 if len(inside) else 0
    return None if first > 0.8 * len(values) else float(runs[letter]["cycle"][first])
