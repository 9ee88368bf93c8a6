"""ssagan-lite: one photo of the sky in, a time-lapse out. SSA-GAN (Horita and Yanai, 2019), taught and reproduced.

    from ssagan_lite import load_generator, predict
    clip = predict(load_generator("sky-64"), "photo.jpg")    # uint8 (T, H, W, 3)

Importing this package imports nothing else; each name below loads its module, and torch, when it is first used. So a
process that only decodes pictures starts fast and stays small.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "InputError": "errors",
    "SpatialSelfAttention": "model.attention",
    "Generator": "model.generator",
    "GeneratorConfig": "model.generator",
    "Discriminator": "model.discriminator",
    "TrainConfig": "training.config",
    "fit": "training.fit",
    "predict": "inference.predict",
    "load_generator": "inference.pretrained",
    "ClipDataset": "data.clips",
    "load_samples": "data.samples",
    "to_float": "data.clips",
    "synthetic_clips": "data.synthetic",
}
_ROOMS = ("model", "training", "data", "evaluation", "baselines", "inference", "teach")
__all__ = [*_HOME, *_ROOMS]


def __getattr__(name: str):
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
