"""What is measured of sky-64, at a very small size: the file says what the functions say, and parts are never mixed."""

import json
import sys
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch

import train_sky64
from sky64 import card, measure, real, rivals, winds
from ssagan_lite.beyond.wind import WindConfig, WindGenerator
from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.sources import open_clips
from ssagan_lite.data.synthetic import _Sky
from ssagan_lite.errors import InputError
from ssagan_lite.evaluation.motion import flow_magnitude_ratio
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.reproduction.statistics import clip_means
from ssagan_lite.training.config import TrainConfig

ROOT = Path(__file__).resolve().parents[1]
STORED, WEIGHTS = ROOT / "book" / "results" / "sky-64.json", ROOT / "ssagan_lite" / "inference" / "weights" / "sky-64"
SIZE, FRAMES, CLIPS = 16, 8, 6
TINY = TrainConfig(model="wind", generator=GeneratorConfig(size=SIZE, width=4), critic_steps=1, batch=2, clips=8)


@pytest.fixture(scope="module", autouse=True)
def _small():
    """A sixteenth of the size, for few steps, and no sample clips unless a test fakes them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_sky64, "settings", lambda options: TINY.replace(out=str(options.run), steps=options.steps))
        patch.setattr(winds, "PRIOR_CLIPS", 16)
        patch.setattr(winds.prior_lengths, "__defaults__", (16,))
        yield


@pytest.fixture(scope="module")
def generator() -> WindGenerator:
    torch.manual_seed(0)
    return WindGenerator(WindConfig(size=SIZE, width=4)).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def skies() -> np.ndarray:
    return open_clips("synthetic", SIZE, FRAMES, split="test", count=CLIPS).array


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[dict, Path]:
    """The whole way: train, store, score on skies and on made-up real clips; and the folder where all of it lies."""
    folder = tmp_path_factory.mktemp("sky64")
    fakes = open_clips("synthetic", SIZE, FRAMES, count=12, seed=7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_sky64, "open_clips", lambda *a, **k: fakes if a[0] == "samples" else open_clips(*a, **k))
        patch.setattr(train_sky64, "load_samples", lambda name: fakes.array)
        backwards = np.ascontiguousarray(fakes.array[:, ::-1])  # in place of what MD-GAN published
        patch.setattr(rivals, "published", lambda *_: lambda real, which: stack_clips(list(backwards[which])))
        run(patch, folder, "--steps", "2")
    return json.loads((folder / "sky-64.json").read_text()), folder


def run(patch: pytest.MonkeyPatch, folder: Path, *flags: str) -> None:
    places = {"--run": "run", "--weights": "weights", "--out": "sky-64.json"}
    given = [part for flag, name in places.items() for part in (flag, str(folder / name))]
    patch.setattr(sys, "argv", ["train_sky64.py", *flags, "--clips", str(CLIPS), "--fine-tune-steps", "1", *given])
    train_sky64.main()


def test_the_file_says_what_the_weights_do(written, skies):
    said, folder = deepcopy(written[0]), written[1]
    stored = load_generator(folder / "weights")
    assert list(stored.config.wind) == said["default_wind"]["chosen"] == said["default_wind"]["shipped"]
    again = card.rows(card.score_all(rivals.sky64(stored), skies, "again"))
    for name, row in again.items():
        there = said["scores"]["synthetic"][name]
        assert there.pop("frames_1_on") == pytest.approx(row.pop("frames_1_on"), rel=1e-3)
        assert there.pop("all_frames") == pytest.approx(row.pop("all_frames"), rel=1e-3)
        assert there == pytest.approx(row, rel=1e-3)
    assert said["training"]["steps"] == 2
    assert said["training"]["config"]["out"] == "runs/sky-64"
    assert str(folder) not in json.dumps(said), "no path of this machine"
    assert said["gamma"] == measure.gammas(stored)
    json.dumps(said, allow_nan=False)


def test_score_only_keeps_the_training_and_finds_the_same(written, monkeypatch):
    said, folder = written
    weights = (folder / "weights" / "model.safetensors").read_bytes()
    monkeypatch.setattr(train_sky64, "load_samples", lambda name: (_ for _ in ()).throw(InputError("none here.")))
    run(monkeypatch, folder, "--score-only")
    again = json.loads((folder / "sky-64.json").read_text())
    assert again["training"] == said["training"]
    assert again["scores"]["synthetic"] == said["scores"]["synthetic"]
    assert (folder / "weights" / "model.safetensors").read_bytes() == weights


def test_without_a_file_or_a_run_it_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match="store a run first"):
        train_sky64.stored_training(tmp_path / "none.json")
    with pytest.raises(InputError, match="no checkpoint"):
        train_sky64.about_training(tmp_path)


def row(psnr: float, ratio: float, mse: float = 0.1, ssim: float = 0.7, error: float = 1.0) -> dict:
    motion = {"flow_magnitude_ratio": ratio, "end_point_error": error, "end_point_error_of_no_flow": 1.5}
    return {"frames_1_on": {"mse": mse, "psnr": psnr, "ssim": ssim}, **motion}


REACHED = {
    "copy-first": row(25, 0),
    "fading-copy": row(25.5, 0.1, mse=0.09, ssim=0.71),
    "sky-64": row(24, 0.6),
    "sky-64-calm": row(26, 0.1, mse=0.08, ssim=0.72),
    "sky-64, told the wind": row(26, 0.8),
    "sky-64, best of 20": row(25.1, 0.7),
    "mdgan-stage1": row(22.5, 1.0, ssim=0.67),
}


def held(rows: dict) -> list[bool]:
    found = card.aims(rows)
    ways = found["iii_the_right_way"]
    one, two, four = (found[name]["holds"] for name in found if not name.startswith("iii"))
    return [one, two, ways["default"]["holds"], ways["told the wind"]["holds"], four]


def test_aims_that_are_reached():
    assert held(REACHED) == [True] * 5


@pytest.mark.parametrize(
    ("name", "changed", "missed"),
    [
        ("sky-64-calm", row(26, 0.1, mse=0.08, ssim=0.70), 0),  # one measure of three is lost
        ("sky-64-calm", row(25.4, 0.1, mse=0.08, ssim=0.72), 0),
        ("sky-64", row(24, 0.4), 1),  # hardly moves
        ("sky-64", row(23.9, 0.6), 1),
        ("sky-64", row(24, 0.6, ssim=0.69), 1),
        ("sky-64", row(24, 0.6, error=1.6), 2),
        ("sky-64, told the wind", row(26, 0.8, error=1.5), 3),
        ("sky-64, best of 20", row(24.9, 0.7), 4),
        ("sky-64, best of 20", row(25.1, 1.6), 4),  # moves too much
        ("sky-64, best of 20", row(25.1, None), 4),
    ],
)
def test_each_aim_follows_its_numbers(name, changed, missed):
    assert held(REACHED | {name: changed}) == [number != missed for number in range(5)]


def test_where_mdgan_published_nothing_its_aim_is_open():
    rest = {name: each for name, each in REACHED.items() if name != "mdgan-stage1"}
    assert card.aims(rest)["ii_moves_and_beats_mdgan_stage1"] is None


def test_the_files_aims_are_those_of_its_rows(written):
    said, _ = written
    for data, rows in said["scores"].items():
        assert said["aims"][data] == card.aims(rows)
    assert said["aims"]["synthetic"]["ii_moves_and_beats_mdgan_stage1"] is None
    assert said["aims"]["samples"]["ii_moves_and_beats_mdgan_stage1"] is not None


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_both_sides(seed):
    random = np.random.default_rng(seed)
    firsts = random.integers(0, 256, (48, 16, 16, 3)).astype(np.uint8)
    firsts[random.integers(0, 24, 12)] = firsts[0]
    found = real.groups(firsts)
    assert sorted(number for group in found for number in group) == list(range(48))
    assert max(map(len, found)) > 1
    train, test = real.divide(found, seed=seed)
    assert set(train) | set(test) == set(range(48))
    assert all(set(group) <= set(train) or set(group) <= set(test) for group in found)
    assert 9 <= len(test) <= 12


def test_clips_hang_together_over_others():
    firsts = np.zeros((4, 16, 16, 3), np.uint8) + np.array([0, 30, 60, 200], np.uint8).reshape(4, 1, 1, 1)
    assert real.groups(firsts) == [[0, 1, 2], [3]], "0 and 2 are unlike, but 1 is like both"


def test_clips_that_are_all_alike_cannot_be_divided():
    with pytest.raises(InputError, match="cannot be divided"):
        real.divide(real.groups(np.zeros((8, 16, 16, 3), np.uint8)))


def test_fine_tuning_says_who_was_where_and_leaves_the_model_alone(written, generator):
    said, _ = written
    found = said["fine_tuning"]
    assert sorted(found["split"]["train"] + found["split"]["test"]) == list(range(12))
    assert found["scores"]["test"]["before"]["copy-first"]["clips"] == len(found["split"]["test"])
    clips = open_clips("synthetic", SIZE, FRAMES, count=8).array
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    tuned = real.fine_tuned(generator, clips, real.settings(generator, 2, 8, "32-true"))
    assert all(torch.equal(value, generator.state_dict()[name]) for name, value in before.items())
    assert any(not torch.equal(value, before[name]) for name, value in tuned.state_dict().items())
    assert tuned.config == generator.config


def test_a_wiggle_moves_as_much_as_the_truth(skies):
    clips = open_clips("synthetic", 32, 32, split="test", count=4).array
    made = rivals.wiggling(rivals.wiggle_like(clips))(stack_clips(list(clips)), slice(0, 4))
    assert flow_magnitude_ratio(made, stack_clips(list(clips))) == pytest.approx(1, abs=0.25)
    torch.testing.assert_close(made[:, :, 0], made[:, :, 16], atol=1e-4, rtol=0)


def test_the_photo_is_carried_as_a_whole_by_the_wind():
    first = stack_clips(list(open_clips("synthetic", 32, 16, count=2).array))[:, :, 0]
    clip = rivals.whole(first, torch.tensor([[8 / 32, 0.0]] * 2), 16)
    torch.testing.assert_close(clip[:, :, -1, :, 8:], first[:, :, :, :-8], atol=1e-5, rtol=0)


def test_the_best_wind_is_the_best(generator, skies):
    drawn = winds.draw_winds(torch.tensor([0.05, 0.2]), CLIPS, draws=5)
    lengths = drawn.norm(dim=-1)
    assert ((lengths - 0.05).abs().minimum((lengths - 0.2).abs()) < 1e-6).all()
    torch.testing.assert_close(drawn[:3], winds.draw_winds(torch.tensor([0.05, 0.2]), 3, draws=5))
    mse, psnr = winds.try_winds(winds.reader(generator), skies, drawn, "try")
    best = card.score_all({"best": winds.under(winds.reader(generator), winds.best_winds(mse, drawn))}, skies, "best")
    torch.testing.assert_close(best["best"].mse[:, 1:].mean(dim=1), mse.min(dim=1).values, rtol=1e-4, atol=0)
    chosen = psnr.gather(1, mse.argmin(dim=1, keepdim=True))[:, 0]
    torch.testing.assert_close(clip_means(best["best"].psnr[:, 1:]), chosen, rtol=1e-4, atol=0)


def test_the_shortest_wind_that_moves_enough_is_chosen(generator):
    grid = [{"length": a, "flow_magnitude_ratio": b} for a, b in ((0.1, 0.5), (0.2, 0.6), (0.3, 0.9))]
    assert winds.shortest(grid) == (0.2, 0.0)
    assert winds.shortest(grid[:1]) == (0.1, 0.0), "none moves enough"
    found = winds.choose_wind(generator, winds.validation_skies(generator.config, 4))
    assert tuple(found["chosen"]) == winds.shortest(found["grid"])


def test_the_default_wind_is_chosen_on_skies_of_their_own():
    """Even seeds train, odd ones test; no training here takes this one."""
    assert winds.VALIDATION_SEED % 2 == 0
    assert 2 * TINY.seed != winds.VALIDATION_SEED
    assert winds.VALIDATION_SEED != train_sky64.TEST_SEED


def test_the_kinds_are_those_of_the_skies():
    made = [_Sky(np.random.default_rng([train_sky64.TEST_SEED, n]), 16, 2).kind for n in range(20)]
    assert card.kinds(train_sky64.TEST_SEED, 20) == made


def test_without_gamma_attention_adds_nothing(generator):
    closed = measure.without_attention(generator)
    assert set(measure.gammas(closed).values()) == {0.0}


@pytest.mark.skipif(not (STORED.exists() and WEIGHTS.exists()), reason="sky-64 is not stored yet")
def test_the_card_is_found_again_from_the_weights_that_ship():
    said = json.loads(STORED.read_text("utf-8"))
    shipped = load_generator(WEIGHTS)
    clips = open_clips("synthetic", shipped.config.size, shipped.config.frames, split="test", count=3).array
    scores = card.score_all(rivals.sky64(shipped) | {"copy-first": rivals.tricks(clips)["copy-first"]}, clips, "card")
    found = card.failures(scores, card.kinds(train_sky64.TEST_SEED, len(clips)))["per_clip"]
    for name, values in said["failures"]["synthetic"]["per_clip"].items():
        assert values[: len(clips)] == pytest.approx(found[name], abs=0.02), name
    assert list(shipped.config.wind) == said["default_wind"]["chosen"]
