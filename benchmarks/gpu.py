"""What a GPU makes of the paper's size: seconds and memory of a cycle, use of its arithmetic, and the attention forms.

    python benchmarks/gpu.py [--batches 2 16] [--out book/results/gpu_NAME.json]

For each precision and batch: seconds of one cycle (five critic steps, one generator step), peak memory, and the share
of the card's bf16 peak that is reached. Then the attention forms at head dimension 1024 with N = 1024 and 4096 places,
forward and backward, in 32 bits and bf16, PyTorch's kernels named one by one. What a card cannot do is a row with the
reason. On a CPU (--device cpu, small sizes) it runs as a test of itself. Chapters 03 and 08 draw from the file.
"""

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
import tyro
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from ssagan_lite.cli.estimate import estimate
from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.model.attention import BACKENDS
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.systems import SSAGAN

# Dense bf16 peaks in TFLOP/s from the makers' data sheets (fp16 where a card has no bf16).
PEAKS = {"T4": 65, "V100": 125, "L4": 121, "A10": 125, "A100": 312, "RTX 4090": 165, "H100": 989, "H200": 989}
PRECISIONS = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16}
KERNELS = {"flash": SDPBackend.FLASH_ATTENTION, "efficient": SDPBackend.EFFICIENT_ATTENTION, "math": SDPBackend.MATH}


@dataclass
class Options:
    """Measure a GPU."""

    device: str = "cuda"
    """cuda; or cpu, to test the script."""
    size: int = 128
    """Pixels a side."""
    width: int = 32
    """Filters of conv1."""
    batches: list[int] = field(default_factory=lambda: [2, 16])
    """Clips a step."""
    places: list[int] = field(default_factory=lambda: [1024, 4096])
    """N of the attention forms."""
    repeats: int = 5
    """Timed repeats; the fastest counts, because nothing else should use the card."""
    out: Path | None = None
    """Where the result goes."""


def main() -> None:
    options = tyro.cli(Options)
    if options.device == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA GPU here; run this where one is (or --device cpu to test the script).", file=sys.stderr)
        sys.exit(2)
    name = torch.cuda.get_device_name() if options.device == "cuda" else "cpu"
    watch = Stopwatch(f"python benchmarks/gpu.py --size {options.size} --width {options.width}", seed=0)
    peak = next((value for card, value in sorted(PEAKS.items(), key=lambda item: -len(item[0])) if card in name), None)
    cycles = [
        attempt(lambda p=precision, b=batch: cycle(options, p, b, peak), precision=precision, batch=batch)
        for precision in PRECISIONS
        for batch in options.batches
    ]
    attention = [
        attempt(lambda a=arguments: attend(options, *a), form=arguments[0], places=arguments[1], precision=arguments[2])
        for arguments in attention_rows(options)
    ]
    out = options.out or Path(f"book/results/gpu_{name.replace(' ', '-')}.json")
    watch.write(out, {"name": name, "bf16_peak_tflops": peak, "cycles": cycles, "attention": attention})
    print(f"written to {out}")


def attempt(act: Callable[[], dict], **about) -> dict:
    """A row; where the device cannot do it, a row with the reason."""
    try:
        row = about | act()
    except (RuntimeError, torch.OutOfMemoryError) as error:
        row = about | {"error": str(error).splitlines()[0][:200]}
    print(*(f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}" for key, value in row.items()))
    return row


def cycle(options: Options, precision: str, batch: int, peak: float | None) -> dict:
    """Seconds, GiB and TFLOP/s of one cycle as `ssagan train` runs it."""
    config = TrainConfig(generator=GeneratorConfig(options.size, options.width), batch=batch)
    torch.manual_seed(0)
    system, shape = SSAGAN(config), config.generator
    optimizers = {}
    for part in ("discriminator", "generator"):
        network = getattr(system, part).to(options.device)
        optimizers[part] = torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.9))
    clips = synthetic_clips(batch, shape.size, shape.frames, seed=0).frames
    real = to_float(torch.from_numpy(clips).to(options.device)).contiguous()
    losses = {"discriminator": system.critic_loss, "generator": system.generator_loss}

    def act() -> None:
        for part in ["discriminator"] * config.critic_steps + ["generator"]:
            for other in optimizers:
                getattr(system, other).requires_grad_(other == part)
            with autocast(options.device, PRECISIONS[precision]):
                loss, _ = losses[part](real)
            optimizers[part].zero_grad()
            loss.backward()
            optimizers[part].step()

    seconds, gibibytes = fastest(act, options)
    rate = estimate(config, measure=False).flops_cycle / seconds / 1e12
    share = {"share_of_bf16_peak": rate / peak} if peak else {}
    return {"seconds": seconds, "clips_per_second": batch / seconds, "peak_gib": gibibytes, "tflops": rate} | share


def attention_rows(options: Options) -> list[tuple[str, int, str]]:
    """Our forms, and PyTorch's kernels one by one."""
    forms = [name for name in BACKENDS if name != "auto"] + [f"sdpa {name}" for name in KERNELS]
    return [(form, places, precision) for precision in PRECISIONS for places in options.places for form in forms]


def attend(options: Options, form: str, places: int, precision: str) -> dict:
    """Seconds and GiB of one clip's attention, forward and backward, head dimension 32 times the width."""
    shape, kind = (1, places, 32 * options.width), PRECISIONS[precision]
    parts = [(torch.randn(shape, device=options.device, dtype=kind) * 0.1).requires_grad_() for _ in range(3)]

    def act() -> None:
        for part in parts:
            part.grad = None
        if form in BACKENDS:
            found = BACKENDS[form](*parts)
        else:
            with sdpa_kernel(KERNELS[form.split()[1]]):
                found = F.scaled_dot_product_attention(*(part.unsqueeze(1) for part in parts), scale=1.0)
        found.float().sum().backward()

    seconds, gibibytes = fastest(act, options)
    return {"seconds": seconds, "peak_gib": gibibytes}


def fastest(act: Callable[[], None], options: Options) -> tuple[float, float | None]:
    """Seconds of the fastest of several runs after a warm-up, and the peak of the device's memory in GiB."""
    cuda = options.device == "cuda"
    act()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(options.repeats):
        if cuda:
            torch.cuda.synchronize()
        started = time.perf_counter()
        act()
        if cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return min(seconds), torch.cuda.max_memory_allocated() / 2**30 if cuda else None


def autocast(device: str, kind: torch.dtype) -> contextlib.AbstractContextManager:
    """bf16 where it is asked for; weights stay in 32 bits."""
    return contextlib.nullcontext() if kind is torch.float32 else torch.autocast(device, kind)


if __name__ == "__main__":
    main()
