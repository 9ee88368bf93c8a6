"""Where a run computes: one device or many, in which precision, and how replicas agree. Chapter 08 and the appendix."""

import os
import signal
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric
from lightning_fabric.loggers import TensorBoardLogger
from lightning_fabric.strategies import DDPStrategy
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn

from ssagan_lite.data.paths import expand
from ssagan_lite.errors import InputError
from ssagan_lite.training.config import TrainConfig


class Replicas(DDPStrategy):
    """The same networks on every device. Their gradients are averaged by `average_gradients`, after each backward pass.

    DistributedDataParallel's own hooks expect a gradient for every parameter after each forward pass; in a GAN half of
    the passes go through a network that is frozen.
    """

    def setup_module(self, module: nn.Module) -> nn.Module:
        """All replicas begin as the first one."""
        for tensor in module.state_dict().values():
            torch.distributed.broadcast(tensor, src=0)
        return module


def start(config: TrainConfig) -> Fabric:
    """Find the devices and start their processes. Raises InputError where they are not there.

    With `torchrun` the processes are there already; else this starts those of this machine.
    """
    many = config.devices * config.num_nodes > 1
    loggers = [tensorboard(config)] if config.log == "tensorboard" else []
    counts = {"devices": config.devices, "num_nodes": config.num_nodes, "precision": choose_precision(config)}
    try:
        fabric = Fabric(accelerator=config.device, strategy=Replicas() if many else "auto", loggers=loggers, **counts)
        fabric.launch()
    except (RuntimeError, ValueError, ImportError, MisconfigurationException) as error:
        raise InputError(_reason(config, error)) from error
    if config.sync_batch_norm and fabric.device.type != "cuda":
        raise InputError("--sync-batch-norm works on CUDA GPUs only; leave it out.")
    return fabric


def tensorboard(config: TrainConfig) -> TensorBoardLogger:
    """A logger that writes into the run folder. Raises InputError where tensorboardX is not installed."""
    try:
        return TensorBoardLogger(root_dir=expand(config.out), name="tensorboard", version="")
    except ModuleNotFoundError as error:
        raise InputError("--log tensorboard needs a package: pip install tensorboardX.") from error


def choose_precision(config: TrainConfig) -> str:
    """What "auto" stands for: bf16 from compute capability 8 on, fp16 with a scaler below (a T4), else 32 bits."""
    if config.precision != "auto":
        return config.precision
    if config.device not in ("auto", "cuda") or not torch.cuda.is_available():
        return "32-true"
    # Not torch.cuda.is_bf16_supported(): it says yes to cards that only emulate it, slowly.
    return "bf16-mixed" if torch.cuda.get_device_capability() >= (8, 0) else "16-mixed"


def average_gradients(fabric: Fabric, network: nn.Module) -> None:
    """Replace each gradient by its mean over all processes, in one message."""
    if fabric.world_size == 1:
        return
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    flat = fabric.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]), reduce_op="mean")
    for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def gradient_norm(network: nn.Module) -> Tensor:
    """The length of all gradients taken as one vector."""
    return nn.utils.get_total_norm([p.grad for p in network.parameters() if p.grad is not None])


def is_first_process() -> bool:
    """Whether this process is the one that prints and writes, also before and after a run."""
    names = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK")
    return all(int(os.environ.get(name, 0)) == 0 for name in names)


@contextmanager
def interruptible():
    """Yields a list; Ctrl-C puts something in it, so that a step is finished and saved. A second one stops at once."""
    asked: list[int] = []

    def ask(number, frame):
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    try:
        before = signal.signal(signal.SIGINT, ask)
    except ValueError:  # not in the main thread: somebody else looks after Ctrl-C
        yield asked
        return
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _reason(config: TrainConfig, error: Exception) -> str:
    """One sentence for what cannot start."""
    if "ddress already in use" in str(error):
        return "the port for the processes is in use; set MASTER_PORT to another one, such as 29501."
    what = f"device '{config.device}'" if config.devices == 1 else f"{config.devices} devices '{config.device}'"
    return f"{what} cannot be used here ({str(error).splitlines()[0].rstrip('.')}); use --device auto or cpu."
