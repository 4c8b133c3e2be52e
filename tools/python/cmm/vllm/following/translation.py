"""What the model runner is to see: the output of the scheduler with slots in place of block ids."""

import copy
from typing import Any

from ...kv import Residency
from ...kv.residency import Gained


def translated(output: Any, grown: bool, gained: Gained | None, pages: Residency) -> Any:
    """A copy of a SchedulerOutput with the slots of its blocks; the same one where it names none.

    `grown`: whether requests that run have new blocks; `gained` has these where all were told in one call.
    """
    new, cached = output.scheduled_new_reqs, output.scheduled_cached_reqs
    zeroed = output.new_block_ids_to_zero
    copies = getattr(output, "kv_cache_block_copies", None)  # not there in vLLM 0.23
    if not (new or grown or zeroed or copies):
        return output
    made = _copy(output)
    if grown:
        made.scheduled_cached_reqs = _copy(cached)
        made.scheduled_cached_reqs.new_block_ids = (
            pages.slots_of_lists(cached.new_block_ids) if gained is None else pages.slots_of_gained(gained)
        )
    if not (new or zeroed or copies):
        return made
    lists = [*(each.block_ids for each in new), zeroed or None, *map(list, copies or ())]
    slots = pages.slots_of_lists(lists)  # all at once: a call for each would cost more than its work
    if new:
        made.scheduled_new_reqs = list(map(_entering, new, slots))
    behind = len(new)
    if zeroed:
        made.new_block_ids_to_zero = slots[behind]
    if copies:
        made.kv_cache_block_copies = [
            type(each)(*pair) for each, pair in zip(copies, slots[behind + 1 :], strict=True)
        ]
    return made


def _entering(request: Any, slots: Any) -> Any:
    made = _copy(request)
    made.block_ids = slots
    return made


def _copy(of: Any) -> Any:
    """As copy.copy, in a fifth of its time, for dataclasses of vLLM: all they have is in a dictionary."""
    if not hasattr(of, "__dict__"):
        return copy.copy(of)
    made = type(of).__new__(type(of))
    made.__dict__.update(of.__dict__)
    return made
