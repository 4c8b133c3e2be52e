"""The fields of a SchedulerOutput by which block ids reach a worker, and those that only sound like it."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

from .needs import declared
from .source_tree import NotThereError, SourceTree

MODULE = "vllm.v1.core.sched.output"

READ = {
    "SchedulerOutput": (
        "scheduled_new_reqs",
        "scheduled_cached_reqs",
        "finished_req_ids",
        "preempted_req_ids",
        "new_block_ids_to_zero",
    ),
    "NewRequestData": ("req_id", "block_ids", "num_computed_tokens"),
    "CachedRequestData": ("req_ids", "resumed_req_ids", "new_block_ids", "num_computed_tokens"),
}
"""Fields without which blocks cannot be followed."""

KNOWN = {
    "SchedulerOutput": (
        "new_block_ids_to_zero",
        "kv_cache_block_copies",
        "num_common_prefix_blocks",  # counts
        "kv_connector_block_state",  # stays in the process of the scheduler
        "block_table_updates",  # of HiSparse, with which nothing follows
    ),
    "NewRequestData": ("block_ids",),
    "CachedRequestData": ("new_block_ids",),
}
"""Fields with `block` in their names of which it is known what a worker does with them."""


NEVER = "block_table_updates"
"""A field that is empty wherever blocks follow; a step that has it is refused."""


def why_not_followed(names: Mapping[str, Iterable[str]]) -> str | None:
    """Why blocks cannot be followed by classes that have these fields; None if they can."""
    for kind, read in READ.items():
        there = list(names.get(kind, ()))
        if missing := [name for name in read if name not in there]:
            return f"{kind} has no {missing[0]}"
        unknown = [name for name in there if "block" in name.lower() and name not in KNOWN[kind]]
        if unknown:
            return f"{kind} has {unknown[0]}, which cmm does not know"
    return None


def fields_of(kinds: Iterable[type]) -> dict[str, list[str]]:
    """The fields of dataclasses, by the names of these."""
    return {
        kind.__name__: [each.name for each in dataclasses.fields(kind)]
        for kind in kinds
        if dataclasses.is_dataclass(kind)
    }


def why_blocks_stay(source: Path) -> str | None:
    """Why blocks cannot be followed in the vLLM of a folder; None if they can."""
    tree = SourceTree(source)
    names = {}
    for kind in READ:
        try:
            names[kind] = declared(tree, tree.find(f"{MODULE}.{kind}"))
        except NotThereError:
            names[kind] = set()
    return why_not_followed(names)
