"""Which clips make up which batch: a pure function of (seed, epoch, step), so that resuming needs only the step."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader

from ssagan_lite.data.clips import to_float
from ssagan_lite.errors import InputError


@dataclass(frozen=True)
class BatchOrder:
    """The batches of an endless training run over `count` clips. Chapter 08.

    Each epoch is a new permutation, drawn from (seed, epoch) alone; what does not fill a batch waits for the next
    epoch's permutation. Raises InputError where there are fewer clips than a batch takes.
    """

    count: int
    batch: int
    seed: int

    def __post_init__(self):
        if self.count < self.batch:
            raise InputError(f"{self.count} clips do not fill a batch of {self.batch}; add clips or lower --batch.")

    def starting_at(self, number: int) -> Iterator[list[int]]:
        """Lists of indices, one a batch, from batch `number` of the run on, endlessly."""
        epoch, first = divmod(number, self.count // self.batch)
        while True:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            batches = torch.randperm(self.count, generator=generator).split(self.batch)
            for batch in batches[first : self.count // self.batch]:
                yield batch.tolist()
            epoch, first = epoch + 1, 0


def read_batches(
    clips,
    order: BatchOrder,
    start: int,
    device: torch.device,
    workers: int = 0,
    frames: int | None = None,
    flip: bool = False,
    part: slice = slice(None),
) -> Iterator[torch.Tensor]:
    """The batches of an order from number `start` on, as (N, 3, T, H, W) in [-1, 1] on the device, endlessly.

    clips: anything with len() and [i] -> uint8 (T, H, W, 3). workers: processes that read beside this one.
    frames, flip: as in `augment`; what is cut and mirrored depends on the seed and the batch's number alone. part: the
    clips of each batch that this process takes; the parts of all processes are the batch of one.
    """
    indices = (batch[part] for batch in order.starting_at(start))
    # A generator of its own: otherwise each new loader draws a number from the stream that training resumes.
    loader = DataLoader(clips, batch_sampler=indices, num_workers=workers, collate_fn=list, generator=torch.Generator())
    for number, batch in enumerate(loader, start):
        stacked = torch.from_numpy(np.stack(batch)).to(device)  # (N, T', H, W, 3), bytes
        drawn = {"seed": order.seed, "number": number, "batch": order.batch, "part": part}
        yield to_float(augment(stacked, frames or stacked.shape[1], flip, **drawn))  # (N, 3, T, H, W)


def augment(
    clips: torch.Tensor,
    frames: int,
    flip: bool,
    seed: int,
    number: int,
    batch: int | None = None,
    part: slice = slice(None),
) -> torch.Tensor:
    """Cut `frames` frames out of each clip at random, and mirror half of them: uint8 (N, T', H, W, 3), on any device.

    A pure function of (seed, number): the same batch comes out after a resume, on a CPU and on a GPU. The clips are
    the `part` of a batch of `batch`; they are treated as they would be in the whole one.
    """
    count, length = batch or len(clips), clips.shape[1]
    generator = torch.Generator().manual_seed(seed * 1_000_003 + number)
    starts = torch.randint(length - frames + 1, (count, 1), generator=generator)[part]
    mirrored = (torch.rand(count, generator=generator) < 0.5)[part].view(-1, 1, 1, 1, 1).to(clips.device)
    if frames < length:
        rows, times = torch.arange(len(clips)).unsqueeze(1), starts + torch.arange(frames)  # (N, 1), (N, T)
        clips = clips[rows.to(clips.device), times.to(clips.device)]  # (N, T, H, W, 3)
    return torch.where(mirrored, clips.flip(3), clips) if flip else clips


def stack_clips(batch: list[np.ndarray], device: torch.device | str = "cpu") -> torch.Tensor:
    """Clips uint8 (T, H, W, 3) -> (N, 3, T, H, W) in [-1, 1]. Bytes travel; scaling happens on the device."""
    return to_float(torch.from_numpy(np.stack(batch)).to(device))
