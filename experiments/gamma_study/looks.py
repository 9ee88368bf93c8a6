"""What finished runs look like: the clip that each makes of one sky, and how much attention adds to it.

Of the arms whose weights a plain generator reads: "scaled" and a block of one's own are left out.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gamma_study.arms import ARMS
from gamma_study.run import Job
from gamma_study.scores import attention_blocks, inputs, rounded
from ssagan_lite.data.clips import to_float, to_uint8
from ssagan_lite.data.synthetic import SyntheticClips
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.generator import Generator
from ssagan_lite.teach.frames import pack_clip

SKIES = 16  # that the share of attention is measured on


@torch.no_grad()
def looks(jobs: list[Job], skies: SyntheticClips) -> dict[str, dict]:
    """clips: the first unseen sky, and what each arm's run of the lowest seed makes of its first frame, for JSON.

    added: for each arm `share_added` of each level, and its mean over the levels, as means over the seeds.
    """
    first = to_float(torch.from_numpy(skies.frames[:SKIES, :1]))[:, :, 0]  # (16, 3, H, W)
    clips, added = {"truth": pack_clip(skies.frames[0])}, {}
    for job, generator in finished(jobs):
        if job.arm not in clips:
            clips[job.arm] = pack_clip(to_uint8(generator.animate(first[:1]))[0].numpy())  # (T, H, W, 3)
        added.setdefault(job.arm, []).append(share_added(generator, first))
    return {"clips": clips, "added": {arm: means(each) for arm, each in added.items() if each[0]}}


def finished(jobs: list[Job]) -> Iterator[tuple[Job, Generator]]:
    """The runs that have ended, with their trained generators."""
    for job in jobs:
        if job.arm in ARMS and job.arm != "scaled" and job.record() is not None:
            yield job, load_generator(job.folder)


def share_added(generator: Generator, first: Tensor) -> dict[str, float]:
    """For each level, how large what attention adds to x is beside x: the deviation of y - x over that of x."""
    known = attention_blocks(generator)
    seen = inputs(generator, known, first)
    return {name: ((known[name](x) - x).std() / x.std()).item() for name, x in seen.items()}


def means(each: list[dict[str, float]]) -> dict[str, float]:
    """Over the seeds, level by level; "mean" is that of all levels."""
    levels = {name: rounded(float(np.mean([one[name] for one in each]))) for name in each[0]}
    return levels | {"mean": rounded(float(np.mean(list(levels.values()))))}
