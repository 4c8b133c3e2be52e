"""A KV cache in one range of memory handles, its first blocks in HBM, the others pinned on a host node."""

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence

import torch

from ... import kv
from ...size import format_size
from ..machine.locked_memory import locked_limit, locked_told
from .areas import PAGE, Area, length, merged, rest_of, up_to_page
from .runs import Run
from .windows import HALVES, Windows, staging_of

PIECE = 32 << 20
"""Bytes of one handle: most of the host part of each layer is whole ones, which a stock has."""
_log = logging.getLogger("vllm.cmm")


class TieredMemory:
    """Memory for tensors of given sizes and runs, of which so many blocks are in HBM as fit into it."""

    def __init__(
        self,
        library: kv.Library,
        planned: Sequence[tuple[int, list[Run]]],
        blocks: int,
        hbm_bytes: int,
        device: int,
        stock: kv.Stock | None = None,
        windows: Windows | None = None,
    ) -> None:
        """Makes the part in HBM, begins with the other. The last of the blocks are those of `windows`.

        Raises MemoryFull, BadInput for wrong sizes, UnclearPlacesError for layers that cannot have windows.
        """
        pieces, self._starts, end = [], [], 0
        for size, runs in planned:
            self._starts.append((end, size))
            pieces += [(end + start, step, step) for start, step in runs]
            end += up_to_page(size)
        self.layout = library.layout(pieces, blocks)
        self.blocks, staging, self.window_bytes = blocks, None, 0
        if windows is not None:
            self.blocks -= windows.blocks
            staging = staging_of(windows, planned, self.blocks)
            self.window_bytes = windows.half * HALVES
        self.memory = self._made(library, hbm_bytes - self.window_bytes, device, stock, staging)
        if self.window_bytes and not self.memory.staged[1]:  # where a recipe serves there are no windows
            self.memory.close()
            self.window_bytes = 0
            self.memory = self._made(library, hbm_bytes, device, stock, None)
        if sum(self._starts[-1]) > self.memory.bytes:
            raise kv.BadInput("the last tensor of the KV cache is larger than all its blocks")
        self.hbm_areas = self._hbm_areas()
        self.hbm_bytes = length(self.hbm_areas)
        self._windows = self._window_areas(staging) if staging is not None else []
        self._device = f"cuda:{device}"
        self._whole = self._tensor(0, self.memory.bytes)

    def _made(
        self,
        library: kv.Library,
        hbm_bytes: int,
        device: int,
        stock: kv.Stock | None,
        staging: kv.Staging | None,
    ) -> kv.Range:
        self.hbm_blocks = min(self.blocks, self.layout.fast_within(max(0, hbm_bytes)))
        return library.range(
            self.layout,
            self.hbm_blocks,
            device=device,
            background=True,
            piece=PIECE,
            stock=stock,
            staging=staging,
        )

    def take(self, size: int) -> torch.Tensor:
        """The next tensor, in the order in which they were planned. Refuses another size."""
        start, planned = self._starts.pop(0) if self._starts else (0, 0)
        if planned != size:
            raise kv.BadInput(f"vLLM makes a tensor of {size} bytes where one of {planned} was planned")
        return self._tensor(start, size)

    def _tensor(self, start: int, size: int) -> torch.Tensor:
        """A tensor with a storage of its own, from whose begin vLLM counts where it strides over states."""
        made = torch.as_tensor(self.memory.part(start, size), device=self._device)
        if made.data_ptr() != self.memory.data + start:
            raise kv.BadInput(
                f"PyTorch copied the KV cache to {self._device} in place of using the memory that was made"
            )
        return made

    def finish(self, rank: int, every: float = 10.0) -> None:
        """Waits until all of it is there, with a line now and then, and fills it with zeros.

        Part by part: no call that fills memory goes across from one memory to the other. Windows, which are
        written before they are read, are left out. Raises MemoryFull.
        """
        beyond = rest_of([*self.hbm_areas, *self._windows], self.memory.bytes)
        with self._telling(rank, every):
            try:
                self.memory.wait()
            except kv.MemoryFull as full:
                locked = locked_told(locked_limit(), length(beyond))
                if not locked:
                    raise
                raise kv.MemoryFull(f"{full}; {locked}") from full
        for start, end in (*self.hbm_areas, *beyond):
            self._whole[start:end].zero_()

    @contextlib.contextmanager
    def _telling(self, rank: int, every: float) -> Iterator[None]:
        ended = threading.Event()

        def tell() -> None:
            while not ended.wait(every):
                _log.info(
                    "cmm: rank %d, %s of %s of the KV cache are made",
                    rank,
                    format_size(self.memory.ready_bytes),
                    format_size(self.memory.bytes),
                )

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _window_areas(self, staging: kv.Staging) -> list[Area]:
        ends = (start + self.blocks * step for start, step, _ in self.layout.pieces)
        return [(begin, begin + staging.window) for begin in map(up_to_page, ends)]

    def _hbm_areas(self) -> list[Area]:
        """The bytes in HBM: each 2 MiB that a block there touches."""
        reached = ((start, start + self.hbm_blocks * step) for start, step, _ in self.layout.pieces)
        whole = ((start // PAGE * PAGE, up_to_page(end)) for start, end in reached if start < end)
        return merged(whole)
