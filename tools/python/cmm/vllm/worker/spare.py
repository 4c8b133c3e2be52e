"""More memory for blocks than vLLM has blocks, so that copies of idle ones have a place to go to."""

import copy
import itertools
from typing import Any

from .runs import Run, UnclearPlacesError, joined

SPARE_BYTES = 128 << 20
"""What a link copies in a few milliseconds, beside one step."""


def spare_blocks(config: Any) -> int:
    """How many more blocks are worth their memory; none of a small cache."""
    blocks, whole = config.num_blocks, whole_size(config)
    return min(blocks // 128, -(-SPARE_BYTES * blocks // whole)) if whole else 0


def whole_size(config: Any) -> int:
    """Bytes of all tensors."""
    tensors = config.kv_cache_tensors
    in_one = bool(tensors) and hasattr(tensors[0], "block_stride")
    return tensors[0].size if in_one else sum(each.size for each in tensors)


def with_spare(config: Any, spare: int) -> Any:
    """A KVCacheConfig of the same blocks and `spare` more behind them, in every place that keeps blocks.

    Raises UnclearPlacesError where it does not show how the tensors keep them.
    """
    blocks, tensors = config.num_blocks, config.kv_cache_tensors
    if not tensors or not hasattr(tensors[0], "block_stride"):
        made = [_with(each, size=_grown(each.size, blocks, spare)) for each in tensors]
    else:
        made = _in_one(tensors, blocks, spare)
    return _with(config, num_blocks=blocks + spare, kv_cache_tensors=made)


def _with(of: Any, **fields: Any) -> Any:
    made = copy.copy(of)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _grown(size: int, blocks: int, spare: int) -> int:
    if size % blocks:
        raise UnclearPlacesError(f"a tensor of {size} bytes is no whole number for each of {blocks} blocks")
    return size // blocks * (blocks + spare)


def _in_one(tensors: list[Any], blocks: int, spare: int) -> list[Any]:
    """Layers of one tensor, whose runs of blocks become longer and move apart."""
    places = {
        (each.offset + layer * each.layer_stride, each.block_stride)
        for each in tensors
        for layer in range(len(each.layers))
    }
    runs = joined(places, blocks, tensors[0].size)
    longer = spare * sum(step for _, step in runs)
    return [_moved(each, runs, spare, longer) for each in tensors]


def _moved(tensor: Any, runs: list[Run], spare: int, longer: int) -> Any:
    begins = (tensor.offset + layer * tensor.layer_stride for layer in range(len(tensor.layers)))
    starts = [_shifted(begin, runs, spare) for begin in begins]
    strides = {later - earlier for earlier, later in itertools.pairwise(starts)}
    if len(strides) > 1:
        raise UnclearPlacesError("layers of one group do not lie at even distances")
    stride = strides.pop() if strides else tensor.layer_stride
    return _with(tensor, size=tensor.size + longer, offset=starts[0], layer_stride=stride)


def _shifted(start: int, runs: list[Run], spare: int) -> int:
    """Where a place is, once every run before its own has so many blocks more."""
    return start + sum(spare * step for begin, step in runs if begin + step <= start)
