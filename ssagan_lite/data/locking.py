"""One process at a time in a folder that is being written: a set that is packed, a run that is trained."""

from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ssagan_lite.errors import InputError

LOCK = ".lock"


class Lock:
    """Held from `hold` on, until `release`, or as long as this object lives; a kill ends it too. A process may hold it
    twice.

    On disks that know no locks, such as some network drives, nothing is held, and nothing is refused.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        # Singleton: a notebook whose training was interrupted still holds the first lock, and may go on.
        self._lock = FileLock(folder / LOCK, timeout=0, is_singleton=True)
        self._held = False

    def hold(self) -> None:
        """Raise InputError where another process holds it. The folder must be there."""
        try:
            self._lock.acquire()
            self._held = True
        except Timeout as error:
            raise InputError(
                f"{self.folder} is being written by another process; wait for it, or choose another place."
            ) from error
        except (NotImplementedError, OSError):
            return

    def release(self) -> None:
        """Let others in, and leave no file behind; nothing where it is not held."""
        if not self._held:
            return
        self._held = False
        self._lock.release()
        if not self._lock.is_locked:
            (self.folder / LOCK).unlink(missing_ok=True)

    def __del__(self):
        with suppress(Exception):  # at the end of the process not all that this needs may be there any more
            self.release()
