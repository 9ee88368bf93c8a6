"""A headless Chromium that opens a page, acts as a reader would, and reports what the reader would have seen.

    report = open_page("book/_build/html/01.html", width=380, dark=True)
    assert not report.console and not report.requests

    with Browser() as browser, browser.page(path, width=380) as page:
        page.wait("document.querySelector('[data-ready]')")
        page.click("button.play")
        assert page.evaluate("document.querySelector('canvas').dataset.frame") != "0"

It speaks the DevTools protocol over one websocket a page. Nothing outside the page's own files can be reached: every
host name resolves to nothing, and what was asked for all the same is listed in `requests`.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--mute-audio",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    # A sandboxed frame then stays in its page's process, where one connection reaches it too.
    "--disable-features=IsolateSandboxedIframes,Translate,OptimizationHints,MediaRouter",
    "--remote-debugging-port=0",
)
KEYS = {"Enter": 13, "Tab": 9, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39,
        "ArrowDown": 40, "Home": 36, "End": 35}  # fmt: skip


def find_chromium():
    """The path of a Chromium or Chrome, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class PageReport:
    """What one page showed: `console` holds errors and warnings, `requests` what it asked of a network."""

    dom: str
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    screenshot: bytes = b""
    overflow: int = 0  # px by which the content is wider than the window
    ready: bool = True


