"""Two processes are one: the same gradients, started as two devices and as two nodes. And what cannot start says so."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException

from ssagan_lite.errors import InputError
from ssagan_lite.training import devices
from ssagan_lite.training.checkpoint import load_checkpoint
from ssagan_lite.training.config import TrainConfig
from ssagan_lite.training.devices import average_gradients, choose_precision, start

SCRIPT = Path(__file__).with_name("run_small.py")
PLAIN = {key: value for key, value in os.environ.items() if key not in ("RANK", "LOCAL_RANK", "WORLD_SIZE")}
ENVIRONMENT = PLAIN | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def run(out: Path, changes: dict, launcher: list[str] | None = None, **environment) -> subprocess.Popen:
    command = [*(launcher or [sys.executable]), str(SCRIPT), str(out), json.dumps(changes)]
    settings = ENVIRONMENT | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())} | environment
    return subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(*processes: subprocess.Popen) -> None:
    for process in processes:
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("alone") / "run"
    finished(run(out, {}))
    return out


def assert_same_run(found: Path, expected: Path) -> None:
    """Weights and both moments of both networks, which hold every gradient so far."""
    first, second = (load_checkpoint(folder / "checkpoints" / "last.pt") for folder in (found, expected))
    for network in ("generator", "discriminator"):
        for name, weight in first[network].items():
            torch.testing.assert_close(weight, second[network][name], rtol=0, atol=1e-6)
        moments = zip(*(state[f"{network}_optimizer"]["state"].values() for state in (first, second)), strict=True)
        for ours, theirs in moments:
            torch.testing.assert_close(ours["exp_avg"], theirs["exp_avg"], rtol=1e-5, atol=1e-6)
    lines = [(folder / "metrics.jsonl").read_text().splitlines() for folder in (found, expected)]
    for ours, theirs in zip(*([json.loads(line) for line in part] for part in lines), strict=True):
        for name in set(ours) - {"seconds"}:
            assert ours[name] == pytest.approx(theirs[name], abs=2e-6), name


def test_two_devices_equal_one(alone, tmp_path):
    finished(run(tmp_path / "run", {"devices": 2}))
    assert_same_run(tmp_path / "run", alone)


def test_two_nodes_equal_one(alone, tmp_path):
    port = free_port()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
    torchrun += ["--master-addr", "127.0.0.1", "--master-port", str(port)]
    nodes = [run(tmp_path / "run", {"num_nodes": 2}, [*torchrun, "--node-rank", str(rank)]) for rank in (0, 1)]
    finished(*nodes)
    assert_same_run(tmp_path / "run", alone)


def test_a_run_of_one_goes_on_with_two(alone, tmp_path):
    out = tmp_path / "run"
    finished(run(out, {"steps": 1}))
    code = "import run_small, ssagan_lite.training.fit as f; fit = f.fit; "
    code += "run_small.fit = lambda *a, **k: fit(*a, **k, resume=True); run_small.main()"
    script = tmp_path / "again.py"
    script.write_text(code)
    command = [sys.executable, str(script), str(out), json.dumps({"devices": 2})]
    settings = ENVIRONMENT | {"PYTHONPATH": f"{SCRIPT.parents[2]}{os.pathsep}{SCRIPT.parent}"}
    settings |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    finished(subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    assert_same_run(out, alone)


def test_a_batch_that_cannot_be_divided(tmp_path):
    process = run(tmp_path / "run", {"devices": 3})
    _, error = process.communicate(timeout=60)
    assert "a batch of 4 cannot be divided among 3 devices" in error
    assert not (tmp_path / "run").exists()


def test_a_port_in_use_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        one_of_two = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "NODE_RANK": "0"}
        process = run(tmp_path / "run", {"devices": 2}, MASTER_PORT=str(taken.getsockname()[1]), **one_of_two)
        _, error = process.communicate(timeout=60)
    assert "the port for the processes is in use; set MASTER_PORT" in error


@pytest.mark.parametrize("changes", [{"device": "cuda"}, {"device": "mps"}, {"device": "cuda", "devices": 2}])
def test_devices_that_are_not_there(changes):
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("they are there")
    with pytest.raises(InputError, match="cannot be used here"):
        start(TrainConfig(**changes))


def test_synchronised_batch_norm_wants_gpus():
    with pytest.raises(InputError, match="CUDA GPUs only"):
        start(TrainConfig(device="cpu", sync_batch_norm=True))


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 5), "16-mixed"), ((8, 0), "bf16-mixed"), ((9, 0), "bf16-mixed")]
)
def test_precision_asks_the_capability(monkeypatch, capability, expected):
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices.torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(devices.torch.cuda, "is_bf16_supported", lambda *_: True)
    assert choose_precision(TrainConfig(precision="auto")) == expected
    assert choose_precision(TrainConfig(precision="auto", device="cpu")) == "32-true"
    assert choose_precision(TrainConfig(precision="bf16-mixed", device="cpu")) == "bf16-mixed"


def test_one_process_averages_nothing():
    network = torch.nn.Linear(2, 1)
    network(torch.ones(1, 2)).sum().backward()

    class Alone:
        world_size = 1

    before = network.weight.grad.clone()
    average_gradients(Alone(), network)
    assert torch.equal(network.weight.grad, before)


def test_more_gpus_than_there_are_get_a_sentence(monkeypatch):
    def refuse(*_, **__):
        raise MisconfigurationException("You requested gpu: [0, 1]\n But your machine only has: [0]")

    monkeypatch.setattr(devices, "Fabric", refuse)
    with pytest.raises(InputError, match="2 devices 'cuda' cannot be used here"):
        start(TrainConfig(device="cuda", devices=2))
