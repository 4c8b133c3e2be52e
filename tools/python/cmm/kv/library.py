"""The library of KV pages, opened and checked."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from ..building import elf
from ..building.headers import version
from ..building.toolkit import find_toolkit
from ..errors import Error
from . import abi
from .errors import BadInput
from .handle import Functions
from .layout import Layout
from .mover import Mover
from .range import NEAREST, Range
from .residency import Residency
from .staging import Staging
from .stock import Stock


class Library:
    """Makes layouts, residencies, ranges and movers. Get one with `build` or `load`; it is never closed.

    Loading it touches no GPU and is safe before a fork.
    """

    def __init__(self, path: Path) -> None:
        """Open the file; refuses one that is not ours or of another version."""
        self.path = path.resolve()
        needed = _check_exports(self.path)
        try:
            _bring_runtime(needed)
            self._functions = Functions(ctypes.PyDLL(str(self.path)), ctypes.CDLL(str(self.path)))
        except OSError as error:
            raise Error(f"{self.path} cannot be loaded: {error}") from error
        abi.declare(self._functions.short)
        abi.declare(self._functions.waiting)
        self.platform = self._check()
        """"cuda", or "sim:" and the profile."""

    def layout(self, pieces: Sequence[tuple[int, int, int]], slots: int) -> Layout:
        """Pieces (offset, stride, bytes) of every page: that of slot `s` lies at `offset + s * stride`.

        Such as one for each layer of a model. Refuses an empty page, numbers that are no multiples of 16
        bytes, pieces that overlap, and more slots than int32 or the address space holds.
        """
        return Layout(self._functions, pieces, slots)

    def residency(
        self,
        layout: Layout,
        fast: int,
        policy: str = "on_use",
        *,
        pages: int | None = None,
        reserve: int = 0,
        careful: bool = False,
    ) -> Residency:
        """Which slot each page lies in, of as many pages as the layout has slots, the first `fast` in HBM.

        `policy` is "fixed", "remote", "on_use", "pinned{.most = 1000}", "hot_set", or several joined by |, of
        which the first decides first. `hot_set{.half_life = 16, .most = 32, .looks = 8, .gain = 3}` has its
        settings.
        There are fewer `pages` where the last slots of the layout are for something else.
        `reserve` slots of HBM are kept ready by `Residency.refill`. `careful` copies content always, whatever
        is known of it: the slow way that others are tested by.
        """
        slots = layout.slots if pages is None else pages
        return Residency(self._functions, slots, fast, layout.page_bytes, policy, reserve, careful)

    def range(
        self,
        layout: Layout,
        fast: int,
        *,
        beyond: str = NEAREST,
        device: int = -1,
        also: Sequence[int] = (),
        background: bool = False,
        keep_when_full: bool = False,
        piece: int = 0,
        stock: Stock | None = None,
        staging: Staging | None = None,
    ) -> Range:
        """Memory for a layout, its first `fast` slots in HBM of a GPU (-1 the current one).

        The others lie at `beyond`: "nearest" (the GPU's NUMA node), "host_numa:1", "host", or "device:1".
        GPUs of `also` reach it too. `piece` is how many bytes are made at once, in multiples of 2 MiB; 0 is
        256 MiB. Handles of a `stock` of the same piece and place are taken first. `staging` gives pieces of
        the layout windows of HBM that they share, where the machine has memory handles. Raises `MemoryFull`,
        which names the memory that ran out and how many slots would fit.
        """
        made = stock._open() if stock is not None else None
        how = (background, keep_when_full, piece, made, staging)
        return Range(self._functions, layout, fast, beyond, device, also, *how)

    def stock(self, size: int, *, where: str = NEAREST, device: int = -1, piece: int = 0) -> Stock:
        """Memory of `size` bytes at a place, in handles of `piece` bytes, which a thread makes from now on.

        For ranges of the same piece, whose host part is then there sooner. `close` it when they are made.
        """
        return Stock(self._functions, size, where, device, piece)

    def mover(self, memory: Range, *, rows: str | None = None, ctas: int = 0) -> Mover:
        """A mover of pages in a range.

        `rows` is the recommendation of tools/report as text, lines such as "up nothing 16KiB ring 2"; `ctas`
        thread blocks for every kernel, or as the rows say.
        """
        bases = (memory.data, memory.data)
        memory._open()
        return Mover(self._functions, memory.layout, bases, memory.fast, memory.device, rows, ctas, memory)

    def mover_at(
        self,
        layout: Layout,
        fast: int,
        base: int,
        *,
        beyond_base: int | None = None,
        device: int = -1,
        rows: str | None = None,
        ctas: int = 0,
    ) -> Mover:
        """A mover of pages in memory of the caller's, which must outlive it.

        `base` is the address of slot 0. Where slots beyond HBM lie in another range, `beyond_base` is the
        address that slot 0 would have there.
        """
        bases = (base, base if beyond_base is None else beyond_base)
        return Mover(self._functions, layout, bases, fast, device, rows, ctas)

    def _check(self) -> str:
        answer = self._functions.short.cmm_kv_describe()
        if not answer:
            said = (self._functions.short.cmm_kv_last_error() or b"").decode(errors="replace")
            raise BadInput(f"{self.path} cannot be used: {said or 'it gave no reason'}")
        says = answer.contents
        if says.magic != abi.MAGIC:
            raise Error(
                f"{self.path} is no library of KV pages: its mark is {says.magic!r}; make one by build"
            )
        if says.abi != abi.ABI_VERSION or says.version.decode() != version():
            raise Error(
                f"{self.path} was built by cmm {says.version.decode()} with version {says.abi} of the C "
                f"interface, and this package is {version()} with {abi.ABI_VERSION}; build it again"
            )
        return says.platform.decode()


def _check_exports(path: Path) -> tuple[str, ...]:
    """What the library needs, before any of it runs. Refuses one that is not ours."""
    image = elf.read(path)
    missing = sorted(abi.FUNCTIONS.keys() - image.exports)
    if missing:
        raise Error(
            f"{path} lacks {', '.join(missing[:3])}{' and others' if len(missing) > 3 else ''}, which "
            f"cmm.kv {version()} calls; make it again with cmm.kv.build"
        )
    return image.needed


def _bring_runtime(needed: tuple[str, ...]) -> None:
    """Load the CUDA runtime that the library needs, unless the process has it: that of PyTorch goes first."""
    runtime = next((name for name in needed if name.startswith("libcudart.so")), None)
    if runtime is None:
        return
    try:
        ctypes.CDLL(runtime, mode=os.RTLD_NOLOAD | os.RTLD_NOW)
    except OSError:
        ctypes.CDLL(str(find_toolkit().runtime))
