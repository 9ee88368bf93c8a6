"""Every trainable model plays the same loop: shapes, gradients, a clip learnt by heart, the way back from disk."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from ssagan_lite.baselines.registry import SECOND_STAGES, SYSTEMS, build, maker, recipe, untrained
from ssagan_lite.data.clips import to_float
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.errors import InputError
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.inference.released import save_weights
from ssagan_lite.model.generator import GeneratorConfig
from ssagan_lite.training.config import PAPER, TrainConfig
from ssagan_lite.training.fit import fit

SIZE, FRAMES = 16, 8


def small(model: str, width: int = 4, **changes) -> TrainConfig:
    base = TrainConfig(generator=GeneratorConfig(size=SIZE, width=width), device="cpu")
    return recipe(model, base).replace(batch=4, **changes)


@pytest.fixture
def real() -> torch.Tensor:
    return torch.rand(4, 3, FRAMES, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("model", SYSTEMS)
def test_a_photo_becomes_a_clip_and_only_the_photo_is_looked_at(model, real):
    system = untrained(small(model))
    system.generator.eval()
    with torch.no_grad():
        clip = system.generator.animate(real[:, :, 0])
        assert clip.shape == real.shape
        assert clip.abs().max() <= 1
        if model != "wind":  # which is told the true clip's wind (tests/beyond)
            torch.testing.assert_close(system.generate(torch.cat((real[:, :, :1], -real[:, :, 1:]), dim=2)), clip)


@pytest.mark.parametrize("model", SYSTEMS)
def test_each_loss_reaches_all_weights_of_its_player_and_none_of_the_rivals(model, real):
    torch.manual_seed(0)
    system = untrained(small(model))
    system.critic_loss(real)[0].backward()
    assert all(p.grad.abs().sum() > 0 for p in system.discriminator.parameters() if p.numel() > 1)
    assert all(p.grad is None for p in system.generator.parameters())
    system.discriminator.requires_grad_(False)
    system.generator_loss(real)[0].backward()
    for name, parameter in system.generator.named_parameters():
        if name.startswith("stage1."):
            assert parameter.grad is None, "the first stage is frozen"
        elif any(part in name for part in ("query", "key", "value")):
            assert parameter.grad.abs().sum() == 0, "gamma starts at 0, and lets nothing through"
        else:
            assert parameter.grad is not None, name


@pytest.mark.parametrize("model", SYSTEMS)
def test_one_clip_is_learnt_by_heart(model):
    clip = to_float(torch.from_numpy(synthetic_clips(1, SIZE, FRAMES, seed=3).frames))  # (1, 3, T, H, W)
    clips = clip.repeat(2, 1, 1, 1, 1)
    config = small(model, adversarial_weight=0.0, ranking_weight=0.0, critic_steps=1)
    torch.manual_seed(0)
    system = untrained(config)
    weights = [p for n, p in system.generator.named_parameters() if not n.startswith("stage1.")]
    optimizer = torch.optim.Adam(weights, 2e-3)
    losses = []
    for _ in range(150):
        loss, parts = system.generator_loss(clips)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(parts["content"].item())
    assert losses[-1] < losses[0] / 5


@pytest.mark.parametrize("model", SYSTEMS)
def test_a_run_is_trained_resumed_and_loaded_by_its_folder_alone(model, tmp_path):
    clips = list(synthetic_clips(6, SIZE, FRAMES, seed=0).frames)
    first = small("mdgan-stage1", steps=1, sample_every=1, out=str(tmp_path / "first"), critic_steps=1)
    stage1 = str(fit(first, clips)) if model in SECOND_STAGES else ""
    config = small(model, steps=1, sample_every=1, out=str(tmp_path / "run"), critic_steps=1, stage1=stage1, width=8)
    make = maker(config, load_generator)
    fit(config, clips, system=make)
    run = fit(config.replace(steps=2), clips, system=make, resume=True)
    generator = load_generator(run)
    assert type(generator) is type(untrained(config).generator)
    assert (generator.config.size, generator.config.frames) == (SIZE, FRAMES)
    first_frame = to_float(torch.from_numpy(clips[0][None]))[:, :, 0]
    again = load_generator(save_weights(generator, tmp_path / "released"))
    with torch.no_grad():
        torch.testing.assert_close(generator.animate(first_frame), again.animate(first_frame), atol=2e-3, rtol=0)


def test_training_a_second_stage_leaves_the_first_one_as_it_was(tmp_path):
    clips = list(synthetic_clips(6, SIZE, FRAMES, seed=0).frames)
    first = fit(small("mdgan-stage1", steps=2, sample_every=2, out=str(tmp_path / "first"), critic_steps=1), clips)
    config = small("mdgan-stage2", steps=2, sample_every=2, out=str(tmp_path / "second"), stage1=str(first))
    second = fit(config, clips, system=maker(config, load_generator))
    before, after = load_generator(first).state_dict(), load_generator(second).stage1.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_generator_is_built_again_from_what_json_keeps():
    for model in SYSTEMS:
        system = untrained(small(model))
        assert build(json.loads(json.dumps(system.description()))).config == system.generator.config


def test_files_from_before_there_were_other_architectures_are_ssagans():
    config = GeneratorConfig(size=16, width=2, attention=("conv4",))
    values = {"size": 16, "width": 2, "attention": ["conv4"]}
    assert build(values).config == config
    with pytest.raises(InputError, match="no architecture 'diffusion'"):
        build({"architecture": "diffusion"})


def test_recipes_say_what_is_the_models_own():
    stage1, stage2, b = (recipe(name, PAPER).generator for name in ("mdgan-stage1", "mdgan-stage2", "ssagan-b"))
    assert (stage1.skip, stage1.attended, stage1.deepest_skips) == ("add", (), None)
    assert stage2.joined == ("deconv2", "deconv3", "deconv4")
    assert len(b.attended) == 10
    assert (b.reduction, replace(b, attention="none", reduction=1)) == (8, stage2)
    assert recipe("vgan", PAPER).betas == (0.5, 0.999)
    assert recipe("ssagan", PAPER) == PAPER


@pytest.mark.parametrize(
    ("model", "changes", "sentence"),
    [
        ("pix2pix", {}, "there is no model 'pix2pix'"),
        ("mdgan-stage2", {}, "give its run folder or file with --stage1"),
    ],
)
def test_what_cannot_be_trained_says_why(model, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        maker(TrainConfig(model=model, **changes), load_generator)
    if model not in SYSTEMS:
        with pytest.raises(InputError, match=sentence):
            recipe(model, PAPER)


def test_first_stages_that_do_not_fit_are_refused(tmp_path):
    vgan = untrained(small("vgan")).generator
    other = untrained(small("mdgan-stage1").replace(generator=GeneratorConfig(size=32, width=2))).generator
    config = small("mdgan-stage2", stage1="there")
    with pytest.raises(InputError, match="another kind of model"):
        maker(config, lambda _: vgan)(config)
    with pytest.raises(InputError, match="32 pixels cannot be refined at 16"):
        maker(config, lambda _: other)(config)


def test_a_still_score_is_in_reach_of_none_of_them_untrained():
    """Untrained networks make grey noise: a floor for what their trained forms are compared with."""
    clips = to_float(torch.from_numpy(synthetic_clips(2, SIZE, FRAMES, seed=1).frames))
    for model in SYSTEMS:
        generator = untrained(small(model)).generator.eval()
        with torch.no_grad():
            error = (generator.animate(clips[:, :, 0]) - clips).square().mean().item()
        assert np.isfinite(error)
        assert error > (clips[:, :, :1] - clips).square().mean().item()


def test_every_gamma_of_a_second_stage_has_a_curve_of_its_own(tmp_path):
    clips = synthetic_clips(4, SIZE, FRAMES, seed=1).frames
    config = small("ssagan-b", steps=1, out=str(tmp_path / "run"))
    system = untrained(config)
    line = json.loads((fit(config, clips, system=system) / "metrics.jsonl").read_text())
    found = {name for name in line if name.startswith("gamma/")}
    assert found == {f"gamma/{name}" for name in config.generator.attended}
    gammas = {n.split(".")[2]: p.item() for n, p in system.generator.module.refiner.named_parameters(prefix="refiner")
              if n.endswith("gamma")}  # fmt: skip
    assert {f"gamma/{name}": pytest.approx(value, abs=1e-6) for name, value in gammas.items()} == {
        name: line[name] for name in found
    }


def test_a_model_that_is_told_the_wind_is_no_first_stage():
    told = untrained(small("wind")).generator
    with pytest.raises(InputError, match="refines a one-stage generator"):
        maker(small("mdgan-stage2", stage1="told"), lambda _: told)(small("mdgan-stage2"))
