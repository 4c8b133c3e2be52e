"""The memory behind a KV cache: caught where vLLM asks PyTorch for it, and placed block by block."""

import collections
import contextlib
import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

import cmm.torch

from ...errors import Error
from ...size import format_size
from ..release.interface import installed
from ..release.kv_allocation import BYTES, FACTORIES
from .areas import Area, block_areas, length, merged, rest_of, sample, whole_pages

ASKED = 64 << 10
"""Bytes whose place is asked for at once: what a GPU faults for together."""

_FACTORIES = tuple(getattr(torch, name) for name in FACTORIES)


class Backing(TorchFunctionMode):
    """While it is entered, tensors of given sizes in bytes on a GPU come from an allocator, untouched.

    Everything else that is allocated meanwhile, such as the workspaces of attention, is PyTorch's as always.
    """

    def __init__(self, alloc: cmm.torch.Allocator, sizes: set[int], device: torch.device) -> None:
        super().__init__()
        self._alloc, self._sizes, self._device = alloc, sizes, device
        self._zeroed: list[torch.Tensor] = []
        self.tensors: list[torch.Tensor] = []
        """As bytes, in the order in which vLLM asked."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func not in _FACTORIES or not self._is_backing(args, kwargs):
            return func(*args, **kwargs)
        with cmm.torch.use_pool(self._alloc, self._device):
            tensor = torch.empty(*args, **kwargs)
        self.tensors.append(tensor.view(torch.uint8))
        if func is torch.zeros:
            self._zeroed.append(tensor)
        return tensor

    def _is_backing(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        on = torch.device(kwargs.get("device") or "cpu")
        if on.type != "cuda" or str(kwargs.get("dtype")) not in BYTES:
            return False
        size = args[0] if args else kwargs.get("size")
        return isinstance(size, int) and len(args) <= 1 and size in self._sizes

    def check_complete(self) -> None:
        """Refuse a KV cache that came only partly from the allocator, or not at all."""
        if self._sizes == {tensor.nbytes for tensor in self.tensors}:
            return
        raise Error(
            f"vLLM {installed()[0]} makes the KV cache of this model, or of its KV connector, in a way that "
            "cmm does not know, so it would stay in HBM; leave --worker-cls out, and tell us of it"
        )

    def fill(self) -> None:
        """Write the zeros that vLLM asked for."""
        for tensor in self._zeroed:
            tensor.zero_()
        self._zeroed.clear()


class Placement:
    """Which bytes of the backing tensors are in HBM: those of the first blocks, as far as its share reaches.

    vLLM hands out its blocks from the first one on, then those that are free for longest: HBM is full before
    the rest is used, and later all are used alike.
    """

    def __init__(self, backing: Backing, views: list[Any], blocks: int, hbm_bytes: int) -> None:
        self.total = sum(tensor.nbytes for tensor in backing.tensors)
        self.blocks = blocks
        self.hbm_blocks = blocks if hbm_bytes >= self.total else hbm_bytes * blocks // max(self.total, 1)
        self.hbm_bytes = 0
        self.tensors = backing.tensors
        self._views = list(_tensors_in(views))
        self._fast: list[torch.Tensor] = []
        self._rest: list[torch.Tensor] = []
        for tensor in backing.tensors:
            fast = self._areas(tensor)
            self.hbm_bytes += length(fast)
            self._fast += [tensor[start:end] for start, end in fast]
            self._rest += [tensor[start:end] for start, end in rest_of(fast, tensor.nbytes)]

    def views_in(self, tensor: torch.Tensor) -> Iterator[tuple[int, Sequence[int], Sequence[int], int]]:
        """What layers see of a backing tensor: offset in bytes, shape, strides, bytes of an element."""
        base, end = tensor.data_ptr(), tensor.data_ptr() + tensor.nbytes
        for view in self._views:
            if base <= view.data_ptr() < end:
                yield view.data_ptr() - base, view.shape, view.stride(), view.element_size()

    def _areas(self, tensor: torch.Tensor) -> list[Area]:
        """The part of a backing tensor for HBM: whole pages, all of it where everything fits."""
        if self.hbm_blocks == self.blocks:
            return [(0, tensor.nbytes)]
        found: list[Area] = []
        for offset, shape, strides, item in self.views_in(tensor):
            areas = block_areas(shape, strides, item, self.blocks, self.hbm_blocks)
            found += [(offset + start, offset + stop) for start, stop in areas]
        if not found:
            found = [(0, tensor.nbytes * self.hbm_blocks // self.blocks)]
        return whole_pages(merged(found), tensor.data_ptr())

    def apply(self, alloc: cmm.torch.Allocator) -> None:
        """Say where the pages belong and bring them into being there."""
        for part in self._fast:
            cmm.torch.advise(part, "preferred_location", "device", alloc=alloc)
            cmm.torch.prefetch(part, "device", alloc=alloc)
        for part in self._rest:
            cmm.torch.prefetch(part, "host", alloc=alloc)

    def residency(self, alloc: cmm.torch.Allocator, samples: int = 32) -> dict[str, float]:
        """The share of bytes at each location, from a sample of pages of what is for HBM, and of the rest.

        Waits for the GPU at each page of the sample.
        """
        seen: collections.Counter[str] = collections.Counter()
        for parts in (self._fast, self._rest):
            sizes = [part.nbytes for part in parts]
            weight = sum(sizes) / max(self.total, 1) / (samples // 2)
            for which, at in sample(sizes, samples // 2, random.random):
                start = at // ASKED * ASKED
                page = parts[which][start : start + ASKED]
                for place, share in cmm.torch.residency(page, alloc=alloc).items():
                    seen[place] += weight * share
        return dict(seen)


def _tensors_in(views: Any) -> Iterator[torch.Tensor]:
    """The tensors of vLLM's list, in which an entry may be a list again."""
    if isinstance(views, torch.Tensor):
        yield views
    elif isinstance(views, (list, tuple)):
        for each in views:
            yield from _tensors_in(each)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Running out of memory says which memory was full and what to change."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        free, whole = torch.cuda.mem_get_info()
        raise Error(
            f"the KV cache does not fit: HBM has {format_size(free)} of {format_size(whole)} free and the "
            f"larger memory refused the rest ({error}); ask for less by large_bytes or "
            "--kv-cache-memory-bytes"
        ) from error
