"""What holds in every step of a release's own scheduler: each block that is read holds what was written last.

CMM_STEPS is how many steps each case takes, 400 by default; CMM_SEED where they begin.
"""

import os
import types
import unittest

import packages
from cmm.errors import Error
from cmm.kv import BadInput
from cmm.vllm.following import Follower, follower
from cmm.vllm.scheduler import keep_free
from driving import Drive, Worker
from real_scheduler import RealScheduler
from tag_runner import WrongTagError

STEPS = int(os.environ.get("CMM_STEPS", "400"))
SEED = int(os.environ.get("CMM_SEED", "3"))
FULL = ("FullAttentionSpec", 4, {})
WINDOW = ("SlidingWindowSpec", 4, {"sliding_window": 17})
CHUNKED = ("ChunkedLocalAttentionSpec", 4, {"attention_chunk_size": 16})
STATES = ("MambaSpec", 4096, {})
ALIGNED = ("MambaSpec", 4, {"mamba_cache_mode": "align"})
LONGER = ("MambaSpec", 16, {"mamba_cache_mode": "align"})
DRAFTED = ("MambaSpec", 4096, {"num_speculative_blocks": 3})
DRAFTED_ALIGNED = ("MambaSpec", 4, {"mamba_cache_mode": "align", "num_speculative_blocks": 3})
BLOCKS, FAST = 80, 13
ROOMY = {"blocks": 100, "fast": 30, "spare": 20, "requests": 2, "seed": 0}
"""Few requests in much memory, where idle blocks have copies and come back."""


class OtherOrder(set):
    """A set as another process iterates it."""

    def __iter__(self):
        return iter(sorted(super().__iter__(), reverse=True))

    def __or__(self, other):
        return OtherOrder(set(self) | set(other))


class OtherRank(Worker):
    """A worker of another rank."""

    def execute(self, output):
        kept = output.finished_req_ids
        output.finished_req_ids = OtherOrder(kept)
        try:
            return super().execute(output)
        finally:
            output.finished_req_ids = kept


