"""Procedural skies: the same for a seed, of any size and length, with flow and mask that are true."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.skies import warped_over_copied
from ssagan_lite.data.skies.ground import Water, hills, roofs, trees
from ssagan_lite.data.synthetic import PALETTES, _Sky, synthetic_clips
from ssagan_lite.errors import InputError

ROOT, REFERENCE = Path(__file__).resolve().parents[2], Path(__file__).with_name("reference_skies.png")


@pytest.fixture(scope="module")
def skies():
    return synthetic_clips(16, 64, 16, seed=1, noise=False, exposure=False)


@pytest.mark.parametrize(("count", "size", "frames"), [(2, 16, 8), (1, 48, 10), (1, 33, 1)])
def test_any_size_and_length(count, size, frames):
    skies = synthetic_clips(count, size, frames, seed=0)
    assert (skies.frames.shape, skies.frames.dtype) == ((count, frames, size, size, 3), np.uint8)
    assert (skies.mask.shape, skies.mask.dtype) == ((count, frames, size, size), bool)
    assert (skies.flow.shape, skies.flow.dtype) == ((count, frames - 1, 2, size, size), np.float32)
    assert np.isfinite(skies.flow).all()


def test_a_seed_gives_the_same_bytes_whatever_the_count():
    one, three, other = (synthetic_clips(n, 24, 6, seed=s) for n, s in ((1, 5), (3, 5), (1, 6)))
    for name in ("frames", "mask", "flow"):
        np.testing.assert_array_equal(getattr(one, name)[0], getattr(three, name)[0])
    assert (one.frames != other.frames).mean() > 0.5
    assert (three.frames[0] != three.frames[1]).mean() > 0.5


def test_a_longer_clip_begins_with_the_shorter_one():
    short, longer = (synthetic_clips(1, 24, n, seed=5, noise=False, exposure=False) for n in (4, 9))
    np.testing.assert_array_equal(short.frames[0], longer.frames[0, :4])


def test_something_moves_and_nothing_flows_outside_the_mask(skies):
    inside = skies.mask[:, :-1]  # (N, T-1, H, W)
    assert 0.2 < inside.mean() < 0.95
    moving = np.abs(np.diff(skies.frames.astype(int), axis=1)).mean(axis=-1)  # (N, T-1, H, W)
    assert moving[inside].mean() > 1.5 * moving[~inside].mean()
    length = np.linalg.norm(skies.flow, axis=2)  # (N, T-1, H, W)
    assert length[~inside].max() == 0
    assert np.median(length[inside]) > 0.02


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("size", "frames"), [(64, 32), (32, 16)])
def test_the_flow_explains_the_change_even_under_noise(seed, size, frames):
    assert warped_over_copied(synthetic_clips(16, size, frames, seed)) < 0.5


def test_the_opposite_flow_explains_nothing(skies):
    assert warped_over_copied(skies) < 0.4
    assert warped_over_copied(replace(skies, flow=-skies.flow)) > 1.5


def test_nothing_in_the_mask_is_about_to_go_behind_the_ground():
    for index in range(12):
        sky = _Sky(np.random.default_rng([3, index]), 48, 2)
        _, mask, flow = sky.draw(noise=False, exposure=False)
        rows, columns = np.nonzero(mask[0] & (np.arange(48) < (sky.water.row if sky.water else 48))[:, None])
        there = flow[0][:, rows, columns] + (columns, rows)  # (2, n), where each of them goes
        x, y = np.clip(np.rint(there).astype(int), 0, 47)
        assert sky.ground[rows, columns].max(initial=0) < 0.1
        assert sky.ground[y, x].max(initial=0) < 0.1


def test_water_mirrors_the_sky_and_its_motion():
    water = Water(np.random.default_rng(0), 64, shore=0.5)
    rows = np.broadcast_to(np.arange(64, dtype=np.float32)[:, None], (64, 64)).copy()
    mirrored = water.mirror(rows)
    np.testing.assert_array_equal(mirrored[:32], rows[:32])
    assert abs(mirrored[32:].mean(axis=1) - np.arange(31, -1, -1)).max() < 2, "row 32 + k shows row 31 - k, but ripples"
    flow = water.mirror_flow(np.stack([np.full((64, 64), 2.0), np.full((64, 64), -1.0)]).astype(np.float32))
    assert (flow[0] == 2).all()
    assert (flow[1, :32] == -1).all()
    assert (flow[1, 32:] == 1).all()


@pytest.mark.parametrize("kind", [hills, roofs, trees])
def test_ground_stands_below_the_horizon_and_is_not_flat(kind):
    x = np.arange(128) / 128
    lines = np.stack([kind(np.random.default_rng(seed), x, 0.8) for seed in range(20)])
    assert lines.shape == (20, 128)
    assert (lines.std(axis=1) > 0.003).all()
    assert 0.5 < lines.mean() < 0.82


def test_every_kind_of_sky_and_ground_is_drawn():
    skies = [_Sky(np.random.default_rng([0, index]), 16, 1) for index in range(80)]
    assert {str(sky.kind) for sky in skies} == set(PALETTES)
    assert {len(sky.layers) for sky in skies} == {1, 2, 3}
    assert 5 < sum(sky.water is not None for sky in skies) < 30


def reference_skies() -> np.ndarray:
    """Eight skies, first and last of four frames, in one picture, uint8 (64, 256, 3)."""
    frames = synthetic_clips(8, 32, 4, seed=7).frames[:, [0, -1]]  # (8, 2, 32, 32, 3)
    return frames.transpose(1, 2, 0, 3, 4).reshape(64, 256, 3)


def test_other_machines_draw_the_same_skies_to_one_grey_level():
    stored = cv2.imread(str(REFERENCE))[..., ::-1].astype(int)
    assert np.abs(reference_skies() - stored).max() <= 1, f"the skies changed; {REFERENCE.name} holds how they were"


def test_a_machine_without_vector_instructions_draws_the_same_skies(tmp_path):
    everything = "SSE4_1,SSE4_2,AVX,FP16,AVX2,FMA3,AVX512-SKX,AVX512-CNL,AVX512-CLX,AVX512-ICL"
    plain = {"NPY_DISABLE_CPU_FEATURES": " ".join(_numpy_features()), "OPENCV_CPU_DISABLE": everything}
    code = "import sys, numpy; from tests.data.test_synthetic import reference_skies as draw; "
    code, out = code + "numpy.save(sys.argv[1], draw())", tmp_path / "skies.npy"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, out], cwd=ROOT, env=os.environ | plain, check=True)
    assert np.abs(np.load(out).astype(int) - reference_skies()).max() <= 1


def _numpy_features() -> list[str]:
    """The instruction sets that NumPy found at run time, and can do without."""
    return np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])


def test_noise_and_exposure_can_be_switched_off():
    both, plain = synthetic_clips(1, 64, 32, seed=4), synthetic_clips(1, 64, 32, seed=4, noise=False, exposure=False)
    assert (both.frames != plain.frames).mean() > 0.3
    ground = plain.frames[0, :, -1].astype(int)
    assert np.abs(ground - ground[0]).max() == 0
    assert np.abs(both.frames[0, :, -1].astype(int) - both.frames[0, 0, -1]).max() > 0


@pytest.mark.parametrize("wrong", [(0, 16, 8), (1, 0, 8), (1, 16, 0)])
def test_what_cannot_be_drawn_is_said(wrong):
    with pytest.raises(InputError, match="above 0"):
        synthetic_clips(*wrong, seed=0)
