"""Locations as text: "device", "device:0", "host", "host_numa:1", and "none" for pages that are nowhere."""

import re

from . import abi
from .errors import Error

_KINDS = ("none", "device", "host", "host_numa")  # in the order of `cmm::location::kind`


def parse_location(text: str, device: int) -> abi.Location:
    """Read a location; "device" alone is the GPU of this ordinal. Refuses any other text."""
    found = (
        re.fullmatch(r"host|device(?::(\d{1,5}))?|host_numa:(\d{1,5})", text)
        if isinstance(text, str)
        else None
    )
    if not found:
        raise Error(f'{text!r} is not a location; write "device", "device:0", "host" or "host_numa:1"')
    kind = _KINDS.index(text.split(":")[0])
    if text == "device":
        return abi.Location(kind, device)
    return abi.Location(kind, int(found[1] or found[2] or 0))


def location_name(where: abi.Location) -> str:
    """The text of a location: "none", "device:0", "host" or "host_numa:1"."""
    if not 0 <= where.kind < len(_KINDS):
        raise Error(f"the library answered with the unknown kind of location {where.kind}; build it again")
    name = _KINDS[where.kind]
    return f"{name}:{where.id}" if name in ("device", "host_numa") else name
