"""Why the blocks of a server keep their places."""

from collections.abc import Iterable
from typing import Any

from ..release.block_fields import fields_of, why_not_followed
from .groups import Group, UnknownGroupError, groups_of_specs


class FixedError(Exception):
    """Blocks keep their places; the text says why."""


def check_server(config: Any, output_kinds: Iterable[type]) -> None:
    """Refuse to follow where block ids reach others than the model runner.

    `output_kinds` are vLLM's SchedulerOutput, NewRequestData and CachedRequestData.
    """
    if config.kv_transfer_config is not None:
        raise FixedError("a KV connector is given the ids of blocks")
    if getattr(config.model_config, "enable_return_routed_experts", False):
        raise FixedError("routed experts are returned by the ids of blocks")
    if config.parallel_config.distributed_executor_backend == "ray":
        raise FixedError("Ray can hand steps to the model runner past the worker")
    if config.parallel_config.prefill_context_parallel_size > 1:
        raise FixedError("ranks that share the prompt count the tokens of a block in their own way")
    if why := why_not_followed(fields_of(output_kinds)):
        raise FixedError(f"in this vLLM {why}")


def check_backends(attention_groups: Iterable[Any]) -> None:
    """Refuse to follow where a backend of attention has tables of all blocks that vLLM knows of.

    Slots behind those, in which copies of idle blocks wait, are not in them.
    """
    kinds = (kind for group in attention_groups for kind in group.backend.__mro__)
    if any(kind.__name__ == "FlexAttentionBackend" for kind in kinds):
        raise FixedError("FlexAttention has a table of as many blocks as vLLM knows of")


def groups_of(kv_cache_config: Any, dcp: int) -> list[Group]:
    """The groups of layers. Refuses to follow those that are not understood."""
    if getattr(kv_cache_config, "hisparse_host_num_blocks", None) is not None:
        raise FixedError("HiSparse has blocks of its own on the host")
    try:
        return groups_of_specs((each.kv_cache_spec for each in kv_cache_config.kv_cache_groups), dcp)
    except UnknownGroupError as unknown:
        raise FixedError(str(unknown)) from unknown
