"""A worker with its KV cache in one range of memory handles, in a simulated machine."""

import itertools
import resource
import types
import unittest
import unittest.mock

import numpy as np
import stand_ins as world
import tag_runner
from cmm import kv
from cmm.vllm.worker import gpu_worker, tiered
from test_following_worker import BLOCKS, LAYERS, FullAttentionSpec, WorkerCase

PAGE = 512 << 10
WORDS = PAGE // 8
SIZE = BLOCKS * PAGE
IN_HBM = 8 * LAYERS * PAGE


class Backend:
    """Keys and values apart."""

    @staticmethod
    def get_kv_cache_shape(blocks, size, heads, head, cache_dtype_str):
        return 2, blocks, size, heads, head


class Attention(FullAttentionSpec):
    num_kv_heads, head_size = 1, WORDS // 2


Attention.__name__ = "FullAttentionSpec"


class MambaSpec:
    """As vLLM's."""

    block_size = 4096


class TieredCase(WorkerCase):
    def worker(self, *, hbm=IN_HBM, apart=True, backend="mp", routed=False, before=None, **settings):
        def initialize(ours, context, config):
            ours.model_runner.attn_groups = [
                [types.SimpleNamespace(backend=Backend, layer_names=["0", "1"], kv_cache_spec=Attention())]
            ]
            made = [
                context.__torch_function__(
                    world.torch.zeros, (), (each.size,), {"dtype": world.torch.int8, "device": "cuda:0"}
                )
                for each in config.kv_cache_tensors
            ]
            half = WORDS // 2
            blocks = config.num_blocks
            strides = (blocks * half, half, 1) if apart else (half, WORDS, 1)
            ours.model_runner.kv_caches = [
                world.Tensor(each.address, blocks * PAGE, (2, blocks, half), strides, 8) for each in made
            ]

        ours = self.made(initialize, backend, routed, settings)
        ours._hbm_bytes = hbm
        if before is not None:
            before(ours)
        with self.assertLogs("vllm.cmm", "INFO") as self.said:
            self.initialized(ours, Attention, SIZE)
        return ours

    def content(self, ours):
        """Each half of each layer: int64 [blocks, words]."""
        words = tag_runner.words_of(ours._store.tiered.memory)
        return words[: 2 * LAYERS * BLOCKS * WORDS // 2].reshape(2 * LAYERS, BLOCKS, -1)


class Memory(TieredCase):
    def test_the_first_blocks_of_each_half_are_in_hbm(self):
        ours = self.worker()
        memory = ours._store.tiered.memory
        self.assertEqual((memory.fast, memory.text), (8, "mapped memory"))
        begins = range(0, LAYERS * SIZE, SIZE // 2)
        self.assertEqual(ours._store.tiered.hbm_areas, [(at, at + (2 << 20)) for at in begins])
        self.assertIn(
            "8 MiB in HBM with 8 blocks, 24 MiB beyond with 24; mapped memory", self.said.output[-1]
        )

    def test_zeros_are_written_to_one_memory_after_the_other(self):
        ours = self.worker()
        base, areas = ours._store.tiered.memory.data, ours._store.tiered.hbm_areas
        zeroed = sorted((at - base, at - base + size) for what, at, size in self.zeros())
        self.assertEqual(zeroed[0][0], 0)
        self.assertEqual(zeroed[-1][1], ours._store.tiered.memory.bytes)
        self.assertTrue(all(one[1] == other[0] for one, other in itertools.pairwise(zeroed)))
        for begin, end in areas:
            self.assertIn((begin, end), zeroed)

    def zeros(self):
        return [call for call in world.calls if call[0] == "zero"]

    def test_all_of_it_in_hbm_where_it_fits(self):
        ours = self.worker(hbm=LAYERS * SIZE)
        self.assertEqual(ours._store.tiered.hbm_blocks, BLOCKS)

    def test_a_line_tells_how_far_it_is(self):
        ours = self.worker()
        with self.assertLogs("vllm.cmm", "INFO") as said, ours._store.tiered._telling(3, 0.01):
            while not said.output:
                pass
        self.assertRegex(said.output[0], "rank 3, 32 MiB of 32 MiB of the KV cache are made")

    def test_host_memory_that_ran_out_is_said_with_the_limit_of_locked_memory(self):
        made = self.worker()._store.tiered

        def full():
            raise kv.MemoryFull("the host is full; 3 of the 24 slots beyond would fit")

        made.memory.wait = full
        for limit, words in (
            (65536, "would fit; this process may lock 64 KiB of memory .ulimit -l., less than the 24 MiB"),
            (24 << 20, "would fit$"),
            (resource.RLIM_INFINITY, "would fit$"),
        ):
            with (
                self.subTest(limit),
                unittest.mock.patch("resource.getrlimit", return_value=(limit, limit)),
                self.assertRaisesRegex(kv.MemoryFull, words),
            ):
                made.finish(0)

    def test_a_report_says_that_nothing_migrates(self):
        ours = self.worker(report_seconds=1)
        ours._reported -= 2
        with self.assertLogs("vllm.cmm", "INFO") as said:
            ours.execute_model(world.SchedulerOutput())
        self.assertIn("KV cache as placed at the start; mapped memory", said.output[0])


class States(TieredCase):
    """Of Mamba layers, which vLLM 0.23 strides over from the begin of a tensor's storage."""

    def test_those_of_each_layer_lie_in_its_own_tensor(self):
        def initialize(ours, context, config):
            made = [
                context.__torch_function__(
                    world.torch.zeros, (), (each.size,), {"dtype": world.torch.int8, "device": "cuda:0"}
                )
                for each in config.kv_cache_tensors
            ]
            page = (config.num_blocks, WORDS), (WORDS, 1)
            ours.model_runner.kv_caches = [[each.as_strided(*page, 0, 8)] for each in made]

        ours = self.made(initialize, "mp", False, {})
        ours._hbm_bytes = IN_HBM
        with self.assertLogs("vllm.cmm", "INFO") as said:
            self.initialized(ours, MambaSpec, SIZE)
            ours.compile_or_warm_up_model()
        self.assertIn("blocks follow the requests", said.output[-1])
        base = ours._store.tiered.memory.data
        states = [each.data_ptr() - base for (each,) in ours.model_runner.kv_caches]
        self.assertEqual(states, [0, SIZE])

    def test_memory_that_pytorch_copied_is_refused(self):
        self.addCleanup(setattr, world.torch, "as_tensor", world.torch.as_tensor)
        world.torch.as_tensor = lambda memory, device: world.Tensor(memory.data + (1 << 40), memory.bytes)
        ours = self.worker()
        self.assertIn("PyTorch copied the KV cache to cuda:0 in place of using", "\n".join(self.said.output))
        self.assertEqual(type(ours._store).__name__, "RecipeStore")


class Meanwhile(TieredCase):
    """Host memory is made while the model is loaded."""

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, gpu_worker, "available_host_memory", gpu_worker.available_host_memory)
        gpu_worker.available_host_memory = lambda: 1 << 40

    def test_it_is_taken_and_what_is_left_is_given_back(self):
        began, taken = [], []
        self.addCleanup(setattr, gpu_worker, "PIECE", gpu_worker.PIECE)
        self.addCleanup(setattr, tiered, "PIECE", tiered.PIECE)
        gpu_worker.PIECE = tiered.PIECE = 2 << 20

        def begin(ours):
            ours.init_device()
            began.append(ours._stock)
            close = ours._stock.close
            ours._stock.close = lambda: (taken.append(ours._stock.ready_bytes), close())

        ours = self.worker(before=begin, large_bytes="24MiB")
        self.assertIsNone(ours._stock)
        self.assertEqual(taken, [24 << 20])
        with self.assertRaisesRegex(Exception, "was closed"):
            began[0].ready_bytes  # noqa: B018
        self.assertEqual(ours._store.tiered.memory.ready_slots, BLOCKS)

    def test_nothing_is_made_for_a_recipe_or_without_a_larger_memory(self):
        for settings in ({"memory": "recipe", "large_bytes": "24MiB"}, {}):
            made = self.made(lambda *given: None, "mp", False, settings)
            made.init_device()
            self.assertIsNone(made._stock)


class Ready(TieredCase):
    """Spare blocks take copies of idle ones beside the work of a step."""

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, gpu_worker, "spare_blocks", gpu_worker.spare_blocks)
        gpu_worker.spare_blocks = lambda config: 8

    def test_they_are_behind_those_of_vllm(self):
        ours, _ = self.warmed()
        self.assertEqual((ours._blocks, len(ours._following.pages)), (BLOCKS, BLOCKS + 8))
        self.assertEqual(ours.cache_config.num_gpu_blocks, BLOCKS)

    def test_copies_run_between_the_moves_of_one_step_and_the_next(self):
        ours, _ = self.warmed()
        ours.execute_model(self.new("a", [*range(1, 8)]))
        world.calls.clear()
        run, plans = ours._following.mover.run, []

        def noted(plan, stream, beside="nothing"):
            plans.append(len(plan.down))
            world.calls.append(("moves", beside))
            run(plan, stream, beside)

        ours._following.mover.run = noted
        ours.execute_model(world.SchedulerOutput(finished_req_ids={"a"}))
        self.assertEqual(
            world.calls,
            [("compute", "recorded"), ("side", "waits for", 0), ("moves", "decode"), ("side", "recorded")],
        )
        self.assertEqual(plans, [1])
        ours.execute_model(self.new("b", [20]))
        self.assertEqual(world.calls[4], ("compute", "waits for", 3))
        self.assertEqual(ours._following.pages.counters()["pages_down"], 2)

    def test_none_where_blocks_keep_their_places(self):
        ours, _ = self.warmed(blocks="fixed")
        self.assertEqual(ours._placement.blocks, BLOCKS)


