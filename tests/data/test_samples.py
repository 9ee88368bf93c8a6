import functools
import hashlib
import http.server
import os
import threading

import cv2
import numpy as np
import pytest

from ssagan_lite.data import samples
from ssagan_lite.data.samples import FILES, cache_folder, load_samples
from ssagan_lite.errors import InputError


@pytest.fixture(scope="module")
def real():
    try:
        return load_samples("real")
    except InputError as error:
        pytest.skip(f"the real samples are not available: {error}")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """An empty cache, and a network that refuses."""
    monkeypatch.setenv("SSAGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(samples, "BASE_URL", "http://127.0.0.1:9/")
    return tmp_path / "cache"


def error_after_the_first_frame(prediction, target):
    """Mean squared error over frames 1..31, of levels in [-1, 1]."""
    prediction, target = np.broadcast_to(prediction, target.shape)[:, 1:], target[:, 1:]
    squares = [
        cv2.norm(ours.ravel(), real.ravel(), cv2.NORM_L2SQR) for ours, real in zip(prediction, target, strict=True)
    ]
    return sum(squares) / target.size / 127.5**2


def test_there_are_48_clips_without_padding(real):
    assert real.shape == (48, 32, 128, 128, 3)
    assert real.dtype == np.uint8
    for axis in (2, 3):  # a tile cut in the wrong place would have a black line, unlike its neighbour
        rows = np.moveaxis(real, axis, 0)
        for edge, neighbour in ((0, 1), (-1, -2)):
            assert cv2.norm(rows[edge].ravel(), rows[neighbour].ravel(), cv2.NORM_L1) / rows[0].size < 8
    assert len({clip.tobytes() for clip in real[:, 0]}) == 48


def test_the_scores_of_the_published_videos(real):
    """MSE over frames 1..31 as measured when the project began: every tile, frame and colour is where it belongs."""
    assert error_after_the_first_frame(real[:, :1], real) == pytest.approx(0.0206, abs=5e-5)
    assert error_after_the_first_frame(load_samples("mdgan-stage1"), real) == pytest.approx(0.0260, abs=5e-5)
    assert error_after_the_first_frame(load_samples("mdgan-stage2"), real) == pytest.approx(0.0879, abs=5e-5)


def test_decoding_happens_once_and_cannot_be_spoilt(real):
    assert load_samples("real") is real
    with pytest.raises(ValueError, match="read-only"):
        real[0, 0, 0, 0, 0] = 1


def test_a_read_only_cache_works(real, monkeypatch):
    """Nothing is written where the files already lie."""

    def refuse(*_, **__):
        raise AssertionError("the cache was written to, or the network used")

    monkeypatch.setattr(samples.pooch, "retrieve", refuse)
    for name in ("mkdir", "makedirs", "replace"):
        monkeypatch.setattr(os, name, refuse)
    samples._read_grid.cache_clear()
    assert load_samples("real").shape == real.shape


def test_without_a_network_it_says_what_to_put_where(offline):
    with pytest.raises(InputError) as caught:
        load_samples("mdgan-stage1")
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(offline) in sentence
    assert all(file in sentence for file, _ in FILES.values())
    assert "SSAGAN_CACHE" in sentence


def test_a_damaged_file_is_not_used(offline):
    offline.mkdir()
    (offline / "real_video.mp4").write_bytes(b"cut short")
    with pytest.raises(InputError, match="check the network"):
        load_samples("real")


@pytest.fixture
def server(offline, monkeypatch, tmp_path):
    """A web server on this machine in the place of the real one; yields the folder it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        monkeypatch.setattr(samples, "BASE_URL", f"http://127.0.0.1:{running.server_port}/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield folder
        running.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_download_is_checked_and_kept(server, offline, monkeypatch):
    content = b"stands for a video"
    (server / "real_video.mp4").write_bytes(content)
    monkeypatch.setitem(FILES, "real", ("real_video.mp4", hashlib.sha256(content).hexdigest()))
    assert samples._sample_file("real").read_bytes() == content
    (server / "real_video.mp4").unlink()
    assert samples._sample_file("real") == offline / "real_video.mp4"  # no second download
    (offline / "real_video.mp4").write_bytes(b"cut short")
    (server / "real_video.mp4").write_bytes(content)
    assert samples._sample_file("real").read_bytes() == content  # a damaged file is fetched again


def test_a_download_with_another_checksum_is_not_used(server, offline):
    (server / "s2_video.mp4").write_bytes(b"something else")
    with pytest.raises(InputError, match=r"s2_video\.mp4 could not be downloaded"):
        load_samples("mdgan-stage2")
    assert not list(offline.iterdir())


def test_names_and_folders(monkeypatch):
    with pytest.raises(InputError, match="choose from real, mdgan-stage1, mdgan-stage2"):
        load_samples("mdgan")
    monkeypatch.delenv("SSAGAN_CACHE", raising=False)
    assert cache_folder().name == "ssagan-lite"
