"""How much HBM is kept for blocks that a prompt reads beyond it, and where layers have their windows."""

from typing import Any, NamedTuple

from ...kv import Staging
from .areas import PAGE, up_to_page
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
    layers: int
    """How many."""


def layers_of(config: Any) -> list[str]:
    """The names of layers in the order of their memory, if each has its own and all have as much; or none."""
    tensors, blocks = config.kv_cache_tensors, config.num_blocks
    if not tensors:
        return []
    if hasattr(tensors[0], "block_stride"):  # one tensor for all, in which one layer may lie behind the other
        only = tensors[0]
        behind = len(only.layers) == 1 or only.layer_stride >= blocks * only.block_stride
        return [*only.layers] if len(tensors) == 1 and behind else []
    alike = len({each.size for each in tensors}) == 1 and all(len(each.shared_by) == 1 for each in tensors)
    return [name for each in tensors for name in each.shared_by] if alike else []


def why_no_windows(config: Any) -> str:
    """Why layers cannot have windows behind their blocks; empty where they can.

    Layers of one kind are understood, each with memory of its own, which keep all tokens.
    """
    groups = config.kv_cache_groups
    kinds = sorted(type(each.kv_cache_spec).__name__ for each in groups)
    if kinds != ["FullAttentionSpec"]:
        return f"layers are of the kinds {', '.join(kinds)}, and full attention alone is staged"
    return (
        ""
        if layers_of(config)
        else "layers share their memory, or lie in it block by block or in several sizes"
    )


def windows_for(config: Any, hbm_bytes: int, most_blocks: int, limit: int | None) -> Windows | None:
    """For blocks that `most_blocks` of one request may have beyond HBM; None where there is nothing to stage.

    `config` is a KVCacheConfig, `limit` the bytes of HBM that were asked for.
    """
    blocks, layers, whole = config.num_blocks, layers_of(config), whole_size(config)
    if whole <= hbm_bytes or why_no_windows(config):
        return None
    half = whole // len(layers) // blocks // HALVES
    beyond = min(most_blocks, blocks - hbm_bytes * blocks // whole)
    most = (hbm_bytes // PART if limit is None else min(limit, hbm_bytes // 2)) // HALVES // PAGE * PAGE
    window = min(up_to_page(beyond * half) + PAGE, most)
    if beyond <= 0 or window < 2 * max(PAGE, half):
        return None
    return Windows(window, -(-(window + PAGE) // half), len(layers))


def staging_of(windows: Windows, planned: list[tuple[int, list[Run]]], pages: int) -> Staging:
    """The same for planned tensors, with so many blocks before the windows.

    Raises UnclearPlacesError where layers keep blocks in different ways.
    """
    steps = [step for _, runs in planned for _, step in runs]
    places, over = divmod(len(steps), windows.layers)
    if len(set(steps)) != 1 or over or not places or HALVES % places:
        raise UnclearPlacesError("layers of one kind keep blocks in different ways")
    return Staging(pages, windows.half * HALVES // places, [*range(places)] * windows.layers)
