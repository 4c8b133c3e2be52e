"""What a follower tells a residency of one step, and what it hands on, field by field."""

import types
import unittest
from typing import NamedTuple

import cmm.kv
from cmm.errors import Error
from cmm.vllm.following import Follower, Group
from driving import library

BLOCKS, FAST = 64, 16


class Copy(NamedTuple):
    """As vLLM's KVCacheBlockCopy."""

    src_block_id: int
    dst_block_id: int


class Recording:
    """A residency that remembers what it was told."""

    def __init__(self):
        layout = library().layout([(0, 64, 64)], BLOCKS)
        self.pages = library().residency(layout, FAST)
        self.told = []

    def __getattr__(self, name):
        return getattr(self.pages, name)

    def __len__(self):
        return BLOCKS

    def step(self, **told):
        self.told.append({name: list(pages) for name, pages in told.items() if pages is not None})
        return self.pages.step(**told)


def step(new=(), grown=(), resumed=(), computed=(), finished=(), preempted=None, **more):
    cached = types.SimpleNamespace(
        req_ids=[name for name, _ in grown],
        new_block_ids=[blocks for _, blocks in grown],
        resumed_req_ids=set(resumed),
        num_computed_tokens=list(computed),
    )
    entering = [
        types.SimpleNamespace(req_id=name, block_ids=blocks, num_computed_tokens=count)
        for name, blocks, count in new
    ]
    return types.SimpleNamespace(
        scheduled_new_reqs=entering,
        scheduled_cached_reqs=cached,
        finished_req_ids=set(finished),
        preempted_req_ids=preempted,
        new_block_ids_to_zero=None,
        **more,
    )


class FollowerCase(unittest.TestCase):
    def follower(self, *groups, caching=True, ahead=0):
        self.pages = Recording()
        made = Follower(self.pages, groups or [Group(4)], BLOCKS, caching=caching, ahead=ahead)
        self.pages.told.clear()
        return made

    def told(self, follower, *steps):
        for each in steps:
            follower.step(each)
        return self.pages.told[-1]


class Tells(FollowerCase):
    def test_blocks_before_what_is_computed_are_hits(self):
        first = step(new=[("a", ([1, 2, 3, 4],), 0)])
        gone = step(finished="a")
        self.assertEqual(self.told(self.follower(), first), {"fresh": [1, 2, 3, 4]})
        again = step(new=[("b", ([1, 2, 9],), 8)])
        self.assertEqual(self.told(self.follower(), first, gone, again), {"hits": [1, 2], "fresh": [9]})

    def test_a_hit_that_is_full_only_in_part_is_written_too(self):
        begun = step(new=[("a", ([1, 2],), 0)]), step(finished="a")
        told = self.told(self.follower(), *begun, step(new=[("b", ([1, 2, 9],), 6)]))
        self.assertEqual(told, {"hits": [1, 2], "written": [2], "fresh": [9]})

    def test_the_last_blocks_of_a_request_are_given_back_first(self):
        told = self.told(self.follower(), step(new=[("a", ([1, 2, 3],), 0)]), step(finished="a"))
        self.assertEqual(told, {"idle": [3, 2, 1]})
        told = self.told(self.follower(caching=False), step(new=[("a", ([1, 2],), 0)]), step(finished="a"))
        self.assertEqual(told, {"dead": [2, 1]})

    def test_preempted_and_resumed_in_one_step(self):
        begin = step(new=[("a", ([1, 2],), 0)])
        again = step(grown=[("a", ([1, 5],))], resumed="a", computed=[4], preempted={"a"})
        self.assertEqual(
            self.told(self.follower(), begin, again), {"idle": [2, 1], "hits": [1], "fresh": [5]}
        )

    def test_a_session_that_goes_on_is_told_with_all_of_its_blocks(self):
        begin = step(new=[("a", ([1, 2],), 0)])
        told = self.told(self.follower(), begin, step(new=[("a", ([1, 2, 3],), 7)]))
        self.assertEqual(told, {"idle": [2, 1], "hits": [1, 2], "written": [2], "fresh": [3]})

    def test_states_are_always_needed(self):
        told = self.told(
            self.follower(Group(4), Group(4, kept=True, silent=True)), step(new=[("a", ([1], [2]), 0)])
        )
        self.assertEqual(told, {"fresh": [1], "hits": [2], "written": [2]})

    def test_blocks_behind_a_window_are_given_back_once(self):
        follower = self.follower(Group(4, silent=True, window=4))
        begin = step(new=[("a", ([*range(1, 9)],), 0)])
        told = self.told(follower, begin, step(grown=[("a", ([20],))], computed=[32]))
        self.assertEqual(told, {"idle": [5, 4, 3, 2, 1], "fresh": [20]})
        self.assertEqual(self.told(follower, step(finished="a")), {"idle": [20, 8, 7, 6, 0, 0, 0, 0, 0]})

    def test_what_is_told_wrongly_is_no_silent_change(self):
        follower = self.follower()
        follower.step(step(new=[("a", ([1, 2],), 0)]))
        with self.assertRaises(cmm.kv.BadInput):
            follower.step(step(new=[("b", ([3, 3],), 0)]))

    def test_a_field_that_must_be_empty_and_is_not_is_refused(self):
        follower = self.follower()
        follower.step(step(block_table_updates=None))
        with self.assertRaisesRegex(Error, "block_table_updates, which cmm does not follow"):
            follower.step(step(block_table_updates={"a": ([1],)}))

    def test_a_block_that_is_written_and_that_no_request_has_is_read_until_the_next_step(self):
        follower = self.follower()
        zeroed = step(new=[("a", ([1],), 0)])
        zeroed.new_block_ids_to_zero = [9, 1]
        self.assertEqual(self.told(follower, zeroed), {"fresh": [1, 9]})
        copied = step(kv_cache_block_copies=[Copy(1, 7)])
        self.assertEqual(self.told(follower, copied), {"idle": [9], "fresh": [7]})
        self.assertEqual(self.told(follower, step()), {"idle": [7]})

    def test_what_is_copied_to_a_block_that_vllm_took_back_without_a_word_is_written(self):
        follower = self.follower(Group(4), Group(4, kept=True, silent=True))
        follower.step(step(new=[("a", ([1], [2]), 0)]))
        told = self.told(follower, step(kv_cache_block_copies=[Copy(1, 2)]))
        self.assertEqual(told, {"written": [2]})

    def test_drafts_that_may_be_refused_keep_the_window_back(self):
        begin = step(new=[("a", ([*range(1, 9)],), 0)])
        grown = step(grown=[("a", ([20],))], computed=[32])
        window = Group(4, silent=True, window=4)
        self.assertEqual(self.told(self.follower(window, ahead=8), begin, grown)["idle"], [3, 2, 1])

    def test_a_request_that_is_not_known_has_nothing_to_give_back(self):
        self.assertEqual(self.told(self.follower(), step(finished="z")), {})


