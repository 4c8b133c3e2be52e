"""Allocators of cmm in PyTorch: for one tensor, for a region of code, or for the whole process.

    alloc = cmm.torch.build("managed | threshold_prefetch | stats")
    with cmm.torch.use_pool(alloc):
        weights = torch.empty(8 << 30, dtype=torch.uint8, device="cuda")
    cmm.torch.residency(weights)  # {"device:0": 1.0}

Pool mode (`use_pool`) keeps PyTorch's caching and statistics; swap mode (`swap_global`) replaces both.
Whatever is refused raises `cmm.Error` with one sentence. Needs torch 2.9 or newer.
"""

from .requirement import check_torch

check_torch()

from .allocator import Allocator  # noqa: E402
from .building import build  # noqa: E402
from .loading import load  # noqa: E402
from .memory import (  # noqa: E402
    advise,
    discard,
    discard_batch,
    prefetch,
    prefetch_batch,
    residency,
)
from .pools import empty_cache, use_pool  # noqa: E402
from .statistics import Statistics, reset_peaks, stats  # noqa: E402
from .swapping import swap_global  # noqa: E402
from .torch_statistics import report_statistics, restore_statistics  # noqa: E402

__all__ = [
    "Allocator",
    "Statistics",
    "advise",
    "build",
    "discard",
    "discard_batch",
    "empty_cache",
    "load",
    "prefetch",
    "prefetch_batch",
    "report_statistics",
    "reset_peaks",
    "residency",
    "restore_statistics",
    "stats",
    "swap_global",
    "use_pool",
]
