"""Tensors behind a KV cache: caught where vLLM asks PyTorch for them."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

import cmm.torch

from ...errors import Error
from ...size import format_size
from ..release.interface import installed
from ..release.kv_allocation import BYTES, FACTORIES

_FACTORIES = tuple(getattr(torch, name) for name in FACTORIES)


class Backing(TorchFunctionMode):
    """While it is entered, tensors of given sizes in bytes on a GPU come from an allocator, untouched.

    Everything else that is allocated meanwhile, such as the workspaces of attention, is PyTorch's as always.
    """

    def __init__(self, sizes: set[int], make: Callable[..., torch.Tensor]) -> None:
        """`make` is called as torch.empty."""
        super().__init__()
        self._sizes, self._make = sizes, make
        self._zeroed: list[torch.Tensor] = []
        self.tensors: list[torch.Tensor] = []
        """As bytes, in the order in which vLLM asked."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func not in _FACTORIES or not self._is_backing(args, kwargs):
            return func(*args, **kwargs)
        tensor = self._make(*args, **kwargs)
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


def from_recipe(alloc: cmm.torch.Allocator, device: torch.device) -> Callable[..., torch.Tensor]:
    """What makes tensors in the memory of an allocator."""

    def make(*args: Any, **kwargs: Any) -> torch.Tensor:
        with cmm.torch.use_pool(alloc, device):
            return torch.empty(*args, **kwargs)

    return make


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
