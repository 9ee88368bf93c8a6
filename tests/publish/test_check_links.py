"""The check of links, against a web server of our own."""

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from ssagan_lite.data import beach, cloud, samples
from tools import check_links
from tools.check_links import addresses_in, check_archive, check_file, check_link, links, main

ARCHIVE = b"PK\x03\x04" + bytes(5000)


class Handler(BaseHTTPRequestHandler):
    """/200, /404, ... answer so; /later answers with 503 once, /moved leads to /200, /archive is read in parts."""

    def do_GET(self):
        self.server.asked.append(self.path)
        name = self.path.strip("/")
        if name == "later":
            name = "503" if self.server.asked.count(self.path) == 1 else "200"
        if name == "archive":
            return self.send_part()
        self.send_response(302 if name == "moved" else int(name))
        if name == "moved":
            self.send_header("Location", "/200")
        self.end_headers()
        self.wfile.write(b"sky")

    def send_part(self):
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        part = ARCHIVE[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(ARCHIVE)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    server.start = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("path", "state", "times"),
    [
        ("200", "ok", 1),
        ("moved", "ok", 1),
        ("later", "ok", 2),
        ("404", "gone", 3),
        ("500", "gone", 3),
        ("403", "refuses", 1),
    ],
)
def test_an_address_is_gone_only_after_three_errors(path, state, times, server):
    pauses = []
    verdict = check_link(f"{server.start}/{path}", "a page", pauses.append)
    assert verdict.state == state
    assert server.asked.count(f"/{path}") == times
    assert len(pauses) == times - 1
    assert ("moved to" in verdict.reason) == (path == "moved")


def test_a_host_that_is_not_there_is_gone(server):
    server.shutdown()
    server.server_close()
    verdict = check_link(f"{server.start}/200", "a page", lambda _: None)
    assert (verdict.state, verdict.reason) == ("gone", "ConnectionError")
    assert str(verdict).startswith("gone    http://127.0.0.1")


def test_a_file_is_compared_and_an_archive_is_read_in_parts(server):
    right = hashlib.sha256(b"sky").hexdigest()
    assert check_file(f"{server.start}/200", right, "").state == "ok"
    assert check_file(f"{server.start}/200", "0" * 64, "").reason == "the file has changed"
    assert check_file(f"{server.start}/404", right, "").state == "gone"
    assert check_archive(f"{server.start}/archive", b"PK\x03\x04", "").state == "ok"
    assert "it begins with" in check_archive(f"{server.start}/archive", b"BZh", "").reason
    assert "sends no parts" in check_archive(f"{server.start}/200", b"BZh", "").reason


def test_addresses_are_found_where_they_end():
    text = (
        "See [a](https://a.org/x_(y)), <https://b.org>. `https://...` and https://c.org/d#part; (http://e.org/f.html)."
        ' doi = {10.1000/182}\n  doi = "10.1000/183",\n note = {arXiv:1609.02612} http://localhost:80/ https://*'
    )
    found = ["https://a.org/x_(y)", "https://b.org", "https://c.org/d", "http://e.org/f.html"]
    assert list(addresses_in(text)) == [*found, "https://doi.org/10.1000/183", "https://arxiv.org/abs/1609.02612"]


def test_pages_and_the_prose_of_notebooks_are_read_and_what_was_built_is_not(book):
    (book / "README.md").write_text("https://one.org")
    (book / "_build").mkdir()
    (book / "book" / "page.md").write_text("https://one.org https://two.org")
    path = book / "book" / "02_two.ipynb"
    path.write_text(path.read_text().replace("# Two?", "https://three.org").replace("import sys", "https://code.org"))
    found = {
        "https://one.org": "README.md",
        "https://three.org": "book/02_two.ipynb",
        "https://two.org": "book/page.md",
    }
    assert links(book) == found


def test_the_exit_status_tells_and_each_address_has_its_line(server, book, capsys, monkeypatch):
    monkeypatch.setattr(check_links, "PAUSE", 0.0)
    page = book / "book" / "page.md"
    page.write_text(f"{server.start}/200 {server.start}/403")
    assert main(["--links"], book) == 0
    page.write_text(f"{server.start}/200 {server.start}/404")
    assert main(["--links"], book) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3] == f"gone    {server.start}/404  (404; book/page.md)"
    assert lines[-1] == "2 addresses, 1 gone"


def test_every_host_of_data_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(check_links, "check_file", lambda *given: asked.append(given))
    monkeypatch.setattr(check_links, "check_archive", lambda *given: asked.append(given))
    for check in check_links.data_checks():
        check()
    assert [given[0] for given in asked] == [
        *(samples.BASE_URL + name for name, _ in samples.FILES.values()),
        cloud.MIRROR,
        beach.ADDRESS,
    ]
