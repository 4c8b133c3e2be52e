"""Builds an allocator from a recipe and loads it."""

import os

from ..building.allocator_library import plan
from ..building.cache import cache_folder
from ..building.compiler import find_compiler
from .allocator import Allocator
from .loading import load


def build(
    recipe: str, *, platform: str = "cuda", cache_dir: str | os.PathLike[str] | None = None
) -> Allocator:
    """Compile a recipe, such as "managed | threshold_prefetch{.below = 2_GiB} | pool | stats", and load it.

    Compiled once for each recipe, version of cmm, toolkit and compiler, and kept in `cache_dir`, else in
    CMM_CACHE_DIR, XDG_CACHE_HOME/cmm or ~/.cache/cmm; processes that build at the same time wait for the
    first. `platform` is "cuda", or "sim:" and a profile for a library that needs no GPU. Refuses a wrong
    recipe with the library's own message, a machine without compiler or CUDA toolkit, and a cache folder
    that cannot be written.
    """
    library = plan(recipe, platform=platform, cache=cache_folder(cache_dir), compiler=find_compiler())
    return load(library.cached())
