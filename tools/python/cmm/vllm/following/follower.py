"""Follows what vLLM's scheduler tells a worker, and decides with it where each block lies."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ...errors import Error
from ...kv import BadInput, Plan, Residency
from ..release.block_fields import NEVER
from .groups import Group
from .held import Held
from .told import Told
from .translation import translated

MARGIN = 2
"""Blocks behind a window that still count as read, since drafts that are refused move it back."""


class Follower:
    """One worker's view of the requests and their blocks.

    `step` takes a SchedulerOutput and returns what must be copied before its work, and the output as the
    model runner is to see it. Workers that are told the same decide the same.
    """

    def __init__(
        self, pages: Residency, groups: Sequence[Group], blocks: int, *, caching: bool, ahead: int = 0
    ) -> None:
        """For blocks [0, `blocks`) of vLLM's; further pages are spare: they never hold anything.

        `caching`: whether vLLM finds blocks again that no request has (`enable_prefix_caching`).
        `ahead`: how many tokens that count as computed may yet be taken back, as refused drafts are.
        """
        self.pages = pages
        self._groups = tuple(groups)
        alone = len(groups) == 1 and not (groups[0].kept or groups[0].silent)
        self._plain = groups[0].block_size if alone else 0
        kept = any(group.kept for group in groups)
        self._left = "idle" if caching or kept else "dead"
        self._ahead = ahead
        self._filled: list[int] = []
        self.requests: dict[str, tuple[list[int], ...]] = {}
        """The blocks of each request that runs, by group."""
        self._held = Held()
        self.hits = 0
        """Blocks that vLLM found again."""
        self.brought = 0
        """Of these, those that came back to HBM."""
        pages.adopt(0, len(pages))
        if kept:  # content counts from the first block on, whoever gets it
            everything = np.arange(1, blocks, dtype=np.int32)
            pages.step(fresh=everything)
            pages.step(idle=everything)

    def step(self, output: Any) -> tuple[Plan, Any]:
        """What to copy before the work of a step, and a copy of its output in which block ids are slots."""
        if getattr(output, NEVER, None):
            raise Error(
                f"vLLM names blocks by {NEVER}, which cmm does not follow; start it with CMM_BLOCKS=fixed"
            )
        told = Told()
        told.left, self._filled = self._filled, []
        gone = output.finished_req_ids
        if output.preempted_req_ids:
            gone = gone | output.preempted_req_ids
        for request in sorted(gone):  # a set has another order in each process
            self._leave(request, told)
        for new in output.scheduled_new_reqs:
            self._enter(new.req_id, new.block_ids, new.num_computed_tokens, told)
        cached = output.scheduled_cached_reqs
        grown = any(cached.new_block_ids)
        if grown:
            self._grow(cached, told)
        copies = getattr(output, "kv_cache_block_copies", None)  # not there in vLLM 0.23
        if copies or output.new_block_ids_to_zero:
            told.gather()
            self._fill(told, {*(output.new_block_ids_to_zero or ()), *(to for _, to in copies or ())})
        plan = self._decide(told, output)
        return plan, translated(output, grown, told.gained, self.pages)

    def _leave(self, request: str, told: Told) -> None:
        """The request reads its blocks no longer. Last blocks first, so that they leave HBM first."""
        for number, pages in enumerate(self.requests.pop(request, ())):
            told.left += reversed(pages)
            if self._groups[number].silent:
                self._held.drop(request, number, pages)

    def _enter(self, request: str, blocks: Sequence[list[int]], computed: int, told: Told) -> None:
        """The blocks are all that the request has: it is new or resumed, or a session that goes on."""
        self._leave(request, told)
        self.requests[request] = tuple([] for _ in blocks)
        self._append(request, blocks, computed, told)

    def _fill(self, told: Told, pages: set[int]) -> None:
        """This step writes whole pages before its work.

        Some of them no request has: vLLM keeps a state in them, or gave them back at once. They are read
        until the next step, so that what is written to them stays where it is written.
        """
        for page in sorted(pages.intersection(told.hits).difference(told.fresh)):
            told.hits.remove(page)
            told.fresh.append(page)
        told.written = [page for page in told.written if page not in pages]
        for page in sorted(pages.difference(told.fresh)):
            if self._held.has(page):  # by whom vLLM took it from without a word
                told.written.append(page)
            else:
                self._filled.append(page)
        told.fresh += self._filled

    def _grow(self, cached: Any, told: Told) -> None:
        ids, blocks, computed = cached.req_ids, cached.new_block_ids, cached.num_computed_tokens
        resumed = cached.resumed_req_ids
        if self._plain and not resumed:  # the usual case, in which each request counts
            told.grown, others = self.pages.grow(self.requests, ids, blocks, computed, self._plain)
            told.gained = None if others else told.grown
        else:
            others = [*itertools.compress(range(len(ids)), blocks)]
        for at in others:
            how = self._enter if ids[at] in resumed else self._append
            how(ids[at], blocks[at], computed[at], told)

    def _append(self, request: str, blocks: Sequence[list[int]], computed: int, told: Told) -> None:
        """Blocks before the end of what is computed are needed as they are, the others are new."""
        lists = self.requests[request]
        for number, (group, mine, pages) in enumerate(zip(self._groups, lists, blocks, strict=True)):
            if group.kept:
                told.hits += pages
                told.written += pages
            elif computed <= len(mine) * group.block_size:
                told.fresh += pages
            else:
                hits = -(-computed // group.block_size) - len(mine)
                told.hits += pages[:hits]
                told.fresh += pages[hits:]
                if computed % group.block_size:
                    told.written += pages[hits - 1 : hits]
            if group.window:
                self._pass_window(request, number, mine, computed, told)
            if group.silent:
                told.taken.append((request, number, pages))
            mine += pages

    def _pass_window(self, request: str, number: int, mine: list[int], computed: int, told: Told) -> None:
        """Gives blocks back that the request can see no longer."""
        group = self._groups[number]
        first = computed - self._ahead - group.window + 1
        end = min(first // group.block_size - MARGIN, len(mine))
        passed: list[tuple[int, str, int]] = []
        while end > 0 and mine[end - 1]:
            end -= 1
            passed.append((mine[end], request, number))
        self._take_from(passed, told)

    def _decide(self, told: Told, output: Any) -> Plan:
        if told.fresh or not self._plain:
            told.gather()
        if not self._plain:
            self._take_from(self._held.of(told.fresh), told)
            for request, number, pages in told.taken:
                self._held.take(request, number, pages)
        before = self._remote(told.hits)
        try:
            plan = self._tell(told)
        except BadInput:
            told.gather()
            # 0.23 preempts without a word when it resets its prefix cache under running requests.
            if not self._take_from(self._stale(told, output), told):
                raise
            plan = self._tell(told)
        self.hits += len(told.hits)
        self.brought += before - self._remote(told.hits)
        return plan

    def _take_from(self, holders: Iterable[tuple[int, str, int]], told: Told) -> int:
        """Pages that these requests have no longer; how many."""
        holders = list(holders)
        for page, request, number in holders:
            mine = self.requests[request][number]
            mine[mine.index(page)] = 0
            told.left.append(page)
            if self._groups[number].silent:
                self._held.drop(request, number, (page,))
        return len(holders)

    def _stale(self, told: Told, output: Any) -> Iterator[tuple[int, str, int]]:
        """Who else had pages before this step that it hands out anew."""
        fresh = set(told.fresh)
        cached = output.scheduled_cached_reqs
        given: dict[str, Sequence[list[int]]] = {
            new.req_id: new.block_ids for new in output.scheduled_new_reqs
        }
        given |= {
            of: blocks for of, blocks in zip(cached.req_ids, cached.new_block_ids, strict=True) if blocks
        }
        for request, lists in self.requests.items():
            for number, mine in enumerate(lists):
                before = len(mine) - (len(given[request][number]) if request in given else 0)
                yield from [(page, request, number) for page in mine[:before] if page in fresh]

    def _tell(self, told: Told) -> Plan:
        gone = {self._left: told.left or None}
        return self.pages.step(
            **gone, fresh=told.fresh or told.grown, hits=told.hits or None, written=told.written or None
        )

    def _remote(self, pages: list[int]) -> int:
        """How many of these lie beyond HBM."""
        return int((self.pages.slots_of(pages) >= self.pages.fast).sum()) if pages else 0
