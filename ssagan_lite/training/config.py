"""What a training run is: frozen dataclasses, and presets by name. Chapter 08."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Literal

from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.losses import ADVERSARIAL


@dataclass(frozen=True)
class TrainConfig:
    """One run. The defaults are the paper's (section 4), for as many steps as the released code's 100 epochs."""

    data: str = "synthetic"
    """synthetic, samples, a packed set, or a folder of mp4s or of folders of frames."""
    out: str = "runs/ssagan"
    """The run folder: config, metrics, samples, checkpoints, generator."""
    model: str = "ssagan"
    """Which system to train: ssagan, or one of those it is compared with (`baselines/registry.py`)."""
    stage1: str = ""
    """The trained first stage that a second one refines: a run folder or a file. For mdgan-stage2 and ssagan-b."""
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    adversarial: Literal["non-saturating", "minimax", "hinge", "wgan-gp", "released"] = "non-saturating"
    """The form of Eq. 4; see training/losses.py."""
    adversarial_weight: float = 1.0
    """Weight of the adversarial term in the generator's loss; 0 leaves content alone."""
    content_weight: float = 1.0
    """lambda_con of Eq. 7: weight of the L1 distance to the true clip."""
    ssim_weight: float = 0.0
    """Weight of 1 - SSIM (1 in the released code, absent from the paper)."""
    ranking_weight: float = 1.0
    """Weight of the ranking loss, which only second stages have (1 in MD-GAN)."""
    gradient_penalty: float = 0.0
    """Weight of the critic's gradient penalty (10 in the released code, absent from the paper)."""
    critic_spectral_norm: bool = False
    """Spectral normalisation in the discriminator (on in the released code, absent from the paper)."""
    steps: int = 44_000
    """Generator steps; each comes after `critic_steps` steps of the discriminator."""
    critic_steps: int = 5
    """Discriminator steps to a generator step, each on a batch of its own."""
    batch: int = 16
    """Clips a step."""
    learning_rate: float = 2e-4
    """Adam's step size."""
    milestones: tuple[int, ...] = ()
    """Steps after which the step size is divided by ten (in the released code, absent from the paper)."""
    betas: tuple[float, float] = (0.5, 0.9)
    """Adam's decay rates."""
    seed: int = 0
    """Draws the weights, the order of the clips, and the skies where data is synthetic."""
    clips: int = 2_048
    """How many clips to make where data is synthetic."""
    flip: bool = False
    """Mirror half of the clips, left and right; drawn anew for each batch, on the device."""
    temporal_crops: bool = False
    """Where the packed clips are longer than the model's, cut the frames out at random, not from the first on."""
    sample_every: int = 500
    """Steps between sample videos, and between checkpoints."""
    log: Literal["files", "tensorboard"] = "files"
    """Where the curves go: metrics.jsonl and curves.png always; tensorboard besides (pip install tensorboardX)."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    devices: int = 1
    """Devices of this machine; they share each batch."""
    num_nodes: int = 1
    """Machines; start each with torchrun."""
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "auto"] = "32-true"
    """Of the arithmetic; auto takes bf16 or fp16 where the GPU is made for it, and 32 bits elsewhere."""
    sync_batch_norm: bool = False
    """BatchNorm's statistics over all devices together, as on one; GPUs only."""
    workers: int = 0
    """Processes that read clips beside the training one."""

    def __post_init__(self):
        if self.adversarial not in ADVERSARIAL:
            raise InputError(
                f"there is no adversarial loss '{self.adversarial}'; choose one of {', '.join(ADVERSARIAL)}."
            )
        for name in ("steps", "critic_steps", "batch", "clips", "sample_every", "devices", "num_nodes"):
            self._check(name, getattr(self, name) >= 1, "1 or more")
        for name in ("adversarial_weight", "content_weight", "ssim_weight", "ranking_weight", "gradient_penalty"):
            self._check(name, 0 <= getattr(self, name) < math.inf, "0 or more")
        self._check("learning_rate", 0 < self.learning_rate < math.inf, "above 0")
        self._check("milestones", all(step >= 1 for step in self.milestones), "steps from 1 on")
        self._check("betas", all(0 <= beta < 1 for beta in self.betas), "two numbers from 0 up to, but not, 1")
        self._check("workers", self.workers >= 0, "0 or more")
        self._check("seed", 0 <= self.seed < 2**40, "a whole number from 0 to 2**40")

    def _check(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise InputError(f"{name} must be {wanted}, not {getattr(self, name)}.")

    def replace(self, **changes) -> "TrainConfig":
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


PAPER = TrainConfig()
LAPTOP = PAPER.replace(generator=GeneratorConfig(size=64, width=8), steps=3_000, sample_every=250)
EPOCH = 442  # generator steps in one pass over the 35,392 clips: batches of 16, every fifth with a generator step
RELEASED = {
    "milestones": (45 * EPOCH, 55 * EPOCH),
    "critic_spectral_norm": True,
    "adversarial": "released",
    "gradient_penalty": 10.0,
    "ssim_weight": 1.0,
}
PRESETS: dict[str, TrainConfig] = {
    "smoke": PAPER.replace(generator=GeneratorConfig(size=16, width=4), steps=30, clips=64, sample_every=15),
    "laptop": LAPTOP,
    "evening": LAPTOP.replace(generator=GeneratorConfig(size=64, width=16)),
    "colab": PAPER.replace(generator=GeneratorConfig(backend="chunked")),
    "paper": PAPER,
    "beach": PAPER.replace(generator=GeneratorConfig(size=64)),
    "released": PAPER.replace(generator=GeneratorConfig(spectral_norm=True), **RELEASED),
}


def preset(name: str) -> TrainConfig:
    """The preset of that name. Raises InputError for a name that is not in `PRESETS`.

    >>> preset("paper").batch
    16
    """
    if name not in PRESETS:
        raise InputError(f"there is no preset '{name}'; choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