class Backwards(set):
    """A set as another process may go through it."""

    def __iter__(self):
        return iter(sorted(super().__iter__(), reverse=True))

    def __or__(self, other):
        return Backwards(set(self) | set(other))


class Ranks(FollowerCase):
    def test_a_set_of_requests_is_told_in_one_order_by_all(self):
        told = []
        for kind in (set, Backwards):
            begin = step(new=[("a", ([1, 2],), 0), ("b", ([3],), 0), ("c", ([4],), 0)])
            end = step()
            end.finished_req_ids, end.preempted_req_ids = kind("ab"), kind("c")
            told.append(self.told(self.follower(), begin, end))
        self.assertEqual(told, [{"idle": [2, 1, 3, 4]}] * 2)


class HandsOn(FollowerCase):
    def test_slots_in_every_field_and_leaves_the_scheduler_its_own(self):
        follower = self.follower()
        follower.step(step(new=[("a", ([*range(1, FAST)],), 0)]))
        follower.step(step(finished="a"))
        told = step(
            new=[("b", ([30, 31],), 0)],
            grown=[("c", None)],
            computed=[0],
            kv_cache_block_copies=[Copy(2, 31)],
        )
        told.new_block_ids_to_zero = [30, 31]
        _, seen = follower.step(told)
        slots = [int(self.pages.slots[page]) for page in (30, 31)]
        self.assertNotEqual(slots, [30, 31])
        self.assertEqual(seen.scheduled_new_reqs[0].block_ids, (slots,))
        self.assertEqual(seen.new_block_ids_to_zero, slots)
        self.assertEqual(seen.kv_cache_block_copies, [Copy(int(self.pages.slots[2]), slots[1])])
        self.assertEqual(told.scheduled_new_reqs[0].block_ids, ([30, 31],))
        self.assertEqual((told.new_block_ids_to_zero, told.kv_cache_block_copies), ([30, 31], [Copy(2, 31)]))

    def test_blocks_that_a_request_gets_later(self):
        follower = self.follower(Group(4), Group(4))
        follower.step(step(new=[("a", ([*range(1, FAST)], [FAST]), 0)]))
        follower.step(step(new=[("b", ([40], [41]), 0)], finished="a"))
        told = step(grown=[("x", None), ("b", ([42], []))], computed=[0, 4])
        _, seen = follower.step(told)
        cached = seen.scheduled_cached_reqs
        self.assertEqual(cached.new_block_ids, [None, ([int(self.pages.slots[42])], [])])
        self.assertEqual(told.scheduled_cached_reqs.new_block_ids, [None, ([42], [])])

    def test_what_running_requests_get_beside_what_was_computed_before(self):
        follower = self.follower()
        begin = [(name, ([page],), 0) for name, page in (("a", 1), ("b", 2), ("c", 3))]
        follower.step(step(new=[*begin, ("x", ([*range(4, FAST)],), 0)]))
        follower.step(step(new=[("y", ([42],), 0)]))
        follower.step(step(finished=["x", "y"]))
        grown = [("a", ([40, 41],)), ("b", None), ("c", ([42],))]
        _, seen = follower.step(step(grown=grown, computed=[4, 4, 8], new=[("d", ([43],), 0)]))
        slots = [int(self.pages.slots[page]) for page in (40, 41, 42, 43)]
        self.assertNotEqual(slots, [40, 41, 42, 43])
        self.assertEqual(self.pages.told[-1], {"fresh": [43, 40, 41], "hits": [42]})
        self.assertEqual(seen.scheduled_cached_reqs.new_block_ids, [(slots[:2],), None, (slots[2:3],)])
        self.assertEqual(seen.scheduled_new_reqs[0].block_ids, (slots[3:],))

    def test_hits_that_came_back_are_counted(self):
        follower = self.follower()
        follower.step(step(new=[("a", ([*range(1, FAST)],), 0)]))
        follower.step(step(new=[("b", ([*range(30, 45)],), 0)], finished="a"))
        follower.step(step(new=[("c", ([1, 2, 3],), 12)], finished="b"))
        self.assertEqual((follower.hits, follower.brought), (3, 3))


if __name__ == "__main__":
    unittest.main()
