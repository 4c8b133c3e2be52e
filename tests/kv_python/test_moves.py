"""Random steps of an engine: every page holds what was written to it, wherever it lies, for real."""

import os
import unittest

import numpy as np
from cmm.kv import BadInput
from engine import Engine
from kv_testing import KvTest, Memory, library

PAGES, FAST, KNOWN = 96, 24, 90
POLICIES = ("fixed", "remote", "on_use", "pinned{.most = 6} | on_use", "hot_set{.half_life = 4, .most = 8}")
STEPS = int(os.environ.get("CMM_KV_STEPS", "400"))
SEED = int(os.environ.get("CMM_KV_SEED", "1"))
PIECES = [(0, 64, 48), (64 * PAGES, 32, 32), (96 * PAGES + 16, 16, 16)]  # gaps between slots and areas


class Growth(KvTest):
    """What sequences gain in a step, told in one call."""

    def setUp(self):
        kv = library()
        self.pages = kv.residency(kv.layout([(0, 64, 64)], 32), 8)
        self.pages.adopt(0, 32)
        self.of = {"a": ([1, 2],), "b": ([3],), "c": ([4],)}

    def grow(self, pages, computed=(8, 4, 4), names="abc"):
        return self.pages.grow(self.of, list(names), pages, list(computed), 4)

    def test_is_added_to_each_sequence_and_taken_by_a_step(self):
        gained, others = self.grow([([5, 6],), None, ([7],)])
        self.assertEqual((gained.tolist(), others), ([5, 6, 7], []))
        self.assertEqual(self.of, {"a": ([1, 2, 5, 6],), "b": ([3],), "c": ([4, 7],)})
        self.pages.step(fresh=gained)
        self.assertEqual(self.pages.counters()["live"], 3)
        self.pages.step(dead=[5, 6, 7])

    def test_is_told_as_slots(self):
        given = [([9, 6],), None, ([30],)]
        gained, _ = self.grow(given)
        plan = self.pages.step(fresh=gained)  # pages 9 and 30 take slots of HBM
        self.assertTrue(plan.empty)
        slots = self.pages.slots_of_gained(gained)
        self.assertEqual(slots, self.pages.slots_of_lists(given))
        self.assertNotEqual(slots, given)
        self.assertEqual(given, [([9, 6],), None, ([30],)])

    def test_is_told_as_slots_where_some_was_computed_before(self):
        gained, others = self.grow([([5],), ([6],), ([7, 1],)], computed=(8, 5, 4))
        self.assertEqual((others, self.pages.slots_of_gained(gained)), ([1], [([5],), None, ([7, 1],)]))

    def test_is_no_longer_told_as_slots_once_more_is_gained(self):
        gained, _ = self.grow([([5],), None, None])
        more, _ = self.grow([None, ([6],), None])
        self.assertEqual(self.pages.slots_of_gained(more), [None, ([6],), None])
        with self.assertRaisesRegex(BadInput, "ask for slots before the next grow"):
            self.pages.slots_of_gained(gained)

    def test_that_is_foreign_has_no_slot(self):
        gained, _ = self.grow([([32],), None, None])
        with self.assertRaisesRegex(BadInput, "no page or slot 32; give a number from 0 to 31"):
            self.pages.slots_of_gained(gained)

    def test_is_left_alone_where_it_was_computed_before(self):
        gained, others = self.grow([([5],), ([6],), None], computed=(8, 5, 0))
        self.assertEqual((gained.tolist(), others, self.of["b"]), ([5], [1], ([3],)))

    def test_nothing(self):
        gained, others = self.grow([None] * 3)
        self.assertEqual((gained.tolist(), gained.size, others), ([], 0, []))
        self.pages.step(fresh=gained)

    def test_what_cannot_be(self):
        for pages, words in (
            ([([5],), None], "different lengths"),
            ([5, None, None], "no list of whole numbers"),
            ([(), None, None], "no list of whole numbers"),
            ([([2**31],), None, None], "no int32 number"),
        ):
            with self.assertRaisesRegex(BadInput, words):
                self.grow(pages)
        with self.assertRaisesRegex(BadInput, "not named before"):
            self.grow([([5],), None, None], names="xbc")


