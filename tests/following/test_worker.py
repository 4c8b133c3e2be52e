"""The worker's decisions: the size of the KV cache, what comes from the allocator, where its blocks are."""

import types
import unittest

import stand_ins as world
from cmm.errors import Error
from cmm.vllm.worker import gpu_worker as worker
from cmm.vllm.worker.areas import PAGE

GIB = 1 << 30


def config(settings=None, kv_bytes=None, workers=1, gpu_memory_utilization=1.0, **model):
    flags = {"enable_sleep_mode": False, "enable_cumem_allocator": False, **model}
    return types.SimpleNamespace(
        additional_config={"cmm": {"memory": "recipe", **(settings or {})}},
        cache_config=types.SimpleNamespace(
            kv_cache_memory_bytes=kv_bytes, gpu_memory_utilization=gpu_memory_utilization
        ),
        model_config=types.SimpleNamespace(**flags),
        kv_transfer_config=None,
        parallel_config=types.SimpleNamespace(
            local_world_size=workers,
            distributed_executor_backend="mp",
            decode_context_parallel_size=1,
            prefill_context_parallel_size=1,
        ),
        num_speculative_tokens=0,
        max_concurrent_batches=1,
    )


def made(free=8 * GIB, **given):
    world.StockWorker.free = free
    return worker.Worker(config(**given), 0, 0, "tcp://")


class Sizes(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, worker, "available_host_memory", worker.available_host_memory)
        worker.available_host_memory = lambda: 16 * GIB

    def test_the_larger_memory_adds_to_what_vllm_finds(self):
        self.assertEqual(made().determine_available_memory(), 8 * GIB)
        self.assertEqual(made(settings={"large_bytes": "4GiB"}).determine_available_memory(), 12 * GIB)

    def test_vllms_own_option_is_the_whole_and_profiling_is_done_all_the_same(self):
        ours = made(kv_bytes=10 * GIB, settings={"large_bytes": "4GiB"})
        self.assertEqual(ours.determine_available_memory(), 10 * GIB)
        self.assertIsNone(ours.asked_while_profiling)
        self.assertEqual(ours.cache_config.kv_cache_memory_bytes, 10 * GIB)

    def test_what_hbm_leaves_free(self):
        ours = made(settings={"large_bytes": "4GiB", "hbm_headroom": "1GiB"})
        self.assertEqual(ours.determine_available_memory(), 11 * GIB)
        self.assertEqual(made(settings={"hbm_bytes": "2GiB"}).determine_available_memory(), 2 * GIB)
        full = made(free=-GIB, settings={"large_bytes": "4GiB"})
        self.assertEqual(full.determine_available_memory(), 4 * GIB)

    def test_more_than_the_host_has(self):
        words = "needs 17 GiB beyond HBM, and the host has 16 GiB free for 1 such"
        with self.assertRaisesRegex(Error, words):
            made(settings={"large_bytes": "17GiB"}).determine_available_memory()
        self.assertEqual(made(settings={"large_bytes": "9GiB"}).determine_available_memory(), 17 * GIB)
        with self.assertRaisesRegex(Error, "free for 2 such"):
            made(settings={"large_bytes": "9GiB"}, workers=2).determine_available_memory()

    def test_more_than_the_host_has_is_said_before_the_model_is_loaded(self):
        with self.assertRaisesRegex(Error, "needs at least 17 GiB beyond HBM.* 16 GiB free for 1"):
            made(settings={"large_bytes": "17GiB"}).init_device()
        made(settings={"large_bytes": "9GiB"}).init_device()
        with self.assertRaisesRegex(Error, "free for 2 such"):
            made(settings={"large_bytes": "9GiB"}, workers=2).init_device()
        with self.assertRaisesRegex(Error, "at least 18 GiB"):  # 20 GiB less what HBM of 4 GiB can have
            made(kv_bytes=20 * GIB, gpu_memory_utilization=0.5).init_device()
        made(kv_bytes=17 * GIB, gpu_memory_utilization=0.5).init_device()
        with self.assertRaisesRegex(Error, "at least 17 GiB"):
            made(kv_bytes=18 * GIB, settings={"hbm_bytes": "1GiB"}).init_device()

    def test_what_cannot_work_is_refused_before_vllm_starts(self):
        with self.assertRaisesRegex(Error, "sleep"):
            made(enable_sleep_mode=True)
        with self.assertRaisesRegex(Error, "no setting"):
            made(settings={"kv": 1})


