"""Makes an allocator library from a recipe: source, compiler options, and a check of what came out."""

import dataclasses
import tempfile
from pathlib import Path

from . import abi, elf, headers
from .cache import key_of, made_once
from .compiler import Compiler
from .errors import Error
from .recipe import allocator_source
from .toolkit import Toolkit, find_toolkit

_EXPORTS = "{ global: cmm_torch_*; local: *; };\n"


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
        text = self.source()
        with tempfile.TemporaryDirectory(prefix="cmm-") as folder:
            source, exports = Path(folder) / "allocator.cpp", Path(folder) / "exports.map"
            source.write_text(text, encoding="utf-8")
            exports.write_text(_EXPORTS)
            options = [*_OPTIONS, "-I", str(headers.include_folder()), f"-Wl,--version-script={exports}"]
            runtime = []
            if self.toolkit:
                options += self.toolkit.compile_options
                runtime = [str(self.toolkit.runtime)]
            arguments = [*options, *self.flags, str(source), "-o", str(output), *runtime, "-lpthread", "-ldl"]
            self.compiler.run(arguments, f"an allocator from {self.recipe!r}")
        check_made(output, self.toolkit)

    def cached(self) -> Path:
        """The library in the cache folder, made if it is not there yet."""
        toolkit = f"{self.toolkit.version} {self.toolkit.runtime}" if self.toolkit else ""
        made_from = [self.recipe, self.platform, headers.version(), headers.digest(), toolkit]
        key = key_of(*made_from, *self.compiler.command, self.compiler.version, *_OPTIONS, *self.flags)
        return made_once(self.cache, f"libcmm-{key}.so", self.make)


_OPTIONS = ("-std=c++20", "-O2", "-DNDEBUG", "-fPIC", "-shared", "-fvisibility=hidden")


def plan(
    recipe: str, *, platform: str, cache: Path, compiler: Compiler, flags: tuple[str, ...] = ()
) -> AllocatorLibrary:
    """Find what a library for "cuda", or for "sim:" and a profile, needs. Refuses if it is missing."""
    toolkit = find_toolkit() if platform == "cuda" else None
    return AllocatorLibrary(recipe, platform, toolkit, compiler, flags, cache)


def check_made(path: Path, toolkit: Toolkit | None) -> None:
    """Refuse a library with other functions than those of abi.hpp, or with a CUDA runtime of its own."""
    image = elf.read(path)
    missing, extra = abi.FUNCTIONS.keys() - image.exports, image.exports - abi.FUNCTIONS.keys()
    if missing or extra:
        what = [f"lacks {', '.join(sorted(missing))}"] if missing else []
        what += [f"also exports {', '.join(sorted(extra))}"] if extra else []
        raise Error(
            f"the compiled library {' and '.join(what)}; include/cmm/torch/abi.hpp lists what it must export"
        )
    wanted = {toolkit.runtime.name} if toolkit else set()
    cuda = {name for name in image.needed if name.startswith(("libcuda", "libcudart"))}
    if cuda != wanted:
        raise Error(
            f"the compiled library needs {', '.join(sorted(cuda)) or 'no CUDA library'} and must need "
            f"{', '.join(sorted(wanted)) or 'none'}; a second CUDA runtime would have a state of its own"
        )
    if image.search_path:
        raise Error(
            f"the compiled library searches {image.search_path}; leave -rpath out of the compiler's options, "
            "because PyTorch's process has loaded the runtime already"
        )
