"""Where the bytes of every page lie in a range of slots."""

import ctypes
from collections.abc import Sequence

from . import abi
from .errors import BadInput
from .handle import Functions, Owner
from .numbers import INT32_MOST, whole

_MOST = 2**64 - 1


class Layout(Owner):
    """Pieces of a page: that of slot `s` is `bytes` at `offset + s * stride` of the range."""

    def __init__(self, functions: Functions, pieces: Sequence[tuple[int, int, int]], slots: int) -> None:
        """By `Library.layout`."""
        c = functions.short
        given = (abi.Piece * len(pieces))(*(_piece(each) for each in pieces))
        slots = whole(slots, "slots", 1, INT32_MOST)
        made = functions.made(c.cmm_kv_layout_make, given, len(pieces), slots)
        super().__init__(functions, made, c.cmm_kv_layout_free)
        facts = abi.LayoutFacts()
        functions.check(c.cmm_kv_layout_tell(made, ctypes.byref(facts)))
        self.pieces = tuple((each.offset, each.stride, each.bytes) for each in given)
        self.slots: int = facts.slots
        self.page_bytes: int = facts.page_bytes
        """The sum over the pieces."""
        self.bytes: int = facts.bytes
        """Of the whole range, to the end of the last piece."""

    def fast_within(self, hbm: int) -> int:
        """The most slots whose memory fits into so many bytes of HBM, of which 2 MiB are taken at a time."""
        out = ctypes.c_int32()
        c = self._functions.short
        hbm = whole(hbm, "bytes of HBM", 0, _MOST)
        self._functions.check(c.cmm_kv_layout_fast_within(self._handle, hbm, ctypes.byref(out)))
        return out.value


def _piece(given: Sequence[int]) -> abi.Piece:
    try:
        offset, stride, size = given
    except (TypeError, ValueError):
        raise BadInput(f"the piece {given!r} is no triple; give (offset, stride, bytes)") from None
    return abi.Piece(
        whole(offset, "the offset of a piece", 0, _MOST),
        whole(stride, "the stride of a piece", 0, _MOST),
        whole(size, "the bytes of a piece", 0, _MOST),
    )
