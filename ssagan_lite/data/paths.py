"""Names of files as people type them."""

import os
from pathlib import Path

from ssagan_lite.errors import InputError


def expand(path: str | os.PathLike) -> Path:
    """A path with `~` replaced by the home folder; a user that does not exist stays as typed. Empty: InputError."""
    if not os.fspath(path):
        raise InputError("an empty name was given; name a file or a folder.")
    return Path(os.path.expanduser(path))
