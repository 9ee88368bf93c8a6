"""One run of the study: train it, or go on with it, and keep what was measured of it."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from gamma_study.arms import ARMS, MakeBlock, block_of, load_variant, matched_system, shape_of
from gamma_study.scores import attention_numbers, clip_scores, rounded
from ssagan_lite.data.clips import to_float
from ssagan_lite.data.sources import open_clips
from ssagan_lite.data.synthetic import SyntheticClips, synthetic_clips
from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.fit import fit

UNSEEN_SEED = 9_091  # odd: seeds of training skies are even (data/sources.py)
POINTS = 31  # of a stored curve of gamma, at most


@dataclass(frozen=True)
class Protocol:
    """What all runs of a scale have in common; everything else is the paper's (the defaults of TrainConfig)."""

    scale: str
    generator: GeneratorConfig
    seeds: int = 10
    steps: int = 600  # in 1,500 steps of table3-tiny, content falls until about here, and then rises
    clips: int = 2_048
    unseen: int = 48
    precision: str = "32-true"


SCALES = {
    "tiny": Protocol("tiny", GeneratorConfig(size=32, width=4)),
    # On CPUs that multiply in bf16 half the hours, as for sky-64; weights, and so gamma, stay in float32.
    "medium": Protocol("medium", GeneratorConfig(size=64, width=8), seeds=3, precision="bf16-mixed"),
}


@dataclass(frozen=True)
class Job:
    """One run: an arm and a seed. variant: FILE.py:CLASS where the arm is none of `ARMS`."""

    arm: str
    seed: int
    protocol: Protocol
    runs: Path
    variant: str = ""

    @property
    def folder(self) -> Path:
        return self.runs / self.protocol.scale / f"{self.arm}-{self.seed}"

    @property
    def config(self) -> TrainConfig:
        generator = shape_of(self.arm, self.protocol.generator)
        about = {name: getattr(self.protocol, name) for name in ("steps", "clips", "precision")} | {"seed": self.seed}
        return TrainConfig(out=str(self.folder), generator=generator, sample_every=250, device="cpu", **about)

    def record(self) -> dict | None:
        """What was measured of this run, or None where it is not finished."""
        file = self.folder / "scores.json"
        record = json.loads(file.read_text("utf-8")) if file.exists() else {}
        return record if record.get("steps") == self.protocol.steps else None


def run(job: Job) -> None:
    """Train the run, from its last checkpoint on where there is one, and write its scores.json.

    Raises InputError for a variant that has changed since the job was queued, and what `fit` raises.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    system = matched_system(job.config, maker(job), whole_clips=job.arm not in ARMS)
    resume = (job.folder / "checkpoints" / "last.pt").exists()
    if not resume:
        shutil.rmtree(job.folder, ignore_errors=True)  # broken off before its first checkpoint
    fit(job.config, training_clips(job.protocol, job.runs), system=system, resume=resume)
    generator = system.generator.module.eval().requires_grad_(False)  # fit() wrapped it
    skies = unseen_skies(job.protocol)
    target = to_float(torch.from_numpy(skies.frames))  # (N, 3, T, H, W)
    first = target[:, :, 0]
    made = torch.cat([generator.animate(part) for part in first.split(16)])  # (N, 3, T, H, W)
    record = {"arm": job.arm, "seed": job.seed, "steps": job.protocol.steps, **logged(job.folder)}
    record |= {"scores": clip_scores(made, target, skies), "attention": attention_numbers(generator, first)}
    write(job.folder / "scores.json", record)


def maker(job: Job) -> MakeBlock:
    """What makes the block of this run."""
    if job.arm in ARMS:
        return block_of(job.arm, job.protocol.generator)
    name, make = load_variant(job.variant)
    if name != job.arm:
        raise InputError(f"{job.variant} was changed while its runs were queued; give the command again.")
    return make


def training_clips(protocol: Protocol, runs: Path) -> np.ndarray:
    """The same skies for all arms and seeds, uint8 (N, T, H, W, 3), drawn once and then read from a file as needed."""
    shape = protocol.generator
    file = runs / protocol.scale / f"clips-{protocol.clips}.npy"
    if not file.exists():
        clips = open_clips("synthetic", shape.size, shape.frames, split="train", count=protocol.clips)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        with part.open("wb") as opened:
            np.save(opened, clips.array)
        part.replace(file)
    return np.load(file, mmap_mode="r")


def unseen_skies(protocol: Protocol) -> SyntheticClips:
    """The skies that runs are scored on, with their true flow."""
    shape = protocol.generator
    return synthetic_clips(protocol.unseen, shape.size, shape.frames, seed=UNSEEN_SEED)


def logged(folder: Path) -> dict:
    """From metrics.jsonl: seconds of training in all sittings, and each gamma along at most `POINTS` of the steps."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    seconds = [line["seconds"] for line in lines]
    sittings = [last for last, following in zip(seconds, [*seconds[1:], 0], strict=True) if following < last]
    places = np.unique(np.linspace(0, len(lines) - 1, POINTS).round().astype(int))
    names = [name for name in lines[0] if name.startswith("gamma/")]
    gamma = {name.split("/")[1]: [rounded(lines[place][name]) for place in places] for name in names}
    return {"seconds": round(sum(sittings)), "gamma": {"step": [lines[place]["step"] for place in places]} | gamma}


def write(file: Path, record: dict) -> None:
    """A whole file or none."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(record), "utf-8")
    part.replace(file)


def about(protocol: Protocol) -> dict:
    """The protocol as plain values, with the configuration of the learned arm."""
    config = asdict(Job("learned", 0, protocol, Path("runs/gamma")).config)
    return {"scale": protocol.scale, "steps": protocol.steps, "unseen_clips": protocol.unseen, "config": config}
