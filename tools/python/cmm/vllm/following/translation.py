"""What the model runner is to see: the output of the scheduler with slots in place of block ids."""

import copy
from typing import Any

from ...kv import Residency


def translated(output: Any, grown: list[int], pages: Residency) -> Any:
    """A copy of a SchedulerOutput with the slots of its blocks; the same one where it names none.

    `grown` are the places in `scheduled_cached_reqs` of requests with new blocks.
    """
    new = output.scheduled_new_reqs
    zeroed = output.new_block_ids_to_zero
    copies = getattr(output, "kv_cache_block_copies", None)  # not there in vLLM 0.23
    if not (new or grown or zeroed or copies):
        return output
    cached = output.scheduled_cached_reqs
    lists = [blocks for each in new for blocks in each.block_ids]
    for at in grown:
        lists += cached.new_block_ids[at]
    lists += [zeroed] if zeroed else []
    lists += map(list, copies or ())
    slots = iter(pages.slots_of_lists(lists))  # all at once: a call for each would cost more than its work
    made = copy.copy(output)
    if new:
        made.scheduled_new_reqs = [_entering(each, slots) for each in new]
    if grown:
        made.scheduled_cached_reqs = copy.copy(cached)
        given = made.scheduled_cached_reqs.new_block_ids = cached.new_block_ids.copy()
        if len(given[grown[0]]) == 1:
            for at, one in zip(grown, slots, strict=False):
                given[at] = (one,)
        else:
            for at in grown:
                given[at] = tuple([next(slots) for _ in given[at]])
    if zeroed:
        made.new_block_ids_to_zero = next(slots)
    if copies:
        made.kv_cache_block_copies = [type(each)(*next(slots)) for each in copies]
    return made


def _entering(request: Any, slots: Any) -> Any:
    made = copy.copy(request)
    made.block_ids = tuple([next(slots) for _ in request.block_ids])
    return made
