"""What a worker does so that blocks follow: decides, moves, hands on slots, keeps slots ready."""

from collections.abc import Sequence
from typing import Any

import torch

from ... import kv
from ...errors import Error
from ...size import format_size
from ..following import FixedError, Follower, Group
from .side_stream import SideStream
from .staging import Staging
from .stores import RangeStore, RecipeStore

MOST_READY = 512
"""Slots of HBM that are kept ready at most: each step looks through them, and few need more."""
FEW = 16
"""Fewer blocks than these wait for others before they are copied: a launch costs the step's CPU more."""


class Following:
    """The blocks of one worker, from the end of its warm-up on."""

    def __init__(
        self,
        store: RangeStore | RecipeStore,
        blocks: int,
        fast: int,
        groups: Sequence[Group],
        *,
        caching: bool,
        careful: bool,
        ahead: int = 0,
    ) -> None:
        """For a KV cache that is placed, of so many blocks and perhaps spare ones behind them.

        Raises FixedError where they cannot be moved.
        """
        try:
            library, layout, self.mover = store.mover()
        except kv.BadInput as wrong:
            raise FixedError(str(wrong)) from wrong
        reserve = min(fast // 8, MOST_READY, store.pages - blocks)
        self.pages = library.residency(layout, fast, pages=store.pages, reserve=reserve, careful=careful)
        self.follower = Follower(self.pages, groups, blocks, caching=caching, ahead=ahead)
        self._side = SideStream() if reserve else None
        self.staging: Staging | None = None
        """What copies blocks beyond HBM for prompts, where anything does."""
        self._whole = True

    def step(self, output: Any) -> Any:
        """Puts the moves of a step into the stream of its work; the output as the model runner sees it.

        Copies that keep slots ready run beside that work, in another stream: after these moves, and before
        those of the next step. Refuses all steps after one that failed between its decision and its moves.
        """
        if not self._whole:
            raise Error(
                "an earlier step failed before its blocks were moved, so it is not known what they hold; "
                "restart this server"
            )
        self._whole = False
        seen = self._step(output)
        self._whole = True
        return seen

    def _step(self, output: Any) -> Any:
        stream = torch.cuda.current_stream()
        if self._side is not None:
            self._side.join(stream)
        told = output
        plan, output = self.follower.step(told)
        if not plan.empty:
            self.mover.run(plan, stream.cuda_stream)
        if self.staging is not None:
            self.staging.step(told, self.pages, self.follower.requests)
        if self._side is not None:
            ready = self.pages.refill(least=FEW)
            if not ready.empty:
                self._side.fork(stream)
                self.mover.run(ready, self._side.stream.cuda_stream, "decode")
                self._side.ran()
        return output

    def end(self) -> None:
        """All work of the step is in its stream."""
        if self.staging is not None:
            self.staging.end()

    def count(self, metrics: Any) -> None:
        """Notes what was counted."""
        staged = self.staging.bytes if self.staging is not None else 0
        metrics.update(self.pages.counters(), self.follower.hits, self.follower.brought, staged)

    def told(self) -> str:
        """What was counted, in words."""
        counted = self.pages.counters()
        share = counted["read_remote"] / counted["read"] if counted["read"] else 0.0
        staged = ""
        if self.staging is not None:
            staged = f"; {format_size(self.staging.bytes)} staged for prompts"
        return (
            f"blocks {counted['live']} live, {counted['remote']} of them beyond HBM, {counted['idle']} idle; "
            f"{format_size(counted['bytes_up'])} up, {format_size(counted['bytes_down'])} down; "
            f"{self.follower.brought} of {self.follower.hits} hits brought back; "
            f"{share:.1%} of reads beyond HBM{staged}"
        )
