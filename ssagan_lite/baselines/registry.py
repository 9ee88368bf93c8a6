"""Every model by its name: how it is trained, and how its generator is built again from a file. Chapter 12."""

from collections.abc import Callable
from dataclasses import replace
from math import gcd
from typing import Any

from torch import nn

from ssagan_lite.baselines.mdgan import SecondStage, TwoStage, TwoStageConfig
from ssagan_lite.baselines.recurrent import Recurrent, RecurrentConfig, RecurrentGenerator
from ssagan_lite.baselines.vgan import VGAN, VGANConfig, VGANGenerator
from ssagan_lite.beyond.game import Wind
from ssagan_lite.beyond.wind import WindConfig, WindGenerator
from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import Generator, GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import SSAGAN, System

SYSTEMS = {
    "ssagan": SSAGAN,  # the paper's (a)
    "mdgan-stage1": SSAGAN,  # the same game, another generator: see `recipe`
    "mdgan-stage2": SecondStage,
    "ssagan-b": SecondStage,  # (b): attention in the second stage, on either reading of its first
    "vgan": VGAN,
    "recurrent": Recurrent,
    "wind": Wind,  # beyond the paper: told the wind
}
SECOND_STAGES = ("mdgan-stage2", "ssagan-b")

ARCHITECTURES: dict[str, tuple[type, type[nn.Module]]] = {
    Generator.architecture: (GeneratorConfig, Generator),
    TwoStage.architecture: (TwoStageConfig, TwoStage),
    VGANGenerator.architecture: (VGANConfig, VGANGenerator),
    RecurrentGenerator.architecture: (RecurrentConfig, RecurrentGenerator),
    WindGenerator.architecture: (WindConfig, WindGenerator),
}


def recipe(model: str, config: TrainConfig) -> TrainConfig:
    """config with what is the model's own: its skips and attention, its losses, its steps. Data, size, length stay.

    MD-GAN: Xiong et al. (2018), and the layers of its public test code. (b): c_cal = 8 in the released code. VGAN:
    `main_conditional.lua`. Recurrent and wind: ours. Raises InputError for a name that is not in `SYSTEMS`.

    >>> recipe("mdgan-stage1", TrainConfig()).generator.attention
    'none'
    """
    if model not in SYSTEMS:
        raise InputError(f"there is no model '{model}' to train; choose one of {', '.join(SYSTEMS)}.")
    shape = config.generator
    changes: dict[str, dict[str, Any]] = {
        "ssagan": {},
        "mdgan-stage1": {"generator": replace(shape, skip="add", attention="none")},
        "mdgan-stage2": {"generator": replace(shape, skip="add", deepest_skips=3, attention="none")},
        "ssagan-b": {"generator": replace(shape, skip="add", deepest_skips=3, reduction=gcd(8, shape.width))},
        "vgan": {"critic_steps": 1, "betas": (0.5, 0.999), "batch": 32, "content_weight": 10.0},
        "recurrent": {"critic_steps": 1, "betas": (0.5, 0.999), "adversarial_weight": 0.01},
        "wind": {"critic_steps": 1, "content_weight": 50.0},
    }
    return config.replace(model=model, **changes[model])


def maker(config: TrainConfig, load: Callable[[str], Generator]) -> Callable[[TrainConfig], System]:
    """What makes config.model's System of a configuration. load: finds the first stage, if one is needed, by its name.

    Raises InputError where a second stage is given no first one, or one of another size.
    """
    if config.model not in SYSTEMS:
        raise InputError(f"there is no model '{config.model}' to train; choose one of {', '.join(SYSTEMS)}.")
    kind = SYSTEMS[config.model]
    if config.model not in SECOND_STAGES:
        return kind
    if not config.stage1:
        raise InputError(f"{config.model} refines a first stage; give its run folder or file with --stage1.")
    stage1 = load(config.stage1)
    return lambda config: kind(config, stage1)


def untrained(config: TrainConfig) -> System:
    """config.model's System with new weights everywhere, the first stage's too: to count and to time, not to train."""
    stage1 = recipe("mdgan-stage1", config).generator
    return maker(config.replace(stage1="new"), lambda _: Generator(replace(stage1, deepest_skips=None)))(config)


def build(description: dict[str, Any]) -> nn.Module:
    """The generator, with new weights, that `System.description` tells of; lists have been tuples before JSON.

    Raises InputError for an unknown architecture or a shape that cannot be, TypeError for unknown keys.
    """
    values = dict(description)
    name = values.pop("architecture", Generator.architecture)  # the first models were saved without one
    if name not in ARCHITECTURES:
        raise InputError(f"there is no architecture '{name}'; this version knows {', '.join(ARCHITECTURES)}.")
    config, network = ARCHITECTURES[name]
    if config is TwoStageConfig:
        values = {part: GeneratorConfig(**_tuples(shape)) for part, shape in values.items()}
    return network(config(**_tuples(values)))


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
