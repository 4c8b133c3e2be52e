#!/usr/bin/env python3
"""What a step costs an engine in Python: placement and translation at 256 requests and 512 new blocks.

usage: bench/kv/python_step.py [PLATFORM]     sim:gh200-480 by default, for which no GPU is needed

Prints the median and the least of 500 steps in microseconds. Needs numpy and a C++ compiler.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/python"))

import cmm.kv
import numpy as np

REQUESTS, NEW, PAGES, STEPS = 256, 512, 65536, 500


def main() -> None:
    """Measure on pages that come and go in turns, half of which change memories."""
    kv = cmm.kv.build(*sys.argv[1:2])
    layout = kv.layout([(0, 64, 64)], PAGES)
    pages = kv.residency(layout, PAGES // 4, reserve=256)
    random = np.random.default_rng(1)
    order = random.permutation(np.arange(1, PAGES, dtype=np.int32))
    rounds = [order[begin : begin + NEW].copy() for begin in range(0, PAGES - NEW, NEW)]
    pages.adopt(0, PAGES)
    parts = [
        "step of 512 new and 512 idle pages",
        "refill of the reserve",
        "translation of 512 ids in an int32 array",
        "translation of 256 lists of 2 ids",
        "counters",
    ]
    spent: dict[str, list[float]] = {part: [] for part in parts}

    for turn in range(STEPS):
        fresh = rounds[turn % len(rounds)]
        gone = rounds[(turn - 20) % len(rounds)] if turn >= 20 else None
        ids, lists = fresh.copy(), fresh.reshape(REQUESTS, -1).tolist()
        works = [
            lambda fresh=fresh, gone=gone: pages.step(fresh=fresh, idle=gone),
            pages.refill,
            lambda ids=ids: pages.translate(ids),
            lambda lists=lists: pages.slots_of_lists(lists),
            pages.counters,
        ]
        for part, work in zip(parts, works, strict=True):
            begin = time.perf_counter()
            work()
            spent[part].append((time.perf_counter() - begin) * 1e6)
    for part, times in spent.items():
        print(f"{part:45} {statistics.median(times):8.1f} us, at least {min(times):6.1f}")
    print(pages.counters())


if __name__ == "__main__":
    main()
