"""Compiles the library of KV pages, once for each platform, and loads it."""

import json
import os
import re
from pathlib import Path

from ..building import shared_library
from ..building.cache import cache_folder, made_once
from ..building.compiler import Compiler, find_compiler
from ..building.headers import include_folder
from ..building.platforms import profile_of
from ..building.toolkit import Toolkit, find_toolkit
from . import abi
from .errors import BadInput
from .library import Library

_FLAGS = ("-fno-plt",)
"""Functions of Python are called thousands of times in a step: without a stub that jumps to each."""


def build(platform: str = "cuda", *, cache_dir: str | os.PathLike[str] | None = None) -> Library:
    """Compile and load the library for "cuda", or for "sim:" and a profile by its name or by its file, which
    ends in .json; no GPU is needed for those.

    Compiled once for each platform, version of cmm, toolkit and compiler, and kept where `cmm.torch.build`
    keeps its libraries. Needs no nvcc and touches no GPU. Refuses a machine without compiler or CUDA toolkit,
    and a cache folder that cannot be written.
    """
    return load(compiled(platform, cache=cache_folder(cache_dir), compiler=find_compiler()))


def compiled(platform: str, *, cache: Path, compiler: Compiler, flags: tuple[str, ...] = ()) -> Path:
    """The library in the cache folder, made if it is not there yet, with more options of the compiler."""
    source = source_text(platform)
    toolkit = find_toolkit() if platform == "cuda" else None
    flags = (*_FLAGS, *flags)
    key = shared_library.library_key((source,), toolkit, compiler, flags)
    return made_once(
        cache, f"libcmmkv-{key}.so", lambda output: _make(source, output, toolkit, compiler, flags)
    )


def load(path: str | os.PathLike[str]) -> Library:
    """Load a library that `build` made. Refuses a file that is none, or one of another version."""
    return Library(Path(path))


def source_text(platform: str) -> str:
    """The C++ of the library. Refuses an unknown platform, and the file of a profile that is not there."""
    includes = "#include <cmm/python/exports.hpp>\n#include <cmm/python/{}.hpp>\n"
    if platform == "cuda":
        return includes.format("on_cuda") + "CMM_KV_LIBRARY(cmm::python::on_cuda{});\n"
    known = _profiles()
    profile = profile_of(platform)
    if profile is None or not (profile in known or profile.endswith(".json")):
        raise BadInput(
            f"the platform {platform!r} is unknown; write cuda, or sim: and one of {', '.join(known)} or a "
            "file of a profile that ends in .json"
        )
    if profile not in known and not Path(profile).is_file():
        raise BadInput(f"there is no file {profile}; name a profile, which cmm_bench --calibrate makes")
    return includes.format("on_sim") + f"CMM_KV_LIBRARY(cmm::python::on_sim{{{json.dumps(profile)}}});\n"


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
