"""MD-GAN's ranking loss as the released second stage computes it: random numbers without a gradient."""

import torch
from torch import Tensor, nn

from ssagan_lite.baselines.mdgan import gram_matrix
from ssagan_lite.baselines.mdgan import ranking_loss as right_ranking_loss
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values

CALLS, STEPS = 2_000, 50
LAYERS = 2  # of the discriminator; the loss is summed over them


def ranking_loss_as_released(coarse: Tensor, real: Tensor, refined: Tensor) -> Tensor:
    """solver_beach.py:255-279, for one layer's features (N, C, T, H, W): a random scalar.

    The Gram matrices are averaged to one number each. Then comes `exponential_(1)`, which is not exp(): PyTorch
    overwrites the distances with samples of the exponential distribution. a / (a + b) of two such samples is uniform
    between 0 and 1, whatever the clips are, so that minus its logarithm is once more an exponential sample, of mean 1.
    """
    of_coarse, of_real, of_refined = (gram_matrix(x).mean() / len(x) for x in (coarse, real, refined))
    a = (of_refined - of_real).abs()
    b = (of_coarse - of_real).abs()
    b = b.exponential_(1)
    a = a.exponential_(1)
    return -(a / (a + b)).log()


def features() -> dict[str, Tensor]:
    """What stands in for one layer of three clips, (2, 4, 3, 6, 6) each: coarse, real, refined."""
    return {
        name: torch.randn(2, 4, 3, 6, 6) * scale for name, scale in (("coarse", 0.5), ("real", 1.5), ("refined", 1))
    }


def trained(loss, start: Tensor, given: dict[str, Tensor]) -> tuple[list[float], Tensor, float]:
    """50 steps of Adam on the refined features alone: the loss at each, where they end, the largest gradient."""
    moving, curve, largest = nn.Parameter(start.clone()), [], 0.0
    optimizer = torch.optim.Adam([moving], lr=0.02)
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = loss(given["coarse"], given["real"], moving)
        value.backward()
        largest = max(largest, moving.grad.abs().max().item())
        optimizer.step()
        curve.append(value.item())
    return curve, moving.detach(), largest


def slopes() -> Values:
    """What the discriminator's loss gains where the refined clip's distance from the real one grows by a little.

    Fair to the authors: with exp() in place of `exponential_` their sign would push the discriminator to where MD-GAN's
    does, which makes its ranking loss, softplus(p - n), as large as it can. The generator gets no such loss either way.
    """
    p, n = torch.tensor([1.0, 1.0], requires_grad=True)
    written = -(p.exp() / (p.exp() + n.exp())).log()
    (with_exp,) = torch.autograd.grad(written, p, retain_graph=True)
    (md_gan,) = torch.autograd.grad(-nn.functional.softplus(p - n), p)
    return {"released_if_it_were_exp": with_exp.item(), "md_gan": md_gan.item()}


def measure() -> Values:
    """Value, gradient and a short training of both forms, on the same features."""
    given = features()
    calls = torch.stack(
        [sum(ranking_loss_as_released(**given) for _ in range(LAYERS)) for _ in range(CALLS)]
    )  # the sum over both layers, again and again on the same clips
    found: Values = {
        "released": {
            "first_calls": calls[:5].tolist(),
            "mean": calls.mean().item(),
            "spread": calls.std().item(),
        },
        "right": {"first_calls": [right_ranking_loss(**given).item() for _ in range(5)], "spread": 0.0},
    }
    found["right"]["spread"] = torch.tensor(found["right"]["first_calls"]).std().item()
    for name, loss in (("released", ranking_loss_as_released), ("right", right_ranking_loss)):
        curve, end, largest = trained(loss, given["refined"], given)
        after = right_ranking_loss(given["coarse"], given["real"], end).item()
        found[name] |= {"curve": curve, "largest_gradient": largest, "ranking_after": after}
    found["slope_of_the_critics_loss"] = slopes()
    return found | {"calls": CALLS, "steps": STEPS, "ranking_before": right_ranking_loss(**given).item()}


def of_reference(path) -> Values:
    """The authors' own lines, cut out of `solver_beach.py` and run on the same features: five values, one gradient."""
    import ast

    tree = ast.parse((path / "solver_beach.py").read_text("utf-8"))
    wanted = ("compute_gram_matrix", "compute_ranking_loss")
    solver = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Solver")
    solver.body = [node for node in solver.body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    solver.bases = []
    space: dict = {"torch": torch}
    exec(compile(ast.Module([solver], []), "solver_beach.py", "exec"), space)
    given = features()
    refined = given["refined"].requires_grad_()
    layers = [{"anchor": [refined] * 2, "negative": [given["coarse"]] * 2, "positive": [given["real"]] * 2}] * 5
    losses = [space["Solver"]().compute_ranking_loss(**layer) for layer in layers]
    sum(losses).backward()
    return {"calls": [loss.item() for loss in losses], "largest_gradient": refined.grad.abs().max().item()}


def verdict(values: Values) -> str:
    """A loss can teach where the same clips give the same value, and where it has a gradient."""
    released = values["released"]
    return HOLDS if released["spread"] < 1e-6 and released["largest_gradient"] > 0 else FAILS


def report(values: Values) -> str:
    """One sentence."""
    released, right = values["released"], values["right"]
    return (
        f"On the same clips the released loss is {released['mean']:.2f} on average and spreads by "
        f"{released['spread']:.2f} from call to call; its largest gradient in {values['steps']} steps is "
        f"{released['largest_gradient']:.0f}. MD-GAN's ranking, {values['ranking_before']:.2f} before, is "
        f"{released['ranking_after']:.2f} after training with it, and {right['ranking_after']:.2f} after training with "
        "MD-GAN's own."
    )


ROW = Row(
    title="The ranking loss without a gradient",
    paper="MD-GAN, and SSA-GAN (b), train a second stage, whose loss in MD-GAN ranks motion by Gram matrices.",
    section="section 5.2; MD-GAN, section 3.2",
    code="Averages each Gram matrix to a number, and calls exponential_(), which draws random numbers in place; the "
    "result enters the discriminator's loss alone.",
    places=("solver_beach.py:255-279", "solver_beach.py:495-498", "solver_beach.py:512-517"),
    claim="The released ranking loss can teach a network something.",
    assumed=True,
    measure=measure,
    verdict=verdict,
    report=report,
    of_reference=of_reference,
)
