"""Blocks beyond HBM that a prompt reads are copied for each layer into memory that all layers share.

Attention over a prompt reads each block once for every tile of its queries, hundreds of times, so that what
lies beyond HBM would be read over the link as often. Decode reads a block once, and reads it where it lies.
"""

import copy
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch

from ... import kv
from ..following.staged_slots import LEAST_QUERIES, staged_slots
from .side_stream import SideStream


def why_not_in(config: Any) -> str:
    """Why nothing is staged in such a server, which is known before its KV cache is made; else empty."""
    if config.num_speculative_tokens:
        return "drafts have layers of their own"
    if getattr(config.parallel_config, "use_ubatching", False):
        return "a step is cut into two that run beside each other"
    for name, layer in config.compilation_config.static_forward_context.items():
        if target := getattr(layer, "kv_sharing_target_layer_name", None):
            return f"{name} reads the blocks of {target}"
    least, most = least_tokens(config.compilation_config), config.scheduler_config.max_num_batched_tokens
    if most < least:
        return (
            f"no step has the {least} tokens from which on vLLM runs attention without a CUDA graph; give it "
            f"--max-num-batched-tokens {least} or more"
        )
    return ""


def least_tokens(compilation: Any) -> int:
    """Of a step that stages: attention that is part of a CUDA graph is not to be changed."""
    return max((compilation.max_cudagraph_capture_size or 0) + 1, LEAST_QUERIES)


def why_not_staged(groups: Iterable[Any], names: Iterable[str], block_size: int) -> str:
    """Why attention of these layers cannot be told where its blocks are staged; empty where it can."""
    names = set(names)
    for group in groups:
        if getattr(group.backend, "forward_includes_kv_cache_update", True):
            return f"{group.backend.__name__} writes and reads blocks in one"
        if any(builder.kv_cache_spec.block_size != block_size for builder in group.metadata_builders):
            return f"{group.backend.__name__} has blocks of another size"
        if others := [name for name in group.layer_names if name not in names]:
            return f"{others[0]} has no blocks of its own"
    return ""


class Layer:
    """The blocks of one layer: what copies them into its window."""

    def __init__(self, library: kv.Library, memory: kv.Range, pieces: Sequence[tuple[int, int, int]]) -> None:
        """Of a range that has windows. In the mover's eyes the window's slots come first, then all others."""
        first, count = memory.staged
        step = pieces[0][1]
        layout = library.layout(pieces, count + first)
        self.mover = library.mover_at(
            layout,
            count,
            memory.data + first * step,
            beyond_base=memory.data - count * step,
            device=memory.device,
        )
        memory.users.add(self.mover)


class Chosen:
    """What is staged in a step: pairs of a place in the window and a slot."""

    def __init__(self, read: np.ndarray, written: np.ndarray, count: int) -> None:
        """Slots that the step only reads, those that it writes too, and how many slots a window has."""
        slots = np.concatenate((read, written))
        places = np.arange(slots.size, dtype=np.int32)
        pairs = np.stack((places, slots + count), axis=1).astype(np.int32)
        self.slots = slots
        self.read, self.written = (kv.Plan.of(up=each) for each in (pairs[: read.size], pairs[read.size :]))


class Staging:
    """Of one worker. A step that stages nothing costs it a look at the step's largest request."""

    def __init__(
        self,
        library: kv.Library,
        memory: kv.Range,
        layers: Sequence[Sequence[tuple[int, int, int]]],
        *,
        block_size: int,
        least_tokens: int,
    ) -> None:
        """`layers` are the pieces of each, in the order in which they work; a step of fewer tokens than
        `least_tokens` is left alone."""
        self.first, self.count = memory.staged
        self._layers = [Layer(library, memory, pieces) for pieces in layers]
        self._block_size, self._least = block_size, least_tokens
        self._page_bytes = memory.layout.page_bytes
        self._table = torch.arange(memory.slots, dtype=torch.int32, device=f"cuda:{memory.device}")
        self._side = SideStream()
        self._chosen: Chosen | None = None
        self._holds, self._told = -1, False
        self._reached: set[int] = set()
        self.bytes = 0
        """Copied so far."""

    def attach(self, groups: Sequence[Any], layers: Sequence[Any]) -> None:
        """To the builders of metadata of vLLM's groups of attention, and to its layers, in order."""
        for group in groups:
            for builder in group.metadata_builders:
                builder.build = functools.partial(self._build, builder.build)
        for number, layer in enumerate(layers):
            layer.impl.forward = functools.partial(self._forward, number, layer.impl.forward)

    @property
    def reached(self) -> bool:
        """Whether attention of every layer came by here since it was attached."""
        return len(self._reached) == len(self._layers)

    def step(self, output: Any, pages: kv.Residency, requests: dict[str, tuple[list[int], ...]]) -> None:
        """Decides what is staged in the step, after its moves came into the stream of its work."""
        self.end()
        if output.total_num_scheduled_tokens < self._least or not self.reached:
            return
        room = {"block_size": self._block_size, "room": self.count}
        read, written = staged_slots(output, pages, requests, **room)
        if not read.size + written.size:
            return
        self._chosen = chosen = Chosen(read, written, self.count)
        self._point(chosen.slots, np.arange(self.first, self.first + chosen.slots.size))
        self.bytes += chosen.slots.size * self._page_bytes
        self._ahead(0, torch.cuda.current_stream())

    def end(self) -> None:
        """All work of the step is in its stream. What runs until the next one, such as a dummy batch of an
        idle rank or a warm-up that is captured, reads blocks where they are."""
        if self._chosen is not None:
            self._side.join(torch.cuda.current_stream())
            self._point(self._chosen.slots, self._chosen.slots)
            self._chosen, self._holds, self._told = None, -1, False

    def _point(self, slots: np.ndarray, to: np.ndarray) -> None:
        """The table says from now on that these slots are read there. Waits for no work of the GPU."""
        numbers = torch.from_numpy(np.stack((slots, to)).astype(np.int64)).pin_memory()
        where, what = numbers.to(self._table.device, non_blocking=True)
        self._table[where] = what.to(torch.int32)

    def _build(
        self,
        build: Callable[..., Any],
        common_prefix_len: int,
        common_attn_metadata: Any,
        *more: Any,
        **named: Any,
    ) -> Any:
        """Metadata of attention, whose table of blocks names the windows. Its names are vLLM's."""
        if self._chosen is not None:
            table = self._table[common_attn_metadata.block_table_tensor.clamp(min=0).long()]
            common_attn_metadata = copy.copy(common_attn_metadata)
            common_attn_metadata.block_table_tensor = table
            self._told = True
        return build(common_prefix_len, common_attn_metadata, *more, **named)

    def _forward(self, number: int, forward: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Attention of a layer, before which its window is filled; meanwhile nothing else is copied there."""
        self._reached.add(number)
        if self._chosen is None or not self._told:
            return forward(*given, **named)
        stream = torch.cuda.current_stream()
        self._side.join(stream)  # its window is full
        mover = self._layers[number].mover
        if self._holds != number:
            mover.run(self._chosen.read, stream.cuda_stream)
        mover.run(self._chosen.written, stream.cuda_stream)  # which the layer has just written
        result = forward(*given, **named)
        self._ahead(number + 1, stream)
        return result

    def _ahead(self, number: int, stream: Any) -> None:
        """Beside the work until its attention, what a layer reads is copied; after what is in the stream."""
        self._holds = number
        if number < len(self._layers) and not self._chosen.read.empty:
            self._side.fork(stream)
            self._layers[number].mover.run(self._chosen.read, self._side.stream.cuda_stream, "prefill")
            self._side.ran()
