"""The recipe that a user asks for: a text, or that of the KV cache in a recommendation of tools/report."""

import os
import re
from pathlib import Path

from ...building.cache import cache_folder
from ...building.compiler import find_compiler
from ...building.recipe import allocator_source, recommended_recipe
from ...errors import Error
from ..settings import RECIPE

OURS = re.compile(r"^(spill\{(\.fast *= *)?device\}|pool)$")
"""Layers whose work the worker or PyTorch does: filling HBM first, block by block, and reuse."""


def wished_recipe(asked: str) -> str:
    """Refuses a file without one, and a text that the library does not read, in the library's words."""
    if os.path.isfile(asked):  # which says no to a text too long for a name, where Path raises
        recipe = _without_ours(recommended_recipe(Path(asked), "kv_cache"))
    elif not re.search(r"[|{\s]", asked) and (Path(asked).suffix or "/" in asked):
        raise Error(
            f"--recipe {asked}: there is no such file; give a recommendation.txt of tools/report, or a "
            f"recipe such as {RECIPE!r}"
        )
    else:
        recipe = asked
    allocator_source(recipe, "cuda", cache_folder(), find_compiler(None))
    return recipe


def _without_ours(recipe: str) -> str:
    """Without what a recommendation has for other engines: here the worker places, and PyTorch reuses."""
    parts = [part.strip() for part in recipe.split("|")]
    return " | ".join(part for part in parts if not OURS.match(part))
