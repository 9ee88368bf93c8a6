"""A web server as plain as GitHub Pages: it serves a folder to this machine, and keeps what it was asked for."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server(ThreadingHTTPServer):
    """Serves a folder to this machine, as any static server would, and keeps what it was asked for."""

    daemon_threads = True

    def __init__(self, folder: Path, foreign=False):
        self.asked, self.foreign = [], foreign
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a page that gives up, hangs up

    def url(self, path=""):
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(SimpleHTTPRequestHandler):
    def end_headers(self):
        if self.server.foreign:  # as a CDN does it
            self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_request(self, code="-", size="-"):
        self.server.asked.append((self.command, self.path.split("?")[0], str(code)))

    def log_message(self, *arguments):
        pass
