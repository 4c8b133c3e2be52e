"""What the layers of a model see of the tensors behind a KV cache."""

from collections.abc import Iterator
from typing import Any

import torch

from .runs import View


class Seen:
    """Backing tensors of so many blocks, and the views of them that vLLM gave to its layers."""

    def __init__(self, tensors: list[torch.Tensor], views: Any, blocks: int) -> None:
        """`views` is vLLM's list, in which an entry may be a list again."""
        self.tensors, self.blocks = tensors, blocks
        self._views = list(_tensors_in(views))
        self.pages = blocks
        """Of the blocks, those for content."""
        self.total = sum(tensor.nbytes for tensor in tensors)
        """Bytes of these."""
        self.hbm_blocks = self.hbm_bytes = 0

    def views_in(self, tensor: torch.Tensor) -> Iterator[View]:
        """What layers see of a backing tensor: offset in bytes, shape, strides, bytes of an element."""
        base, end = tensor.data_ptr(), tensor.data_ptr() + tensor.nbytes
        for view in self._views:
            if base <= view.data_ptr() < end:
                yield view.data_ptr() - base, view.shape, view.stride(), view.element_size()


def _tensors_in(views: Any) -> Iterator[torch.Tensor]:
    """The tensors of vLLM's list, in which an entry may be a list again."""
    if isinstance(views, torch.Tensor):
        yield views
    elif isinstance(views, (list, tuple)):
        for each in views:
            yield from _tensors_in(each)
