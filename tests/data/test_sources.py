import numpy as np
import pytest

from ssagan_lite.data import folder, sources
from ssagan_lite.data.clips import write_clips
from ssagan_lite.data.samples import load_samples
from ssagan_lite.data.sources import open_clips
from ssagan_lite.data.video import write_video
from ssagan_lite.errors import InputError


@pytest.fixture
def fake_samples(monkeypatch):
    clips = np.random.default_rng(0).integers(0, 256, (48, 32, 16, 16, 3), dtype=np.uint8)
    monkeypatch.setattr(sources, "load_samples", lambda name: clips)
    return clips


def packed(path, splits):
    clips = np.stack([np.full((4, 8, 8, 3), index, np.uint8) for index in range(len(splits))])
    names = [f"video-{index}" for index in range(len(splits))]
    return write_clips(path, clips, sources=names, split=dict(zip(names, splits, strict=True)))


def test_synthetic_clips_depend_on_seed_and_split():
    def made(split, seed):
        return open_clips("synthetic", 16, 8, split=split, count=2, seed=seed).array

    assert made("train", 0).shape == (2, 8, 16, 16, 3)
    assert np.array_equal(made("train", 0), made("train", 0))
    skies = [made(split, seed) for split in ("train", "test") for seed in range(3)]
    for index, sky in enumerate(skies):
        assert not any(np.array_equal(sky, other) for other in skies[:index])


def test_samples_are_resized_and_cut(fake_samples):
    clips = open_clips("samples", 8, 5)
    assert (len(clips), clips.size, clips.frames, clips.split) == (48, 8, 5, "train")
    assert clips.sources[:3] == ["0", "1", "2"]
    means = fake_samples[3, 4].reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))
    assert np.abs(clips[3][4] - means).max() <= 0.5
    assert len(open_clips("samples", 8, 5, split="test", count=7)) == 7
    with pytest.raises(InputError, match="have 32 frames, 33 are wanted"):
        open_clips("samples", 8, 33)


def test_the_real_samples():
    try:
        real = load_samples("real")
    except InputError as error:
        pytest.skip(f"the real samples are not available: {error}")
    clips = open_clips("samples", 32, 16, count=2)
    assert clips.array.shape == (2, 16, 32, 32, 3)
    assert abs(clips.array.mean() - real[:2, :16].mean()) < 1


def test_packed_sets(tmp_path):
    path = packed(tmp_path / "set", ["train", "test", "train"])
    assert [int(clip.max()) for clip in open_clips(path, 8, 4)] == [0, 2]
    assert [int(clip.max()) for clip in open_clips(str(path), 8, 4, split="test")] == [1]
    assert len(open_clips(path, 8, 4, split=None)) == 3
    assert len(open_clips(path, 8, 4, count=1)) == 1
    with pytest.raises(InputError, match=r"holds clips of 4 frames of size 8, 4 of size 16 are needed"):
        open_clips(path, 16, 4)
    with pytest.raises(InputError, match="8 of size 8 are needed"):
        open_clips(path, 8, 8)


def test_folders_are_split_by_video_and_not_by_the_seed_of_a_run(tmp_path):
    for video in range(10):
        for part in range(2):
            write_video(tmp_path / f"video{video}" / f"part{part}", np.full((2, 8, 8, 3), video, np.uint8))
    train, test = open_clips(tmp_path, 8, 2), open_clips(tmp_path, 8, 2, split="test", seed=7)
    assert (len(train), len(test), len(open_clips(tmp_path, 8, 2, split=None))) == (16, 4, 20)
    assert len(set(test.sources)) == 2
    assert not set(train.sources) & set(test.sources)
    assert open_clips(tmp_path, 8, 2, seed=5).sources == train.sources
    assert len(open_clips(tmp_path, 8, 2, count=3)) == 3


def test_videos_that_come_and_go_do_not_move_the_others(tmp_path):
    for video in range(20):
        write_video(tmp_path / f"sky_{video:02d}.mp4", np.zeros((8, 16, 16, 3), np.uint8))

    def sides():
        return [set(open_clips(tmp_path, 8, 4, split=split).sources) for split in ("train", "test")]

    train, test = sides()
    assert len(train | test) == 20
    for name in ("a_first", "sky_20", "zz"):
        write_video(tmp_path / f"{name}.mp4", np.zeros((8, 16, 16, 3), np.uint8))
    (tmp_path / "sky_03.mp4").unlink()
    more_train, more_test = sides()
    assert not train & more_test
    assert not test & more_train


def test_of_a_folder_only_what_is_asked_for_is_read(tmp_path, monkeypatch):
    for video in range(6):
        write_video(tmp_path / f"{video}.mp4", np.zeros((4, 16, 16, 3), np.uint8))
    read, real = [], folder.iterate_video
    monkeypatch.setattr(folder, "iterate_video", lambda item: read.append(item.stem) or real(item))
    test = open_clips(tmp_path, 8, 4, split="test", count=1)
    assert read == list(test.sources)


def test_a_single_video_has_no_test_split(tmp_path):
    write_video(tmp_path / "only.mp4", np.zeros((2, 8, 8, 3), np.uint8))
    assert len(open_clips(tmp_path, 8, 2)) == 1
    with pytest.raises(InputError, match="no clips of the split 'test', as it holds 1 source video"):
        open_clips(tmp_path, 8, 2, split="test")


@pytest.mark.parametrize("options", [{"size": 0}, {"frames": 0}, {"count": 0}])
def test_impossible_numbers(options):
    with pytest.raises(InputError, match="use numbers above 0"):
        open_clips("synthetic", **{"size": 16, "frames": 8, **options})


def test_an_unknown_source_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no clips at .*syntetic; give synthetic, samples, a packed set or a folder"):
        open_clips(tmp_path / "syntetic", 16, 8)
