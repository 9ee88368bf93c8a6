"""A file on a web server is read like one on disk: only the parts that are needed travel."""

import io
import re
from collections.abc import Callable
from time import sleep
from urllib.parse import urlsplit

import requests

from ssagan_lite.errors import InputError

CHUNK = 2**15  # bytes; a connection that is reset loses at most this much
EXPIRED = (401, 403, 410)  # what a content network answers once the signature in an address has run out


class RemoteFile(io.RawIOBase):
    """Read-only, seekable file over HTTP, fit for `zipfile.ZipFile(io.BufferedReader(RemoteFile(url)))`.

    `size` (bytes) and `etag` (the sha256 where the server is Hugging Face's, or None) tell which file it is; `fetched`
    counts the bytes that came so far. Parts come as blocks of `block` bytes, of which two are held. A broken transfer
    goes on where it stopped, up to `attempts` times in a row without progress, after calls of `pause` (seconds);
    `timeout` is in seconds. Raises `InputError` where the file cannot be read in parts, or changed in between.
    """

    _session: requests.Session | None = None

    def __init__(self, url: str, block: int = 2**22, attempts: int = 8, timeout: float = 30, pause: Callable = sleep):
        self.url, self.block, self.attempts, self.timeout, self.pause = url, block, attempts, timeout, pause
        self.__setstate__({**vars(self), "size": None, "etag": None, "_tag": None})
        self._persist(lambda: self._receive(bytearray(), 0, 1), bytearray(), 0)  # tells size, identity and address

    def __getstate__(self) -> dict:
        """Settings, and which file it is: a new process sends nothing before it reads, and still notices a change."""
        own = ("_session", "_blocks", "_ahead", "_address", "_position", "fetched")
        return {name: value for name, value in vars(self).items() if name not in own}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state, fetched=0, _position=0, _blocks={}, _ahead=(0, b""), _address=state["url"])

    readable = seekable = lambda self: True

    def prefetch(self, start: int, stop: int) -> None:
        """Fetch these bytes in one piece and nothing beside them; what is read of them next does not travel again."""
        stop, data = min(stop, self.size), bytearray()
        while len(data) < stop - start:
            self._persist(lambda: self._receive(data, start, stop), data, start)
        self._ahead = start, data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position = offset + (0, self._position, self.size)[whence]
        if position < 0:
            raise OSError(f"negative seek position {position}")
        self._position = position
        return position

    def readinto(self, buffer) -> int:
        self._checkClosed()
        view, done = memoryview(buffer).cast("B"), 0
        start, data = self._ahead
        if start <= self._position < start + len(data):  # a short answer, rather than one byte too many from the server
            part = memoryview(data)[self._position - start :][: len(view)]
            view[: len(part)] = part
            self._position += len(part)
            return len(part)
        while done < len(view) and self._position < self.size:
            number, offset = divmod(self._position, self.block)
            part = memoryview(self._load(number))[offset : offset + len(view) - done]
            view[done : done + len(part)] = part
            done += len(part)
            self._position += len(part)
        return done

    def close(self) -> None:
        if self._session:
            self._session.close()
        super().close()

    def _load(self, number: int) -> bytearray:
        if number not in self._blocks:
            for old in list(self._blocks)[:-1]:  # before, not after: the block on its way is one of the two
                del self._blocks[old]
            start, data = number * self.block, bytearray()
            stop = min(start + self.block, self.size)
            while len(data) < stop - start:
                self._persist(lambda: self._receive(data, start, stop), data, start)
            self._blocks[number] = data
        return self._blocks[number]

    def _persist(self, step: Callable[[], None], data: bytearray, start: int) -> None:
        """Repeat `step`, which appends to `data` what lies from byte `start` on, until it ends without a break."""
        tries = 0  # in a row without progress
        while True:
            before = len(data)
            try:
                return step()
            except requests.RequestException as error:
                tries = 0 if len(data) > before else tries + 1
                self._give_up(error, tries, start + len(data))
            self.pause(min(2.0**tries, 60.0))

    def _give_up(self, error: requests.RequestException, tries: int, position: int) -> None:
        """Raise `InputError` where another try is of no use."""
        host = urlsplit(self.url).netloc
        if isinstance(error, ValueError | requests.TooManyRedirects):  # ValueError: requests cannot read the address
            raise InputError(f"{self.url} is not the address of a file; check it.") from error
        if self.size is None and isinstance(error, requests.ConnectionError):  # later, a network may come back
            raise InputError(f"{host} cannot be reached; check the network and the address.") from error
        if tries >= self.attempts:
            reason = f"{host} stopped answering at byte {position} of {self.url}"
            raise InputError(f"{reason}; run the same command again, and it goes on.") from error

    def _receive(self, data: bytearray, start: int, stop: int) -> None:
        """Append to `data`, which holds the bytes from `start` on, what the server sends of those up to `stop`."""
        first = start + len(data)
        answer = self._get(self._address, first, stop)
        if answer.status_code in EXPIRED and self._address != self.url:
            answer.close()
            answer = self._get(self.url, first, stop)
        with answer:
            end = self._identify(answer, first, stop)
            answer.raw.enforce_content_length = False  # else urllib3 throws away the last piece of a short answer
            for chunk in answer.iter_content(CHUNK):
                data += chunk[: end - start - len(data)]
                self.fetched += len(chunk)
        if start + len(data) < end:
            raise requests.ConnectionError("the answer ended early")

    def _get(self, address: str, first: int, stop: int) -> requests.Response:
        self._session = self._session or requests.Session()
        headers = {"Range": f"bytes={first}-{stop - 1}", "Accept-Encoding": "identity"}
        answer = self._session.get(address, headers=headers, stream=True, timeout=self.timeout)
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            answer.close()
            raise requests.RequestException(f"busy ({answer.status_code})")  # worth another try
        return answer

    def _identify(self, answer: requests.Response, first: int, stop: int) -> int:
        """Note which file an answer is of, and at which address; return the byte where its part of the file ends."""
        total, end = self._span(answer, first, stop)
        hops = (hop.headers for hop in (*answer.history, answer))
        linked = next((headers for headers in hops if "X-Linked-Etag" in headers), {})  # Hugging Face: on redirects
        tags = (answer.headers.get("ETag", ""), linked.get("X-Linked-Etag", ""))
        tag, etag = (tag.removeprefix("W/").strip('"') or None for tag in tags)
        known, seen = (self.etag, etag) if etag else (self._tag, tag)
        sizes = {total, total if self.size is None else self.size, int(linked.get("X-Linked-Size", total))}
        if len(sizes) > 1 or (known and seen and known != seen):
            raise InputError(f"{self.url} changed on the server while it was read; start again from the beginning.")
        self.size, self.etag, self._tag, self._address = total, etag or self.etag or tag, tag, answer.url
        return end

    def _span(self, answer: requests.Response, first: int, stop: int) -> tuple[int, int]:
        """Size of the file, and where the part in an answer ends, in bytes."""
        status = answer.status_code
        if status == 404:
            raise InputError(f"There is no file at {self.url}; check the address.")
        if status not in (200, 206, 416):  # 416: there is no such part; the file is empty, or became shorter
            raise InputError(f"{self.url} cannot be read (the server answers {status}); check that it is public.")
        span = re.fullmatch(rf"bytes (?:{first}-(\d+)|\*)/(\d+)", answer.headers.get("Content-Range", ""))
        if not span or not first <= int(span[1] or first) < stop or (not span[1] and int(span[2]) == self.size):
            raise InputError(f"The server sends no parts of {self.url}; download the file and give its path.")
        return int(span[2]), min(int(span[1] or first) + 1, int(span[2]))
