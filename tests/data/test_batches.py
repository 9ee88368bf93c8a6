"""Batches: their order, their crops and their flips are functions of (seed, epoch, step) alone."""

import numpy as np
import pytest
import torch

from ssagan_lite.data.batches import BatchOrder, augment, read_batches
from ssagan_lite.data.clips import ArrayClips, ClipDataset, write_clips
from ssagan_lite.data.sources import open_clips
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError

CPU = torch.device("cpu")


def counted(count: int, frames: int) -> np.ndarray:
    """Clips whose pixels tell clip, frame and column: uint8 (count, frames, 4, 4, 3)."""
    clips = np.zeros((count, frames, 4, 4, 3), np.uint8)
    clips[..., 0] = np.arange(count)[:, None, None, None]
    clips[..., 1] = np.arange(frames)[None, :, None, None]
    clips[..., 2] = np.arange(4)[None, None, None, :]
    return clips


def taken(batch: torch.Tensor) -> np.ndarray:
    """Back to bytes, (N, T, H, W, 3)."""
    return ((batch.permute(0, 2, 3, 4, 1) + 1) * 127.5).round().numpy().astype(int)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_goes_on_sees_the_same_batches(workers):
    clips, order = ArrayClips(counted(10, 12)), BatchOrder(10, 3, seed=5)
    whole = read_batches(clips, order, 0, CPU, 0, frames=8, flip=True)
    whole = [next(whole) for _ in range(8)]
    later = read_batches(clips, order, 5, CPU, workers, frames=8, flip=True)
    for batch in whole[5:]:
        assert torch.equal(next(later), batch)


def test_crops_are_stretches_that_start_anywhere_and_half_of_the_clips_are_mirrored():
    clips, order = ArrayClips(counted(32, 12)), BatchOrder(32, 32, seed=0)
    batches = read_batches(clips, order, 0, CPU, frames=8, flip=True)
    starts, mirrored = [], []
    for _ in range(6):
        batch = taken(next(batches))
        assert batch.shape == (32, 8, 4, 4, 3)
        np.testing.assert_array_equal(np.diff(batch[:, :, 0, 0, 1], axis=1), 1)
        starts += batch[:, 0, 0, 0, 1].tolist()
        columns = batch[:, 0, 0, :, 2]
        mirrored += (columns[:, 0] == 3).tolist()
        assert all(row.tolist() in ([0, 1, 2, 3], [3, 2, 1, 0]) for row in columns)
        np.testing.assert_array_equal(batch[..., 2], batch[:, :1, :1, :, 2].repeat(8, 1).repeat(4, 2))
    assert set(starts) == set(range(5))
    assert 0.35 < np.mean(mirrored) < 0.65


def test_without_crops_and_flips_nothing_changes():
    clips = torch.from_numpy(counted(3, 8))
    assert torch.equal(augment(clips, 8, False, seed=1, number=2), clips)


def test_another_seed_or_batch_is_another_augmentation():
    clips = torch.from_numpy(counted(16, 40))
    base = augment(clips, 8, True, seed=1, number=2)
    assert not torch.equal(base, augment(clips, 8, True, seed=2, number=2))
    assert not torch.equal(base, augment(clips, 8, True, seed=1, number=3))


def test_a_longer_set_gives_its_first_frames_or_all(tmp_path):
    frames = synthetic_clips(3, 16, 12, seed=0).frames
    write_clips(tmp_path / "set", frames, sources=["a", "b", "c"])
    first = open_clips(tmp_path / "set", 16, 8)
    np.testing.assert_array_equal(first[1], frames[1, :8])
    assert (first.frames, open_clips(tmp_path / "set", 16, 8, longer=True)[1].shape[0]) == (8, 12)
    assert ClipDataset(tmp_path / "set").frames == 12
    with pytest.raises(InputError, match="12 frames of size 16, 16 of size 16 are needed"):
        open_clips(tmp_path / "set", 16, 16)
