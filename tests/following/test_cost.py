"""What a step costs the CPU, held against what this Python takes to go through a list of as many numbers."""

import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "vllm"))

import step_cost


def unit():
    """Microseconds to go through 512 numbers."""
    numbers, least = list(range(1000, 1512)), float("inf")
    for _ in range(300):
        begin = time.perf_counter()
        [number + 1 for number in numbers]
        least = min(least, (time.perf_counter() - begin) * 1e6)
    return least


class Cost(unittest.TestCase):
    """50 µs are about 5 such units on a server; a loaded machine measures both alike."""

    def test_a_step_costs_by_its_new_blocks(self):
        for case, units in (
            ("no new block", 2),
            ("16 new blocks", 5),
            ("512, of them 496 of one prompt", 10),
            ("512, two for each request", 20),
        ):
            with self.subTest(case):
                least, _ = step_cost.microseconds(case, 150)
                self.assertLess(least, units * unit())


if __name__ == "__main__":
    unittest.main()
