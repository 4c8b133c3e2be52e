"""HBM into which pages from beyond it are copied for one layer at a time."""

from collections.abc import Sequence
from typing import NamedTuple


class Staging(NamedTuple):
    """Windows behind the pages of each piece of a layout; those of one number show the same HBM.

    What one layer is to read is copied into its window before it works, and then what the next one is to
    read. A staged slot has one number in all pieces, so that kernels only need another table.
    """

    pages: int
    """Slots [0, pages) of the layout are for pages; the windows lie behind them."""
    window: int
    """Bytes of each, in multiples of 2 MiB."""
    windows: Sequence[int]
    """For each piece, the number of its memory, from 0 on."""
