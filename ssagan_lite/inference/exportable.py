"""What goes into an ONNX file: a generator whose gammas and wind are inputs, and whose map is an output. Chapter 11."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parametrize

from ssagan_lite.beyond.wind import WindGenerator, carried, share_of_way
from ssagan_lite.errors import InputError
from ssagan_lite.model.attention import BACKENDS, SpatialSelfAttention, attention_map
from ssagan_lite.model.gates import LearnedGate

SHOWN_SIDE = 16  # a map of 16 x 16 places is fine enough to point at, and small enough to send to a page


def attended(generator: nn.Module) -> dict[str, SpatialSelfAttention]:
    """The attention modules by their layer's name, in the order of the forward pass: conv3, ..., deconv3.

    Where a model is made of two generators, the name starts with the part's: refiner.conv3.
    """
    return {
        ".".join(part for part in path.split(".") if part not in ("encoder", "decoder", "attention")): module
        for path, module in generator.named_modules()
        if isinstance(module, SpatialSelfAttention)
    }


def map_sides(generator: nn.Module) -> dict[str, int]:
    """How many places a side each layer's map has: 16 for a map of 256 places that look at 256."""
    sides, hooks = {}, []
    for name, module in attended(generator).items():
        note = lambda _, inputs, __, name=name: sides.update({name: inputs[0].shape[-1]})  # noqa: E731
        hooks.append(module.register_forward_hook(note))
    with torch.no_grad():
        generator.animate(torch.zeros(1, 3, generator.config.size, generator.config.size))
    for hook in hooks:
        hook.remove()
    return {name: sides[name] for name in attended(generator)}


class Exportable(nn.Module):
    """A copy of the generator as the graph has it: photo, gammas and wind in, the clip and one layer's map out.

    (1, 3, S, S), (L,) and (1, 2) -> (1, 3, T, S, S) and (P, P); under a wind also what `Told` says. shown: the layer of
    the map, None where there is none; gated: the layers with learnt gammas; wind: the wind where none is given, None
    for a generator that is told none (and for one whose configuration is a calm). Raises InputError for a layer that
    no attention follows.
    """

    def __init__(self, generator: nn.Module, shown: str | None = None):
        super().__init__()
        generator = copy.deepcopy(generator).cpu().float().eval().requires_grad_(False)
        for module in list(generator.modules()):
            if parametrize.is_parametrized(module):
                fold_parametrization(module)
        self.sides = sides = map_sides(generator)
        if shown is not None and shown not in sides:
            possible = f"choose one of {', '.join(sides)}" if sides else "this generator has none"
            raise InputError(f"there is no attention after '{shown}'; {possible}.")
        self.shown = shown or min(sides, key=lambda name: abs(sides[name] - SHOWN_SIDE), default=None)
        layers = attended(generator)
        self.gated = [name for name, module in layers.items() if isinstance(module.gate, LearnedGate)]
        paths = {module: path for path, module in generator.named_modules()}
        self.gamma_names = [f"{paths[layers[name]]}.gate.gamma" for name in self.gated]
        self.wind = generator.config.wind if isinstance(generator, WindGenerator) else None
        self.animated = Plain(generator) if self.wind is None else Told(generator)

    @property
    def generator(self) -> nn.Module:
        """The copy. It is registered once: of a module with two paths the exporter makes two, of other classes."""
        return self.animated.generator

    @property
    def gammas(self) -> Tensor:
        """What training made of the gammas, (L,)."""
        return torch.cat([torch.zeros(0), *(self.generator.get_parameter(name) for name in self.gamma_names)])

    def inputs(self, photo: Tensor) -> dict[str, Tensor]:
        """The graph's inputs by name: the photo, with the trained gammas and the configuration's wind."""
        gammas = {"gammas": self.gammas} if self.gated else {}
        wind = {} if self.wind is None else {"wind": torch.tensor([self.wind], dtype=torch.float32)}  # (1, 2)
        return {"photo": photo, **gammas, **wind}

    def outputs(self) -> list[str]:
        """The names of the graph's outputs."""
        attention, told = ["attention"] if self.shown else [], [] if self.wind is None else ["way", "change"]
        return ["clip", *attention, *told]

    def forward(self, photo: Tensor, gammas: Tensor | None = None, wind: Tensor | None = None) -> tuple[Tensor, ...]:
        names = [f"generator.{name}" for name in self.gamma_names]
        given = {} if gammas is None else dict(zip(names, gammas.split(1), strict=True))
        with explicit_maps(attended(self.generator), self.shown) as maps:
            clip, *more = functional_call(self.animated, given, (photo, wind))  # (1, 3, T, S, S)
        return (clip, *(found[0] for found in maps), *more)  # and (P, P)


class Plain(nn.Module):
    """A generator, whatever the wind: (1, 3, S, S) -> the clip alone."""

    def __init__(self, generator: nn.Module):
        super().__init__()
        self.generator = generator

    def forward(self, photo: Tensor, _: None) -> tuple[Tensor]:
        return (self.generator(photo),)  # (1, 3, T, S, S)


class Told(Plain):
    """A generator under a wind: (1, 3, S, S) and (1, 2) -> the clip, and what carries a larger photo in the same way.

    That is the way of each place (1, 2, T, S, S), in picture widths, and the change of colour (1, 3, T, S, S), as in
    `predict` with detail.
    """

    def forward(self, photo: Tensor, wind: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        response, change, _ = self.generator.read(photo)
        return carried(photo, response, change, wind), share_of_way(response, wind), change


def fold_parametrization(module: nn.Module) -> None:
    """Make a plain weight of one that is computed at each use, as with spectral normalisation; in place.

    PyTorch's remove_parametrizations would take the weight from the original of a copy too: both share a class.
    """
    weights = {name: getattr(module, name).detach() for name in module.parametrizations}
    del module.parametrizations
    module.__class__ = type(module).__bases__[0]
    for name, weight in weights.items():
        module.register_parameter(name, nn.Parameter(weight, requires_grad=False))


@contextmanager
def explicit_maps(layers: dict[str, SpatialSelfAttention], shown: str | None) -> Iterator[list[Tensor]]:
    """Within it attention is computed as written, Eq. 1 and 2, and the shown layer's map (1, P, P) is kept in a list.

    The map is taken where a back end makes it, because the folded encoder never calls attention's own forward.
    """
    maps = []

    def keeping(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        maps.append(attention_map(query, key))  # (1, P, P)
        return maps[-1] @ value

    before = {name: module.backend for name, module in layers.items()}
    BACKENDS["keeping"] = keeping
    try:
        for name, module in layers.items():
            module.backend = "keeping" if name == shown else "explicit"
        yield maps
    finally:
        del BACKENDS["keeping"]
        for name, module in layers.items():
            module.backend = before[name]
