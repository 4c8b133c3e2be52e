"""The folder in which the processes of one server share what they count."""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

from ..settings import METRICS_FOLDER

NAMED = re.compile(r"cmm-metrics-(\d+)-")


def share_metrics(environment: MutableMapping[str, str] = os.environ) -> None:
    """Gives the server that this process becomes a folder of its own, unless the user named one.

    Folders of servers that are gone are removed.
    """
    if environment.get(METRICS_FOLDER):
        return
    whole = Path(tempfile.gettempdir())
    for folder in whole.glob("cmm-metrics-*"):
        found = NAMED.match(folder.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            with contextlib.suppress(OSError):  # another user's
                shutil.rmtree(folder)
    environment[METRICS_FOLDER] = tempfile.mkdtemp(prefix=f"cmm-metrics-{os.getpid()}-", dir=whole)
