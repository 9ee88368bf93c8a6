import errno
import json
import os
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ssagan_lite.data.clips import (
    ArrayClips,
    ClipDataset,
    resize_clips,
    to_float,
    to_uint8,
    write_clips,
)
from ssagan_lite.data.splits import split_by_source
from ssagan_lite.errors import InputError


def random_clips(count=5, frames=3, size=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, frames, size, size, 3), dtype=np.uint8)


def pack(path, count=5, **options):
    return write_clips(path, random_clips(count), sources=[f"video-{i // 2}" for i in range(count)], **options)


def edit(folder, **changes):
    manifest = json.loads((folder / "clips.json").read_text())
    (folder / "clips.json").write_text(json.dumps({**manifest, **changes}))


# --- between bytes and floats


@given(arrays(np.uint8, array_shapes(min_dims=4, max_dims=4, max_side=4).map(lambda shape: (*shape, 3))))
@pytest.mark.paper("Colours")
def test_floats_and_bytes_round_trip(clips):
    floats = to_float(torch.from_numpy(clips))
    assert floats.shape == (clips.shape[0], 3, *clips.shape[1:4])
    assert floats.abs().max() <= 1
    assert np.array_equal(to_uint8(floats).numpy(), clips)


def test_every_level_round_trips_also_in_half_precision():
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16, 1).expand(1, 1, 16, 16, 3)
    assert torch.equal(to_uint8(to_float(levels)), levels)
    assert torch.equal(to_uint8(to_float(levels).half()), levels)
    assert to_float(levels).min() == -1
    assert to_float(levels).max() == 1


@given(st.floats(-10, 10, width=32))
def test_to_uint8_rounds_and_clamps(value):
    level = to_uint8(torch.full((1, 3, 1, 1, 1), value)).unique().item()
    assert level == min(max(round((value + 1) * 127.5), 0), 255) or abs((value + 1) * 127.5 % 1 - 0.5) < 1e-4


def test_axes_are_not_mixed_up():
    clips = torch.from_numpy(random_clips())
    assert torch.allclose(to_float(clips)[1, 2, 0, 4, 5], clips[1, 0, 4, 5, 2].float() / 127.5 - 1)


def test_resize_clips_is_the_mean_of_areas():
    clips = random_clips(2, 3, 8)
    means = clips.reshape(2, 3, 4, 2, 4, 2, 3).mean(axis=(3, 5))
    assert np.abs(resize_clips(clips, 4) - means).max() <= 0.5
    assert np.array_equal(resize_clips(clips, 8), clips)
    assert resize_clips(clips[:, :, :, :5], 16).shape == (2, 3, 16, 16, 3)


# --- splits


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=30), st.floats(0, 1), st.integers(0, 99))
def test_a_source_is_never_on_both_sides(sources, fraction, seed):
    labels = split_by_source(sources, fraction, seed)
    train = {source for source, label in zip(sources, labels, strict=True) if label == "train"}
    test = {source for source, label in zip(sources, labels, strict=True) if label == "test"}
    assert not train & test
    assert train | test == set(sources)
    if 0 < fraction < 1 and len(set(sources)) > 1:
        assert train
        assert test
        assert abs(len(test) - fraction * len(train | test)) <= 1
    reversed_labels = split_by_source(sources[::-1], fraction, seed)
    assert reversed_labels[::-1] == labels


def test_the_seed_decides_the_split():
    sources = [str(index) for index in range(40)]
    assert split_by_source(sources, 0.5, 0) == split_by_source(sources, 0.5, 0)
    assert split_by_source(sources, 0.5, 0) != split_by_source(sources, 0.5, 1)
    assert split_by_source(sources, 0.1, 0).count("test") == 4
    for fraction in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="from 0 to 1"):
            split_by_source(sources, fraction, 0)


# --- the packed format


