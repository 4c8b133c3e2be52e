"""Memory that is made before anybody knows where it will be mapped."""

import ctypes

from . import abi
from .handle import Functions, Owner
from .numbers import whole
from .range import location_of


class Stock(Owner):
    """Handles of host memory that a thread makes at 4-5 GB/s, and that ranges of the same `piece` take from.

    While a model loads, such as. A range that takes more than there is waits for what is being made, and
    makes the rest itself. Any thread may ask.
    """

    def __init__(self, functions: Functions, size: int, where: str, device: int, piece: int) -> None:
        """By `Library.stock`."""
        kind, number = location_of(where)
        wish = abi.StockWish(
            whole(size, "the bytes of a stock", 0, 2**63),
            whole(piece, "a piece of memory", 0, 2**63),
            whole(device, "the device", -1, 1023),
            kind,
            number,
        )
        c = functions.waiting
        super().__init__(functions, functions.made(c.cmm_kv_stock_make, wish), c.cmm_kv_stock_free)
        self.piece = piece
        """Bytes of each handle; 0 where the library chose."""

    @property
    def ready_bytes(self) -> int:
        """How many bytes were made so far, whoever has them."""
        out = ctypes.c_uint64()
        self._functions.check(self._functions.short.cmm_kv_stock_tell(self._open(), out))
        return out.value

    def close(self) -> None:
        """Give back what no range took. Twice does nothing."""
        self._close()