class Steps:
    """Cases for a class with `release`."""

    release = None

    @classmethod
    def setUpClass(cls):
        """Once for the process: its modules are those of one release."""
        try:
            cls.real = RealScheduler(packages.sources(cls.release or packages.newest()))
        except packages.UnreachableError as missing:
            raise unittest.SkipTest(str(missing)) from missing

    def drive(
        self, groups, *, worker=Worker, steps=STEPS, seed=SEED, blocks=BLOCKS, fast=FAST, spare=0, **how
    ):
        """Steps of one worker that follows, and of one that copies everything."""
        caching, drafts = how.get("caching", True), how.get("drafts", 0)

        def workers(specs):
            kinds = ((worker, False), (Worker, True)) if worker is Worker else ((worker, False),)
            return [
                kind(specs, blocks, fast, seed, careful=careful, caching=caching, drafts=drafts, spare=spare)
                for kind, careful in kinds
            ]

        made = Drive(self.real, groups, workers, seed, blocks=blocks, **how)
        made.run(steps)
        return made

    def assert_happened(self, made, *what):
        """The run had such steps, and blocks moved in it."""
        for name in what:
            self.assertGreater(made.seen[name], 0, name)
        self.assertGreater(made.workers[0].pages.counters()["avoided"], 0)

    def test_chunked_prompts_preemption_resumption_abortion_and_resets(self):
        made = self.drive([FULL])
        self.assert_happened(made, "chunked", "hit", "aborted")
        self.assert_happened(self.drive([FULL], blocks=40), "preempted", "resumed", "reset")
        self.assertGreater(made.workers[0].follower.brought, 0)

    def test_a_scheduler_that_runs_ahead(self):
        self.assert_happened(self.drive([FULL], runs_ahead=True, blocks=40), "preempted", "resumed", "hit")

    def test_requests_that_run_together_stay_within_hbm_and_are_found_again(self):
        for how in ({}, {"runs_ahead": True}, {"caching": False}):
            with self.subTest(how):
                made = self.drive([FULL], fast=40, kept=BLOCKS - 40, **how)
                self.assertLessEqual(made.most, 41)  # with the one that is no request's
                for name in ("preempted", "resumed"):
                    self.assertGreater(made.seen[name], 0, name)
                self.assertIsInstance(made.scheduler, self.real.scheduler.Scheduler)
                ahead = isinstance(made.scheduler, self.real.asynchronous)
                self.assertEqual(ahead, how.get("runs_ahead", False))
        free = self.drive([FULL], fast=40)
        self.assertGreater(free.most, 41)

    def test_a_vllm_whose_blocks_cannot_be_kept_is_refused(self):
        manager = types.SimpleNamespace(allocate_slots=lambda request, tokens: None)
        with self.assertRaisesRegex(
            Error, "allocate_slots has no reserved_blocks; leave --scheduler-cls out"
        ):
            keep_free(types.SimpleNamespace(kv_cache_manager=manager), 4)

    def test_a_request_larger_than_hbm_runs_alone(self):
        made = self.drive([FULL], fast=13, kept=BLOCKS - 13)
        self.assertGreater(made.seen["steps"], 0)
        self.assertLessEqual(made.most, 14)
        self.assertGreater(made.workers[0].pages.counters()["read_remote"], 0)

    def test_drafts(self):
        self.assert_happened(self.drive([FULL], drafts=3), "drafts", "hit")
        # 0.23 loses count of drafts in flight when it is reset under running requests.
        self.drive([FULL], drafts=3, runs_ahead=True, resets=self.release != packages.OLDEST)

    def test_without_prefix_caching_nothing_idle_is_copied(self):
        made = self.drive([FULL], caching=False)
        self.assertEqual(made.workers[0].pages.counters()["pages_up"], 0)

    def test_slots_that_are_kept_ready(self):
        for groups in ([FULL], [FULL, WINDOW], [FULL, ALIGNED]):
            made = self.drive(groups, spare=4)
            counted = made.workers[0].pages.counters()
            self.assertGreater(counted["refilled"], 20)

    def test_windows(self):
        for groups in ([WINDOW], [FULL, WINDOW], [FULL, WINDOW, WINDOW], [FULL, CHUNKED]):
            with self.subTest(groups=[name for name, *_ in groups]):
                self.drive(groups)
        self.drive([FULL, WINDOW], caching=False)
        self.drive([FULL, WINDOW], drafts=3)
        self.drive([FULL, WINDOW], runs_ahead=True)
        if self.release != packages.OLDEST:  # whose window passes over drafts that are refused later
            for drafts in (3, 16):
                self.drive([FULL, WINDOW], drafts=drafts, runs_ahead=True)

    def test_blocks_behind_a_window_leave_hbm(self):
        made = self.drive([WINDOW], steps=60, resets=False)
        longest = max(len(mine) for each in made.workers[0].follower.requests.values() for mine in each)
        self.assertGreater(longest, 12)
        for mine, *_ in made.workers[0].follower.requests.values():
            self.assertLess(sum(map(bool, mine)), 12)

    def test_states(self):
        self.drive([FULL, STATES], caching=False)

    def test_states_of_prefixes_that_are_found_again(self):
        for how in ({}, {"runs_ahead": True}, {"blocks": 40}):
            with self.subTest(how):
                made = self.drive([FULL, ALIGNED], **how)
                self.assert_happened(made, "chunked", "hit", "aborted")
                self.assertGreater(made.workers[0].runner.carried, 20)
        self.drive([FULL, ALIGNED, WINDOW])

    def test_states_behind_drafts(self):
        ahead = {"runs_ahead": True, "resets": self.release != packages.OLDEST}
        for how in ({}, {"blocks": 50}, ahead):
            with self.subTest(how):
                made = self.drive([FULL, DRAFTED_ALIGNED], drafts=3, **how)
                self.assert_happened(made, "drafts", "chunked", "hit", "aborted")
                self.assertGreater(made.workers[0].runner.behind_drafts, 20)
        for groups, how in (([FULL, DRAFTED], {"caching": False}), ([FULL, DRAFTED_ALIGNED, WINDOW], {})):
            made = self.drive(groups, drafts=3, **how)
            self.assertGreater(made.workers[0].runner.behind_drafts, 20)

    def test_blocks_that_are_found_in_part_are_copied(self):
        if self.release == packages.OLDEST:
            self.skipTest("it finds whole blocks only")
        for how in ({}, {"blocks": 50}, {"runs_ahead": True}):
            with self.subTest(how):
                made = self.drive([FULL, LONGER], **how)
                self.assert_happened(made, "hit", "copied")
        made = self.drive([FULL, LONGER], **ROOMY)
        self.assert_happened(made, "copied")
        self.assertGreater(made.workers[0].pages.counters()["refilled"], 100)

    def test_each_rank_decides_alike(self):
        def workers(specs):
            ranks = [Worker(specs, 40, FAST, SEED), OtherRank(specs, 40, FAST, SEED)]
            return [*ranks, Worker(specs, 40, 20, SEED)]  # a stage of a pipeline with more HBM

        made = Drive(self.real, [FULL], workers, SEED, blocks=40, pp=1)
        made.run(STEPS)
        one, other, _ = made.workers
        self.assertEqual(one.pages.slots.tolist(), other.pages.slots.tolist())
        self.assertEqual(one.pages.counters(), other.pages.counters())

    def assert_found(self, groups, worker, **how):
        """A mistake ends in a wrong tag, or in a refusal before there is one."""
        with self.assertRaises((WrongTagError, BadInput)):
            self.drive(groups, worker=worker, steps=4000, **how)

    def test_a_dropped_move_is_found(self):
        class Drops(Worker):
            def move(self, plan):
                self.moves = getattr(self, "moves", 0) + (not plan.empty)
                if plan.empty or self.moves % 20:
                    super().move(plan)

        for groups in ([FULL], [FULL, ALIGNED]):
            self.assert_found(groups, Drops)

    def test_hit_and_new_swapped_is_found(self):
        class Swaps(Follower):
            def _tell(self, told):
                told.fresh, told.hits = told.fresh + told.hits, []
                return super()._tell(told)

        self.assert_found([FULL], self.with_follower(Swaps))

    def test_a_stale_owner_is_found(self):
        class Keeps(Follower):
            def _take_from(self, holders, told):
                return 0

        self.assert_found([FULL, WINDOW], self.with_follower(Keeps))

    def test_a_request_that_is_not_forgotten_is_found(self):
        class Remembers(Follower):
            def _leave(self, request, told):
                self.requests.setdefault(request, ([],))

            def _stale(self, told, output):
                return ()

        self.assert_found([FULL], self.with_follower(Remembers))

    def test_a_window_passed_too_early_is_found(self):
        self.addCleanup(setattr, follower, "MARGIN", follower.MARGIN)
        follower.MARGIN = -3
        self.assert_found([FULL, WINDOW], Worker)

    def test_a_copy_to_a_block_that_no_request_has_is_found_when_it_is_forgotten(self):
        if self.release == packages.OLDEST:
            self.skipTest("it copies no blocks")

        class Forgets(Follower):
            def _fill(self, told, pages):
                pass

        self.assert_found([FULL, LONGER], self.with_follower(Forgets), **ROOMY)

    def test_states_of_requests_that_left_are_missed(self):
        class Drops(Follower):
            def __init__(self, *given, **named):
                super().__init__(*given, **named)
                self._left = "dead"

        self.assert_found([FULL, ALIGNED], self.with_follower(Drops))

    def test_states_behind_drafts_that_are_given_back_are_missed(self):
        class GivesBack(Follower):
            def _append(self, request, blocks, computed, told):
                super()._append(request, blocks, computed, told)
                told.left += blocks[1][-1:]

        for states, caching in ((DRAFTED, False), (DRAFTED_ALIGNED, True)):
            with self.subTest(states):
                worker = self.with_follower(GivesBack)
                self.assert_found([FULL, states], worker, drafts=3, caching=caching)

    def test_drafts_of_steps_in_flight_that_are_forgotten_are_found(self):
        if self.release == packages.OLDEST:
            self.skipTest("its window passes over drafts that are refused later")

        class Trusts(Follower):
            def __init__(self, *given, ahead, **named):
                super().__init__(*given, **named)

        self.assert_found([FULL, WINDOW], self.with_follower(Trusts), drafts=16, runs_ahead=True)

    def test_content_that_is_called_dead_too_early_is_found(self):
        self.assert_found([FULL], lambda *given, **named: Worker(*given, **{**named, "caching": False}))

    def test_ids_in_place_of_slots_are_found(self):
        class Forgets(Worker):
            def execute(self, output):
                plan, _ = self.follower.step(output)
                self.move(plan)
                return self.runner.execute(output)

        self.assert_found([FULL], Forgets)

    @staticmethod
    def with_follower(kind):
        """A worker with another follower."""
        return lambda *given, **named: Worker(*given, follower=kind, **named)