@pytest.mark.parametrize("shard_clips", [1, 2, 5, 1024])
def test_what_is_packed_comes_back(tmp_path, shard_clips):
    dataset = ClipDataset(pack(tmp_path / "set", shard_clips=shard_clips))
    assert (len(dataset), dataset.size, dataset.frames, dataset.split) == (5, 8, 3, None)
    assert dataset.sources == ["video-0", "video-0", "video-1", "video-1", "video-2"]
    assert np.array_equal(np.stack([dataset[index] for index in range(5)]), random_clips())
    assert np.array_equal(np.stack(list(dataset)), random_clips())
    assert np.array_equal(dataset[-1], random_clips()[-1])
    dataset.verify()
    with pytest.raises(IndexError):
        dataset[5]
    shards = sorted(file.name for file in (tmp_path / "set").glob("*.npy"))
    assert shards == [f"clips-{index:05d}.npy" for index in range(-(-5 // shard_clips))]


def test_a_shard_is_a_plain_numpy_file(tmp_path):
    assert np.array_equal(np.load(pack(tmp_path / "set") / "clips-00000.npy"), random_clips())


def test_clips_are_writable_copies(tmp_path):
    for clips in (ClipDataset(pack(tmp_path / "set")), ArrayClips(random_clips())):
        clip = clips[0]
        clip[:] = 0
        assert np.array_equal(clips[0], random_clips()[0])


def test_the_same_clips_give_the_same_bytes(tmp_path):
    first, second = pack(tmp_path / "a", shard_clips=2), pack(tmp_path / "b", shard_clips=2)
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()


def test_splits_skips_and_notes_are_kept(tmp_path):
    skipped = []

    def stream():
        for clip in random_clips():
            yield clip
            skipped.append({"source": "bad", "reason": "too few frames"})

    splits = {"video-0": "train", "video-1": "test", "video-2": "train"}
    sources = ["video-0", "video-0", "video-1", "video-1", "video-2"]
    notes = {"resize": "area"}
    path = write_clips(tmp_path / "set", stream(), sources=sources, split=splits, skipped=skipped, notes=notes)
    train, test = ClipDataset(path, split="train"), ClipDataset(path, split="test")
    assert (len(train), len(test), len(ClipDataset(path, count=4)), len(ClipDataset(path, "train", 2))) == (3, 2, 4, 2)
    assert np.array_equal(train[2], random_clips()[4])
    assert np.array_equal(test[0], random_clips()[2])
    assert test.sources == ["video-1", "video-1"]
    assert len(test.skipped) == 5
    assert test.manifest["notes"] == notes
    with pytest.raises(InputError, match=r"no clips of the split 'valid'; it has: test, train"):
        ClipDataset(path, split="valid")


def test_a_dataset_travels_to_other_processes_as_its_name(tmp_path):
    dataset = ClipDataset(pack(tmp_path / "set"), split="train", count=3)
    data = pickle.dumps(dataset)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert len(again) == 3
    assert np.array_equal(again[2], dataset[2])


def test_packing_holds_one_clip_in_memory(tmp_path):
    alive = 0

    class Counted(np.ndarray):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def stream():
        nonlocal alive
        for _ in range(20):
            assert alive <= 2
            clip = random_clips(1)[0].view(Counted)
            alive += 1
            yield clip
            del clip

    write_clips(tmp_path / "set", stream(), sources=["a"] * 20)


def test_nothing_is_overwritten_without_force(tmp_path):
    path = pack(tmp_path / "set", count=4)
    with pytest.raises(InputError, match="exists already"):
        pack(path)
    assert len(ClipDataset(path)) == 4
    pack(path, force=True)
    assert len(ClipDataset(path)) == 5
    (path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.txt"):
        pack(path, force=True)
    assert (path / "thesis.txt").exists()
    (tmp_path / "file").write_text("a file")
    with pytest.raises(InputError, match="file is a file"):
        pack(tmp_path / "file", force=True)


@pytest.mark.parametrize("replacing", [False, True])
def test_a_failure_in_the_middle_leaves_nothing(tmp_path, replacing):
    if replacing:
        pack(tmp_path / "set", count=4)

    def stream():
        yield from random_clips(3)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_clips(tmp_path / "set", stream(), sources=["a"] * 5, force=replacing, shard_clips=2)
    assert [entry.name for entry in tmp_path.iterdir()] == (["set"] if replacing else [])
    assert not replacing or len(ClipDataset(tmp_path / "set")) == 4


def test_the_old_set_survives_a_move_that_fails(tmp_path, monkeypatch):
    path = pack(tmp_path / "set", count=4)
    replace, calls = os.replace, []

    def fails_the_second_time(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails_the_second_time)
    with pytest.raises(OSError, match="Input/output"):
        pack(path, force=True)
    monkeypatch.undo()
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]
    assert len(ClipDataset(path)) == 4


def test_an_interrupted_packing_leaves_nothing(tmp_path):
    def stream():
        yield random_clips()[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_clips(tmp_path / "set", stream(), sources=["a", "b"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([], "no clips to pack"),
        ([np.zeros((2, 4, 4, 3), np.float32)], "float32"),
        ([np.zeros((2, 4, 5, 3), np.uint8)], "frames, size, size, 3"),
        ([np.zeros((4, 4, 3), np.uint8)], "frames, size, size, 3"),
        ([np.zeros((2, 4, 4, 3), np.uint8), np.zeros((3, 4, 4, 3), np.uint8)], "the clip of video-1 is"),
    ],
)
def test_what_is_no_clip_is_not_packed(tmp_path, clips, message):
    with pytest.raises(InputError, match=f"(?i){message}"):
        write_clips(tmp_path / "set", clips, sources=[f"video-{index}" for index in range(len(clips))])
    assert not list(tmp_path.iterdir())


def test_as_many_sources_as_clips(tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        write_clips(tmp_path / "set", random_clips(3), sources=["a", "b"])
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="3 clips have 2 sources"):
        ArrayClips(random_clips(3), ["a", "b"])


def test_folders_that_are_no_set(tmp_path):
    with pytest.raises(InputError, match=r"nowhere does not exist"):
        ClipDataset(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"is not a packed set: it has no clips\.json"):
        ClipDataset(tmp_path)
    for text in ("", "{", "[]", "3", '{"format": "other"}', '{"format": "ssagan-clips-1"}', "\x00"):
        (tmp_path / "clips.json").write_text(text)
        with pytest.raises(InputError, match=r"clips\.json is damaged or of another format"):
            ClipDataset(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"size": "8"}, {"size": 0}, {"frames": None}, {"frames": True}, {"clips": 7}, {"clips": [{}]},
        {"skipped": None}, {"shards": [{"file": "../clips-00000.npy", "clips": 5, "sha256": ""}]},
        {"shards": [{"file": 3}]}, {"format": "x"},
    ],
)  # fmt: skip
def test_damaged_manifests(tmp_path, changes):
    edit(pack(tmp_path / "set"), **changes)
    with pytest.raises(InputError, match=r"clips\.json is damaged or of another format"):
        ClipDataset(tmp_path / "set")


def test_damaged_shards(tmp_path):
    path = pack(tmp_path / "set")
    shard = path / "clips-00000.npy"
    whole = shard.read_bytes()
    for size in (0, 10, len(whole) - 1):
        shard.write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"clips-00000\.npy is damaged or cut short"):
            ClipDataset(path)
    shard.unlink()
    with pytest.raises(InputError, match=r"clips-00000\.npy is missing"):
        ClipDataset(path)
    np.save(shard, random_clips().astype(np.int16))
    with pytest.raises(InputError, match="unlike its manifest"):
        ClipDataset(path)
    np.save(shard, np.array([{"code": 1}]), allow_pickle=True)
    with pytest.raises(InputError, match="damaged"):
        ClipDataset(path)
    shard.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    dataset = ClipDataset(path)
    with pytest.raises(InputError, match=r"clips-00000\.npy differs from its checksum"):
        dataset.verify()


def test_a_manifest_must_list_every_clip(tmp_path):
    path = pack(tmp_path / "set")
    edit(path, clips=[{"source": "a", "split": "train"}])
    with pytest.raises(InputError, match="lists 1 clips, but holds 5"):
        ClipDataset(path)


# --- in memory


def test_array_clips_has_the_same_interface(tmp_path):
    clips, dataset = ArrayClips(random_clips(), split="train"), ClipDataset(pack(tmp_path / "set"))
    assert (len(clips), clips.size, clips.frames) == (len(dataset), dataset.size, dataset.frames)
    assert np.array_equal(clips[3], dataset[3])
    assert clips.sources == ["0", "1", "2", "3", "4"]
    assert set(clips.manifest) <= set(dataset.manifest)
    assert clips.manifest["clips"][1] == {"source": "1", "split": "train"}
    for wrong in (random_clips().astype(float), random_clips()[0], random_clips()[:, :, :4]):
        with pytest.raises(InputError, match="Clips are uint8"):
            ArrayClips(wrong)
