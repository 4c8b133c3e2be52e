"""The folder in which the processes of one server share what they count."""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

from ...errors import Error
from ..settings import METRICS_FOLDER

LOCK = "cmm-server.lock"
NAMED = re.compile(r"cmm-metrics-(\d+)-")


def share_metrics(environment: MutableMapping[str, str] = os.environ) -> None:
    """Gives the server that this process becomes a folder of its own, unless the user named one.

    Folders of servers that are gone are removed. Refuses one that the user named for two servers, whose
    metrics would be added up.
    """
    if named := environment.get(METRICS_FOLDER):
        _take(Path(named))
        return
    whole = Path(tempfile.gettempdir())
    for folder in whole.glob("cmm-metrics-*"):
        found = NAMED.match(folder.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            with contextlib.suppress(OSError):  # another user's
                shutil.rmtree(folder)
    environment[METRICS_FOLDER] = tempfile.mkdtemp(prefix=f"cmm-metrics-{os.getpid()}-", dir=whole)


def _take(folder: Path) -> None:
    """Locks a folder for as long as this process lives, also as the server that it becomes."""
    if not folder.is_dir():
        raise Error(
            f"{METRICS_FOLDER} is {str(folder)!r}, which is no folder; make it, or unset the variable"
        )
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Error(
            f"{METRICS_FOLDER} is {str(folder)!r}, in which another server counts already, so that their "
            "metrics would be added up; give each a folder of its own, or unset the variable"
        ) from None
    except OSError as error:
        raise Error(
            f"{METRICS_FOLDER} is {str(folder)!r}, which cannot be written ({error.strerror}); name another "
            "folder, or unset the variable"
        ) from error
    os.set_inheritable(lock, True)  # held beyond exec, closed in the server's children
