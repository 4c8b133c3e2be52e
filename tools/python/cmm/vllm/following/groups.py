"""What the content of a block means in each group of layers that share a block table."""

import dataclasses
from collections.abc import Iterable
from typing import Any

FULL = ("FullAttentionSpec", "MLAAttentionSpec")
WINDOWED = ("SlidingWindowSpec", "SlidingWindowMLASpec", "ChunkedLocalAttentionSpec")
KEPT = ("MambaSpec", "CrossAttentionSpec", "CircularBufferSpec")
UNIFORM = "UniformTypeKVCacheSpecs"
"""Kinds by the names of vLLM's classes, and not those made from them, which may mean something else.

SinkFullAttentionSpec is none of them: its layers read blocks that no step names.
"""


class UnknownGroupError(Exception):
    """A group whose blocks are not understood; the text names it."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Layers with one block table."""

    block_size: int
    """Tokens in a block."""
    kept: bool = False
    """Content of a block is always needed: states, or positions that are not those of the tokens."""
    silent: bool = False
    """vLLM gives blocks of a running request back without telling the worker."""
    window: int = 0
    """Tokens that a query can see, itself among them; 0 for all."""


def group_of(spec: Any, dcp: int = 1) -> Group:
    """What is known of a group, `dcp` ranks keeping a part of each block's tokens."""
    name = type(spec).__name__
    if name == UNIFORM:
        found = {_one(each, dcp) for each in _inner(spec)}
        if len(found) == 1:
            return found.pop()
        raise UnknownGroupError(f"a KV cache group mixes {len(found)} kinds of layers")
    return _one(spec, dcp)


def groups_of_specs(specs: Iterable[Any], dcp: int = 1) -> list[Group]:
    """What is known of all groups of a model.

    Where layers replay the end of each hit, what counts as computed ends before it does: all content is
    needed then.
    """
    specs = list(specs)
    groups = [group_of(each, dcp) for each in specs]
    if any(getattr(each, "prefix_replay_tokens", 0) for each in specs):
        return [Group(each.block_size, kept=True, silent=True) for each in groups]
    return groups


def _inner(spec: Any) -> Iterable[Any]:
    return spec.kv_cache_specs.values()


def _one(spec: Any, dcp: int) -> Group:
    name = type(spec).__name__
    size = spec.block_size * (dcp if getattr(spec, "dcp_sharded", True) else 1)
    if name in KEPT:
        return Group(size, kept=True, silent=True)
    if name in FULL:
        return Group(size)
    if name in WINDOWED:
        window = getattr(spec, "sliding_window", None)
        extra = getattr(spec, "extra_retained_tokens", 0)
        return Group(size, silent=True, window=window + extra if window else 0)
    raise UnknownGroupError(f"a KV cache group has layers of the kind {name}")
