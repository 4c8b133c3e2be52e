"""What a step costs the CPU, by what Python calls and goes through in it."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "vllm"))

import step_cost


def counted(make):
    """Of a step: calls of functions, and lines that Python runs, those of loops each time."""
    requests = step_cost.Requests()
    requests.follower.step(make(requests))  # what the first one makes is there later
    output = make(requests)
    counts = {"call": 0, "c_call": 0, "line": 0}

    def note(frame, event, given):
        counts[event] = counts.get(event, 0) + 1
        return note

    sys.settrace(note)
    sys.setprofile(note)
    try:
        requests.follower.step(output)
    finally:
        sys.setprofile(None)
        sys.settrace(None)
    return counts["call"] + counts["c_call"], counts["line"]


def grown(every, blocks):
    """A step in which one of so many requests gets so many blocks."""
    return lambda requests: requests.step(grown=lambda at: blocks if at % every == 0 else 0)


def prompt(blocks):
    """A step in which a prompt of so many blocks begins."""
    return lambda requests: requests.step(new=[(f"new {next(requests.number)}", blocks)])


class Cost(unittest.TestCase):
    """A loop of Python over requests or blocks is what took a step beyond 50 µs."""

    def test_python_goes_through_no_requests_and_no_blocks_of_those_that_run(self):
        one = counted(grown(256, 1))
        for every, blocks in ((256, 2), (16, 1), (1, 1), (1, 2)):
            with self.subTest(every=every, blocks=blocks):
                self.assertEqual(counted(grown(every, blocks)), one)

    def test_python_goes_through_no_blocks_of_a_prompt(self):
        self.assertEqual(counted(prompt(496)), counted(prompt(1)))

    def test_a_step_without_new_blocks_is_less(self):
        none = counted(lambda requests: requests.step())
        self.assertLess(none, counted(grown(256, 1)))
        self.assertLess(none, (60, 120))


if __name__ == "__main__":
    unittest.main()
