"""Stage two sets the generator's gradients to zero twice and the discriminator's never: they pile up.

What that does to a whole run is in book/results/failures.json (gradients_pile_up, chapter 08).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values

STEPS, CRITIC_STEPS, BATCH, FEATURES = 10, 5, 64, 8
GROWTH = 1.01


def flat_gradient(network: nn.Module) -> Tensor:
    """All gradients as one vector; zeros where there are none yet."""
    parts = [p.grad if p.grad is not None else torch.zeros_like(p) for p in network.parameters()]
    return torch.cat([part.flatten() for part in parts]).clone()


def play(forgets: bool) -> Values:
    """Ten critic steps of a toy pair, a generator step after each fifth.

    forgets: as solver_beach.py:209-211, where the discriminator's gradients are never set to zero; the generator's
    backward pass then adds to them as well.
    """
    torch.manual_seed(1)
    generator = nn.Linear(FEATURES, FEATURES)
    critic = nn.Sequential(nn.Linear(FEATURES, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())
    adam = {net: torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.9)) for net in (generator, critic)}
    reset = (generator, generator) if forgets else (generator, critic)
    found: Values = {"norm_ratio": [], "cosine": []}
    for step in range(1, STEPS + 1):
        before = flat_gradient(critic)
        real = torch.randn(BATCH, FEATURES) + 1
        fake = generator(torch.randn(BATCH, FEATURES))
        loss = critic(fake).mean() - critic(real).mean()
        for network in reset:
            network.zero_grad()
        loss.backward()
        used = flat_gradient(critic)
        own = used - before if forgets else used
        found["norm_ratio"].append((used.norm() / own.norm()).item())
        found["cosine"].append(F.cosine_similarity(used, own, dim=0).item())
        adam[critic].step()
        if step % CRITIC_STEPS == 0:
            loss = -critic(generator(torch.randn(BATCH, FEATURES))).mean()
            for network in reset:
                network.zero_grad()
            loss.backward()  # reaches the critic too, and stays there
            adam[generator].step()
    return found


def measure() -> Values:
    """What a step uses over what its own batch asks for: length and direction, at each of ten steps."""
    return {"steps": STEPS, "released": play(forgets=True), "zeroed": play(forgets=False)}


def verdict(values: Values) -> str:
    """The used gradient is the batch's own, or it is not."""
    return HOLDS if max(values["released"]["norm_ratio"]) < GROWTH else FAILS


def report(values: Values) -> str:
    """One sentence."""
    ratios = values["released"]["norm_ratio"]
    return (
        f"On a toy pair the used gradient is {ratios[0]:.1f}, {ratios[1]:.1f}, {ratios[4]:.1f} and {ratios[-1]:.1f} "
        f"times as long as the batch's own at steps 1, 2, 5 and {values['steps']}; set to zero it is "
        f"{max(values['zeroed']['norm_ratio']):.1f} throughout. Adam divides the length away; the direction stays "
        "that of all batches so far, the generator's steps included."
    )


ROW = Row(
    title="Zeroed twice, and never",
    paper="SSA-GAN (b) trains a second stage with Adam, like the first.",
    section="sections 4 and 5.2",
    code="In stage two reset_grad() zeroes the generator's gradients twice and the discriminator's never; the "
    "generator's backward pass adds to the latter as well.",
    places=("solver_beach.py:205-211", "solver_beach.py:500-502", "solver_beach.py:518-520"),
    claim="Each step of the second discriminator follows the gradient of its own batch.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
)
