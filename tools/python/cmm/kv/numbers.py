"""Numbers and texts of a caller, checked before C sees them: ctypes cuts off what does not fit."""

from typing import Any

import numpy as np

from .errors import BadInput

INT32_MOST = 2**31 - 1
INT32 = np.dtype(np.int32)
_EMPTY = np.empty(0, INT32)


def whole(value: Any, what: str, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    try:
        number = value.__index__()
    except (AttributeError, TypeError):
        number = None
    if number is None or isinstance(value, bool) or not least <= number <= most:
        raise BadInput(f"{what} is {value!r} and must be a whole number from {least} to {most}")
    return int(number)


def encoded(text: Any, what: str) -> bytes:
    """A text as C takes it."""
    if not isinstance(text, str) or "\0" in text:
        raise BadInput(f"{what} is {text!r} and must be text without zero bytes")
    return text.encode()


def pages_of(given: Any, what: str) -> np.ndarray:
    """Numbers of pages as an int32 array: the given one itself where it is one, else a copy of it."""
    if type(given) is np.ndarray and given.dtype == INT32 and given.ndim == 1:
        flags = given.flags
        if flags.c_contiguous and flags.aligned:
            return given
    return _converted(given, what)


def pairs_of(given: Any, what: str) -> np.ndarray:
    """Pairs of slots (fast, beyond) as an int32 array of shape [n, 2]."""
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise BadInput(f"{what} cannot be read ({error}); give pairs of slots") from error
    if array.size == 0:
        return _EMPTY.reshape(0, 2)
    if array.ndim != 2 or array.shape[1] != 2:
        raise BadInput(f"{what} has the shape {array.shape} and must have [n, 2], pairs of slots")
    return _converted(array.reshape(-1), what).reshape(-1, 2)


def address_of(array: np.ndarray) -> int:
    """Where its first number is."""
    return int(array.__array_interface__["data"][0])


def _converted(given: Any, what: str) -> np.ndarray:
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise BadInput(f"{what} cannot be read ({error}); give numbers of pages") from error
    if array.size == 0:
        return _EMPTY
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise BadInput(
            f"{what} has the type {array.dtype} and the shape {array.shape} and must be a list of whole "
            "numbers, best an int32 array, which is not copied"
        )
    low, high = int(array.min()), int(array.max())
    if low < -INT32_MOST - 1 or high > INT32_MOST:
        raise BadInput(f"{what} has {low if low < 0 else high}, which is no int32 number, as pages are")
    return np.require(array, INT32, ["C", "A"])
