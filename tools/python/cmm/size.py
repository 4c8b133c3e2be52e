"""Sizes as text, read and written by the rules of the library (`core/units.hpp`, `core/size_text.hpp`)."""

import re
from typing import Any

from .errors import Error

_UNITS = {"": 1, "B": 1} | {
    f"{letter}{binary}B": base**power
    for binary, base in (("i", 1024), ("", 1000))
    for power, letter in enumerate("KMGT", start=1)
}
_NAMES = ("B", "KiB", "MiB", "GiB", "TiB")
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
    """For people, as `size_text` of the library: powers of 1024, three digits, "95.6 GiB", "64 KiB", "0"."""
    return _written(size)[0]


def size_in_full(size: int) -> str:
    """The same for an error, which hides nothing of what it is about: "542 GiB (582005473280 bytes)"."""
    text, exact = _written(size)
    return text if exact else f"{text} ({size} bytes)"


def _written(size: int) -> tuple[str, bool]:
    """How a size is written, and whether that is all of it (`core/size_text.hpp`)."""
    if size == 0:
        return "0", True
    value, power = float(size), 0
    while power < 4 and value >= (9999.5 if power == 3 else 999.5):  # 1150 GiB says more than 1.1 TiB
        value /= 1024
        power += 1
    whole = value >= 99.95 or value == int(value)
    rest = size % (1 << 10 * power)
    exact = rest == 0 or (not whole and rest * 10 % (1 << 10 * power) == 0)
    return f"{value:.{0 if whole else 1}f} {_NAMES[power]}", exact
