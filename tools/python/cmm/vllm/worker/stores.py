"""Where the KV cache of a worker comes from: one range of memory handles, or a recipe."""

import logging
from collections.abc import Callable
from typing import Any

import torch

import cmm.torch

from ... import kv
from ...size import format_size
from ..following import FixedError
from ..settings import Settings, places_blocks
from .backing import Backing, from_recipe
from .placement import Placement
from .runs import Run, UnclearPlacesError, runs_of
from .seen import Seen
from .tiered import TieredMemory
from .windows import Windows

_log = logging.getLogger("vllm.cmm")
PLATFORM = "cuda"


class RecipeStore:
    """Tensors from a recipe, their blocks placed by advice where it has managed memory."""

    def __init__(self, settings: Settings, device: torch.device) -> None:
        """Compiles or loads the allocator."""
        built = settings.library is None
        self.alloc = cmm.torch.build(settings.recipe) if built else cmm.torch.load(settings.library)
        self.make = from_recipe(self.alloc, device)
        self._at: Placement | None = None

    @property
    def pages(self) -> int:
        """How many blocks it has for content."""
        return self._at.pages

    def settled(self) -> "RecipeStore":
        """Itself."""
        return self

    def place(self, backing: Backing, views: Any, blocks: int, hbm_bytes: int, rank: int) -> Placement:
        """Puts the first blocks into HBM and writes the zeros that were asked for."""
        self._at = Placement(backing, views, blocks, hbm_bytes)
        if places_blocks(self.alloc.recipe):
            self._at.apply(self.alloc)
        backing.fill()
        return self._at

    def where(self) -> str:
        """A line about where the blocks are."""
        at = self._at
        if places_blocks(self.alloc.recipe):
            return f"{_split(at)}; recipe {self.alloc.recipe}"
        fast = cmm.torch.stats(self.alloc).fast_bytes
        there = f"{format_size(fast)} in the fast memory of the recipe" if fast else "where the recipe says"
        return f"{there}; recipe {self.alloc.recipe}"

    def residency(self) -> str:
        """What a sample of its pages says now. Raises Error where they cannot be looked at."""
        shares = self._at.residency(self.alloc)
        counted = cmm.torch.stats(self.alloc)
        return (
            "KV cache by a sample of its pages: "
            f"{', '.join(f'{share:.0%} {place}' for place, share in sorted(shares.items()))}; "
            f"skipped hints {counted.skipped_hints}, refused requests {counted.failed}"
        )

    def mover(self) -> tuple[kv.Library, kv.Layout, kv.Mover]:
        """Of its blocks. Raises FixedError where they cannot be moved one by one."""
        if not places_blocks(self.alloc.recipe):
            raise FixedError("the recipe says where memory is, and not block by block")
        library, at = kv.build(PLATFORM), self._at
        base = min(tensor.data_ptr() for tensor in at.tensors)
        pieces = [
            (tensor.data_ptr() - base + start, step, step)
            for tensor in at.tensors
            for start, step in _runs_in(at, tensor)
        ]
        layout = library.layout(pieces, at.blocks)
        return library, layout, library.mover_at(layout, at.hbm_blocks, base)


class RangeStore:
    """Tensors in one range of memory handles. Nothing in it migrates."""

    def __init__(
        self,
        library: kv.Library,
        planned: list[tuple[int, list[Run]]],
        blocks: int,
        hbm: int,
        device: int,
        stock: kv.Stock | None = None,
        windows: Windows | None = None,
    ) -> None:
        """Begins to make it, as TieredMemory, with what a stock has of it."""
        self.library, self._planned = library, planned
        self.tiered = TieredMemory(library, planned, blocks, hbm, device, stock, windows)
        self.pages = self.tiered.blocks
        """How many blocks it has for content; windows lie behind them."""
        self._at: Seen | None = None

    def make(self, size: int, **kwargs: Any) -> torch.Tensor:
        """As torch.empty."""
        return self.tiered.take(size).view(kwargs["dtype"])

    def place(self, backing: Backing, views: Any, blocks: int, hbm_bytes: int, rank: int) -> Seen:
        """Waits until all of it is there, and fills it with zeros."""
        self.tiered.finish(rank)
        self._at = Seen(backing.tensors, views, blocks)
        self._at.pages, self._at.total = self.pages, self._at.total * self.pages // blocks
        self._at.hbm_blocks, self._at.hbm_bytes = self.tiered.hbm_blocks, self.tiered.hbm_bytes
        return self._at

    def where(self) -> str:
        """A line about where the blocks are."""
        window = self.tiered.window_bytes
        staged = f", {format_size(window)} of HBM to stage blocks beyond for a prompt" if window else ""
        return f"{_split(self._at)}{staged}; {self.tiered.memory.text}"

    def residency(self) -> str:
        """Nothing in it migrates."""
        return f"KV cache as placed at the start; {self.tiered.memory.text}"

    def layers(self, count: int) -> list[tuple[tuple[int, int, int], ...]]:
        """The pieces of each of so many layers, where each has its own."""
        pieces = self.tiered.layout.pieces
        each = len(pieces) // count
        return [pieces[at : at + each] for at in range(0, len(pieces), each)]

    def mover(self) -> tuple[kv.Library, kv.Layout, kv.Mover]:
        """Of its blocks. Raises FixedError where vLLM keeps them in other places than was planned."""
        for tensor, (_, runs) in zip(self._at.tensors, self._planned, strict=True):
            if _runs_in(self._at, tensor) != runs:
                raise FixedError("layers keep blocks in other places than was planned")
        return self.library, self.tiered.layout, self.library.mover(self.tiered.memory)


def _runs_in(at: Seen, tensor: torch.Tensor) -> list[Run]:
    try:
        return runs_of(at.views_in(tensor), at.blocks, tensor.nbytes)
    except UnclearPlacesError as unclear:
        raise FixedError(str(unclear)) from unclear


def _split(at: Seen) -> str:
    return (
        f"{format_size(at.hbm_bytes)} in HBM with {at.hbm_blocks} blocks, "
        f"{format_size(at.total - at.hbm_bytes)} beyond with {at.pages - at.hbm_blocks}"
    )


class LateStore:
    """Makes a RangeStore at the first tensor, when layers are known; where it cannot be, a RecipeStore."""

    def __init__(
        self, ranged: Callable[[], RangeStore], recipe: Callable[[], RecipeStore], rank: int
    ) -> None:
        """Of what makes either."""
        self._ranged, self._recipe, self._rank = ranged, recipe, rank
        self.chosen: RangeStore | RecipeStore | None = None

    def settled(self) -> RangeStore | RecipeStore:
        """What was chosen; where a model has no tensors it does not matter."""
        return self.chosen or self._recipe()

    def make(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """As torch.empty."""
        if self.chosen is None:
            try:
                self.chosen = self._ranged()
            except (UnclearPlacesError, kv.BadInput) as why:
                _log.warning("cmm: rank %d, the KV cache comes from the recipe: %s", self._rank, why)
                self.chosen = self._recipe()
        return self.chosen.make(*args, **kwargs)
