"""What a limit in the recipe leaves of a plan: the library refuses the allocation that goes beyond it."""

import dataclasses

from ...errors import Error
from ...size import format_size, size_in_full
from .recipe_bounds import bounds

MIB = 1 << 20
ROUNDED_UP = 256 * MIB
"""PyTorch asks for whole 2 MiB for each tensor of the KV cache, of which a model has one for each layer."""


@dataclasses.dataclass(frozen=True)
class Capped:
    """Sizes of a KV cache within a limit; `reason` is empty where the limit changes nothing."""

    large_bytes: int
    kv_bytes: int | None
    kv_in_hbm: int | None = None
    reason: str = ""


def capped_by_limit(
    recipe: str, in_hbm: int, large: int, asked: int | None, budget: int | None = None
) -> Capped:
    """A KV cache of HBM and larger memory, or of the size asked for. Refuses a limit that is too small.

    `budget` is CMM_LIMIT, which the library puts in the place of the recipe's limit.
    """
    bound = bounds(recipe, budget)
    limit, named = bound.whole, bound.named
    if limit is None:
        return Capped(large, asked)
    most = max(0, limit - ROUNDED_UP) // MIB * MIB
    less = f"less {format_size(ROUNDED_UP)}, because PyTorch rounds up each tensor"
    if most == 0:
        raise Error(
            f"{named} of {format_size(limit)}, {less}, leaves nothing for a KV cache; write a larger one, "
            f"such as {'CMM_LIMIT=64GiB' if budget is not None else 'limit{64GiB}'}"
        )
    if asked is not None:
        if asked > most:
            raise Error(
                f"a KV cache of {size_in_full(asked)} is more than {named} of "
                f"{size_in_full(limit)}, {less}; ask for at most "
                f"--kv-bytes {most // MIB}MiB, or write a larger limit"
            )
        return Capped(large, asked)
    if in_hbm + large <= most:
        return Capped(large, None)
    reason = f"{named} of {format_size(limit)}, {less}, holds the whole KV cache"
    if most <= large:
        return Capped(large, most, reason=reason)
    first = min(in_hbm, most)
    return Capped((most - first) // MIB * MIB if large else 0, None, first, reason)
