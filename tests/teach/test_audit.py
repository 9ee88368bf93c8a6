"""The audit of paper and released code: every row runs, is the same again, and could have come out otherwise."""

import copy
import json
import math
import os
import re
from pathlib import Path

import pytest
import torch

from ssagan_lite.errors import InputError
from ssagan_lite.teach import audit
from ssagan_lite.teach.audit.row import FAILS, HOLDS, UNTESTED, VERDICTS

REFERENCE = os.environ.get("SSAGAN_REFERENCE")
STORED = json.loads((Path(__file__).resolve().parents[2] / "book" / "results" / "audit.json").read_text("utf-8"))
EXPECTED = {
    "done-well": HOLDS,
    "first-skip-order": HOLDS,
    "attention-softmax": HOLDS,
    "size-64-branch": UNTESTED,  # without the authors' code
    "table4-jensen": UNTESTED,
    "poster-vs-paper": UNTESTED,
    "checkpoint-names": UNTESTED,
    "copy-first-beats-the-headline": UNTESTED,
}


@pytest.fixture(scope="module", autouse=True)
def _alone():
    """Without the authors' code, whatever the machine has; on one thread, so that sums come in one order."""
    before, threads = os.environ.pop("SSAGAN_REFERENCE", None), torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    if before:
        os.environ["SSAGAN_REFERENCE"] = before


@pytest.fixture(scope="module")
def measured(_alone) -> dict:
    return {name: audit.run(name) for name in audit.ROWS}


