"""What the model runner is to see: the output of the scheduler with slots in place of block ids."""

import copy
from collections.abc import Sequence
from typing import Any


def translated(output: Any, slots: Sequence[int]) -> Any:
    """A copy of a SchedulerOutput with the slots of its blocks; the same one where it names none."""
    new = output.scheduled_new_reqs
    cached = output.scheduled_cached_reqs
    grown = any(cached.new_block_ids)
    zeroed = output.new_block_ids_to_zero
    copies = getattr(output, "kv_cache_block_copies", None)  # not there in vLLM 0.23
    if not (new or grown or zeroed or copies):
        return output
    made = copy.copy(output)
    if new:
        made.scheduled_new_reqs = [_entering(each, slots) for each in new]
    if grown:
        made.scheduled_cached_reqs = copy.copy(cached)
        made.scheduled_cached_reqs.new_block_ids = [
            blocks and tuple([[slots[page] for page in pages] for pages in blocks])
            for blocks in cached.new_block_ids
        ]
    if zeroed:
        made.new_block_ids_to_zero = [slots[page] for page in zeroed]
    if copies:
        made.kv_cache_block_copies = [type(each)(*(slots[page] for page in each)) for each in copies]
    return made


def _entering(request: Any, slots: Sequence[int]) -> Any:
    made = copy.copy(request)
    made.block_ids = tuple([slots[page] for page in pages] for pages in request.block_ids)
    return made
