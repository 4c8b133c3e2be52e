"""Files that appear whole or not at all."""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .errors import Error


def refuse_irregular(path: Path) -> os.stat_result | None:
    """Refuse what is there and is no regular file; answers the file that is there, or None."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISREG(found.st_mode):
        return found
    what = "no regular file"
    if stat.S_ISLNK(found.st_mode):
        what = "a symbolic link"
    elif stat.S_ISDIR(found.st_mode):
        what = "a folder"
    raise Error(f"{path} cannot be written: it is {what} and stays as it is; name another file")


@contextlib.contextmanager
def whole_file(path: Path, mode: int | None = None) -> Iterator[Path]:
    """Name a file to write, which takes the place of `path` at the end, and goes away after an exception.

    It lies beside `path` in a folder that nobody else can enter, so that nothing can be planted in its place.
    The file has `mode`, else the permissions of the file it replaces, else those that it was written with.
    Refuses what is there and is no regular file.
    """
    before = refuse_irregular(path)
    own = Path(tempfile.mkdtemp(prefix=".", suffix=".partial", dir=path.absolute().parent))
    try:
        partial = own / path.name
        yield partial
        if mode is None and before:
            mode = stat.S_IMODE(before.st_mode) & 0o777
        _onto_disk(partial, mode)
        refuse_irregular(path)  # something else may have come there meanwhile
        os.replace(partial, path)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _onto_disk(partial: Path, mode: int | None) -> None:
    file = os.open(partial, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if mode is not None:
            os.fchmod(file, mode)
        os.fsync(file)
    finally:
        os.close(file)
