"""What every chapter shows: players, curves, the plane, predictions; made of two small skies of our own."""

import numpy as np

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.teach import explore, predict_first, show
from ssagan_lite.teach.bundle import Figure


def make_figures() -> dict[str, Figure]:
    truth = synthetic_clips(1, 48, 12, seed=3).frames[0]
    still = np.repeat(truth[:1], len(truth), axis=0)
    other = truth[::-1].copy()
    error = ((still.astype(float) - truth) / 127.5).__pow__(2).mean(axis=(1, 2, 3))
    dots = [
        explore.Dot("copy-first", psnr=26.8, motion=0.0, clip=still, note="Nothing moves."),
        explore.Dot("MD-GAN Stage I", psnr=23.7, motion=0.84),
        explore.Dot("the paper", psnr=24.35, motion=None, comparable=False),
    ]
    return {
        "look": show.look(truth[0], title="A sky", alt="One sky."),
        "strip": show.strip(truth, title="A strip", alt="Eight frames of a sky."),
        "play": show.play(
            {"truth": truth, "copy-first": still}, title="Two clips", alt="A moving sky and a still one."
        ),
        "curves": explore.error_curves(
            truth, {"copy-first": still}, {"copy-first": error}, title="Error", alt="An error that grows."
        ),
        "plane": explore.plane(dots, title="The plane", alt="Three dots."),
        "guess": explore.plane(dots, guess="MD-GAN Stage I", title="Where?", alt="Two dots and a question."),
        "watch": explore.which_would_you_watch(
            {"copy-first": still, "backwards": other},
            {"copy-first": 26.0, "backwards": 22.0},
            why="PSNR likes what stands still.",
            truth=truth,
            title="Two predictions",
            alt="Two clips without names.",
        ),
        "machine": explore.cloud_machine(truth[0], title="A cloud machine", alt="A sky with sliders."),
        "choice": predict_first(
            "Which is it?", ["this", "that", "neither"], "that", "Because it is.", {"this": "Nearly.", "neither": "No."}
        ),
        "range": predict_first(
            "How many?",
            range=(10, 40, "dB"),
            answer=26.8,
            why="So it was measured.",
            replies={"low": "More.", "high": "Less."},
        ),
    }
