"""One process at a time in a folder that is being written: a set that is packed, a run that is trained."""

from pathlib import Path

from filelock import FileLock, Timeout

from ssagan_lite.errors import InputError

LOCK = ".lock"


class Lock:
    """Held from `hold` on, until `release` or the end of the process, also by a kill. A process may hold it twice.

    On disks that know no locks, such as some network drives, nothing is held, and nothing is refused.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        # Singleton: a notebook whose training was interrupted still holds the first lock, and may go on.
        self._lock = FileLock(folder / LOCK, timeout=0, is_singleton=True)

    def hold(self) -> None:
        """Raise InputError where another process holds it. The folder must be there."""
        try:
            self._lock.acquire()
        except Timeout as error:
            raise InputError(
                f"{self.folder} is being written by another process; wait for it, or choose another place."
            ) from error
        except (NotImplementedError, OSError):
            return

    def release(self) -> None:
        """Let others in, and leave no file behind."""
        self._lock.release()
        if not self._lock.is_locked:
            (self.folder / LOCK).unlink(missing_ok=True)