class Browser:
    """One Chromium process with a profile of its own; pages open in it one after another."""

    def __init__(self, program=None):
        self.program = program or find_chromium()
        if self.program is None:
            raise RuntimeError("no Chromium was found; install chromium, or skip the tests that need it")
        self.profile = Path(tempfile.mkdtemp(prefix="browser-"))
        self.process = subprocess.Popen(
            [self.program, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.port = self._wait_for_port()

    def _wait_for_port(self, seconds=30):
        file = self.profile / "DevToolsActivePort"
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if file.exists() and "\n" in (text := file.read_text()):
                return int(text.splitlines()[0])
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.close()
        raise RuntimeError("Chromium did not start")

    def page(self, path, width=1000, height=800, dark=False, reduced_motion=False, **options):
        """Open a file (or a file:, http: or data: address) in a new tab."""
        address = str(path) if str(path).split(":")[0] in ("file", "http", "https", "data", "about") else None
        tab = self._request("json/new?about:blank", method="PUT")
        page = Page(self, tab, width, height, dark, reduced_motion, **options)
        page.go(address or Path(path).resolve().as_uri())
        return page

    def _request(self, what, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{what}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body.startswith((b"{", b"[")) else body

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)  # the group: the helpers of Chromium too
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Page:
    """One tab. `frame=True` in a call means the first child frame (a sandboxed output) in place of the page."""

    def __init__(self, browser, tab, width, height, dark, reduced_motion, print_media=False, javascript=True):
        self.browser, self.tab = browser, tab
        self.console, self.requests, self.contexts, self.loaded = [], [], {}, False
        self._number = 0
        self.socket = websocket.create_connection(tab["webSocketDebuggerUrl"], timeout=60, suppress_origin=True)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(width, height)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"},
        ]
        self.call("Emulation.setEmulatedMedia", media="print" if print_media else "", features=features)
        if not javascript:
            self.call("Emulation.setScriptExecutionDisabled", value=True)

    def call(self, method, **parameters):
        """Send one protocol command and return its result, handling the events that arrive before it."""
        self._number += 1
        number = self._number
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            self._event(message.get("method", ""), message.get("params", {}))

    def _event(self, method, data):
        if method == "Runtime.consoleAPICalled" and data["type"] in ("error", "warning", "assert"):
            words = [str(a.get("value", a.get("description", a["type"]))) for a in data["args"]]
            self.console.append(f"{data['type']}: {' '.join(words)}")
        elif method == "Runtime.exceptionThrown":
            details = data["exceptionDetails"]
            self.console.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and data["entry"]["level"] in ("error", "warning"):
            self.console.append(f"{data['entry']['level']}: {data['entry']['text']} {data['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            address = data["request"]["url"]
            if address.split(":")[0] not in ("file", "data", "blob", "about"):
                self.requests.append(address)
        elif method == "Runtime.executionContextCreated":
            context = data["context"]
            if context["auxData"].get("isDefault"):
                self.contexts[context["auxData"]["frameId"]] = context["uniqueId"]
        elif method == "Page.loadEventFired":
            self.loaded = True

    def go(self, address, seconds=60):
        self.loaded = False
        result = self.call("Page.navigate", url=address)
        if result.get("errorText"):
            raise RuntimeError(f"{address}: {result['errorText']}")
        deadline = time.monotonic() + seconds
        while not self.loaded and time.monotonic() < deadline:
            self.call("Target.getTargets")  # any command: events arrive with its answer
            time.sleep(0.02)

    def resize(self, width, height=800):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def _context(self, frame):
        tree = self.call("Page.getFrameTree")["frameTree"]
        chosen = tree["childFrames"][0] if frame else tree
        return self.contexts[chosen["frame"]["id"]]

    def evaluate(self, expression, frame=False):
        """The value of a JavaScript expression (a promise is awaited); an exception there is raised here."""
        result = self.call("Runtime.evaluate", expression=expression, uniqueContextId=self._context(frame),
                           returnByValue=True, awaitPromise=True, userGesture=True)  # fmt: skip
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def wait(self, expression, seconds=10, frame=False):
        """Wait until a JavaScript expression is true; False when it has not become so in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            # The frame may not be there yet, or be about to be replaced.
            with contextlib.suppress(RuntimeError, KeyError, IndexError):
                if self.evaluate(f"Boolean({expression})", frame):
                    return True
            time.sleep(0.02)
        return False

    def click(self, selector, frame=False, at=(0.5, 0.5)):
        """Click with the mouse inside the element, at a fraction of its width and height."""
        find = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(f"{find}.scrollIntoView({{block: 'center', behavior: 'instant'}})", frame)
        left, top = self._corner() if frame else (0, 0)
        place = self.evaluate(f"(b => [b.x, b.y, b.width, b.height])({find}.getBoundingClientRect())", frame)
        x, y = left + place[0] + at[0] * place[2], top + place[1] + at[1] * place[3]
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            pressed = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def _corner(self):
        """Where the child frame's content begins in the window."""
        frame = "document.querySelector('iframe')"
        return self.evaluate(
            f"(f => (b => [b.x + f.clientLeft, b.y + f.clientTop])(f.getBoundingClientRect()))({frame})"
        )

    def key(self, name):
        """Press one key, given by its JavaScript name ("Enter", "ArrowRight", "a")."""
        code = KEYS.get(name, ord(name.upper()[0]))
        text = {"Enter": "\r", " ": " "}.get(name, name if len(name) == 1 else "")
        named = {"key": name, "windowsVirtualKeyCode": code, "code": "Space" if name == " " else name}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **named)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def screenshot(self, file=None, full=True):
        """The page as PNG bytes, all of it unless `full` is False; written to `file` as well where one is named."""
        options = {}
        if full:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            options = {"captureBeyondViewport": True, "clip": {**size, "scale": 1}}
        picture = base64.b64decode(self.call("Page.captureScreenshot", format="png", **options)["data"])
        if file is not None:
            Path(file).write_bytes(picture)
        return picture

    def overflow(self, frame=False):
        """By how many px the content is wider than the window."""
        return self.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth", frame)

    def report(self, screenshot=True, ready=True):
        dom = self.evaluate("document.documentElement.outerHTML")
        picture = self.screenshot() if screenshot else b""
        return PageReport(dom, self.console, self.requests, picture, self.overflow(), ready)

    def close(self):
        with contextlib.suppress(OSError, websocket.WebSocketException):
            self.socket.close()
        with contextlib.suppress(OSError):
            self.browser._request(f"json/close/{self.tab['id']}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def open_page(path, width=1000, dark=False, *, browser=None, wait=None, settle=0.3, screenshot=True, **options):
    """Open one page, wait for it to come to rest, and report.

    `wait`: a JavaScript expression that must become true (`ready` in the report says whether it did); `settle`:
    seconds to wait after that. Without a `browser` a fresh one is started, which takes a second or two.
    """
    with contextlib.ExitStack() as stack:
        browser = browser or stack.enter_context(Browser())
        page = stack.enter_context(browser.page(path, width=width, dark=dark, **options))
        ready = page.wait(wait) if wait else True
        time.sleep(settle)
        return page.report(screenshot, ready)
