"""Running out in swap mode, as the exception that PyTorch's users catch."""

import ctypes
import warnings
from pathlib import Path

import torch

from ..abi import Thrower
from ..building.cache import cache_folder, key_of, made_once
from ..building.compiler import find_compiler
from ..errors import Error
from .allocator import Allocator

_SOURCE = """\
#include <c10/util/Exception.h>

extern "C" [[gnu::visibility("default")]] void cmm_throw_out_of_memory(const char* message) {
  throw c10::OutOfMemoryError({"cmm_torch_allocate", "cmm", 0}, message);
}
"""


def raise_torch_errors(alloc: Allocator) -> None:
    """Let an allocator raise `torch.OutOfMemoryError`; where that cannot be, warns of it."""
    try:
        thrower = ctypes.CDLL(str(thrower_library()))
    except (Error, OSError) as error:
        warnings.warn(
            f"running out of memory will be a RuntimeError and not torch.OutOfMemoryError, because {error}",
            stacklevel=3,
        )
        return
    address = ctypes.cast(thrower.cmm_throw_out_of_memory, Thrower)
    alloc.library.c.cmm_torch_on_out_of_memory(address)


def thrower_library() -> Path:
    """The library whose one function throws PyTorch's C++ exception, compiled once for each PyTorch.

    Only PyTorch's own headers and library make that exception. Refuses a machine without a C++ compiler and a
    cache folder that cannot be written.
    """
    compiler = find_compiler()
    root = Path(torch.__file__).parent
    options = ["-std=c++20", "-O2", "-fPIC", "-shared", "-isystem", str(root / "include")]
    options.append(f"-D_GLIBCXX_USE_CXX11_ABI={int(torch._C._GLIBCXX_USE_CXX11_ABI)}")

    def compile_it(library: Path) -> None:
        source = library.with_suffix(".cpp")
        try:
            source.write_text(_SOURCE)
            compiler.run(
                [*options, str(source), "-o", str(library), str(root / "lib" / "libc10.so")],
                "what throws torch.OutOfMemoryError",
            )
        finally:
            source.unlink(missing_ok=True)

    key = key_of(_SOURCE, torch.__version__, *options, *compiler.command, compiler.version)
    return made_once(cache_folder(), f"torch-out-of-memory-{key}.so", compile_it)
