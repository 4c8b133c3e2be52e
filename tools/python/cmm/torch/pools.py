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
_idle: dict[tuple[Allocator, int], list[torch.cuda.MemPool]] = {}


@contextlib.contextmanager
def use_pool(alloc: Allocator, device: torch.device | str | int | None = None) -> Iterator[None]:
    """Serve what this thread allocates on a GPU inside the block from `alloc`; by default on the current GPU.

    PyTorch's caching stays on and asks for segments: 2 MiB for small tensors, 20 MiB for medium ones, whole
    multiples of 2 MiB above; a size threshold in the recipe sees those. Running out raises
    `torch.OutOfMemoryError`. Tensors may outlive the block, and the interpreter. What they leave free serves
    the next block of this allocator on this GPU; `cmm.torch.empty_cache` gives it back to the driver. Blocks
    may be nested and run in several threads, each with memory of its own; threads that the block starts,
    such as those of `backward`, allocate as usual.

    Refuses a simulated allocator, a missing GPU, PyTorch's expandable segments, and a process whose
    allocator is not PyTorch's own, such as after `swap_global`.
    """
    alloc = chosen(alloc)
    alloc.check_serves_cuda("serve a pool of PyTorch")
    _check_backend()
    index = device_index(device)
    pool = _take(alloc, index)
    try:
        with torch.cuda.use_mem_pool(pool, device=index):
            yield
    finally:
        with _lock:
            _idle[alloc, index].append(pool)


def empty_cache() -> None:
    """As `torch.cuda.empty_cache`, and for the memory that `use_pool` keeps for its next block too.

    PyTorch keeps what is free in a pool for as long as the pool may be used again (pytorch#145168). So the
    pools that no block uses now are given up: their tensors live on, what they leave is PyTorch's to free.
    """
    with _lock:
        for (_, index), pools in _idle.items():
            while pools:
                torch.cuda.memory._cuda_releasePool(index, pools.pop().id)
    torch.cuda.empty_cache()


def _take(alloc: Allocator, index: int) -> torch.cuda.MemPool:
    """A pool that no other block uses: PyTorch lets a pool serve one block at a time."""
    with _lock:
        idle = _idle.setdefault((alloc, index), [])
        if idle:
            return idle.pop()
    _check_settings()
    source = torch.cuda.memory.CUDAPluggableAllocator(
        str(alloc.path), "cmm_torch_allocate_segment", "cmm_torch_free"
    )
    keep_forever(source)
    with torch.cuda.device(index):  # a pool belongs to the GPU that is current when it is made
        pool = torch.cuda.MemPool(source.allocator())
    keep_forever(pool)
    return pool


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
