"""Sizes as text, by the rule of the library (`core/units.hpp`): "64GiB", "1.5 MiB", "10GB", "4096"."""

import re
from decimal import Decimal
from typing import Any

from .errors import Error

_UNITS = {"": 1, "B": 1} | {
    f"{letter}{binary}B": base**power
    for binary, base in (("i", 1024), ("", 1000))
    for power, letter in enumerate("KMGT", start=1)
}
_MOST = (1 << 64) - 1
_MOST_DIGITS = 40
"""Behind the point: with more, no unit makes whole bytes of it."""


def parse_size(text: Any, where: str) -> int:
    """Bytes of a size that is written `where`. Refuses what is no size, or more than the address space."""

    def refusal(why: str) -> Error:
        return Error(f"{where} is {text!r}, which {why}; write a size, such as 64GiB or 512MiB")

    if not isinstance(text, str):
        raise refusal("is no text")
    number, unit = re.fullmatch(r"([0-9.]*)[ _]*(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    if not number:
        raise refusal("does not start with a number")
    if unit not in _UNITS:
        raise refusal("has an unknown unit")
    if number == "." or number.count(".") > 1:
        raise refusal("is not a number")
    whole, _, fraction = number.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    if len(whole) > len(str(_MOST)) or int(whole) * _UNITS[unit] > _MOST:
        raise refusal("is larger than the address space")
    if len(fraction) > _MOST_DIGITS:
        raise refusal("is not a whole number of bytes")
    scale: int = 10 ** len(fraction)
    size, rest = divmod(int(whole + fraction) * _UNITS[unit], scale)
    if size > _MOST:
        raise refusal("is larger than the address space")
    if rest:
        raise refusal("is not a whole number of bytes")
    return size


def format_size(size: int) -> str:
    """Such as "64 GiB", "1.5 MiB" or "17 B"."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= _UNITS[unit]:
            value = f"{size / _UNITS[unit]:.2f}".rstrip("0").rstrip(".")
            return f"{value} {unit}"
    return f"{size} B"


def size_in_full(size: int) -> str:
    """The same for an error, which must not hide what it is about: "64 GiB", "64 GiB (68719476737 bytes)"."""
    text = format_size(size)
    number, unit = text.split()
    return text if Decimal(number) * _UNITS[unit] == size else f"{text} ({size} bytes)"
