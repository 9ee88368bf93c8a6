"""The blind test: three pairs of small skies and one check. And the plane with several dots that have no role."""

import math

import numpy as np

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure


def make_figures() -> dict[str, Figure]:
    skies = synthetic_clips(4, 48, 15, seed=9).frames
    truths, backwards = skies[:, 7:], skies[:, 7::-1].copy()
    frozen = np.repeat(truths[:, :1], truths.shape[1], axis=1)
    pairs = [
        {"truth": truths[0], "fading copy": frozen[0]},
        {"fading copy": frozen[1], "another future": backwards[1]},
        {"another future": backwards[2], "truth": truths[2]},
    ]
    scores = [
        {"truth": math.inf, "fading copy": 27.0},
        {"fading copy": 26.0, "another future": 22.0},
        {"another future": 21.5, "truth": math.inf},
    ]
    checks = [{"copy-first": frozen[3], "truth": truths[3]}]
    elsewhere = {"comparable": False, "apart": "other clips"}
    dots = [
        explore.Dot("copy-first", psnr=26.8, motion=0.0),
        explore.Dot("flickering copy", psnr=26.4, motion=1.0),
        explore.Dot("noisy copy", psnr=26.3, motion=1.01),
        explore.Dot("swaying copy", psnr=23.0, motion=1.02),
        explore.Dot("true flow", psnr=31.9, motion=0.78, **elsewhere),
        explore.Dot("a table's", psnr=29.0, **elsewhere),
    ]
    words = {"title": "A blind test", "alt": "Two skies without names, and a question."}
    return {
        "blind": explore.blind_test(pairs, scores, checks=checks, seed=5, **words),
        "plane_others": explore.plane(
            dots, title="Many dots", alt="Six dots, five of them without a role.", motion_label="flow (1 = as real)"
        ),
        "blind_new": explore.blind_test(pairs, scores, title="Another blind test", alt="Two skies without names."),
    }
