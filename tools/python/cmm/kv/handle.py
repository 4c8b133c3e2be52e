"""Objects of the C library."""

import ctypes
import weakref
from collections.abc import Callable
from typing import Any

from ..errors import Error
from .errors import KINDS, BadInput


class Functions:
    """The functions of a library, which raise what they answer.

    Short ones keep Python's lock, so that a step does not wait for other threads to give it back; `waiting`
    ones release it.
    """

    def __init__(self, short: ctypes.PyDLL, waiting: ctypes.CDLL) -> None:
        """Of one library, opened in both ways."""
        self.short, self.waiting = short, waiting

    def check(self, answer: int) -> None:
        """Raise what a function answered."""
        if answer:
            said = (self.short.cmm_kv_last_error() or b"").decode(errors="replace")
            raise KINDS.get(answer, Error)(said or "the library failed and gave no reason")

    def made(self, make: Callable[..., int], *arguments: Any) -> int:
        """The handle that a function makes in its last argument."""
        out = ctypes.c_void_p()
        self.check(make(*arguments, ctypes.byref(out)))
        return int(out.value or 0)


class Owner:
    """What owns an object of the library, and frees it at the latest when the program ends."""

    def __init__(
        self, functions: Functions, handle: int, free: Callable[[int], None], kept_by: Any = None
    ) -> None:
        """Take over the object. It lives as long as this, or as what keeps it."""
        self._functions, self._handle = functions, handle
        self._freed = weakref.finalize(self if kept_by is None else kept_by, free, handle)

    def _close(self) -> None:
        self._handle = 0
        self._freed()

    def _open(self) -> int:
        """The handle. Refuses after `close`."""
        if not self._handle:
            raise BadInput(f"this {type(self).__name__.lower()} was closed; make a new one")
        return self._handle
