"""Watch attention open: two runs that differ in their gate alone, looked at again and again while they train.

    python experiments/gamma_steps.py [--steps 1200] [--out book/results/gamma_steps.json]

One generator has the learnt gamma of Eq. 3, the other a gate that stands open from the start. Both start from the same
weights and see the same clips in the same order. At chosen steps it writes down what chapter 10 shows: each gamma, one
pixel's row of an attention map, the clip made of one photo, and scores on unseen skies. About 15 minutes on one core.
It can be stopped and started again: the runs lie in runs/, and a look that is there is not taken again.
"""

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import tyro

from ssagan_lite.cli.options import end_well
from ssagan_lite.data.clips import to_float, to_uint8
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation import metrics
from ssagan_lite.evaluation.motion import flow_magnitude_ratio
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.generator import Generator, GeneratorConfig
from ssagan_lite.teach.frames import pack_clip
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.fit import fit
from ssagan_lite.training.systems import SSAGAN

GATES = ("learned", "one")
LOOKS = (0, 1, 5, 20, 50, 100, 200, 400, 700, 1000, 1500, 2000)
PHOTO_SEED, TEST_SEED, TEST_CLIPS = 24, 9_090, 48
LEVEL, PLACE = "conv3", (5, 8)  # whose map is kept: row and column of the level's 16 x 16 places


@dataclass
class Options:
    """Train a pair of runs, and look at them while they train."""

    steps: int = 1_200
    """Generator steps of each run."""
    size: int = 32
    """Pixels a side."""
    width: int = 4
    """Filters of the first layer at the paper's scale."""
    runs: Path = Path("runs/gamma-steps")
    """Where the runs are kept."""
    out: Path = Path("book/results/gamma_steps.json")
    """Where the looks go."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python experiments/gamma_steps.py --steps {options.steps}", seed=0)
    steps = [step for step in LOOKS if step < options.steps] + [options.steps]
    photo = synthetic_clips(1, options.size, settings(options, "one").generator.frames, seed=PHOTO_SEED).frames[0]
    runs = {gate: followed(options, gate, steps, photo) for gate in GATES}
    about = {"config": asdict(settings(options, GATES[0])), "steps": steps, "level": LEVEL, "place": PLACE}
    watch.write(options.out, {**about, "photo_seed": PHOTO_SEED, "test_clips": TEST_CLIPS, "runs": runs})


def settings(options: Options, gate: str) -> TrainConfig:
    """The recipe of sky-32, which is quick; only the gate differs between the two runs."""
    return TrainConfig(
        out=str(options.runs / gate),
        generator=GeneratorConfig(size=options.size, width=options.width, gate=gate),
        content_weight=50.0,
        critic_steps=1,
        learning_rate=5e-4,
        clips=1_024,
        steps=options.steps,
        sample_every=500,
        device="cpu",
    )


def followed(options: Options, gate: str, steps: list[int], photo: np.ndarray) -> list[dict]:
    """What was seen at each of the steps; each look is kept in the run's folder as soon as it is taken."""
    kept = options.runs / f"{gate}.json"
    looks = json.loads(kept.read_text("utf-8")) if kept.exists() else []
    for step in steps[len(looks) :]:
        looks.append({"step": step, **look(generator_at(step, settings(options, gate)), photo)})
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(looks))
    return looks


def generator_at(step: int, config: TrainConfig) -> Generator:
    """The generator after so many steps: the run goes on from the look before."""
    if step == 0:
        torch.manual_seed(config.seed)
        return SSAGAN(config).generator.eval()
    folder = Path(config.out)
    return load_generator(fit(config.replace(steps=step), resume=folder.exists()))


@torch.no_grad()
def look(generator: Generator, photo: np.ndarray) -> dict:
    """Gammas, one row of a map, the clip of one photo, and scores on unseen skies."""
    clip = to_float(torch.from_numpy(photo[None]))  # (1, 3, T, H, W)
    row = attention_row(generator, clip[:, :, 0])  # (h, w)
    made = to_uint8(generator.animate(clip[:, :, 0]))[0].numpy()  # (T, H, W, 3)
    return {
        "gammas": {n.split(".")[1]: round(p.item(), 5) for n, p in generator.named_parameters() if "gamma" in n},
        "map": {"largest": float(f"{row.max():.4g}"), "levels": text((row / row.max() * 255).round().byte().numpy())},
        "entropy": round(-(row * row.clamp_min(1e-12).log()).sum().item() / np.log(row.numel()), 4),
        "clip": pack_clip(made),
        **scores(generator),
    }


def attention_row(generator: Generator, first: torch.Tensor) -> torch.Tensor:
    """The weights with which PLACE looks at all places after LEVEL; they sum to one. (h, w)"""
    attention, seen = generator.encoder[LEVEL].attention, []
    hook = attention.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    generator.animate(first)
    hook.remove()
    height, width = seen[0].shape[-2:]
    _, attention_map = attention(seen[0], return_attention=True)  # (1, h w, h w)
    return attention_map[0, PLACE[0] * width + PLACE[1]].unflatten(0, (height, width))


def scores(generator: Generator) -> dict[str, float]:
    """PSNR over frames 1 on, and motion over the truth's, on skies that were not trained on."""
    shape = generator.config
    target = to_float(torch.from_numpy(synthetic_clips(TEST_CLIPS, shape.size, shape.frames, seed=TEST_SEED).frames))
    made = torch.cat([generator.animate(part) for part in target[:, :, 0].split(16)])  # (N, 3, T, H, W)
    energy = metrics.motion_energy(made).mean() / metrics.motion_energy(target).mean()
    return {
        "psnr": round(metrics.psnr(made, target)[:, 1:].mean().item(), 3),
        "motion_energy_ratio": round(energy.item(), 4),
        "flow_magnitude_ratio": round(flow_magnitude_ratio(made, target), 4),
    }


def text(content: bytes | np.ndarray) -> str:
    """Bytes as base64."""
    return base64.b64encode(bytes(content)).decode()


if __name__ == "__main__":
    end_well(main)
