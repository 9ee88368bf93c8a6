"""A web server that answers ranges, and breaks off, hesitates or redirects as told."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

DATA = np.random.default_rng(0).bytes(100_000)


class RangeServer(ThreadingHTTPServer):
    """Serves `data` under /file; `plan` holds what to do with the next answers: a status, or ("cut", bytes)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.data, self.etag, self.ranges, self.linked = DATA, '"one"', True, {}
        self.plan: list = []
        self.cut = None  # bytes of each answer before the connection breaks
        self.signature = 0  # /signed?n is only good for this n, and /link redirects to it
        self.asked: list[tuple[str, str]] = []

    def url(self, path="/file"):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        pass  # a client that hangs up early is part of the tests


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it would hold back small answers for 40 ms

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers["Range"]))
        if server.plan and (status := server.plan.pop(0)):
            self.answer(status)
        elif self.path == "/link":
            self.answer(302, headers={"Location": f"/signed?{server.signature}", **server.linked})
        elif self.path == "/loop":
            self.answer(302, headers={"Location": "/loop"})
        elif self.path.startswith("/signed") and self.path != f"/signed?{server.signature}":
            self.answer(403)
        elif self.path == "/file" or self.path.startswith("/signed"):
            self.send_data()
        else:
            self.answer(404)

    def send_data(self):
        data = self.server.data
        tag = {"ETag": self.server.etag} if self.server.etag else {}
        if not self.server.ranges:
            return self.answer(200, data, tag)
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        if first >= len(data):
            return self.answer(416, headers={"Content-Range": f"bytes */{len(data)}"})
        last = min(last, len(data) - 1)
        span = f"bytes {first}-{last}/{len(data)}"
        self.answer(206, data[first : last + 1], {**tag, "Content-Range": span}, self.server.cut)

    def answer(self, status, body=b"", headers=None, cut=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut is not None and cut < len(body):
            self.close_connection = True

    def log_message(self, *arguments):
        pass
