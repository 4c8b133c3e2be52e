"""What an allocator counted."""

import dataclasses

from ..abi import Usage
from .allocator import Allocator, chosen
from .devices import check_exists

_NO_LIMIT = 2**64 - 1


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Counted since the library's first allocation; sizes are bytes.

    Blocks are what PyTorch asked for: tensors in swap mode, segments in pool mode. From `reserved_bytes`
    on, the figures are over all devices, whichever was asked about.
    """

    recipe: str
    platform: str
    overrides: str
    device: int | None
    """None: all devices together."""
    live_bytes: int
    peak_bytes: int
    total_bytes: int
    live_blocks: int
    peak_blocks: int
    total_blocks: int
    failed: int
    """Requests that could not be served."""
    skipped_hints: int
    """Advice and prefetches this machine could not take."""
    reserved_bytes: int
    """Taken from the driver; without a pool, `live_bytes`."""
    peak_reserved_bytes: int
    cached_bytes: int
    """Of the reserved ones: free for reuse."""
    parked_bytes: int
    """Of the reserved ones: kept for CUDA graphs that may still run."""
    fast_bytes: int
    """Of the live ones: in the fast memory of a `spill`."""
    limit_bytes: int | None
    """The budget; None without one."""
    limit_used_bytes: int


def stats(alloc: Allocator | None = None, device: int | None = None) -> Statistics:
    """What an allocator counted on a GPU, or on all (None). `alloc` may be left out if it is the only one."""
    alloc = chosen(alloc)
    if device is not None and (device < 0 or alloc.platform == "cuda"):
        check_exists(device)
    usage = alloc.library.usage(-1 if device is None else device)
    counted = {field[0]: getattr(usage, field[0]) for field in Usage._fields_}
    if counted["limit_bytes"] == _NO_LIMIT:
        counted["limit_bytes"] = None
    return Statistics(alloc.recipe, alloc.platform, alloc.overrides, device, **counted)


def reset_peaks(alloc: Allocator | None = None) -> None:
    """Let each peak begin at what is live now, on all devices."""
    chosen(alloc).library.reset_peaks()
