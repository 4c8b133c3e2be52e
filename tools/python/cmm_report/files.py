"""Writes files whole or not at all."""

import contextlib
from pathlib import Path

from .errors import BadInput


def write_all(out, texts):
    """Write each text of {name: text} into the folder `out`, all of them or none; returns their paths."""
    out = Path(out)
    fresh = [folder for folder in (out, *out.parents) if not folder.exists()]
    partials = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            partials.append(out / f"{name}.partial")
            with partials[-1].open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
        for name in texts:
            (out / f"{name}.partial").replace(out / name)
    except OSError as error:
        for partial in partials:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        for folder in fresh:
            with contextlib.suppress(OSError):
                folder.rmdir()
        what = error.strerror or error
        raise BadInput(
            f"the report could not be written into {out} ({what}); name a folder that is writable and has "
            "room "
            "with --out"
        ) from error
    finally:
        for partial in partials:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
    return [out / name for name in texts]
