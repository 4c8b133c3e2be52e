"""Makes an allocator library from a recipe: source, compiler options, and a check of what came out."""

import dataclasses
from pathlib import Path

from .. import abi
from . import shared_library
from .cache import made_once
from .compiler import Compiler
from .platforms import resolved
from .recipe import allocator_source
from .toolkit import Toolkit, find_toolkit


@dataclasses.dataclass(frozen=True)
class AllocatorLibrary:
    """A library that can be made: its recipe, machine and tools. Make one with `plan`."""

    recipe: str
    platform: str
    """"cuda", or "sim:" and a profile."""
    toolkit: Toolkit | None
    compiler: Compiler
    flags: tuple[str, ...]
    cache: Path

    def source(self) -> str:
        """The C++ of the library. Refuses a wrong recipe or platform with the library's own message."""
        return allocator_source(self.recipe, self.platform, self.cache, self.compiler)

    def make(self, output: Path) -> None:
        """Write the library to this path, checked; raises `cmm.Error` where anything is wrong."""
        shared_library.compile_library(
            self.source(),
            output,
            exports="cmm_torch_*",
            toolkit=self.toolkit,
            compiler=self.compiler,
            flags=self.flags,
            making=f"an allocator from {self.recipe!r}",
        )
        check_made(output, self.toolkit)

    def cached(self) -> Path:
        """The library in the cache folder, made if it is not there yet."""
        key = shared_library.library_key(
            (self.recipe, self.platform), self.toolkit, self.compiler, self.flags
        )
        return made_once(self.cache, f"libcmm-{key}.so", self.make)


def plan(
    recipe: str, *, platform: str, cache: Path, compiler: Compiler, flags: tuple[str, ...] = ()
) -> AllocatorLibrary:
    """Find what a library for "cuda", or for "sim:" and a profile, needs. Refuses if it is missing.

    A profile is given by its name or by its file, which ends in .json.
    """
    toolkit = find_toolkit() if platform == "cuda" else None
    return AllocatorLibrary(recipe, resolved(platform), toolkit, compiler, flags, cache)


def check_made(path: Path, toolkit: Toolkit | None) -> None:
    """Refuse a library with other functions than those of abi.hpp, or with a CUDA runtime of its own."""
    shared_library.check_made(path, toolkit, abi.FUNCTIONS.keys(), "include/cmm/torch/abi.hpp")
