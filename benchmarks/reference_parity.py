"""Does a converted checkpoint compute what its own code computes? The same clip through both, compared layer by layer.

    python -m benchmarks.reference_parity PATH [--mdgan PATH] [--out book/results/reference_parity.json]

PATH is a checkout of github.com/UdonDa/SSA-GAN, --mdgan one of github.com/weixiong-ur/mdgan. Each of their generators
gets random weights, gammas and running statistics, is saved as they save it (a state_dict, under nn.DataParallel in
SSA-GAN), converted from that file, and run in eval mode beside ours. A number is the largest difference of a layer's
output, over the largest entry of that output.
"""

import contextlib
import importlib
import importlib.util
import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Annotated

import torch
import tyro
from torch import Tensor, nn
from torch.nn.utils.spectral_norm import SpectralNorm
from tyro.conf import Positional

from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.inference.convert import Checkpoint, read_checkpoint, translate
from ssagan_lite.inference.convert.translate import their_name
from ssagan_lite.model.generator import Generator

WIDTH = 8  # the least that a reduction of 8 divides


@dataclass(frozen=True)
class Variant:
    """One of the authors' generators, and the name of the file that they save it in."""

    module: str
    network: str
    file: str
    arguments: dict
    parallel: bool = True


def base(attention: str, reduction: int, normalised: bool = True) -> Variant:
    """The first stage of SSA-GAN."""
    args = SimpleNamespace(attention_type=attention, c_cal=reduction)
    return Variant("Dynamic_Model_attn_channel_cat", "MDGAN_S1_G", "60-BaseG.ckpt", {"sn": normalised, "args": args})


VARIANTS = {
    "BaseG": base("HW", 1),
    "BaseG, c_cal 8": base("HW", 8),
    "BaseG, no gamma": base("noGammaHW", 1),
    "BaseG, not normalised": base("HW", 1, normalised=False),
    "BaseG, additive": Variant("Dynamic_Model_attn", "MDGAN_S1_G", "60-BaseG.ckpt", {"sn": True}),
    "RefineG": Variant("Dynamic_Model_attn", "MDGAN_S2_G", "12-RefineG.ckpt", {"sn": True}),
    "MD-GAN 1, in SSA-GAN": Variant("Dynamic_Model", "MDGAN_S1_G", "60-BaseG.ckpt", {"sn": True}),
    "MD-GAN 2, in SSA-GAN": Variant("Dynamic_Model", "MDGAN_S2_G", "12-RefineG.ckpt", {"sn": True}),
}
MDGAN_VARIANTS = {
    "MD-GAN 1": Variant("Dynamic_Model", "MDGAN_S1_G", "netG_S1_030.pth", {}, parallel=False),
    "MD-GAN 2": Variant("Dynamic_Model", "MDGAN_S2_G", "netG_S2_067.pth", {}, parallel=False),
}


@dataclass
class Options:
    """Compare converted networks with the code that they come from."""

    reference: Positional[Annotated[Path, tyro.conf.arg(metavar="PATH")]]
    """A checkout of SSA-GAN's released code."""
    mdgan: Path | None = None
    """A checkout of MD-GAN's code."""
    out: Path = Path("book/results/reference_parity.json")
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    command = "python -m benchmarks.reference_parity PATH" + (" --mdgan PATH" if options.mdgan else "")
    watch = Stopwatch(command, seed=0)
    chosen = [(options.reference, name, variant) for name, variant in VARIANTS.items()]
    chosen += [(options.mdgan, name, variant) for name, variant in MDGAN_VARIANTS.items() if options.mdgan]
    rows = {}
    print(f"{'':22} {'float32':>9} {'float64':>9}   the layer that differs most (float32)")
    for checkout, name, variant in chosen:
        layers = {str(dtype)[6:]: parity(checkout, variant, dtype) for dtype in (torch.float32, torch.float64)}
        worst = {precision: max(found, key=found.get) for precision, found in layers.items()}
        rows[name] = {
            precision: {"layers": len(found) - 2, "largest": found[worst[precision]], "layer": worst[precision],
                        "clip": found["clip"], "clip from one frame": found["clip from one frame"]}
            for precision, found in layers.items()
        }  # fmt: skip
        largest = [rows[name][precision]["largest"] for precision in ("float32", "float64")]
        print(f"{name:22} {largest[0]:9.1e} {largest[1]:9.1e}   {worst['float32']}")
    watch.write(options.out, {"width": WIDTH, "size": 128, "largest_relative_difference": rows})