class Memory(unittest.TestCase):
    """A KV cache of two layers, each a tensor with keys and values apart: 64 blocks of 1 MiB in each."""

    SIZE = 64 << 20

    def start(self, hbm, make=None, settings=None, layers=2):
        def initialize(ours, context, kv_config):
            for _ in range(layers):
                size = kv_config.kv_cache_tensors[0].size
                self.tensors.append(
                    (make or self.zeros)(context, size, dtype=world.torch.int8, device="cuda:0")
                )
            ours.model_runner.kv_caches = [
                world.Tensor(each.address, self.SIZE, (2, 64, 1 << 19), (1 << 25, 1 << 19, 1))
                for each in self.tensors
            ]

        self.tensors = []
        world.calls.clear()
        world.StockWorker.initialize = initialize
        ours = made(settings=settings)
        ours._hbm_bytes = hbm
        tensors = [types.SimpleNamespace(size=self.SIZE)] * layers
        ours.initialize_from_config(types.SimpleNamespace(kv_cache_tensors=tensors, num_blocks=64))
        return ours

    @staticmethod
    def zeros(context, *args, **kwargs):
        return context.__torch_function__(world.torch.zeros, (), args, kwargs)

    def placed(self, what):
        """Ranges within the first tensor, in MiB."""
        base = 1 << 32
        found = {call for call in world.calls if call[: len(what)] == what}
        return sorted(((at - base) >> 20, (at - base + size) >> 20) for *_, at, size in found)

    def test_the_first_blocks_are_in_hbm_in_keys_and_values(self):
        ours = self.start(hbm=self.SIZE // 2)
        self.assertEqual(ours._placement.hbm_blocks, 16)
        self.assertEqual(self.placed(("preferred_location", "device")), [(0, 8), (32, 40)])
        self.assertEqual(self.placed(("prefetch", "device")), [(0, 8), (32, 40)])
        self.assertEqual(self.placed(("prefetch", "host")), [(8, 32), (40, 64)])
        self.assertEqual(ours._placement.hbm_bytes, 2 * 16 << 20)

    def test_never_more_than_the_share_of_hbm_and_by_whole_pages(self):
        for hbm in (0, PAGE - 1, 5 << 20, 77 << 20, 2 * self.SIZE - 1, 2 * self.SIZE):
            ours = self.start(hbm=hbm)
            self.assertLessEqual(ours._placement.hbm_bytes, hbm)
            for call in world.calls:
                if call[0] == "preferred_location":
                    self.assertEqual((call[2] % PAGE, call[3] % PAGE), (0, 0))

    def test_all_of_it_where_it_fits(self):
        ours = self.start(hbm=4 * self.SIZE)
        self.assertEqual(self.placed(("prefetch", "device")), [(0, 64)])
        self.assertEqual(self.placed(("prefetch", "host")), [])
        self.assertEqual(ours._placement.hbm_bytes, 2 * self.SIZE)

    def test_the_zeros_are_written_after_the_pages_are_placed(self):
        self.start(hbm=self.SIZE)
        self.assertTrue(all(each.zeroed for each in self.tensors))
        self.assertEqual(world.calls[:4], [("pool", "cuda"), ("inside",), ("empty", self.SIZE), ("outside",)])

    def test_a_recipe_that_places_memory_itself_is_left_to_it(self):
        self.addCleanup(setattr, world.allocator, "recipe", world.allocator.recipe)
        for recipe in ("device | stats", "managed | spill{device}"):
            world.allocator.recipe = recipe
            self.start(hbm=self.SIZE)
            self.assertEqual(self.placed(("preferred_location",)), [])

    def test_only_the_backing_tensors_come_from_the_allocator(self):
        def ask(context, size, **kwargs):
            for other in (
                {"args": (size,), "kwargs": {"dtype": "torch.float32", "device": "cuda:0"}},
                {"args": (size,), "kwargs": {"dtype": "torch.int8", "device": "cpu"}},
                {"args": (size,), "kwargs": {"dtype": "torch.int8"}},
                {"args": (size + 1,), "kwargs": {"dtype": "torch.int8", "device": "cuda:0"}},
                {"args": ((size,),), "kwargs": {"dtype": "torch.int8", "device": "cuda:0"}},
            ):
                context.__torch_function__(world.torch.zeros, (), other["args"], other["kwargs"])
            self.assertEqual([call for call in world.calls if call[0] == "pool"], self.seen)
            tensor = self.zeros(context, size, **kwargs)
            self.seen.append(("pool", "cuda"))
            return tensor

        self.seen = []
        self.start(hbm=self.SIZE, make=ask)

    def test_a_cache_made_otherwise_is_refused(self):
        with self.assertRaisesRegex(Error, "in a way that cmm does not know"):
            self.start(hbm=self.SIZE, make=lambda context, size, **kwargs: world.zeros(size))

    def test_running_out_says_which_memory_was_full(self):
        def fail(context, size, **kwargs):
            raise world.OutOfMemory("no more")

        with self.assertRaisesRegex(Error, "HBM has 1 GiB of 4 GiB free .*no more.*ask for less"):
            self.start(hbm=self.SIZE, make=fail)

    def test_other_memory_of_vllm_stays_with_vllm(self):
        ours = self.start(hbm=self.SIZE)
        ours._maybe_get_memory_pool_context("weights")
        self.assertIn(("stock context", "weights"), world.calls)
        self.assertNotIn(("stock context", "kv_cache"), world.calls)

    def test_reports_come_now_and_then(self):
        ours = self.start(hbm=self.SIZE, settings={"report_seconds": 1})
        for since, lines in ((0.0, 0), (2.0, 1)):
            ours._reported -= since
            with self.assertNoLogs("vllm.cmm") if not lines else self.assertLogs("vllm.cmm") as seen:
                self.assertEqual(ours.execute_model("work"), "work")
            if lines:
                self.assertIn("100% device:0", seen.output[0])

    def let_residency_be(self, answer):
        self.addCleanup(setattr, world.cmm.torch, "residency", world.cmm.torch.residency)
        world.cmm.torch.residency = answer

    def placed_by_prefetches(self, part, alloc):
        """Where the last prefetch put the beginning of a part, as the driver would say it."""
        at = part.address
        places = [
            call[1] for call in world.calls if call[0] == "prefetch" and call[2] <= at < call[2] + call[3]
        ]
        return {{"device": "device:0", "host": "host_numa:0"}[places[-1]]: 1.0}

    def test_the_shares_are_right_in_a_model_of_many_layers(self):
        self.let_residency_be(self.placed_by_prefetches)
        for layers in (1, 2, 16, 34, 80):
            for blocks in (0, 16, 32, 48, 64):
                with self.subTest(layers=layers, blocks=blocks):
                    ours = self.start(hbm=blocks * layers << 20, layers=layers)
                    shares = ours._placement.residency(ours._store.alloc)
                    self.assertAlmostEqual(shares.get("device:0", 0.0), blocks / 64)
                    self.assertAlmostEqual(sum(shares.values()), 1)

    def test_the_shares_are_those_of_the_driver_and_not_of_the_plan(self):
        ours = self.start(hbm=self.SIZE, layers=16)
        self.assertEqual(ours._placement.residency(ours._store.alloc), {"device:0": 1.0})

    def test_a_model_without_a_kv_cache_has_no_shares(self):
        ours = self.start(hbm=self.SIZE, layers=0)
        self.assertEqual(ours._placement.residency(ours._store.alloc), {})

    def test_a_server_that_cannot_be_looked_at_still_serves(self):
        def refuse(part, alloc):
            raise Error("the kernel does not tell")

        self.let_residency_be(refuse)
        ours = self.start(hbm=self.SIZE, settings={"report_seconds": 1})
        for warned in (True, False):
            ours._reported -= 2.0
            with self.assertLogs("vllm.cmm") if warned else self.assertNoLogs("vllm.cmm") as seen:
                self.assertEqual(ours.execute_model("work"), "work")
            if warned:
                self.assertIn("no more lines about residency: the kernel does not tell", seen.output[0])


if __name__ == "__main__":
    unittest.main()
