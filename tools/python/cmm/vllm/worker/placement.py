"""Where the blocks of a KV cache are placed in memory that a recipe gives."""

import collections
import random
from typing import Any

import torch

import cmm.torch

from .areas import Area, block_areas, length, merged, rest_of, sample, whole_pages
from .backing import Backing
from .seen import Seen

ASKED = 64 << 10
"""Bytes whose place is asked for at once: what a GPU faults for together."""


class Placement(Seen):
    """Which bytes of the backing tensors are in HBM: those of the first blocks, as far as its share reaches.

    vLLM hands out its blocks from the first one on, then those that are free for longest: HBM is full before
    the rest is used, and later all are used alike.
    """

    def __init__(self, backing: Backing, views: list[Any], blocks: int, hbm_bytes: int) -> None:
        super().__init__(backing.tensors, views, blocks)
        self.hbm_blocks = blocks if hbm_bytes >= self.total else hbm_bytes * blocks // max(self.total, 1)
        self._fast: list[torch.Tensor] = []
        self._rest: list[torch.Tensor] = []
        for tensor in backing.tensors:
            fast = self._areas(tensor)
            self.hbm_bytes += length(fast)
            self._fast += [tensor[start:end] for start, end in fast]
            self._rest += [tensor[start:end] for start, end in rest_of(fast, tensor.nbytes)]

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
