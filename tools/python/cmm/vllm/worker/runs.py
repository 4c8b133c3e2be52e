"""Where the backing tensors keep a block, in every place that a model looks for it."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from .areas import block_places

Run = tuple[int, int]
"""Where block 0 begins in a tensor, and the bytes from block to block; a block fills all of them."""
View = tuple[int, Sequence[int], Sequence[int], int]
"""What a layer sees of a tensor: its begin in bytes, shape, strides, bytes of an element."""

COUNTED = 100_003
"""A number of blocks that is no other size of a KV cache."""


class UnclearPlacesError(Exception):
    """The places of blocks do not show; the text says why."""


def runs_of(views: Iterable[View], blocks: int, size: int) -> list[Run]:
    """The runs of blocks in a tensor of `size` bytes, by what each layer sees of it."""
    places = (
        (offset + start, step)
        for offset, shape, strides, item in views
        for start, step in block_places(shape, strides, item, blocks)
    )
    return joined(places, blocks, size)


def planned_runs(
    config: Any, attention_groups: Iterable[Any], cache_dtype: str
) -> list[tuple[int, list[Run]]]:
    """For each tensor that vLLM will make, its bytes and runs, by a KVCacheConfig and before it is made."""
    tensors, blocks = config.kv_cache_tensors, config.num_blocks
    if not tensors:
        return []
    if hasattr(tensors[0], "block_stride"):  # one tensor for all
        places = {
            (each.offset + layer * each.layer_stride, each.block_stride)
            for each in tensors
            for layer in range(len(each.layers))
        }
        return [(tensors[0].size, joined(places, blocks, tensors[0].size))]
    states = any(type(each.kv_cache_spec).__name__ == "MambaSpec" for each in config.kv_cache_groups)
    backends = {
        name: (group.backend, group.kv_cache_spec) for group in attention_groups for name in group.layer_names
    }
    planned = []
    for each in tensors:
        planes = [_planes(*backends[name], cache_dtype) for name in each.shared_by if name in backends]
        count = 1 if states else max(planes, default=1)  # beside states, keys and values are block by block
        plane = each.size // count
        places = {(number * plane, plane // blocks) for number in range(count)}
        planned.append((each.size, joined(places, blocks, each.size)))
    return planned


def joined(places: Iterable[Run], blocks: int, size: int) -> list[Run]:
    """Places as runs: layers of several groups may lie in one, since a block is of one group at a time."""
    runs: list[Run] = []
    for start, step in sorted(set(places)):
        if runs and start < runs[-1][0] + runs[-1][1] and step == runs[-1][1]:
            continue
        if runs and start < runs[-1][0] + blocks * runs[-1][1]:
            raise UnclearPlacesError("layers see the same memory with blocks of several sizes")
        runs.append((start, step))
    whole = sum(blocks * step for _, step in runs)
    if not runs or not 0 <= size - whole < max(step for _, step in runs):
        raise UnclearPlacesError(f"layers see {whole} bytes of a tensor of {size}")
    return runs


def _planes(backend: Any, spec: Any, cache_dtype: str) -> int:
    """How often a backend goes through all blocks of a tensor: twice where keys and values are apart."""
    if not hasattr(spec, "num_kv_heads") or not hasattr(backend, "get_kv_cache_shape"):
        return 1
    shape = backend.get_kv_cache_shape(
        COUNTED, spec.block_size, spec.num_kv_heads, spec.head_size, cache_dtype_str=cache_dtype
    )
    try:
        order = backend.get_kv_cache_stride_order()
    except (AttributeError, NotImplementedError):
        order = range(len(shape))
    planes = 1
    for size in itertools.takewhile(lambda size: size != COUNTED, (shape[dim] for dim in order)):
        planes *= size
    return planes