def numbers(node, path=""):
    """All numbers of a tree of dicts and lists, with their places."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield from numbers(child, f"{path}.{name}")
    elif isinstance(node, list):
        for place, child in enumerate(node):
            yield from numbers(child, f"{path}.{place}")
    elif isinstance(node, int | float):
        yield path, node


def without_timings(name: str, values: dict) -> dict:
    return {key: value for key, value in values.items() if key not in audit.row(name).timings}


@pytest.mark.parametrize("name", audit.ROWS)
def test_a_row_says_and_measures_what_it_should(name, measured):
    found = measured[name]
    assert json.loads(json.dumps(found)) == found, "plain types"
    assert all(found[key].endswith(".") for key in ("paper", "claim", "measured"))
    assert all(re.fullmatch(r"[\w/]+\.py:\d+(-\d+)?", place) for place in found["places"])
    assert dict(numbers(found["values"])), "a row without a number"
    assert all(math.isfinite(value) for _, value in numbers(found["values"]))
    assert found["verdict"] == EXPECTED.get(name, FAILS)


@pytest.mark.parametrize("name", audit.ROWS)
def test_a_row_is_the_same_again(name, measured):
    state = torch.get_rng_state()
    torch.manual_seed(7)  # whatever the caller drew before
    again = audit.run(name)["values"]
    assert without_timings(name, again) == without_timings(name, measured[name]["values"])
    torch.set_rng_state(state)
    if name == "drop-last":
        audit.run(name)
        assert torch.equal(state, torch.get_rng_state()), "the caller's random numbers go on where they were"


@pytest.mark.parametrize("name", audit.ROWS)
def test_what_is_stored_is_what_is_measured(name, measured):
    stored, now = STORED["rows"][name], measured[name]
    for key in ("title", "paper", "section", "code", "places", "claim", "assumed"):
        assert stored[key] == now[key], "run experiments/audit.py again"
    if name == "ssim-as-loss":  # the long runs took the place of the short one
        assert stored["values"]["steps"] > now["values"]["steps"]
        return
    there = dict(numbers(stored["values"]))
    for place, value in numbers(without_timings(name, now["values"])):
        if value != 0 and abs(value) < 1e-9:
            assert abs(there[place]) < 1e-9, "a rounding error, which each processor has of its own"
        else:
            assert there[place] == pytest.approx(value, rel=1e-2, abs=1e-6), place
    assert audit.row(name).verdict(stored["values"]) == stored["verdict"]


def changed(values: dict, changes: dict) -> dict:
    """A copy with some numbers changed; names joined by slashes, as scales have dots."""
    copied = copy.deepcopy(values)
    for path, value in changes.items():
        *way, last = path.split("/")
        node = copied
        for name in way:
            node = node[name]
        node[last] = value
    return copied


# What each row would have measured where the other verdict is right.
OTHERWISE = {
    "done-well": (FAILS, {"first_gamma": 1.0}),
    "wgan-on-sigmoid": (HOLDS, lambda v: {"gradient/released": v["gradient"]["minimax"]}),
    "graph-through-g": (HOLDS, {"bytes_ratio": 1.0}),
    "ranking-loss": (HOLDS, {"released/spread": 0.0, "released/largest_gradient": 0.1}),
    "no-gamma-is-batchnorm": (HOLDS, lambda v: {"branch_spread/released": v["branch_spread"]["no gamma"]}),
    "train-mode-evaluation": (HOLDS, {"train_psnr/range": 0.0, "train_ssim/range": 0.0}),
    "drop-last": (HOLDS, {"never_scored": 0}),
    "ssim-as-loss": (HOLDS, {"terms/released": ["adversarial", "L1"]}),
    "ssim-window": (HOLDS, {"skies": {"uniform_7": 0.7, "gaussian_11": 0.7}}),
    "size-64-branch": (HOLDS, {"of_reference": {"error": "", "keeps": ["downConv2"]}}),
    "beach-branch": (HOLDS, {"start_error": "", "evaluation_share": 0.9}),
    "table4-jensen": (FAILS, {"table4/impossible": {"1": ["VGAN"], "2": ["VGAN"]}}),
    "poster-vs-paper": (HOLDS, {"rows_that_differ": []}),
    "mdgan-public-motion": (HOLDS, {"mdgan-stage1/end_point_error": 1.0, "mdgan-stage2/end_point_error": 1.0}),
    "zero-grad-twice": (HOLDS, lambda v: {"released": v["zeroed"]}),
    "first-skip-order": (FAILS, {"largest_difference": 0.1}),
    "critic-slope": (HOLDS, {"logits_differ": 0.0}),
    "spectral-norm": (HOLDS, {"logits_differ": 0.0}),
    "learning-rate": (HOLDS, {"lowest": 2e-4, "highest": 2e-4}),
    "attention-softmax": (FAILS, {"output_difference": 0.1}),
    "checkpoint-names": (HOLDS, {"weights_in_names": [1, 1, 1]}),
    "copy-first-beats-the-headline": (FAILS, {"same_clips_as_the_paper": True}),
}


@pytest.mark.parametrize("name", audit.ROWS)
def test_each_verdict_can_be_otherwise(name, measured):
    values, (verdict, changes) = measured[name]["values"], OTHERWISE[name]
    other = changed(values, changes(values) if callable(changes) else changes)
    assert verdict in VERDICTS
    assert audit.row(name).verdict(other) == verdict != measured[name]["verdict"]


def test_the_other_verdicts_of_rows_that_have_three(measured):
    broken = {"error": "TypeError", "keeps": ["downConv2"]}
    assert audit.row("size-64-branch").verdict({"of_reference": broken}) == FAILS
    same = changed(measured["copy-first-beats-the-headline"]["values"], {"same_clips_as_the_paper": True})
    assert audit.row("copy-first-beats-the-headline").verdict(same | {"copy_first_wins": []}) == HOLDS


def test_spectral_normalisation_makes_one_network_of_two_and_shrinks_no_weight_below_one(measured):
    """A row that compares two draws of weights, or normalises nothing, would also find different logits."""
    from ssagan_lite.model.discriminator import Discriminator
    from ssagan_lite.teach.audit import spectral_norm

    plain, normalised = spectral_norm.pair(Discriminator)
    stored = [stage.convolution.parametrizations.weight.original for stage in normalised.stages.values()]
    assert all(torch.equal(stage.convolution.weight, w) for stage, w in zip(plain.stages.values(), stored, strict=True))
    values = measured["spectral-norm"]["values"]
    assert all(0.9 < stretch < 1.3 for stretch in values["largest_stretch"]["normalised"].values())
    assert len(set(values["parameters"].values())) == 1


def test_numbers_are_read_off_names_of_checkpoints():
    from ssagan_lite.teach.audit.checkpoint_names import weights_in

    assert weights_in(["run_ssimlambda10", "7_1_S1_L1-2/80.ckpt", "stage1_hatc-8"]) == [10, 2]


def test_claims_that_the_authors_never_made_are_marked():
    """Where `paper` says that nothing is said, the claim is ours."""
    silent = [name for name, row in audit.rows().items() if "not given" in row.paper or "and no other" in row.paper]
    assert silent
    assert all(audit.row(name).assumed for name in silent)
    assert not audit.row("drop-last").assumed


def test_the_gap_of_a_table_is_jensens():
    from ssagan_lite.teach.audit.table4_jensen import gap

    errors = torch.tensor([0.01, 0.04], dtype=torch.float64)
    psnrs = 10 * torch.log10(4 / errors)
    assert gap(errors.mean().item(), psnrs.mean().item(), 2) > 0
    assert gap(0.02, 10 * math.log10(4 / 0.02), 2) == pytest.approx(0)


def test_a_sound_ranking_loss_would_pass_the_rows_own_measurement():
    from ssagan_lite.teach.audit import ranking_loss

    given = ranking_loss.features()
    curve, end, largest = ranking_loss.trained(ranking_loss.right_ranking_loss, given["refined"], given)
    assert curve[-1] < curve[0]
    assert largest > 0
    curve, end, largest = ranking_loss.trained(ranking_loss.ranking_loss_as_released, given["refined"], given)
    assert torch.equal(end, given["refined"])
    assert largest == 0


def test_a_summary_has_four_lines():
    lines = audit.summary("drop-last").splitlines()
    assert [line.split(":")[0] for line in lines] == ["paper", "code", "measured", "verdict"]
    assert "2800" in lines[2]
    assert FAILS in lines[3]
    assert "our words" not in lines[3]
    assert "our words; the paper is silent" in audit.summary("spectral-norm", STORED["rows"]["spectral-norm"])
    stored = STORED["rows"]["ssim-as-loss"]
    assert stored["measured"] in audit.summary("ssim-as-loss", stored)


def test_wrong_names_and_places_are_told(monkeypatch, tmp_path):
    with pytest.raises(InputError, match="there is no row 'nothing'"):
        audit.run("nothing")
    monkeypatch.setenv("SSAGAN_REFERENCE", str(tmp_path))
    with pytest.raises(InputError, match=r"solver_beach\.py"):
        audit.run("drop-last")


# A word that stands in each place of the released code.
WORDS = {
    "config/parameter.py:25": "total_epochs",
    "config/parameter.py:26-28": "n_critic",
    "config/parameter.py:55-56": "use_spectral_norm_D', type=str2bool, default=True",
    "config/parameter.py:55-60": "beta1",
    "data_loader/video_folder.py:222-229": "drop_last",
    "data_loader/video_folder.py:375-388": "len(self.imgs_path)",
    "eval_metrics.py:17-41": "compare_mse",
    "eval_metrics.py:26-32": "compare_psnr",
    "eval_metrics.py:35-41": "compare_ssim",
    "generate_movie_cloud.py:53": "ssimlambda10",
    "main.py:41-51": "boundary2",
    "models/Dynamic_Model_attn_channel_cat.py:129-157": "downx5, upx1",
    "models/Dynamic_Model_attn_channel_cat.py:344": "LeakyReLU(inplace",
    "models/Dynamic_Model_attn_channel_cat.py:350": "Sigmoid",
    "models/Dynamic_Model_attn_channel_cat.py:376": "LeakyReLU(inplace",
    "models/Dynamic_Model_attn_channel_cat.py:381": "Sigmoid",
    "models/Dynamic_Model_attn_channel_cat.py:319-349": "spectral_norm(nn.Conv3d(ndf * 16, 1",
    "models/Dynamic_Model_attn_channel_cat.py:41-68": "self.downConv6 = spectral_norm",
    "models/Dynamic_Model_attn_channel_cat_64.py:15": "def __init__",
    "models/Dynamic_Model_attn_channel_cat_64.py:65-91": "# self.downConv6",
    "models/self_attention_for_hw.py:24": "gamma",
    "models/self_attention_for_hw.py:25": "dim=-1",
    "models/self_attention_for_hw.py:52-65": "softmax",
    "models/self_attention_for_hw.py:52-72": "self.gamma * out",
    "models/self_attention_for_hw_no_gamma.py:26-32": "BatchNorm3d",
    "pytorch_ssim.py:107-127": "window_size=11",
    "pytorch_ssim.py:19-73": "ssim_map",
    "pytorch_ssim.py:21-31": "< -0.5",
    "solver_beach.py:119-120": "args=self.config",
    "solver_beach.py:119-123": "sn=self.config.use_spectral_norm_D",
    "solver_beach.py:125": "weights_init",
    "solver_beach.py:131-132": "milestones=[45, 55]",
    "solver_beach.py:205-211": "refine_g_optimizer.zero_grad",
    "solver_beach.py:255-279": "exponential_(1)",
    "solver_beach.py:314-328": "fake_frames = self.BaseG",
    "solver_beach.py:314-380": "mse_avg",
    "solver_beach.py:389-391": "base_g_scheduler.step",
    "solver_beach.py:400-407": "d_loss_gp",
    "solver_beach.py:402-411": "base_d_optimizer.step",
    "solver_beach.py:422": "- out_fake.mean()",
    "solver_beach.py:426-428": "g_loss_ssim",
    "solver_beach.py:447-449": "self.eval(epoch)",
    "solver_beach.py:495-498": "d_loss_triplet",
    "solver_beach.py:500-502": "refine_d_optimizer.step",
    "solver_beach.py:512-517": "g_loss_L1",
    "solver_beach.py:517": "g_loss_fake + g_loss_L1",
    "solver_beach.py:518-520": "refine_g_optimizer.step",
    "solver_beach.py:715": "own_S1_L1-10",
    "solver_beach.py:724": "noGammaHW_own_S1_L1-10",
    "solver_beach.py:99-101": "Dynamic_Model_attn_channel_cat_64",
    "utils.py:15-21": "0.02",
}


def test_every_place_has_its_word():
    assert {place for row in audit.rows().values() for place in row.places} == set(WORDS)


@pytest.mark.skipif(not REFERENCE, reason="SSAGAN_REFERENCE names no checkout of the released code")
@pytest.mark.parametrize("place", WORDS)
def test_a_place_is_where_the_released_code_has_it(place):
    file, lines = place.split(":")
    first, last = (int(line) for line in (lines.split("-") * 2)[:2])
    text = (Path(REFERENCE) / file).read_text("utf-8").splitlines()
    assert WORDS[place] in "\n".join(text[first - 1 : last])


def test_nothing_of_the_authors_is_needed_or_left_behind(tmp_path):
    """A stand-in for their code: imported while it is asked for, silent, and gone afterwards."""
    import sys

    from ssagan_lite.teach.audit.row import released_code

    (tmp_path / "stand_in.py").write_text("print('loud')\nvalue = 3\n")
    with released_code(tmp_path) as module:
        assert module("stand_in").value == 3
    assert "stand_in" not in sys.modules
    assert str(tmp_path) not in sys.path


@pytest.mark.parametrize("name", audit.ROWS)
def test_the_stored_sentence_is_the_one_of_the_stored_values(name):
    assert audit.row(name).report(STORED["rows"][name]["values"]) == STORED["rows"][name]["measured"]
