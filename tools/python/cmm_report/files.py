"""Writes files whole or not at all."""

import contextlib
from pathlib import Path

from cmm.errors import Error
from cmm.whole_file import whole_file

from .errors import BadInput


def write_all(out, texts):
    """Write each text of {name: text} into the folder `out`, all of them or none; returns their paths."""
    out = Path(out)
    fresh = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as files:
            for name, text in texts.items():
                partial = files.enter_context(whole_file(out / name))
                with partial.open("w", encoding="utf-8", newline="\n") as file:
                    file.write(text)
    except (OSError, Error) as error:
        for folder in fresh:
            with contextlib.suppress(OSError):
                folder.rmdir()
        what = getattr(error, "strerror", None) or error
        raise BadInput(
            f"the report could not be written into {out} ({what}); name a folder that is writable and has "
            "room with --out"
        ) from error
    return [out / name for name in texts]
