import io
import pickle
import socket
import threading
import zipfile

import numpy as np
import pytest
from range_server import DATA, RangeServer

from ssagan_lite.data.remote import RemoteFile
from ssagan_lite.errors import InputError


@pytest.fixture
def server():
    server = RangeServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def remote(server, pauses):
    """Opens files that wait for nobody: pauses are only noted."""
    opened = []

    def build(path="/file", **settings):
        file = RemoteFile(server.url(path), **{"block": 10_000, "timeout": 5, "pause": pauses.append, **settings})
        opened.append(file)
        return file

    yield build
    for file in opened:
        file.close()


def read_at(file, start, count):
    file.seek(start)
    return file.read(count)


def big_zip():
    """5 MB of noise in five members, and a small one in their midst."""
    random, buffer = np.random.default_rng(1), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.bin", random.bytes(1_000_000))
            if number == 2:
                archive.writestr("small.txt", b"sky" * 1000)
    return buffer.getvalue()


def test_zip_equals_the_file(server, remote):
    server.data = big_zip()
    near = zipfile.ZipFile(io.BytesIO(server.data))
    with zipfile.ZipFile(io.BufferedReader(remote(block=2**18))) as far:
        assert far.namelist() == near.namelist()
        for name in near.namelist():
            assert far.read(name) == near.read(name)


def test_only_what_is_read_is_fetched(server, remote):
    server.data = big_zip()
    file = remote(block=2**16)
    with zipfile.ZipFile(io.BufferedReader(file, buffer_size=2**16)) as archive:
        assert archive.read("small.txt") == b"sky" * 1000
    assert 3000 < file.fetched < 0.2 * file.size


def test_what_is_told_before_comes_in_one_piece_and_nothing_beside_it(server, remote):
    server.data = big_zip()
    file = remote(block=2**20)
    asked = len(server.asked)
    file.prefetch(500_000, 900_000)
    reader = io.BufferedReader(file, 2**20)
    for start, count in ((500_000, 30), (500_100, 200_000), (700_100, 199_900), (650_000, 10)):
        assert read_at(reader, start, count) == server.data[start : start + count]
    assert len(server.asked) == asked + 1
    assert file.fetched <= 400_001 + 1
    assert read_at(reader, 899_990, 1000) == server.data[899_990:900_990]  # and beyond it as before
    file.prefetch(file.size - 100, file.size + 512)
    assert read_at(reader, file.size - 50, 50) == server.data[-50:]


def test_no_zip_is_said_by_zipfile(server, remote):
    server.data = b"short"
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BufferedReader(remote()))


def test_reads_and_seeks_like_a_file(remote):
    file = remote()
    assert file.readable()
    assert file.seekable()
    assert not file.writable()
    assert (file.size, file.etag) == (len(DATA), "one")
    for start, count in [(0, 10), (9_990, 20_020), (99_990, 100), (100_000, 5), (200_000, 5), (5, 0)]:
        assert read_at(file, start, count) == DATA[start : start + count]
    assert file.seek(-10, io.SEEK_END) == 99_990
    assert file.seek(4, io.SEEK_CUR) == file.tell() == 99_994
    assert file.read() == DATA[-6:]
    with pytest.raises(OSError, match="negative"):
        file.seek(-1)


def test_small_reads_within_a_block_are_one_request(server, remote):
    file = remote()
    assert b"".join(file.read(100) for _ in range(100)) == DATA[:10_000]
    assert [span for _, span in server.asked] == ["bytes=0-0", "bytes=0-9999"]


def test_two_blocks_are_held(server, remote):
    file = remote()
    for start in (0, 10_000, 0, 10_000):
        read_at(file, start, 10)
    assert len(server.asked) == 1 + 2
    read_at(file, 20_000, 10)
    read_at(file, 10_000, 10)
    assert len(server.asked) == 1 + 3
    assert len(file._blocks) == 2


def test_cut_answers_go_on_where_they_stopped(server, remote, pauses):
    server.cut = 3_000
    file = remote()
    assert file.read(10_000) == DATA[:10_000]
    spans = [f"bytes={start}-9999" for start in (0, 3_000, 6_000, 9_000)]
    assert [span for _, span in server.asked] == ["bytes=0-0", *spans]
    assert pauses == [1, 1, 1]
    assert file.fetched == 10_001


def test_more_cuts_than_attempts_do_not_matter_while_bytes_come(server, remote):
    server.cut = 700
    assert remote(attempts=2).read(10_000) == DATA[:10_000]


@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_server_is_asked_again(server, remote, pauses, status):
    file = remote()
    server.plan = [status, status]
    assert file.read(10) == DATA[:10]
    assert pauses == [2, 4]


def test_a_busy_server_is_asked_again_at_opening(server, remote, pauses):
    server.plan = [503, 503]
    assert remote().size == len(DATA)
    assert pauses == [2, 4]


def test_attempts_end_with_a_sentence(server, remote, pauses):
    file = remote()
    server.cut = 0
    with pytest.raises(InputError, match=r"127\.0\.0\.1.* at byte 20000 of .*run the same command again"):
        read_at(file, 20_000, 10)
    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    server.cut = None
    assert read_at(file, 20_000, 10) == DATA[20_000:20_010]