class Follows(TieredCase):
    def test_blocks_come_with_both_halves_of_all_layers(self):
        ours, line = self.warmed()
        self.assertIn("blocks follow the requests", line)
        content = self.content(ours)
        content[:] = np.arange(2 * LAYERS)[:, None, None] * 100 + np.arange(BLOCKS)[:, None]
        ours.execute_model(self.new("a", [*range(1, 8)]))
        ours.execute_model(self.new("b", [20, 21, 22], finished_req_ids={"a"}))
        seen = ours.execute_model(self.new("c", [1, 2, 3, 4, 5, 6, 7], computed=28))
        for block, slot in zip(range(1, 8), seen.scheduled_new_reqs[0].block_ids[0], strict=True):
            for place in range(2 * LAYERS):
                self.assertEqual(set(content[place, slot]), {place * 100 + block})

    def test_places_that_were_not_planned_keep_blocks_where_they_are(self):
        _, line = self.warmed(apart=False)
        self.assertIn("blocks keep their places: layers keep blocks in other places than was planned", line)

    def test_what_cannot_be_planned_comes_from_the_recipe(self):
        self.addCleanup(setattr, Backend, "get_kv_cache_shape", Backend.get_kv_cache_shape)
        Backend.get_kv_cache_shape = staticmethod(lambda blocks, *given, **named: (3, blocks, 3))
        ours = self.worker()
        words = "the KV cache comes from the recipe: this layout of KV pages is refused"
        self.assertIn(words, "\n".join(self.said.output))
        self.assertIn("recipe managed", self.said.output[-1])
        self.assertEqual(type(ours._store).__name__, "RecipeStore")


if __name__ == "__main__":
    unittest.main()
