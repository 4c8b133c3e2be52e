"""Compiles the library of KV pages, once for each platform, and loads it."""

import os
import re
from pathlib import Path

from .. import shared_library
from ..cache import cache_folder, made_once
from ..compiler import Compiler, find_compiler
from ..toolkit import Toolkit, find_toolkit
from . import abi
from .errors import BadInput
from .library import Library


def build(
    platform: str = "cuda",
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    compiler: str | None = None,
    flags: tuple[str, ...] = (),
) -> Library:
    """Compile and load the library for "cuda", or for "sim:" and a profile, which needs no GPU.

    Compiled once for each platform, version of cmm, toolkit, compiler and `flags`, and kept where
    `cmm.torch.build` keeps its libraries. Needs no nvcc and touches no GPU. Refuses a machine without
    compiler or CUDA toolkit, and a cache folder that cannot be written.
    """
    source = _source(platform)
    toolkit = find_toolkit() if platform == "cuda" else None
    by = find_compiler(compiler)
    key = shared_library.library_key((source,), toolkit, by, flags)
    path = made_once(
        cache_folder(cache_dir),
        f"libcmmkv-{key}.so",
        lambda output: _make(source, output, toolkit, by, flags),
    )
    return load(path)


def load(path: str | os.PathLike[str]) -> Library:
    """Load a library that `build` made. Refuses a file that is none, or one of another version."""
    return Library(Path(path))


def _source(platform: str) -> str:
    includes = "#include <cmm/python/exports.hpp>\n#include <cmm/python/{}.hpp>\n"
    if platform == "cuda":
        return includes.format("on_cuda") + "CMM_KV_LIBRARY(cmm::python::on_cuda{});\n"
    found = re.fullmatch(r"sim:([a-z0-9-]+)", platform) if isinstance(platform, str) else None
    if not found:
        raise BadInput(
            f"the platform {platform!r} is unknown; write cuda, or sim: and a profile, such as sim:gh200-480"
        )
    return includes.format("on_sim") + f'CMM_KV_LIBRARY(cmm::python::on_sim{{"{found[1]}"}});\n'


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
