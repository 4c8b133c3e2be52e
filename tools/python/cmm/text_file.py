"""Text files that somebody names."""

import os
import stat
from pathlib import Path

from .errors import Error

MOST = 64 << 20
"""Bytes: nothing that cmm reads is nearly so large."""


def read_text(path: Path, give: str) -> str:
    """The text of a regular file; `give` says what is wanted. Refuses a pipe or a device: neither may end."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(file, "rb") as opened:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise Error(f"{path} is no regular file; {give}")
            content = opened.read(MOST + 1)
        if len(content) > MOST:
            raise Error(f"{path} is larger than anything that cmm writes; {give}")
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Error(f"{path} cannot be read ({error}); {give}") from error
