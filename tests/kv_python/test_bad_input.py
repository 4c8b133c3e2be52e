"""What is refused, in one sentence, with nothing changed."""

import os
import unittest

import numpy as np
from cmm.kv import Plan
from kv_testing import KvTest, library

int32 = np.int32


class Residencies(KvTest):
    """What an engine can get wrong."""

    def setUp(self):
        """Pages 1 to 4 are live."""
        self.kv = library()
        self.layout = self.kv.layout([(0, 64, 64)], 16)
        self.pages = self.kv.residency(self.layout, 4)
        self.pages.step(fresh=[1, 2, 3, 4])

    def test_pages_in_another_state_than_they_are_named(self):
        for named, words in (
            ({"fresh": [16]}, ["page 16", "fresh", "no such page"]),
            ({"hits": [-1]}, ["page -1", "a hit", "no such page"]),
            ({"fresh": [1]}, ["page 1", "still read"]),
            ({"idle": [9]}, ["page 9", "no reader"]),
            ({"dead": [1, 1]}, ["page 1", "no reader"]),
            ({"dead": [1], "hits": [1]}, ["page 1", "content is dead"]),
            ({"dropped": [2]}, ["page 2", "still read"]),
            ({"written": [9]}, ["page 9", "not live"]),
            ({"used": [9]}, ["page 9", "not live"]),
        ):
            before = self.pages.counters()
            self.assert_refused(words, self.pages.step, **named)
            self.assertEqual(self.pages.counters(), before)
        self.pages.step(dead=[1, 2, 3, 4])

    def test_lists_that_are_no_pages(self):
        for given, words in (
            (np.array([1.5]), ["float64", "whole numbers"]),
            (np.array([True]), ["bool"]),
            (np.zeros((2, 2), int32), ["shape (2, 2)"]),
            (3, ["shape ()"]),
            ([[1], [2, 3]], ["hits"]),
            (["a"], ["whole numbers"]),
            (np.array([2**31]), ["2147483648", "no int32"]),
            ([2**32 + 1], ["4294967297", "no int32"]),
            ([-(2**32) + 1], ["-4294967295", "no int32"]),
            (np.array([-(2**40)]), ["-1099511627776"]),
            ([2**70], ["whole numbers"]),
        ):
            self.assert_refused([*words, "hits"], self.pages.step, hits=given)

    def test_lists_of_any_kind_are_read(self):
        every_second = np.arange(5, 15, dtype=int32)[::2]
        unaligned = np.frombuffer(b"\0" + np.array([6], int32).tobytes(), int32, offset=1)
        self.pages.step(
            fresh=every_second, hits=(1, 2), idle=np.array([3, 4], np.uint64), written=[1], used=range(1, 3)
        )
        self.pages.step(fresh=unaligned, dead=np.array([5], ">i4"))
        self.assertEqual(self.pages.counters()["live"], 7)

    def test_translation_takes_what_it_can_write(self):
        read_only = np.array([1], int32)
        read_only.flags.writeable = False
        for wrong in ([1], np.array([1]), np.arange(4, dtype=int32)[::2], read_only):
            self.assert_refused(["in place", "slots_of"], self.pages.translate, wrong)
        ids = np.array([1, 2, 16], int32)
        self.assert_refused(["16", "0 to 15"], self.pages.translate, ids)
        self.assertEqual(ids.tolist(), [1, 2, 16])
        self.assert_refused(["-1"], self.pages.slots_of, [-1])
        self.assert_refused(["-2147483648"], self.pages.slots_of, [-(2**31)])
        self.assertEqual(self.pages.slots_of([]).tolist(), [])
        with self.assertRaises(ValueError):
            self.pages.slots[0] = 1

    def test_lists_of_lists_are_translated_at_once(self):
        self.pages.step(dead=[1, 2], fresh=[12, 13])
        slots = self.pages.slots.tolist()
        lists = [[12, 1], [], (13,), [2, 3, 4]]
        self.assertEqual(self.pages.slots_of_lists(lists), [[slots[page] for page in each] for each in lists])
        self.assertNotEqual(slots[12], 12)
        self.assertEqual(self.pages.slots_of_lists(iter([])), [])
        self.assert_refused(["16", "0 to 15"], self.pages.slots_of_lists, [[1], [16]])
        for wrong in ([[1.5]], [[2**31]], [["a"]], [1], 3):
            self.assert_refused(["lists", "whole numbers"], self.pages.slots_of_lists, wrong)

    def test_numbers_that_cannot_be(self):
        make, layout = self.kv.residency, self.layout
        self.assert_refused(["17", "16 slots"], make, layout, 17)
        self.assert_refused(["reserve of 5", "4 slots"], make, layout, 4, reserve=5)
        self.assert_refused(["fast slots", str(2**32)], make, layout, 2**32)
        self.assert_refused(["fast slots", "1.5"], make, layout, 1.5)
        self.assert_refused(["pages 10 to 19", "16 pages"], self.pages.adopt, 10, 10)

    def test_policies_that_are_none(self):
        for text, words in (
            ("", ["column 1", "its end", "on_use"]),
            ("lru", ["column 1", "lru", "no such policy"]),
            ("pinned", ["pinned{.most = 1000}"]),
            ("on_use | pinned{.least = 3}", ["column 17", "no setting of pinned"]),
            ("hot_set{.most = -1}", ["column 9", "from 1 on"]),
            ("on_use on_use", ["column 8", "join policies with |"]),
            ("on_use\0| fixed", ["zero bytes"]),
            (None, ["None", "text"]),
        ):
            self.assert_refused(words, self.kv.residency, self.layout, 4, text)


