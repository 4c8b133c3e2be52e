"""Swap mode: our functions replace PyTorch's allocator in the whole process."""

import warnings

import torch

from ..errors import Error
from .allocator import Allocator, chosen, state
from .forever import keep_forever
from .out_of_memory import raise_torch_errors
from .torch_statistics import report_statistics

# PyTorch's setters and the functions of ours that they take; each is a C++ function of torch 2.9 and newer.
_HOOKS = {
    "set_init_fn": "cmm_torch_init",
    "set_reset_fn": "cmm_torch_empty_cache",
    "set_memory_fraction_fn": "cmm_torch_set_memory_fraction",
    "set_base_alloc_fn": "cmm_torch_base_allocation",
    "set_record_stream_fn": "cmm_torch_record_stream",
    "set_begin_allocate_to_pool": "cmm_torch_begin_allocate_to_pool",
    "set_end_allocate_to_pool_fn": "cmm_torch_end_allocate_to_pool",
    "set_release_pool": "cmm_torch_release_pool",
}


def swap_global(alloc: Allocator, *, patch_torch_statistics: bool = False) -> None:
    """Serve every CUDA tensor of this process from `alloc`, from now to its end. No CUDA call is made.

    PyTorch's caching is off, so the recipe should have a pool; one without is warned of. Running out raises
    `torch.OutOfMemoryError`, or a RuntimeError, with a warning, on a machine without a C++ compiler.
    PyTorch's own statistics raise in this mode: use `cmm.torch.stats`, or let `patch_torch_statistics`
    answer them from ours (see `report_statistics`). `torch.cuda.empty_cache` and
    `set_per_process_memory_fraction` work.

    Refuses a simulated allocator, a second swap, a process that has used CUDA already, and one whose
    allocator is not PyTorch's own.
    """
    alloc = chosen(alloc)
    alloc.check_serves_cuda("serve PyTorch's tensors")
    if state.swapped:
        raise Error(
            f"PyTorch's allocator is {state.swapped.path} already; it can be changed once in a process"
        )
    if torch.cuda.is_initialized():
        raise Error(
            "CUDA is in use already, and PyTorch's allocator cannot change then; call swap_global before it"
        )
    backend = torch.cuda.memory.get_allocator_backend()
    if backend != "native":
        raise Error(f"PyTorch's allocator is {backend} already; swap_global replaces the native one only")
    if not alloc.caches:
        warnings.warn(
            f"the recipe {alloc.recipe} has no pool, so every tensor will cost calls of the driver; "
            "add | pool",
            stacklevel=2,
        )

    source = torch.cuda.memory.CUDAPluggableAllocator(str(alloc.path), "cmm_torch_allocate", "cmm_torch_free")
    for setter, function in _HOOKS.items():
        getattr(source.allocator(), setter)(alloc.library.address(function))
    raise_torch_errors(alloc)
    keep_forever(source)
    torch.cuda.memory.change_current_allocator(source)
    state.swapped = alloc
    if patch_torch_statistics:
        report_statistics(alloc)