def parity(
    checkout: Path, variant: Variant, dtype: torch.dtype, width: int = WIDTH, clips: int = 1
) -> dict[str, float]:
    """The largest relative difference of each layer by their name for it, and of the clip that comes out."""
    torch.manual_seed(0)
    theirs = randomised(network(checkout, variant, width)).to(dtype).eval()
    checkpoint = saved_and_read(theirs, variant)
    ours = Generator(checkpoint.config).to(dtype).eval()
    ours.load_state_dict(translate(checkpoint.tensors, checkpoint.config))
    first = to_float(torch.from_numpy(synthetic_clips(clips, 128, 32, seed=0).frames))[:, :, 0].to(
        dtype
    )  # (N, 3, H, W)
    given = first.unsqueeze(2).repeat(1, 1, 32, 1, 1)  # (N, 3, T, H, W)
    with torch.no_grad():
        one_frame = ours(first)  # (N, 3, T, H, W); before any hook, which would switch this way off
        other, other_layers = watched(theirs, given, lambda name: name)
        clip, layers = watched(ours, given, layer_name)
    found = {name: difference(layers[name], output) for name, output in other_layers.items()}
    return {**found, "clip": difference(clip, other), "clip from one frame": difference(one_frame, other)}


def network(checkout: Path, variant: Variant, width: int) -> nn.Module:
    """Their generator, made by their code; what it prints is swallowed."""
    with contextlib.redirect_stdout(io.StringIO()):
        return getattr(load_module(checkout, variant.module), variant.network)(ngf=width, **variant.arguments)


def load_module(checkout: Path, name: str) -> ModuleType:
    """A file of theirs, found in src/models of SSA-GAN or at the top of MD-GAN."""
    for source in (checkout / "src", checkout):
        if (source / "models").is_dir():
            sys.path.insert(0, str(source))
            try:
                return importlib.import_module(f"models.{name}")
            finally:
                sys.path.remove(str(source))
    spec = importlib.util.spec_from_file_location(f"mdgan_{name}", checkout / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@torch.no_grad()
def randomised(theirs: nn.Module) -> nn.Module:
    """Gates open, running statistics of their own, and the vectors of spectral normalisation on their way."""
    for name, tensor in theirs.named_parameters():
        if name.endswith("gamma"):
            tensor.fill_(0.3)
        elif ".W.0." in name:
            tensor.normal_(0, 0.1)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.weight.uniform_(0.5, 1.5), module.bias.normal_(0, 0.2)
            module.running_mean.normal_(0, 0.2), module.running_var.uniform_(0.5, 1.5)
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, SpectralNorm):
                for _ in range(3):  # not to the end: then u and v would be told by the weights
                    hook.compute_weight(module, do_power_iteration=True)
    return theirs


def saved_and_read(theirs: nn.Module, variant: Variant) -> Checkpoint:
    """Through a file, as they write it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / variant.file
        torch.save((nn.DataParallel(theirs) if variant.parallel else theirs).state_dict(), path)
        return read_checkpoint(path)


def watched(module: nn.Module, clip: Tensor, rename: Callable[[str], str]) -> tuple[Tensor, dict[str, Tensor]]:
    """The clip that comes out, and what each convolution, norm and attention module made, by name."""
    outputs, handles = {}, []
    for name, part in module.named_modules():
        if isinstance(part, nn.Conv3d | nn.ConvTranspose3d | nn.BatchNorm3d) or "Attention" in type(part).__name__:
            handles.append(part.register_forward_hook(keeper(outputs, rename(name))))
    result = module(clip)
    for handle in handles:
        handle.remove()
    return result, outputs


def keeper(outputs: dict[str, Tensor], name: str) -> Callable:
    """A hook that keeps what a module made: a copy, as their activations work in place."""

    def keep(_module: nn.Module, _given: object, made: Tensor | tuple) -> None:
        outputs[name] = (made[0] if isinstance(made, tuple) else made).clone()

    return keep


def layer_name(ours: str) -> str:
    """Their name for one of our modules."""
    if ours.endswith(".attention"):
        return their_name(f"{ours}.gate.gamma").removesuffix(".gamma")
    return their_name(f"{ours}.").removesuffix(".")


def difference(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference over the largest entry."""
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


if __name__ == "__main__":
    main()
