"""Chapter 10: a slider over two short runs, made up of one sky."""

import base64
import io

import numpy as np
from PIL import Image

from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure

STEPS = (0, 10, 100)


def make_look(step: int, clip: np.ndarray, gammas: dict) -> dict:
    """One look, as experiments/gamma_steps.py writes it."""
    buffer = io.BytesIO()
    Image.fromarray(clip.transpose(1, 0, 2, 3).reshape(clip.shape[1], -1, 3)).save(buffer, "WEBP")
    row = np.full((4, 4), 40 + step, np.uint8)
    row[1, 2] = 255
    return {
        "step": step,
        "gammas": gammas,
        "map": {"largest": 0.0625 + step / 1000, "levels": base64.b64encode(row.tobytes()).decode()},
        "entropy": 1 - step / 1000,
        "clip": {"shape": clip.shape, "webp": base64.b64encode(buffer.getvalue()).decode()},
        "psnr": 12 + step / 10,
        "motion_energy_ratio": 4 - step / 50,
        "flow_magnitude_ratio": 0.5,
    }


def make_runs() -> dict[str, list[dict]]:
    sky = synthetic_clips(1, 32, 8, seed=3).frames[0]
    learnt = [
        make_look(s, np.roll(sky, s, axis=2), {"conv4": s / 500, "conv5": s / 1000, "deconv1": -s / 800}) for s in STEPS
    ]
    return {"gamma learnt": learnt, "gate open": [make_look(s, np.roll(sky, s, axis=1), {}) for s in STEPS]}


def make_figures() -> dict[str, Figure]:
    photo = synthetic_clips(1, 32, 8, seed=3).frames[0, 0]
    figure = explore.gamma_steps(
        make_runs(), photo, (1, 2), title="Gates open while they train", alt="Three gammas leave zero."
    )
    return {"gamma_steps": figure}
