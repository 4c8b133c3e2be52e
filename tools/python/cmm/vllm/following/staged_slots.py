"""Which slots a step stages, and which of these its work writes."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...kv import Residency

LEAST_QUERIES = 256
"""Queries of a request in one step from which on its blocks are staged: two tiles of a usual kernel."""


def staged_slots(
    output: Any,
    pages: Residency,
    requests: Mapping[str, Sequence[list[int]]],
    *,
    block_size: int,
    room: int,
    least: int = LEAST_QUERIES,
) -> tuple[np.ndarray, np.ndarray]:
    """Slots beyond HBM of requests with many queries, those with most first, as many as there is room for.

    Of a SchedulerOutput, and the blocks of each request in one group. Slots that the step only reads may be
    copied before its work; those that it writes, the other array, only once a layer has written them. What
    one request writes another may read in the same step: vLLM finds a prefix before it is computed.
    """
    cached, queries = output.scheduled_cached_reqs, output.num_scheduled_tokens
    computed = {each.req_id: each.num_computed_tokens for each in output.scheduled_new_reqs}
    computed |= zip(cached.req_ids, cached.num_computed_tokens, strict=True)
    ends = {each: -(-(computed[each] + queries[each]) // block_size) for each in queries}
    many = (each for each in queries if queries[each] >= least)
    beyond: dict[int, None] = {}
    for request in sorted(many, key=lambda of: -queries[of]):
        slots = pages.slots_of(requests[request][0][: ends[request]])
        beyond |= dict.fromkeys(slots[slots >= pages.fast].tolist())
    slots = np.array([*beyond][:room], np.int32)
    writing = (requests[each][0][computed[each] // block_size : ends[each]] for each in queries)
    written = np.isin(slots, pages.slots_of([*itertools.chain(*writing)]) if slots.size else slots)
    return slots[~written], slots[written]
