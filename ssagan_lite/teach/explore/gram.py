"""One clip changed in several ways: which change does its Gram matrix notice?"""

import base64

import numpy as np
import torch

from ssagan_lite.baselines.mdgan import gram_matrix
from ssagan_lite.data.clips import to_float
from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component, veil
from ssagan_lite.teach.frames import as_clips, sprites, static_image
from ssagan_lite.teach.palette import colours

CLIP_BYTES = 110_000  # of all clips, before base64
DRAWN = 48  # the most rows of a matrix that is drawn; more are averaged
NOTHING = 1e-4  # below this share of the matrix, rounding is all that differs


def gram_motion(clips, looks, *, title, alt, note="", fps=8):
    """Bet whether each change is seen by the Gram matrix of the first look; then compare the matrices of all looks.

    clips: {name: uint8 (T, H, W, 3)}, our own skies only; the first is the untouched one, the others are changes of
    it. looks: {name: function from clips (N, 3, T, H, W) in [-1, 1] to features (N, C, T, H, W)}; bets are about the
    first. Raises InputError where there is nothing to compare. Breaks "a Gram matrix sees motion, whatever it is taken
    of". Xiong et al. (2018), section 3.2; chapter 12.
    """
    clips = as_clips(clips)
    if len(clips) < 2 or not looks:
        raise InputError("the figure takes an untouched clip, at least one change of it, and at least one look")
    if len({clip.shape for clip in clips.values()}) > 1:
        raise InputError("clips whose Gram matrices are compared have one size")
    batch = to_float(torch.from_numpy(np.stack(list(clips.values()))))  # (N, 3, T, H, W)
    measured = {name: _measure(look, batch) for name, look in looks.items()}
    shares = next(iter(measured.values()))["shares"]
    data = {
        "names": list(clips),
        "clips": sprites(clips, CLIP_BYTES),
        "frames": len(next(iter(clips.values()))),
        "fps": fps,
        "looks": list(looks),
        "hidden": veil({"answers": [int(share > NOTHING) for share in shares], "looks": measured}),
    }
    html = component("gram", data, title=title, static=static_image(_still(clips, title), alt), note=note, label=alt)
    return Figure(html, _still(clips, title), alt)


@torch.no_grad()
def _measure(look, batch):
    """Of each clip: the L1 distance of its Gram matrix from the first one's as a share of that one, and its picture."""
    matrices = gram_matrix(look(batch).float())  # (N, CT, CT)
    apart = (matrices - matrices[:1]).abs()  # (N, CT, CT)
    shares = (apart.sum(dim=(1, 2)) / matrices[0].abs().sum()).tolist()  # (N,)
    shown = [_small(matrices[0].abs()), *(_small(each) for each in apart[1:])]
    reach = max(np.quantile(each, 0.98) for each, share in zip(shown[1:], shares[1:], strict=True) if share > NOTHING)
    levels = [_levels(shown[0], np.quantile(shown[0], 0.98)), *(_levels(each, reach) for each in shown[1:])]
    return {
        "rows": matrices.shape[1],
        "side": len(shown[0]),
        "shares": [round(share, 6) for share in shares],
        "levels": [base64.b64encode(level.tobytes()).decode() for level in levels],
    }


def _small(matrix):
    """A matrix of at most DRAWN rows, neighbours averaged: (side, side)."""
    step = -(-len(matrix) // DRAWN)
    return torch.nn.functional.avg_pool2d(matrix[None], step)[0].numpy()


def _levels(matrix, reach):
    """Bytes, 255 at `reach` and above; roots, so that what is faint can be seen."""
    return np.rint(255 * np.sqrt(np.clip(matrix / max(reach, 1e-12), 0, 1))).astype(np.uint8)


def _still(clips, title):
    """Three frames of each clip, for print: the answers are not on it."""
    columns = -(-len(clips) // 2)
    canvas = stills.Canvas(figsize=(6.8, 2.6), layout="constrained")
    axes = canvas.subplots(2, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (name, clip) in zip(axes, clips.items(), strict=False):
        chosen = np.linspace(0, len(clip) - 1, 3).round().astype(int)
        axis.imshow(np.concatenate(list(clip[chosen]), axis=1))
        axis.set_title(name, fontsize=9, color=colours()["ink"])
    canvas.suptitle(title, fontsize=10, color=colours()["ink"])
    return stills.finish(canvas)
