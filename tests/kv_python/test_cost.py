"""What a step costs: by the pages named, whatever the number of pages."""

import struct
import time
import unittest

import numpy as np
from cmm.building import elf
from kv_testing import KvTest, library

RELOCATIONS = 4
"""SHT_RELA."""
JUMPS = {7, 1026}
"""R_X86_64_JUMP_SLOT, R_AARCH64_JUMP_SLOT."""


class Cost(KvTest):
    """A copy or a scan of a table of four million pages would take a thousand times as long as a step."""

    def step_seconds(self, slots):
        """The quickest of many steps in which eight pages leave and eight come."""
        pages = library().residency(library().layout([(0, 64, 64)], slots), slots // 4)
        ways = [np.arange(begin, begin + 8, dtype=np.int32) for begin in (1, 33)]
        pages.step(fresh=ways[0])
        quickest = float("inf")
        for turn in range(300):
            begin = time.perf_counter()
            plan = pages.step(dead=ways[turn % 2], fresh=ways[(turn + 1) % 2])
            pages.translate(ways[turn % 2].copy())
            pages.refill()
            plan.empty, pages.moved, pages.counters()
            quickest = min(quickest, time.perf_counter() - begin)
        return quickest

    def test_is_that_of_the_pages_named(self):
        small, large = self.step_seconds(256), self.step_seconds(1 << 22)
        self.assertLess(large, 10 * small, "a step costs by the size of the table")

    def test_no_function_is_called_by_way_of_a_stub(self):
        """A step calls thousands of Python's, and a jump to each took a twentieth of it."""
        sections = elf._sections(library().path.read_bytes())
        relocations = [each.content for each in sections if each.kind == RELOCATIONS]
        kinds = {info & 0xFFFFFFFF for each in relocations for _, info, _ in struct.iter_unpack("<QQq", each)}
        self.assertTrue(kinds)
        self.assertEqual(kinds & JUMPS, set())


if __name__ == "__main__":
    unittest.main()