class Steps(KvTest):
    """The mover runs each plan before the work of its step."""

    def drive(self, policy, *, careful=False, reserve=0):
        """Random steps, each compared with the model; returns residency and mover."""
        kv = library()
        layout = kv.layout(PIECES, PAGES)
        memory = kv.range(layout, FAST)
        self.addCleanup(memory.close)
        pages = kv.residency(layout, FAST, policy, reserve=reserve, careful=careful)
        mover = kv.mover(memory)
        content, engine = Memory(memory), Engine(PAGES, KNOWN, SEED)
        content.write(range(PAGES), engine.tags)
        if SEED % 2:
            pages.adopt(0, KNOWN)
        for _ in range(STEPS):
            told = engine.step(8)
            plan = pages.step(**told)
            mover.run(plan)
            self.check(pages, content, engine, engine.must_hold(told))
            written, tags = engine.write(told)
            content.write(pages.slots_of(written), tags)
            if reserve:
                mover.run(pages.refill())
                self.check(pages, content, engine, np.flatnonzero(engine.holds))
        return pages, mover

    def check(self, pages, content, engine, must_hold):
        """A permutation, in which pages hold their tags and those never named are where they were."""
        slots = pages.slots
        self.assertTrue(np.array_equal(np.sort(slots), np.arange(PAGES)))
        still = np.concatenate([[0], np.arange(KNOWN, PAGES)])
        self.assertTrue(np.array_equal(slots[still], still))
        must_hold = np.union1d(must_hold, still)
        for tags in content.tags():
            wrong = must_hold[tags[slots[must_hold]] != engine.tags[must_hold]]
            self.assertEqual(wrong.tolist(), [], f"pages hold what is not theirs, seed {SEED}")

    def test_every_policy_keeps_every_content(self):
        for policy in POLICIES:
            with self.subTest(policy=policy):
                pages, mover = self.drive(policy)
                self.compare_counters(pages, mover)
                if "on_use" in policy or "hot" in policy:
                    self.assertGreater(mover.counters()["plans"], STEPS // 10)

    def test_a_reserve_is_kept_ready(self):
        pages, mover = self.drive("on_use", reserve=6)
        self.assertGreater(pages.counters()["refilled"], STEPS // 10)
        self.compare_counters(pages, mover)

    def test_careful_copies_both_ways(self):
        pages, mover = self.drive("on_use", careful=True)
        counted = pages.counters()
        self.assertEqual(counted["avoided"], 0)
        self.assertEqual(counted["pages_up"], counted["pages_down"])
        self.compare_counters(pages, mover)

    def compare_counters(self, pages, mover):
        """What was planned is what was moved."""
        planned, moved = pages.counters(), mover.counters()
        self.assertEqual(planned["pages_up"], moved["pages_up"] + moved["swapped"])
        self.assertEqual(planned["pages_down"], moved["pages_down"] + moved["swapped"])
        for way in ("bytes_up", "bytes_down"):
            self.assertEqual(planned[way], moved[way])


class Alone(KvTest):
    """A mover without a residency."""

    def setUp(self):
        """Eight slots, four of them in HBM, each with its own number."""
        kv = library()
        self.layout = kv.layout([(0, 64, 64)], 8)
        self.memory = kv.range(self.layout, 4)
        self.addCleanup(self.memory.close)
        self.content = Memory(self.memory)
        self.content.write(range(8), range(8))

    def tags(self):
        """What the slots hold."""
        return self.content.tags()[0].tolist()

    def test_runs_pairs_of_the_caller_as_often_as_asked(self):
        from cmm.kv import Plan

        mover = library().mover(self.memory)
        mover.run(Plan.of(up=[(0, 5)], down=np.array([[1, 6]], np.int32), swap=[(2, 7)]))
        self.assertEqual(self.tags(), [5, 1, 7, 3, 4, 5, 1, 2])
        plan = Plan.of(swap=[(2, 7), (3, 4)])
        for _ in range(3):
            mover.run(plan, beside="prefill")
        self.assertEqual(self.tags(), [5, 1, 2, 4, 3, 5, 1, 7])

    def test_takes_an_address_and_rows_of_a_recommendation(self):
        from cmm.kv import Plan

        data = self.memory.data
        rows = "up nothing 16 engine\ndown nothing 16 registers 2\nswap nothing 16 engine\n"
        mover = library().mover_at(self.layout, 4, data, beyond_base=data, device=0, rows=rows)
        self.addCleanup(mover.close)
        mover.run(Plan.of(up=[(0, 5)]))
        self.assertEqual((mover.counters()["copies"], mover.counters()["kernels"]), (1, 0))
        mover.run(Plan.of(down=[(0, 4)]))
        self.assertEqual((mover.counters()["copies"], mover.counters()["kernels"]), (1, 1))
        self.assertEqual(self.tags(), [5, 1, 2, 3, 5, 5, 6, 7])


if __name__ == "__main__":
    unittest.main()
