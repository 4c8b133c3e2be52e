"""Pool mode: PyTorch caches and counts, and takes its segments from our functions."""

import contextlib
import threading
from collections.abc import Iterator

import torch

from ..errors import Error
from .allocator import Allocator, chosen, state
from .devices import device_index
from .forever import keep_forever

_lock = threading.Lock()
_pools: dict[tuple[Allocator, int], torch.cuda.MemPool] = {}


@contextlib.contextmanager
def use_pool(
    alloc: Allocator, device: torch.device | str | int | None = None
) -> Iterator[torch.cuda.MemPool]:
    """Serve what this thread allocates on a GPU inside the block from `alloc`; by default on the current GPU.

    PyTorch's caching stays on and asks for segments: 2 MiB for small tensors, 20 MiB for medium ones, whole
    multiples of 2 MiB above; a size threshold in the recipe sees those. Running out raises
    `torch.OutOfMemoryError`. Each allocator has one `torch.cuda.MemPool` for each GPU, which this gives and
    which lives until the process ends, so tensors may outlive the block; freed memory stays in it for the
    next block. Threads that the block starts, such as those of `backward`, allocate as usual.

    Refuses a simulated allocator, a missing GPU, PyTorch's expandable segments, and a process whose
    allocator is not PyTorch's own, such as after `swap_global`.
    """
    alloc = chosen(alloc)
    alloc.check_serves_cuda("serve a pool of PyTorch")
    _check_backend()
    index = device_index(device)
    pool = _pool(alloc, index)
    with torch.cuda.use_mem_pool(pool, device=index):
        yield pool


def _pool(alloc: Allocator, index: int) -> torch.cuda.MemPool:
    with _lock:
        if (alloc, index) not in _pools:
            _check_settings()
            source = torch.cuda.memory.CUDAPluggableAllocator(
                str(alloc.path), "cmm_torch_allocate_segment", "cmm_torch_free"
            )
            keep_forever(source)
            with torch.cuda.device(index):  # a pool belongs to the GPU that is current when it is made
                pool = torch.cuda.MemPool(source.allocator())
            keep_forever(pool)
            _pools[alloc, index] = pool
        return _pools[alloc, index]


def _check_backend() -> None:
    """Refuse what PyTorch's pools do not work with."""
    if state.swapped:
        raise Error(
            f"swap_global has replaced PyTorch's allocator by {state.swapped.path}, which has no pools; "
            "use one mode in a process"
        )
    backend = torch.cuda.memory.get_allocator_backend()
    if backend != "native":
        raise Error(
            f"PyTorch's allocator is {backend}, and pools need the native one; leave backend: out of "
            "PYTORCH_ALLOC_CONF"
        )


def _check_settings() -> None:
    """Refuse expandable segments, by the settings in force."""
    if torch.cuda.memory._snapshot()["allocator_settings"]["expandable_segments"]:
        raise Error(
            "PyTorch's expandable segments are on, and a pool's allocator is not asked then "
            "(pytorch#147851); leave expandable_segments out of PYTORCH_ALLOC_CONF"
        )
