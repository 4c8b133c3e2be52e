"""Sizes as text, as the library writes them: "64GiB", "1.5 MiB", "4096"."""

import re
from typing import Any

from .errors import Error

_UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def parse_size(text: Any, where: str) -> int:
    """Bytes of a size that is written `where`. Refuses what is no size, or more than 2**63."""
    found = (
        re.fullmatch(r"\s*(\d{1,19})(\.\d{1,9})?\s*([KMGT]iB|B)?\s*", text) if isinstance(text, str) else None
    )
    if not found or (found[2] and found[3] in (None, "B")):
        raise Error(f"{where} is {text!r}; write a size, such as 64GiB or 512MiB")
    size = (
        int(float(found[1] + found[2]) * _UNITS[found[3]])
        if found[2]
        else int(found[1]) * _UNITS[found[3] or ""]
    )
    if size >= 1 << 63:
        raise Error(f"{where} is {text!r}, more than any memory; write a size, such as 64GiB")
    return size


def format_size(size: int) -> str:
    """Such as "64 GiB", "1.5 MiB" or "17 B"."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= _UNITS[unit]:
            value = f"{size / _UNITS[unit]:.2f}".rstrip("0").rstrip(".")
            return f"{value} {unit}"
    return f"{size} B"
