"""Packing loses nothing that is not its own, and lets no second process in between."""

import subprocess
import sys

import numpy as np
import pytest

from ssagan_lite.data.clips import ClipDataset
from ssagan_lite.data.locking import LOCK, Lock
from ssagan_lite.data.packing import Packed, pack
from ssagan_lite.data.shards import ShardWriter
from ssagan_lite.errors import InputError

HOLD = """
import sys, time
from pathlib import Path
from ssagan_lite.data.locking import Lock
lock = Lock(Path(sys.argv[1]))
lock.hold()
print("held", flush=True)
time.sleep(60)
"""


def work(level: int) -> Packed:
    """One clip of one colour."""
    return Packed(np.full((1, 2, 8, 8, 3), level, np.uint8), [{"source": f"v{level}", "split": "train"}])


def nothing(_) -> Packed:
    """No clip, and no reason."""
    return Packed(np.empty((0, 2, 8, 8, 3), np.uint8), [])


def pack_three(out, **options):
    return pack(out, [1, 2, 3], work, notes={"data": "test"}, clips=3, workers=1, **options)


@pytest.fixture
def other_process():
    """Holds a folder's lock in another process until it is killed."""
    started = []

    def hold(folder):
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.kill()
        process.wait()


def test_a_folder_that_somebody_called_old_survives(tmp_path):
    kept = tmp_path / "set.old"
    kept.mkdir()
    (kept / "notes.txt").write_text("mine")
    pack_three(tmp_path / "set")
    pack_three(tmp_path / "set", force=True)
    assert (kept / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set", "set.old"]
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["clips-00000.npy", "clips.json"]


def test_a_link_to_another_disk_is_followed(tmp_path):
    (tmp_path / "big").mkdir()
    (tmp_path / "set").symlink_to(tmp_path / "big", target_is_directory=True)
    assert pack_three(tmp_path / "set") == tmp_path / "big"
    assert (tmp_path / "set").is_symlink()
    assert len(ClipDataset(tmp_path / "set")) == 3


def test_a_second_packer_is_refused(tmp_path, other_process):
    with pytest.raises(InputError, match="no clip could be used"):
        pack(tmp_path / "set", [1], nothing, notes={}, clips=1, workers=1)  # leaves its part behind, with its plan
    other_process(tmp_path / "set.partial")
    with pytest.raises(InputError, match=r"set\.partial is being written by another process"):
        pack(tmp_path / "set", [1], nothing, notes={}, clips=1, workers=1)


def test_only_one_process_holds_a_folder(tmp_path, other_process):
    first = other_process(tmp_path)
    lock = Lock(tmp_path)
    with pytest.raises(InputError, match="is being written by another process"):
        lock.hold()
    lock.release()  # not held: the other one's file stays
    assert (tmp_path / LOCK).exists()
    first.kill()
    first.wait()
    lock.hold()
    Lock(tmp_path).hold()  # the same process may, as a notebook does after Ctrl-C
    lock.release()
    assert not (tmp_path / LOCK).exists()


def test_a_shard_that_is_shorter_than_its_journal_is_not_filled_with_black(tmp_path):
    with ShardWriter(tmp_path, 100) as writer:
        for level in range(3):
            writer.add(np.full((2, 8, 8, 3), level + 1, np.uint8), "v")
    with pytest.raises(InputError, match="shorter than its journal says"):
        ShardWriter(tmp_path, 100, shape=(2, 8, 8, 3), count=4)
