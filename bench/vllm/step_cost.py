#!/usr/bin/env python3
"""What a step costs the CPU where blocks follow: deciding, and handing on slots; no vLLM and no GPU.

usage: bench/vllm/step_cost.py

Prints microseconds, least and median of many steps with 256 running requests: without new blocks, with 16
new ones as in a decode, with 512 as where a prompt begins, and with two for each request.
"""

import itertools
import statistics
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "python"))

import cmm.kv  # noqa: E402
from cmm.vllm.following import Follower, Group  # noqa: E402

RUNNING, BLOCKS, SIZE = 256, 200_000, 16


class Requests:
    """Requests that run, and a follower of them."""

    def __init__(self) -> None:
        kv = cmm.kv.build("sim:gh200-480")  # of which the tests have a library already
        layout = kv.layout([(0, 1 << 21, 1 << 21)], BLOCKS)
        pages = kv.residency(layout, BLOCKS // 2)
        self.follower = Follower(pages, [Group(SIZE)], BLOCKS, caching=True)
        self.free, self.number = itertools.count(1), itertools.count()
        self.names = [str(each) for each in range(RUNNING)]
        self.follower.step(self.step(new=[(name, 1) for name in self.names]))

    def step(self, new=(), grown=lambda at: 0) -> types.SimpleNamespace:
        """A SchedulerOutput: new requests by name and blocks, and how many blocks each running one gets."""
        entering = [
            types.SimpleNamespace(req_id=name, block_ids=(self.blocks(count),), num_computed_tokens=0)
            for name, count in new
        ]
        counts = [grown(at) for at in range(RUNNING)]
        cached = types.SimpleNamespace(
            req_ids=self.names,
            resumed_req_ids=set(),
            new_block_ids=[(self.blocks(count),) if count else None for count in counts],
            num_computed_tokens=[SIZE] * RUNNING,
        )
        return types.SimpleNamespace(
            scheduled_new_reqs=entering,
            scheduled_cached_reqs=cached,
            finished_req_ids=set(),
            preempted_req_ids=None,
            new_block_ids_to_zero=None,
        )

    def blocks(self, count: int) -> list[int]:
        """Blocks that nobody had."""
        return [next(self.free) for _ in range(count)]

    def prompt(self) -> types.SimpleNamespace:
        """A prompt of 496 blocks beside a decode."""
        return self.step(new=[(f"new {next(self.number)}", 496)], grown=lambda at: at % 16 == 0)


CASES: dict[str, Callable[[Requests], types.SimpleNamespace]] = {
    "no new block": lambda requests: requests.step(),
    "16 new blocks": lambda requests: requests.step(grown=lambda at: at % 16 == 0),
    "512, of them 496 of one prompt": lambda requests: requests.prompt(),
    "512, two for each request": lambda requests: requests.step(grown=lambda at: 2),
}


def microseconds(case: str, times: int) -> tuple[float, float]:
    """The least and the median of so many steps."""
    requests, taken = Requests(), []
    for _ in range(times):
        output = CASES[case](requests)
        begin = time.perf_counter()
        requests.follower.step(output)
        taken.append((time.perf_counter() - begin) * 1e6)
    return min(taken), statistics.median(taken)


def main() -> int:
    if sys.argv[1:]:
        print(__doc__.strip())
        return 0 if sys.argv[1:] == ["--help"] else 2
    for case in CASES:
        least, median = microseconds(case, 300)
        print(f"{case:32} {least:6.1f} µs at least, {median:6.1f} µs in the median")
    return 0


if __name__ == "__main__":
    sys.exit(main())
