"""What stands beside a number is true also where git or a GPU is missing."""

import json

import torch

from ssagan_lite.evaluation.provenance import Stopwatch, commit


def test_without_git_a_result_is_written_without_its_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit() is None
    Stopwatch("a test").write(tmp_path / "result.json", {"answer": 42})
    assert json.loads((tmp_path / "result.json").read_text())["about"]["commit"] is None


def test_work_that_stayed_on_the_cpu_does_not_name_the_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a large card")
    for on, named in (("cpu", "CPU"), ("auto", "a large card"), ("cuda", "a large card")):
        Stopwatch("a test", on=on).write(tmp_path / f"{on}.json", {})
        assert json.loads((tmp_path / f"{on}.json").read_text())["about"]["device"].startswith(named)
