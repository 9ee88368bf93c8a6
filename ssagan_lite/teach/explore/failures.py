"""Eight training runs that fail beside one that does not: curves, a clip, and a question about the cause."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure as Canvas

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component, veil
from ssagan_lite.teach.frames import from_grid, static_image
from ssagan_lite.teach.palette import LINES, colours


@dataclass(frozen=True)
class Diagnosis:
    """What is said about one mistake. why: may hold {value}, {low} and {high}, the symptom's number in this run and in
    healthy ones. replies: {key of another mistake that one could think of: why it is not that one}.
    """

    short: str
    cause: str
    line: str
    symptom: str
    why: str
    cure: str
    replies: dict


HEALTHY = (
    "The two logits stay close, real a little higher: the critic leads by a nose. Content falls, fast at first, then "
    "slowly. No gradient vanishes or grows without end. The clip looks like a sky."
)
# In the order in which the runs are shown, as A, B, C ...
DIAGNOSES = {
    "foreign_parameters": Diagnosis(
        "another network's weights",
        "The generator's optimiser holds another network's weights",
        "optimizer = Adam(Generator(shape).parameters())  # not generator.parameters()",
        "Content does not move, from the first cycle on. The logits run apart. The clip is grey.",
        "The gradients are there, and long. But the step moves weights that nobody uses. Content ends at {value:.2f} "
        "times what it began with; in healthy runs at {low:.2f} to {high:.2f} times.",
        "Make the optimiser last, from the network in its final form. After one step, check that a weight has changed.",
        {
            "large_steps": "Then content would jump first. Here nothing ever happens to it.",
            "strong_critic": "The critic does win. But content would fall all the same: it does not pass through it.",
            "gradients_pile_up": "Then the critic's gradient would be long. Here it vanishes: its task is too easy.",
        },
    ),
    "large_steps": Diagnosis(
        "learning rate",
        "The learning rate is a hundred times too high",
        "Adam(generator.parameters(), lr=5e-2)  # the healthy run: 5e-4",
        "Content jumps up in the first cycles and stays up. The clip has garish colours.",
        "The first steps threw the weights so far out that Tanh answers -1 or 1 nearly everywhere. There it is flat: "
        "no gradient leads back. Content ends at {value:.2f}; in healthy runs at {low:.3f} to {high:.3f}.",
        "Divide by ten until the first twenty cycles lead down.",
        {
            "foreign_parameters": "Then content would not move at all. Here it jumps up first.",
            "zero_to_one": "Colours on half the scale make content smaller, not larger; and the clip pale.",
            "gradients_pile_up": "Then the critic's gradient would be far too long.",
        },
    ),
    "few_clips": Diagnosis(
        "eight clips",
        "There are only eight clips to train on",
        "clips = clips[:8]  # for a quick try, and then forgotten",
        "Content is far lower than in the healthy run. But this sky, which is new to it, comes out worse.",
        "It knows its eight clips by heart. On unseen skies the distance is {value:.1f} times that on its own; in "
        "healthy runs {low:.1f} to {high:.1f} times.",
        "More clips. And always one curve on clips that are not trained on: fit does not draw it, evaluate does.",
        {
            "zero_to_one": "Colours on half the scale do make content smaller. But then the clip would be pale.",
            "idle_critic": "Then made would lie level, and above real.",
            "strong_critic": "A strong critic would drive the logits far apart.",
        },
    ),
    "swapped_labels": Diagnosis(
        "real and made swapped",
        "The critic's loss has real and made clips swapped",
        "loss = softplus(real_logits) + softplus(-fake_logits)",
        "Real lies below made, and ever further below. Content and clip look right.",
        "The critic learns to call made clips real, and the generator wants just that: nobody is in its way. Made "
        "clips end {value:.1f} above real ones; in healthy runs {low:+.2f} to {high:+.2f}.",
        "Print both logits after ten cycles: real has to be the higher one.",
        {
            "idle_critic": "A critic that takes no step cannot drive the two ever further apart.",
            "strong_critic": "A strong critic drives them apart the other way: real up, made down.",
            "gradients_pile_up": "Look at the critic's gradient: it is shorter than the healthy run's, not longer.",
        },
    ),
    "gradients_pile_up": Diagnosis(
        "zero_grad forgotten",
        "The critic's gradients are never set to zero",
        "loss.backward()\ncritic_optimizer.step()  # critic_optimizer.zero_grad() is missing",
        "The logits swing, one across the other. The critic's gradient is dozens of times longer than in the healthy "
        "run.",
        "backward() adds to what is there. So each step follows the sum of all gradients since the start. Its length "
        "ends at {value:.0f}; in healthy runs at {low:.1f} to {high:.1f}.",
        "zero_grad() before every backward(). The paper's released code forgets it for its second critic.",
        {
            "large_steps": "Then content would jump up, and stay there.",
            "strong_critic": "Then real would lie far above made.",
            "idle_critic": "That gives a long gradient as well. But made would lie level, and above real.",
        },
    ),
    "zero_to_one": Diagnosis(
        "colours from 0 to 1",
        "The colours go from 0 to 1, not from -1 to 1",
        "real = frames / 255  # and not 2 * frames / 255 - 1",
        "The curves are those of a healthy run; content is even lower. The clip is pale.",
        "Half the range is half the distance: the ruler has changed, not the clips. The darkest colour that it makes "
        "is {value:+.2f}; in healthy runs {low:+.2f} to {high:+.2f}.",
        "Print the least, the greatest and the mean number of a batch, once. No curve tells you.",
        {
            "few_clips": "That makes content lower as well. But would this sky, new to it, then have its right shapes?",
            "idle_critic": "Then made would lie level, and above real.",
            "large_steps": "Then content would stay high up.",
        },
    ),
    "idle_critic": Diagnosis(
        "the critic takes no step",
        "The critic never takes its step",
        "loss.backward()  # critic_optimizer.step() is missing",
        "Real is a level line. Made rises above it in the first cycles and stays there. Content and clip look right.",
        "This critic is what the dice made. The generator has found out what it happens to like, which has nothing to "
        "do with skies. Made ends {value:.1f} above real; in healthy runs {low:+.2f} to {high:+.2f}.",
        "After one step, check that a weight of the critic has changed.",
        {
            "swapped_labels": "A swapped critic drives the two ever further apart. These lines are level.",
            "strong_critic": "A strong critic puts real above made. Here it is the other way round.",
            "few_clips": "Then content would fall far below the healthy run's, from look to look further.",
        },
    ),
    "strong_critic": Diagnosis(
        "the critic wins",
        "The critic takes five steps to one, and the generator's loss saturates",
        "for real in five_batches: critic_step(...)\nloss = 5 * content - softplus(fake_logits)",
        "Real and made run far apart, real above. Content and clip look right.",
        "Where the critic is sure, the saturating form is flat: its word no longer reaches the generator. What is left"
        " is content alone. The logits end {value:.1f} apart; in healthy runs {low:.2f} to {high:.2f}.",
        "The form that does not saturate (chapter 7); and fewer critic steps.",
        {
            "foreign_parameters": "Then content would not fall at all.",
            "swapped_labels": "Then real would lie below made.",
            "idle_critic": "A critic that takes no step cannot win like this.",
        },
    ),
}
LETTERS = "ABCDEFGH"


def failing_runs(stored, *, title, alt, note="", fps=8):
    """A healthy run and eight failing ones, unnamed: the reader looks at curves and clip, names the cause, is told.

    stored: what experiments/failures.py wrote, with "healthy" (records of runs, the first is shown), "failed" and
    "symptoms" by mistake. Breaks "the loss is the quality" and "a run that does not crash is right". Chapter 08.
    """
    if missing := [key for key in DIAGNOSES if key not in stored.get("failed", {})]:
        raise InputError(f"the runs of {', '.join(missing)} are missing; experiments/failures.py makes them")
    healthy = stored["healthy"][0]
    runs = [{**_shown(healthy, "healthy"), "symptom": HEALTHY}]
    for letter, (key, diagnosis) in zip(LETTERS, DIAGNOSES.items(), strict=True):
        runs.append(_shown(stored["failed"][key], letter) | _asked(key, diagnosis, stored["symptoms"][key]))
    data = {"runs": runs, "cycles": healthy["cycles"], "fps": fps}
    still = _still(stored, title)
    static = static_image(still, alt) + "".join(_folded(run, key) for run, key in zip(runs[1:], DIAGNOSES, strict=True))
    return Figure(component("failures", data, title=title, static=static, note=note, label=alt), still, alt)


def clip_of(record):
    """The stored clip of a run as frames, uint8 (T, H, W, 3). Chapter 08."""
    sprite = record["sample"]
    return from_grid(sprite["picture"].split(",")[1], sprite["frames"], sprite["height"], sprite["width"])


def _shown(record, name):
    """What is drawn of a run; `said` is each curve in words, for readers who do not see it."""
    curves = record["curves"]
    said = {key: f"{key.replace('_', ' ')} from {values[0]:.3g} to {values[-1]:.3g}" for key, values in curves.items()}
    return {"name": name, "clip": record["sample"], "curves": curves, "said": said}


def _asked(key, diagnosis, symptom):
    """The question about a run, and behind a veil the answer. The right choice stands at another place each time."""
    numbers = {"value": symptom["value"], "low": symptom["healthy_low"], "high": symptom["healthy_high"]}
    choices = [DIAGNOSES[other].cause for other in diagnosis.replies]
    choices.insert(list(DIAGNOSES).index(key) * 3 % 4, diagnosis.cause)
    hidden = {name: getattr(diagnosis, name) for name in ("short", "cause", "line", "cure")}
    hidden["why"] = diagnosis.why.format(**numbers)
    hidden["replies"] = {DIAGNOSES[other].cause: reply for other, reply in diagnosis.replies.items()}
    return {"symptom": diagnosis.symptom, "choices": choices, "hidden": veil(hidden)}


def _folded(run, key):
    """The run in words, for pages where no script runs."""
    diagnosis = DIAGNOSES[key]
    answer = f"<p>{diagnosis.cause}. <strong>Cure:</strong> {diagnosis.cure}</p>"
    head = f"<p><strong>Run {run['name']}.</strong> {diagnosis.symptom}</p>"
    return f"{head}<details><summary>What is wrong? Say it first, then open this.</summary>{answer}</details>"


def _still(stored, title):
    """The logits of all nine runs, as a picture for print."""
    records = [stored["healthy"][0], *(stored["failed"][key] for key in DIAGNOSES)]
    canvas = Canvas(figsize=(6.8, 5), layout="constrained")
    canvas.suptitle(title, fontsize=10, color=colours()["ink"])
    names = ["healthy", *(f"run {letter}" for letter in LETTERS)]
    for axis, record, name in zip(canvas.subplots(3, 3).flat, records, names, strict=True):
        for curve, role, told in (("real_logit", "truth", "real"), ("fake_logit", "ours", "made")):
            values = record["curves"][curve]
            cycles = np.linspace(0, record["cycles"], len(values))
            axis.plot(cycles, values, color=colours()[role], linestyle=LINES[role], linewidth=1.2, label=told)
        axis.set_title(name, fontsize=9, color=colours()["ink"])
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    canvas.axes[0].legend(frameon=False, fontsize=7)
    canvas.supylabel("critic's logits", fontsize=8, color=colours()["soft"])
    return stills.finish(canvas)
