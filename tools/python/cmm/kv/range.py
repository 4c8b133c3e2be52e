"""Memory for the slots of a layout."""

import ctypes
import weakref
from collections.abc import Sequence
from typing import Any

from ..errors import Error
from ..location import parse_location
from . import abi
from .errors import BadInput
from .handle import Functions, Owner
from .layout import Layout
from .numbers import INT32_MOST, whole
from .staging import Staging

NEAREST = "nearest"
_HOST_NUMA, _RELATIVE = 3, -1


class Range(Owner):
    """One address range: slots [0, fast) in HBM, the others on a host NUMA node, pinned there.

    Where the machine has no memory handles for host memory, managed memory serves it, which is said once.
    With `background` a thread makes the part beyond HBM, at 4-5 GB/s: `ready_slots` may be used, `wait`
    waits. Kernels, copy engines and PyTorch may use all of it, for PyTorch as
    `torch.as_tensor(memory, device="cuda")`, where some slots lie in HBM. Any thread may ask and wait.
    """

    def __init__(
        self,
        functions: Functions,
        layout: Layout,
        fast: int,
        beyond: str,
        device: int,
        also: Sequence[int],
        background: bool,
        keep_when_full: bool,
        piece: int,
        stock: int | None = None,
        staging: Staging | None = None,
    ) -> None:
        """By `Library.range`."""
        kind, number = location_of(beyond)
        others = (ctypes.c_int * len(also))(*(whole(each, "a GPU of also", 0, 1023) for each in also))
        wish = abi.RangeWish(
            whole(fast, "fast slots", 0, INT32_MOST),
            whole(device, "the device", -1, 1023),
            kind,
            number,
            others,
            len(also),
            int(background),
            int(keep_when_full),
            whole(piece, "a piece of memory", 0, 2**63),
            stock,
            *_staged(staging, layout),
        )
        c = functions.waiting
        made = functions.made(c.cmm_kv_range_make, layout._handle, wish)
        super().__init__(functions, made, c.cmm_kv_range_free)
        self.layout = layout
        facts = self._facts()
        self._data: int = facts.data
        self.bytes: int = facts.bytes
        """Of whole granules of 2 MiB; at least `layout.bytes`."""
        self.fast: int = facts.fast
        self.slots: int = facts.slots
        self.device: int = facts.device
        """The ordinal of its GPU."""
        self.staged: tuple[int, int] = facts.staged_first, facts.staged
        """The first slot that lies in the windows of its `staging`, and how many there are; none without."""
        self.text: str = c.cmm_kv_range_text(made).decode()
        """What it lies in: "mapped memory", or the recipe that serves in its place."""
        self.users: weakref.WeakSet[Any] = weakref.WeakSet()
        """The movers of this memory."""

    @property
    def data(self) -> int:
        """The address of slot 0."""
        self._open()
        return self._data

    @property
    def ready_slots(self) -> int:
        """How many slots from 0 on may be used; 0 when a failed wait has given everything back."""
        return int(self._facts().ready_slots)

    @property
    def ready_bytes(self) -> int:
        """How many bytes from `data` on may be used, of `bytes`: the progress of `background`."""
        return int(self._facts().ready_bytes)

    @property
    def skipped_hints(self) -> int:
        """Advice and prefetches that the machine could not take, where a recipe serves."""
        return int(self._facts().skipped_hints)

    def wait(self, slots: int | None = None) -> None:
        """Return when slots [0, slots) may be used, or all of them.

        Raises `MemoryFull` where they cannot be had; then everything is given back, unless `keep_when_full`.
        """
        count = self.slots if slots is None else whole(slots, "slots to wait for", 0, INT32_MOST)
        self._functions.check(self._functions.waiting.cmm_kv_range_wait(self._open(), count))

    def close(self) -> None:
        """Give the memory back once its GPU is idle, and end the movers of it. Twice does nothing."""
        for each in list(self.users):
            each.close()
        self._close()

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """All of it as bytes, for `torch.as_tensor` and others."""
        self._open()
        return _bytes_at(self.data, self.bytes)

    def part(self, start: int, size: int) -> "Part":
        """Bytes [start, start + size), for PyTorch as a tensor whose storage begins there."""
        if not 0 <= start <= start + size <= self.bytes:
            raise BadInput(f"bytes {start} to {start + size} are not in a range of {self.bytes}")
        return Part(self, start, size)

    def _facts(self) -> abi.RangeFacts:
        facts = abi.RangeFacts()
        self._functions.check(self._functions.short.cmm_kv_range_tell(self._open(), facts))
        return facts


class Part:
    """Bytes of a range, for `torch.as_tensor` and others. Keeps the range."""

    def __init__(self, memory: Range, start: int, size: int) -> None:
        """By `Range.part`."""
        self._memory, self.data, self.bytes = memory, memory.data + start, size

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """All of it."""
        self._memory._open()
        return _bytes_at(self.data, self.bytes)


def _staged(staging: Staging | None, layout: Layout) -> tuple[int, int, Any]:
    if staging is None:
        return 0, 0, None
    if len(staging.windows) != len(layout.pieces):
        raise BadInput(
            f"{len(staging.windows)} windows are given for a layout of {len(layout.pieces)} pieces; give the "
            "number of one for each"
        )
    numbers = (ctypes.c_uint32 * len(staging.windows))(
        *(whole(each, "the number of a window", 0, INT32_MOST) for each in staging.windows)
    )
    pages = whole(staging.pages, "pages beside windows", 0, INT32_MOST)
    return pages, whole(staging.window, "bytes of a window", 0, 2**63), numbers


def _bytes_at(address: int, size: int) -> dict[str, Any]:
    return {
        "shape": (size,),
        "typestr": "|u1",
        "data": (address, False),
        "version": 3,
        "strides": None,
        "stream": None,
    }


def location_of(beyond: str) -> tuple[int, int]:
    """Kind and number of a location in words."""
    if beyond == NEAREST:
        return _HOST_NUMA, _RELATIVE
    try:
        where = parse_location(beyond, 0)
    except Error:
        raise BadInput(
            f'{beyond!r} is no place for slots beyond HBM; write "nearest", "host", "host_numa:1" or '
            '"device:1"'
        ) from None
    return where.kind, where.id
