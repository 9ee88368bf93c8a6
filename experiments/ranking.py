"""Who may play with the ranking loss? MD-GAN's second stage under three rules: see chapter 12.

    python experiments/ranking.py [--steps 200] [--out book/results/ranking.json]

One first stage is trained. Then its second stage is trained under three rules, three seeds each: nobody plays with the
ranking loss, which is only watched; the generator alone minimises it, as in the package; or the discriminator maximises
it as well, as one objective for both players would have it. One seed means the same first weights and the same clips.
About ten minutes on one idle core.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch import Tensor, nn

from ssagan_lite.baselines.mdgan import SecondStage, ranking_loss
from ssagan_lite.baselines.registry import recipe
from ssagan_lite.cli.options import end_well
from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation import metrics
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import SSAGAN, Loss, System

SEEDS, TRAINING_SEED, TEST_SEED, TEST_CLIPS, EVERY = (0, 1, 2), 12, 9_090, 64, 10


class BothPlay(SecondStage):
    """The second stage, but the discriminator maximises the ranking loss that the generator minimises."""

    def critic_loss(self, real: Tensor) -> Loss:
        """Eq. 6, less the ranking loss."""
        loss, parts = super().critic_loss(real)
        clips = (self.coarse, real, self.refined)
        layers = zip(*(self.discriminator(clip, return_layers=True)[1] for clip in clips), strict=True)
        ranking = sum(ranking_loss(*features) for features in list(layers)[:3:2])
        return loss - self.config.ranking_weight * ranking, parts


RULES = {  # who plays -> the system, and the weight of the ranking loss
    "nobody": (SecondStage, 0.0),
    "generator": (SecondStage, 1.0),
    "both": (BothPlay, 1.0),
}


@dataclass
class Options:
    """Train the pairs, and write what happened."""

    steps: int = 200
    """Generator steps of each second stage."""
    first_steps: int = 200
    """Generator steps of the first stage."""
    size: int = 16
    """Pixels a side."""
    width: int = 4
    """Filters of the first layer at the paper's scale."""
    out: Path = Path("book/results/ranking.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    watch = Stopwatch(f"python experiments/ranking.py --steps {options.steps}", seed=0)
    config = TrainConfig(generator=GeneratorConfig(size=options.size, width=options.width), batch=16)
    frames = config.generator.frames
    skies = to_float(torch.from_numpy(synthetic_clips(512, options.size, frames, TRAINING_SEED).frames))
    unseen = to_float(torch.from_numpy(synthetic_clips(TEST_CLIPS, options.size, frames, TEST_SEED).frames))
    torch.manual_seed(0)
    first = SSAGAN(recipe("mdgan-stage1", config))
    train(first, skies, options.first_steps, seed=0)
    stage1 = first.generator.eval()
    second = recipe("mdgan-stage2", config)
    runs = {}
    for name, (kind, weight) in RULES.items():
        rule = second.replace(ranking_weight=weight)
        runs[name] = [second_stage(kind, rule, stage1, skies, unseen, options.steps, seed) for seed in SEEDS]
    values = {"size": options.size, "width": options.width, "frames": frames, "every": EVERY, "seeds": SEEDS}
    scores = {"copy_first": score(lambda first: first[:, :, None].expand_as(unseen), unseen),
              "stage1": score(stage1, unseen)}  # fmt: skip
    watch.write(options.out, {**values, **scores, "runs": runs})


def second_stage(kind, config: TrainConfig, stage1: nn.Module, skies: Tensor, unseen: Tensor, steps: int, seed: int):
    """One second stage: its ranking and content losses every few steps, how large features are, and its PSNR."""
    torch.manual_seed(seed)
    system = kind(config, stage1)
    curves = train(system, skies, steps, seed)
    system.generator.eval()
    return {**curves, "features": feature_size(system, unseen), "psnr": score(system.generator, unseen)}


def train(system: System, skies: Tensor, steps: int, seed: int) -> dict[str, list[float]]:
    """Adam as the paper sets it, with the system's own number of discriminator steps; curves of two of its parts."""
    config = system.config
    critic, generator = (
        torch.optim.Adam(network.parameters(), config.learning_rate, config.betas)
        for network in (system.discriminator, system.generator)
    )
    order = torch.Generator().manual_seed(seed)
    curves: dict[str, list[float]] = {"ranking": [], "content": []}

    def batch() -> Tensor:
        return skies[torch.randint(len(skies), (config.batch,), generator=order)]

    for step in range(steps):
        for _ in range(system.critic_steps):
            take(critic, system.critic_loss(batch())[0])
        loss, parts = system.generator_loss(batch())
        take(generator, loss)
        if step % EVERY == 0 or step == steps - 1:
            for name, curve in curves.items():
                curve.append(round(parts[name].item(), 4) if name in parts else 0.0)
    return curves


def take(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the loss."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.no_grad()
def feature_size(system: System, clips: Tensor) -> float:
    """The mean size of the discriminator's first activation on real clips."""
    return round(system.discriminator(clips, return_layers=True)[1][0].abs().mean().item(), 4)


@torch.no_grad()
def score(generator, clips: Tensor) -> float:
    """Mean PSNR over frames 1 on."""
    return round(metrics.psnr(generator(clips[:, :, 0]), clips)[:, 1:].mean().item(), 3)


if __name__ == "__main__":
    end_well(main)
