"""Compiles the library of KV pages, once for each platform, and loads it."""

import os
import re
from pathlib import Path

from .. import shared_library
from ..cache import cache_folder, made_once
from ..compiler import Compiler, find_compiler
from ..headers import include_folder
from ..toolkit import Toolkit, find_toolkit
from . import abi
from .errors import BadInput
from .library import Library


def build(platform: str = "cuda", *, cache_dir: str | os.PathLike[str] | None = None) -> Library:
    """Compile and load the library for "cuda", or for "sim:" and a profile, which needs no GPU.

    Compiled once for each platform, version of cmm, toolkit and compiler, and kept where `cmm.torch.build`
    keeps its libraries. Needs no nvcc and touches no GPU. Refuses a machine without compiler or CUDA toolkit,
    and a cache folder that cannot be written.
    """
    return load(compiled(platform, cache=cache_folder(cache_dir), compiler=find_compiler()))


def compiled(platform: str, *, cache: Path, compiler: Compiler, flags: tuple[str, ...] = ()) -> Path:
    """The library in the cache folder, made if it is not there yet, with more options of the compiler."""
    source = _source(platform)
    toolkit = find_toolkit() if platform == "cuda" else None
    key = shared_library.library_key((source,), toolkit, compiler, flags)
    return made_once(
        cache, f"libcmmkv-{key}.so", lambda output: _make(source, output, toolkit, compiler, flags)
    )


def load(path: str | os.PathLike[str]) -> Library:
    """Load a library that `build` made. Refuses a file that is none, or one of another version."""
    return Library(Path(path))


def _source(platform: str) -> str:
    includes = "#include <cmm/python/exports.hpp>\n#include <cmm/python/{}.hpp>\n"
    if platform == "cuda":
        return includes.format("on_cuda") + "CMM_KV_LIBRARY(cmm::python::on_cuda{});\n"
    known = _profiles()
    if platform not in [f"sim:{name}" for name in known]:
        raise BadInput(
            f"the platform {platform!r} is unknown; write cuda, or sim: and one of {', '.join(known)}"
        )
    profile = platform.removeprefix("sim:")
    return includes.format("on_sim") + f'CMM_KV_LIBRARY(cmm::python::on_sim{{"{profile}"}});\n'


def _profiles() -> list[str]:
    """The simulated machines, as their headers name them: known before half a minute of compiling."""
    texts = (file.read_text() for file in sorted((include_folder() / "cmm/sim/profiles").glob("*.hpp")))
    return sorted({name for text in texts for name in re.findall(r'\.name = "([^"]+)"', text)})


def _make(
    source: str, output: Path, toolkit: Toolkit | None, compiler: Compiler, flags: tuple[str, ...]
) -> None:
    shared_library.compile_library(
        source,
        output,
        exports="cmm_kv_*",
        toolkit=toolkit,
        compiler=compiler,
        flags=flags,
        making="the library of KV pages",
    )
    shared_library.check_made(output, toolkit, abi.FUNCTIONS.keys(), "include/cmm/python/abi.hpp")