def test_a_server_that_hangs_is_asked_again(server, remote, pauses):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        file = remote(timeout=0.05, attempts=2)
        file._address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(InputError, match="byte 0"):
            file.read(10)
    assert pauses == [2]


def test_connection_lost_later_is_waited_for(server, remote, pauses):
    file = remote(attempts=3)
    file._address = closed_port()
    with pytest.raises(InputError, match="again"):
        file.read(10)
    assert pauses == [2, 4]


@pytest.mark.parametrize("change", [{"etag": '"two"'}, {"data": DATA + b"more"}, {"data": DATA[:50_000]}])
def test_changed_file_is_refused(server, remote, change):
    file = remote()
    vars(server).update(change)
    with pytest.raises(InputError, match="changed"):
        read_at(file, 60_000, 10)


def test_without_etag(server, remote):
    server.etag = None
    file = remote()
    assert file.etag is None
    assert file.read(10) == DATA[:10]


def test_weak_etag_is_the_same_file(server, remote):
    file = remote()
    server.etag = 'W/"one"'
    assert file.read(10) == DATA[:10]


def test_empty_file(server, remote):
    server.data = b""
    file = remote()
    assert file.size == 0
    assert file.read() == b""


@pytest.mark.parametrize(("status", "words"), [(404, "no file"), (401, "public"), (403, "public"), (418, "418")])
def test_refusals_are_one_sentence(server, remote, pauses, status, words):
    server.plan = [status]
    with pytest.raises(InputError, match=words):
        remote()
    assert pauses == []


def test_missing_file(remote):
    with pytest.raises(InputError, match=r"There is no file at http.*/nothing"):
        remote("/nothing")


def test_server_without_ranges(server, remote):
    server.ranges = False
    with pytest.raises(InputError, match="download the file and give its path"):
        remote()


def test_redirect_tells_the_linked_identity(server, remote):
    server.linked = {"X-Linked-Etag": '"sha256"', "X-Linked-Size": str(len(DATA))}
    file = remote("/link")
    assert (file.etag, file.size) == ("sha256", len(DATA))
    assert file.read(10) == DATA[:10]
    assert [path for path, _ in server.asked] == ["/link", "/signed?0", "/signed?0"]


def test_linked_size_must_be_true(server, remote):
    server.linked = {"X-Linked-Etag": '"sha256"', "X-Linked-Size": "5"}
    with pytest.raises(InputError, match="changed"):
        remote("/link")


def test_signature_that_ran_out_is_renewed(server, remote, pauses):
    server.linked = {"X-Linked-Etag": '"sha256"'}
    file = remote("/link")
    server.signature, server.etag = 1, '"another machine of the same network"'
    assert file.read(20_000) == DATA[:20_000]
    assert [path for path, _ in server.asked[2:]] == ["/signed?0", "/link", "/signed?1", "/signed?1"]
    assert pauses == []


def test_file_that_changed_behind_its_link(server, remote):
    server.linked = {"X-Linked-Etag": '"sha256"'}
    file = remote("/link")
    server.signature, server.linked = 1, {"X-Linked-Etag": '"other"'}
    with pytest.raises(InputError, match="changed"):
        file.read(10)


def test_signature_that_cannot_be_renewed(server, remote):
    file = remote("/link")
    server.plan = [403, None, 403]
    with pytest.raises(InputError, match="403"):
        file.read(10)
    assert len(server.asked) == 2 + 3


def test_redirects_without_end(server, remote, pauses):
    with pytest.raises(InputError, match="not the address of a file"):
        remote("/loop")
    assert pauses == []


def test_pickled_file_is_opened_lazily(server, remote):
    file = remote(pause=print)
    read_at(file, 50, 10)
    sent = pickle.dumps(file)
    asked = len(server.asked)
    with pickle.loads(sent) as copy:
        assert len(server.asked) == asked
        assert (copy.url, copy.block, copy.size, copy.etag) == (file.url, 10_000, len(DATA), "one")
        assert (copy.tell(), copy.fetched, copy._session, copy._blocks) == (0, 0, None, {})
        assert copy.read(30) == DATA[:30]
    assert len(sent) < 1000


def test_pickled_file_notices_a_change(server, remote):
    sent = pickle.dumps(remote(pause=print))
    server.etag = '"two"'
    with pickle.loads(sent) as copy, pytest.raises(InputError, match="changed"):
        copy.read(10)


def test_closed_file_reads_nothing(remote, capsys):
    with remote() as file:
        file.read(10)
    assert file.closed
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.read(10)
    assert capsys.readouterr() == ("", "")


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/file"


def test_nobody_listens(pauses):
    with pytest.raises(InputError, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        RemoteFile(closed_port(), pause=pauses.append)
    assert pauses == []


@pytest.mark.parametrize("url", ["sky.zip", "ftp://example.org/sky.zip", "http://"])
def test_no_web_address(url):
    with pytest.raises(InputError, match="not the address of a file"):
        RemoteFile(url)
