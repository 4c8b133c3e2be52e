"""How much HBM is kept for blocks that a prompt reads beyond it, and where layers have their windows."""

from typing import Any, NamedTuple

from ...kv import Staging
from .areas import PAGE
from .runs import Run, UnclearPlacesError
from .spare import whole_size

PART = 8
"""At most one of so many bytes of the KV cache in HBM."""
HALVES = 2
"""Places of a block in a layer's tensor at most: keys and values apart."""


class Windows(NamedTuple):
    """Of each layer as many bytes, which show the same memory for all layers."""

    half: int
    """Bytes of a window where keys and values are apart; where they are not, it has twice as many."""
    blocks: int
    """More blocks than vLLM has, behind its own, which the windows take in each layer."""


def why_no_windows(config: Any) -> str:
    """Why layers cannot have windows behind their blocks; empty where they can.

    Layers of one kind are understood, each with a tensor of its own, which keep all tokens.
    """
    tensors, groups = config.kv_cache_tensors, config.kv_cache_groups
    kinds = {type(each.kv_cache_spec).__name__ for each in groups}
    if len(groups) != 1 or kinds != {"FullAttentionSpec"}:
        return f"layers are {', '.join(sorted(kinds))} in {len(groups)} groups, not full attention in one"
    if any(hasattr(each, "block_stride") for each in tensors):
        return "this vLLM keeps all layers in one tensor"
    if len({each.size for each in tensors}) > 1 or any(len(each.shared_by) > 1 for each in tensors):
        return "layers share a tensor, or have tensors of several sizes"
    return ""


def windows_for(config: Any, hbm_bytes: int, most_blocks: int, limit: int | None) -> Windows | None:
    """For blocks that `most_blocks` of one request may have beyond HBM; None where there is nothing to stage.

    `config` is a KVCacheConfig that can have them, `limit` the bytes of HBM that were asked for.
    """
    tensors, blocks, whole = config.kv_cache_tensors, config.num_blocks, whole_size(config)
    if whole <= hbm_bytes or why_no_windows(config):
        return None
    half = whole // len(tensors) // blocks // HALVES
    beyond = min(most_blocks, blocks - hbm_bytes * blocks // whole)
    most = (hbm_bytes // PART if limit is None else min(limit, hbm_bytes // 2)) // HALVES // PAGE * PAGE
    window = min(_pages(beyond * half) + PAGE, most)
    if beyond <= 0 or window < 2 * PAGE:
        return None
    return Windows(window, -(-(window + PAGE) // half))


def staging_of(windows: Windows, planned: list[tuple[int, list[Run]]], pages: int) -> Staging:
    """The same for planned tensors, with so many blocks before the windows.

    Raises UnclearPlacesError where layers keep blocks in different ways.
    """
    kinds = {(len(runs), step) for _, runs in planned for _, step in runs}
    places = min(kinds)[0] if kinds else 0
    if len(kinds) != 1 or HALVES % places:
        raise UnclearPlacesError("layers of one kind keep blocks in different ways")
    return Staging(pages, windows.half * HALVES // places, [*range(places)] * len(planned))


def _pages(size: int) -> int:
    return -(-size // PAGE) * PAGE
