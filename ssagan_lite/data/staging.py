"""Writing all or nothing: a result is made under a temporary name beside its target, then moved there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from ssagan_lite.errors import InputError


def check_free(target: Path, *, force: bool = False, own: tuple[str, ...] = ()) -> None:
    """Raise `InputError` unless `target` may be written: it is free, or `force` is set and nothing foreign is lost.

    `own` says that a folder is to be written, by the patterns of the names in it: only a folder that holds nothing else
    is ever replaced, and an empty one counts as free. Without `own` a file is to be written.
    """
    if not os.path.lexists(target):
        return
    if target.is_dir() != bool(own):
        kind = "a folder" if target.is_dir() else "a file"
        raise InputError(f"{target} is {kind}, which is not replaced by something else; choose another name.")
    entries = sorted(entry.name for entry in target.iterdir()) if own else [target.name]
    if entries and not force:
        raise InputError(f"{target} exists already; choose another name, or use force (--force) to replace it.")
    for name in entries if own else []:
        if not any(fnmatch(name, pattern) for pattern in own):
            raise InputError(f"{target} also holds {name}, which would be lost; choose another name.")


@contextmanager
def staged(target: Path, *, force: bool = False, own: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield a path to write to; move it to `target` when the block ends well, and leave nothing when it does not.

    The temporary path lies in a hidden folder beside the target (so on the same disk, which makes the move atomic)
    and has the target's name and ending. Missing parent folders are made. `force` and `own` as in `check_free`.
    """
    check_free(target, force=force, own=own)
    target = Path(os.path.abspath(target))  # so that even "." has a parent and a name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name[:80]}-") as folder:
            temporary = Path(folder) / "new" / target.name
            temporary.parent.mkdir()
            yield temporary
            if target.is_dir():  # os.replace cannot replace a folder that holds files: the old one steps aside first
                _swap_folders(temporary, target, aside=Path(folder) / "old" / target.name)
            else:
                os.replace(temporary, target)
    except OSError as error:
        if error.errno is None:
            raise
        # Nobody knows the hidden folder's name; what could not be written is the target.
        raise OSError(error.errno, f"{error.strerror}; make room, or choose another place", str(target)) from error


def _swap_folders(new: Path, target: Path, aside: Path) -> None:
    aside.parent.mkdir()
    os.replace(target, aside)
    try:
        os.replace(new, target)
    except BaseException:
        os.replace(aside, target)
        raise
