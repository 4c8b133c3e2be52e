"""An allocator library, opened and checked, with its functions as methods. Needs no PyTorch."""

import ctypes
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from . import abi
from .building import elf
from .building.headers import version
from .errors import Error
from .location import location_name

_MOST_LOCATIONS = 1024  # more than any machine has GPUs and NUMA nodes


@dataclasses.dataclass(frozen=True)
class About:
    """What a library says about itself."""

    recipe: str
    """As built, with what the environment overrides."""
    platform: str
    """"cuda", or "sim:" and the profile."""
    overrides: str
    """The settings of the environment in force, such as "CMM_LIMIT=1GiB"; or empty."""
    caches: bool
    """Whether the recipe reuses freed blocks itself."""
    cuda_runtime: int
    """CUDART_VERSION of its build, such as 13000; 0 for a simulated machine."""


def check_exports(path: Path) -> elf.SharedObject:
    """Read which functions a library has, before any of it runs. Refuses one that is not ours."""
    image = elf.read(path)
    if not any(name.startswith("cmm_torch_") for name in image.exports):
        raise Error(
            f"{path} is not an allocator of cmm: it exports no cmm_torch_* function; "
            "build one with tools/adapter"
        )
    missing = sorted(abi.FUNCTIONS.keys() - image.exports)
    if missing:
        raise Error(
            f"{path} lacks {', '.join(missing)}, which cmm {version()} calls; build it again with the "
            "tools/adapter of this version"
        )
    return image


class Library:
    """An open allocator library. It is never closed, because memory it gave out may live to the end.

    Functions take addresses as integers, sizes in bytes, ordinals of devices and `cudaStream_t` as an
    integer. Each raises `cmm.Error` with the library's own sentence where it says no.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file; refuses one that is not ours or of another version, and a wrong environment."""
        self.path = Path(path).resolve()
        check_exports(self.path)
        try:
            self.c = ctypes.CDLL(str(self.path))
        except OSError as error:
            raise Error(f"{self.path} cannot be loaded: {error}") from error
        abi.declare(self.c)
        self.about = self._describe()

    def _describe(self) -> About:
        answer = self.c.cmm_torch_describe()
        if not answer:
            raise Error(f"{self.path} cannot be used: {self.last_error()}")
        says = answer.contents
        if says.magic != abi.MAGIC:
            raise Error(
                f"{self.path} is not an allocator of cmm: its mark is {says.magic!r}; "
                "build one with tools/adapter"
            )
        if says.abi != abi.ABI_VERSION:
            raise Error(
                f"{self.path} has version {says.abi} of the C interface and this package {abi.ABI_VERSION}; "
                f"build it again with the tools/adapter of cmm {version()}"
            )
        if says.version.decode() != version():
            raise Error(
                f"{self.path} was built by cmm {says.version.decode()} and this package is {version()}; "
                "build it again, or install the package of its version"
            )
        return About(
            recipe=says.recipe.decode(),
            platform=says.platform.decode(),
            overrides=says.overrides.decode(),
            caches=bool(says.caches),
            cuda_runtime=says.cuda_runtime,
        )

    def last_error(self) -> str:
        """The sentence of the last function of this thread that said no."""
        return (self.c.cmm_torch_last_error() or b"").decode(errors="replace") or "it gave no reason"

    def address(self, name: str) -> int:
        """The address of a function, for whoever calls it from C++."""
        return int(ctypes.cast(getattr(self.c, name), ctypes.c_void_p).value or 0)

    def _check(self, status: int) -> None:
        if status != 0:
            raise Error(self.last_error())

    def usage(self, device: int = -1) -> abi.Usage:
        """What was counted on a device, or on all together (-1)."""
        usage = abi.Usage()
        self._check(self.c.cmm_torch_usage_of(device, ctypes.byref(usage)))
        return usage

    def reset_peaks(self) -> None:
        """Let each peak begin at what is live now."""
        self._check(self.c.cmm_torch_reset_peaks())

    def residency(self, data: int, size: int, device: int) -> dict[str, int]:
        """How many bytes of a range are at each location, by its name."""
        places, count = (abi.Place * _MOST_LOCATIONS)(), ctypes.c_size_t(0)
        status = self.c.cmm_torch_residency(data, size, device, places, _MOST_LOCATIONS, ctypes.byref(count))
        self._check(status)
        shares: dict[str, int] = {}
        for place in places[: count.value]:
            name = location_name(place.where)
            shares[name] = shares.get(name, 0) + place.bytes
        return shares

    def prefetch(self, data: int, size: int, where: abi.Location, device: int, stream: int) -> None:
        """Move a range, in the order of a stream."""
        self._check(self.c.cmm_torch_prefetch(data, size, where, device, stream))

    def advise(self, data: int, size: int, what: int, set_it: bool, where: abi.Location, device: int) -> None:
        """Give a piece of advice (0 preferred location, 1 accessed by, 2 read mostly), or take it back."""
        self._check(self.c.cmm_torch_advise(data, size, what, int(set_it), where, device))

    def discard(self, data: int, size: int, device: int, stream: int) -> None:
        """Drop the content of a range, in the order of a stream."""
        self._check(self.c.cmm_torch_discard(data, size, device, stream))

    def prefetch_batch(
        self, ranges: Sequence[tuple[int, int]], where: abi.Location, device: int, stream: int
    ) -> None:
        """Move ranges (address, size) of one device in one call, in the order of a stream."""
        data, sizes = _arrays(ranges)
        self._check(self.c.cmm_torch_prefetch_batch(data, sizes, len(ranges), where, device, stream))

    def discard_batch(
        self, ranges: Sequence[tuple[int, int]], where: abi.Location, device: int, stream: int
    ) -> None:
        """Drop the content of ranges in one call; with a location (not kind 0), they then move there."""
        data, sizes = _arrays(ranges)
        self._check(self.c.cmm_torch_discard_batch(data, sizes, len(ranges), where, device, stream))


def _arrays(ranges: Sequence[tuple[int, int]]) -> tuple[ctypes.Array, ctypes.Array]:
    """Addresses and sizes as C takes them."""
    count = len(ranges)
    return (ctypes.c_void_p * count)(*(data for data, _ in ranges)), (ctypes.c_size_t * count)(
        *(size for _, size in ranges)
    )