class Layouts(KvTest):
    """Pages that cannot lie as they are described."""

    def test_pieces_that_cannot_be(self):
        for pieces, slots, words in (
            ([], 4, ["0 bytes"]),
            ([(0, 64, 0)], 4, ["empty"]),
            ([(0, 64, 24)], 4, ["multiples of 16"]),
            ([(0, 64, 64), (32, 64, 16)], 4, ["overlap"]),
            ([(0, 64, 64)], 0, ["slots", "0"]),
            ([(0, 64, 64)], 2**31, ["slots", "2147483647"]),
            ([(0, 2**63, 16)], 4, ["address space"]),
            ([(-16, 64, 64)], 4, ["offset", "-16"]),
            ([(0, 64)], 4, ["(offset, stride, bytes)"]),
        ):
            self.assert_refused(words, library().layout, pieces, slots)


class Movers(KvTest):
    """Plans that would move what they must not."""

    def setUp(self):
        """A mover for eight slots."""
        self.kv = library()
        self.layout = self.kv.layout([(0, 64, 64)], 8)
        self.memory = self.kv.range(self.layout, 4)
        self.mover = self.kv.mover(self.memory)
        self.addCleanup(self.memory.close)

    def test_a_plan_runs_once_and_before_the_next_step(self):
        pages = self.kv.residency(self.layout, 4)
        pages.step(fresh=[1, 2, 3, 4, 5])
        first = pages.step(idle=[1], fresh=[6])
        self.assertFalse(first.empty)
        self.mover.run(first)
        self.assert_refused(["step 2", "was run"], self.mover.run, first)
        second = pages.step(idle=[2], fresh=[7])
        late = pages.step()
        self.assert_refused(["step 3", "no longer valid"], self.mover.run, second)
        self.assert_refused(["no longer valid"], lambda: second.down)
        self.mover.run(late)

    def test_slots_of_another_memory(self):
        self.assert_refused(["slot 4", "one of the GPU"], self.mover.run, Plan.of(up=[(4, 5)]))
        self.assert_refused(["slot 8", "one of the host"], self.mover.run, Plan.of(up=[(0, 8)]))
        self.assertEqual(self.mover.counters()["plans"], 0)

    def test_pairs_that_are_none(self):
        self.assert_refused(["slot 5", "twice"], Plan.of, up=[(0, 5)], down=[(1, 5)])
        self.assert_refused(["[n, 2]", "(3,)"], Plan.of, up=[1, 2, 3])
        self.assert_refused(["float64"], Plan.of, swap=[(0.5, 1)])

    def test_what_a_run_is_told(self):
        plan = Plan.of(up=[(0, 5)])
        self.assert_refused(["stream", "-1"], self.mover.run, plan, -1)
        self.assert_refused(["stream", "cudaStream_t"], self.mover.run, plan, object())
        self.assert_refused(["beside moves", "decode"], self.mover.run, plan, beside="sleep")
        self.assert_refused(["mover", "cannot be read"], self.kv.mover, self.memory, rows="up and away")
        self.assert_refused(["thread blocks"], self.kv.mover, self.memory, ctas=-1)
        self.assert_refused(["multiple of 16"], self.kv.mover_at, self.layout, 4, 0)
        self.assert_refused(["of 8 slots 9"], self.kv.mover_at, self.layout, 9, self.memory.data)

    def test_what_was_closed(self):
        self.memory.close()
        self.memory.close()
        self.assert_refused(["mover was closed"], self.mover.run, Plan.of(up=[(0, 5)]))
        self.assert_refused(["range was closed"], self.memory.wait)
        self.assert_refused(["range was closed"], lambda: self.memory.data)
        self.assert_refused(["range was closed"], self.kv.mover, self.memory)
        self.mover.close()

    def test_a_forked_child_moves_nothing(self):
        child = os.fork()
        if child == 0:
            said = ""
            try:
                self.mover.run(Plan.of(up=[(0, 5)]))
            except ValueError as error:
                said = str(error)
            os._exit(0 if "forked child" in said else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.mover.run(Plan.of(up=[(0, 5)]))


if __name__ == "__main__":
    unittest.main()
