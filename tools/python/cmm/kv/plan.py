"""What is copied in a step."""

import ctypes
from typing import Any

import numpy as np

from . import abi
from .errors import BadInput
from .numbers import address_of, pairs_of


class Plan:
    """Copies between slots of HBM and slots beyond. No slot is in it twice, so all of it may run at once.

    A residency's plan is valid until its next step, or its next refill; reading or running it later is
    refused.
    """

    __slots__ = ("_kept", "_stale", "c")

    def __init__(self, c: abi.Plan, kept: tuple[Any, ...] = ()) -> None:
        """Of the C structure; `kept` is what its addresses point into."""
        self.c, self._kept, self._stale = c, kept, False

    @classmethod
    def of(cls, *, up: Any = (), down: Any = (), swap: Any = ()) -> "Plan":
        """Of the caller's own pairs (fast, beyond), arrays of shape [n, 2]; it may run as often as wanted."""
        arrays = pairs_of(up, "up"), pairs_of(down, "down"), pairs_of(swap, "swap")
        _refuse_twice(arrays)
        return cls(abi.Plan(*(abi.Pairs(address_of(each), len(each)) for each in arrays), 0), arrays)

    @property
    def up(self) -> np.ndarray:
        """Pairs (fast, beyond) of which the content goes from beyond to HBM: int32 [n, 2], a copy."""
        return self._pairs(self.c.up)

    @property
    def down(self) -> np.ndarray:
        """Pairs (fast, beyond) of which the content goes from HBM to beyond: int32 [n, 2], a copy."""
        return self._pairs(self.c.down)

    @property
    def swap(self) -> np.ndarray:
        """Pairs (fast, beyond) whose contents change places: int32 [n, 2], a copy."""
        return self._pairs(self.c.swap)

    @property
    def step(self) -> int:
        """The number of the plan, which rises; 0 for a plan of the caller's own."""
        return int(self.c.step)

    @property
    def empty(self) -> bool:
        """Whether nothing is copied."""
        c = self.c
        return not (c.up.count or c.down.count or c.swap.count)

    def check(self) -> None:
        """Refuse a plan whose residency has gone on."""
        if self._stale:
            raise BadInput(
                f"the plan of step {self.step} is no longer valid, since its residency took another step; "
                "run each plan before the next one is made"
            )

    def end(self) -> None:
        """From now on, what it points to is another plan's."""
        self._stale = True

    def _pairs(self, pairs: abi.Pairs) -> np.ndarray:
        self.check()
        if not pairs.count:
            return np.empty((0, 2), np.int32)
        numbers = (ctypes.c_int32 * (2 * pairs.count)).from_address(pairs.slots)
        return np.array(numbers, np.int32).reshape(-1, 2)


def _refuse_twice(arrays: tuple[np.ndarray, ...]) -> None:
    """All copies of a plan run at once, so that a slot in it twice would hold either content."""
    slots, counts = np.unique(np.concatenate(arrays), return_counts=True)
    if slots.size and counts.max() > 1:
        raise BadInput(f"slot {slots[counts.argmax()]} is in a plan twice; give each slot once")
