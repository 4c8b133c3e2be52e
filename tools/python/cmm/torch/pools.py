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
_torch_empty_cache = torch.cuda.memory.empty_cache


@contextlib.contextmanager
def use_pool(alloc: Allocator, device: torch.device | str | int | None = None) -> Iterator[None]:
    """Serve what this thread allocates on a GPU inside the block from `alloc`; by default on the current GPU.

    PyTorch's caching stays on and asks for segments: 2 MiB for small tensors, 20 MiB for medium ones, whole
    multiples of 2 MiB above; a size threshold in the recipe sees those. Running out raises
    `torch.OutOfMemoryError`. Tensors may outlive the block, and the interpreter; what they leave free
    serves the next block of this allocator on this GPU. From the first block on, `torch.cuda.empty_cache`
    gives that back too, which by itself it does not (pytorch#145168). Threads that the block starts, such
    as those of `backward`, allocate as usual.

    Refuses a simulated allocator, a missing GPU, PyTorch's expandable segments, and a process whose
    allocator is not PyTorch's own, such as after `swap_global`.
    """
    alloc = chosen(alloc)
    alloc.check_serves_cuda("serve a pool of PyTorch")
    _check_backend()
    index = device_index(device)
    with contextlib.ExitStack() as stack:
        with _lock:  # until the pool is in use, empty_cache could retire it
            stack.enter_context(torch.cuda.use_mem_pool(_pool(alloc, index), device=index))
        yield


def empty_cache() -> None:
    """As `torch.cuda.empty_cache`, whose place it takes, and for the pools of `use_pool` too.

    PyTorch keeps what is free in a pool while the pool may be used again. So a pool that no thread uses is
    given up: its tensors live on, what they leave is PyTorch's to free, and the next block gets a new one.
    """
    with _lock:
        idle = [key for key, pool in _pools.items() if pool.use_count() == 1]
        for key in idle:
            torch.cuda.memory._cuda_releasePool(key[1], _pools.pop(key).id)
    _torch_empty_cache()


def _pool(alloc: Allocator, index: int) -> torch.cuda.MemPool:
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
        torch.cuda.empty_cache = torch.cuda.memory.empty_cache = empty_cache
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
