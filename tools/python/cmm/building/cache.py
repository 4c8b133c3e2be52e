"""The folder that keeps compiled files, so that each is compiled once for all processes.

What it keeps is run, so nobody but its owner may put anything there.
"""

import contextlib
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import Error
from ..whole_file import whole_file


def cache_folder(wanted: str | os.PathLike[str] | None = None) -> Path:
    """The folder given, else CMM_CACHE_DIR, else XDG_CACHE_HOME/cmm, else ~/.cache/cmm.

    A folder that is missing is made for this user alone. Refuses one that cannot be made or written, that is
    of another user or that others can write.
    """
    if wanted is None:
        wanted = os.environ.get("CMM_CACHE_DIR") or None
    if wanted is None:
        wanted = Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache") / "cmm"
    folder = Path(wanted).absolute()
    try:
        folder = folder.resolve()  # a link changed later leads nowhere else
        _make(folder)
        _refuse_foreign(os.lstat(folder), folder)
    except RuntimeError as error:  # a loop of links, or a refusal
        raise error if isinstance(error, Error) else Error(_unusable(folder, "a loop of links")) from error
    except (OSError, ValueError) as error:
        raise Error(_unusable(folder, getattr(error, "strerror", None) or str(error))) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Error(_unusable(folder, "no permission to write"))
    return folder


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise Error(
            f"user {os.geteuid()} has no home folder to keep compiled files in, for HOME is not set; set "
            "CMM_CACHE_DIR to a folder that can be written"
        ) from error


def _make(folder: Path) -> None:
    """Make the folder and the parents that are missing, each for this user alone whatever the umask."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        _make(folder.parent)
    with contextlib.suppress(FileExistsError):  # by another process, meanwhile; or a file, which is told next
        os.mkdir(folder, 0o700)
    if not folder.is_dir():
        raise NotADirectoryError(20, f"{folder} is no folder")


def _refuse_foreign(found: os.stat_result, path: Path) -> None:
    if found.st_uid != os.geteuid():
        raise Error(
            f"{path} belongs to user {found.st_uid}, who could put any program there; set CMM_CACHE_DIR to a "
            f"folder of user {os.geteuid()}"
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        if stat.S_ISDIR(found.st_mode):
            cure = f"empty it and chmod 700 {path}, or set CMM_CACHE_DIR to another folder"
        else:
            cure = "remove it"
        raise Error(f"{path} can be written by other users, who could put any program there; {cure}")


def _unusable(folder: Path, reason: str | None) -> str:
    return (
        f"the cache folder {folder} cannot be used ({reason}); set CMM_CACHE_DIR to one that can be written"
    )


def key_of(*parts: str) -> str:
    """A name for what was made from these texts, of 20 hexadecimal digits."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def _refuse_planted(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Error(f"{path} is no regular file, so nothing of cmm put it there; remove it")
    _refuse_foreign(found, path)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    if os.path.lexists(lock):
        _refuse_planted(os.lstat(lock), lock)
    held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        _refuse_planted(os.fstat(held), lock)
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _kept(path: Path) -> bool:
    """Whether the file is there already. Refuses one that another user could have put there."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    _refuse_planted(found, path)
    return True


def made_once(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The file `name` of the folder; `make` writes it to the path it is given, in one process only.

    Refuses a file that is a link, is of another user or can be written by others.
    """
    path = folder / name
    try:
        if _kept(path):
            return path
        with _alone(folder / f"{name}.lock"):
            if not _kept(path):
                with whole_file(path, mode=0o700) as partial:
                    make(partial)
    except OSError as error:
        raise Error(_unusable(folder, error.strerror)) from error
    return path
