"""The folder that keeps compiled files, so that each is compiled once for all processes."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import Error
from .whole_file import whole_file


def cache_folder(wanted: str | os.PathLike[str] | None = None) -> Path:
    """The folder given, else CMM_CACHE_DIR, else XDG_CACHE_HOME/cmm, else ~/.cache/cmm; made if missing.

    Refuses a folder that cannot be made or written.
    """
    if wanted is None:
        wanted = os.environ.get("CMM_CACHE_DIR") or None
    if wanted is None:
        caches = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
        wanted = Path(caches) / "cmm"
    folder = Path(wanted).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Error(_unusable(folder, error.strerror)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Error(_unusable(folder, "no permission to write"))
    return folder


def _unusable(folder: Path, reason: str | None) -> str:
    return (
        f"the cache folder {folder} cannot be used ({reason}); set CMM_CACHE_DIR to one that can be written"
    )


def key_of(*parts: str) -> str:
    """A name for what was made from these texts, of 20 hexadecimal digits."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def made_once(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The file `name` of the folder; `make` writes it to the path it is given, in one process only."""
    path = folder / name
    if path.is_file():
        return path
    try:
        with _alone(folder / f"{name}.lock"):
            if not path.is_file():
                with whole_file(path) as partial:
                    make(partial)
    except OSError as error:
        raise Error(_unusable(folder, error.strerror)) from error
    return path
