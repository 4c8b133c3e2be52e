"""A whole worker whose blocks follow: stand-ins for vLLM and PyTorch, memory of a simulated machine."""

import types
import unittest

import cmm.kv
import numpy as np
import stand_ins as world
import tag_runner
from cmm.errors import Error
from cmm.vllm.worker import gpu_worker, stores

BLOCKS, FAST, WORDS = 32, 8, 4
LAYERS = 2


class FullAttentionSpec:
    """As vLLM's."""

    block_size = 4


class Sinks(FullAttentionSpec):
    """Its layers have blocks of their own from the start, in the kernel's table."""


Sinks.__name__ = "SinkFullAttentionSpec"


class Odd:
    """A kind of layers that nobody knows."""

    block_size = 4


class WorkerCase(unittest.TestCase):
    """A KV cache of two layers in one range, keys and values apart in the second one."""

    def setUp(self):
        stores.PLATFORM = "sim:gh200-480"
        kv = cmm.kv.build(stores.PLATFORM)
        self.size = BLOCKS * 8 * WORDS
        page = [(at * self.size, 8 * WORDS, 8 * WORDS) for at in range(2 * LAYERS)]
        self.memory = kv.range(kv.layout(page, BLOCKS), FAST)
        first, second = tag_runner.words_of(self.memory).reshape(LAYERS, -1)
        self.places = first.reshape(BLOCKS, -1), *second.reshape(2, BLOCKS, -1)
        world.calls.clear()

    def worker(self, *, spec=FullAttentionSpec, hbm=FAST, backend="mp", routed=False, **settings):
        """A worker with its KV cache in memory that a recipe gave."""

        def initialize(ours, context, config):
            made = [
                world.Tensor(self.memory.data + at * 2 * self.size, 2 * self.size) for at in range(LAYERS)
            ]
            context.tensors += made
            first, second = (each.data_ptr() for each in made)
            ours.model_runner.kv_caches = [
                world.Tensor(first, 2 * self.size, (BLOCKS, 2 * WORDS), (2 * WORDS, 1), 8),
                world.Tensor(second, 2 * self.size, (2, BLOCKS, WORDS), (BLOCKS * WORDS, WORDS, 1), 8),
            ]

        ours = self.made(initialize, backend, routed, {"memory": "recipe", **settings})
        ours._hbm_bytes = hbm * 8 * WORDS * 2 * LAYERS
        self.initialized(ours, spec, 2 * self.size)
        return ours

    def initialized(self, ours, spec, size):
        """With a KV cache of a tensor for each layer."""
        groups = [types.SimpleNamespace(kv_cache_spec=spec())]
        tensors = [types.SimpleNamespace(size=size, shared_by=[str(at)]) for at in range(LAYERS)]
        ours.initialize_from_config(
            types.SimpleNamespace(kv_cache_tensors=tensors, num_blocks=BLOCKS, kv_cache_groups=groups)
        )

    def made(self, initialize, backend, routed, settings):
        """A worker whose vLLM initializes so."""
        self.addCleanup(setattr, world.StockWorker, "initialize", world.StockWorker.initialize)
        world.StockWorker.initialize = initialize
        config = types.SimpleNamespace(
            additional_config={"cmm": {"report_seconds": 0, **settings}},
            cache_config=types.SimpleNamespace(
                kv_cache_memory_bytes=None,
                enable_prefix_caching=True,
                cache_dtype="auto",
                block_size=FullAttentionSpec.block_size,
            ),
            model_config=types.SimpleNamespace(
                enable_sleep_mode=False,
                enable_cumem_allocator=False,
                enable_return_routed_experts=routed,
                max_model_len=BLOCKS * FullAttentionSpec.block_size,
            ),
            scheduler_config=types.SimpleNamespace(max_num_batched_tokens=8192),
            compilation_config=types.SimpleNamespace(
                static_forward_context={}, max_cudagraph_capture_size=128
            ),
            kv_transfer_config=None,
            parallel_config=types.SimpleNamespace(
                local_world_size=1,
                distributed_executor_backend=backend,
                decode_context_parallel_size=1,
                prefill_context_parallel_size=1,
            ),
            num_speculative_tokens=0,
            max_concurrent_batches=1,
        )
        return gpu_worker.Worker(config, 0, 0, "tcp://")

    def warmed(self, **how):
        """And the line that it says of its blocks."""
        ours = self.worker(**how)
        with self.assertLogs("vllm.cmm", "INFO") as said:
            self.assertEqual(ours.compile_or_warm_up_model(), "times")
        (line,) = (each for each in said.output if "blocks" in each)
        return ours, line

    def new(self, request, blocks, computed=0, **more):
        """A step with one new request."""
        new = world.NewRequestData(request, (blocks,), computed)
        return world.SchedulerOutput(scheduled_new_reqs=[new], **more)


class Follows(WorkerCase):
    def test_blocks_come_to_hbm_with_all_their_places_and_vllm_sees_slots(self):
        ours, line = self.warmed()
        self.assertIn("blocks follow the requests", line)
        for number, place in enumerate(self.places):
            place[:] = np.arange(BLOCKS)[:, None] * 10 + number
        first = ours.execute_model(self.new("a", [*range(1, FAST)]))
        self.assertEqual(first.scheduled_new_reqs[0].block_ids, ([*range(1, FAST)],))
        told = self.new("b", [20, 21], finished_req_ids={"a"})
        seen = ours.execute_model(told)
        (slots,) = seen.scheduled_new_reqs[0].block_ids
        self.assertTrue(all(0 < slot < FAST for slot in slots), slots)
        self.assertEqual(told.scheduled_new_reqs[0].block_ids, ([20, 21],))
        again = ours.execute_model(self.new("c", [1, 2, 3, 4, 5, 6, 7], computed=28))
        for block, slot in zip(range(1, FAST), again.scheduled_new_reqs[0].block_ids[0], strict=True):
            for number, place in enumerate(self.places):
                self.assertEqual(set(place[slot]), {block * 10 + number})

    def test_a_warm_up_is_not_followed_and_a_second_one_forgets_nothing(self):
        ours, _ = self.warmed()
        ours.execute_model(self.new("a", [*range(1, FAST)]))
        seen = ours.execute_model(self.new("b", [20], finished_req_ids={"a"}))
        following = ours._following
        self.assertEqual(ours.compile_or_warm_up_model(), "times")
        self.assertIs(ours._following, following)
        grown = world.CachedRequestData(["b"], set(), [([21],)], [4])
        later = ours.execute_model(world.SchedulerOutput(scheduled_cached_reqs=grown))
        self.assertNotEqual(
            seen.scheduled_new_reqs[0].block_ids, later.scheduled_cached_reqs.new_block_ids[0]
        )
        self.assertLess(later.scheduled_cached_reqs.new_block_ids[0][0][0], FAST)

    def test_careful_copies_what_following_need_not(self):
        counted = []
        for blocks in ("follow", "careful"):
            ours, _ = self.warmed(blocks=blocks)
            ours.execute_model(self.new("a", [20, 21, 22]))
            counted.append(ours._following.pages.counters()["pages_up"])
        self.assertEqual(counted, [0, 3])

    def test_a_step_that_names_no_blocks_is_handed_on_as_it_is(self):
        ours, _ = self.warmed()
        told = world.SchedulerOutput()
        self.assertIs(ours.execute_model(told), told)


class Failures(WorkerCase):
    """A step that fails between its decision and its moves leaves content where nobody knows."""

    def test_no_step_follows_one_whose_moves_failed(self):
        ours, _ = self.warmed()
        ours.execute_model(self.new("a", [*range(1, FAST)]))
        run = ours._following.mover.run

        def fails(*given):
            raise Error("the stream is gone")

        ours._following.mover.run = fails
        with self.assertRaisesRegex(Exception, "the stream is gone"):
            ours.execute_model(self.new("b", [20, 21], finished_req_ids={"a"}))
        ours._following.mover.run = run
        for told in (self.new("c", [1], computed=4), world.SchedulerOutput()):
            with self.assertRaisesRegex(Error, "an earlier step failed .* restart this server"):
                ours.execute_model(told)

    def test_a_step_that_is_told_wrongly_is_the_last_one(self):
        ours, _ = self.warmed()
        with self.assertRaises(cmm.kv.BadInput):
            ours.execute_model(self.new("a", [3, 3]))
        with self.assertRaisesRegex(Error, "an earlier step failed"):
            ours.execute_model(self.new("b", [4]))


class Counts(WorkerCase):
    def test_metrics_are_looked_at_once_a_second(self):
        ours, _ = self.warmed()
        seen = []
        ours._metrics = types.SimpleNamespace(update=lambda *counted: seen.append(counted))
        ours.execute_model(self.new("a", [20, 21]))
        self.assertEqual(seen, [])
        for _ in range(3):
            ours._counted -= 1.0
            ours.execute_model(world.SchedulerOutput())
            ours.execute_model(world.SchedulerOutput())
        self.assertEqual([(counted["live"], *found) for counted, *found in seen], [(2, 0, 0, 0)] * 3)

    def test_a_line_says_what_was_counted(self):
        ours, _ = self.warmed(report_seconds=1)
        ours._reported -= 2
        ours._store.residency = lambda: "as placed"
        with self.assertLogs("vllm.cmm", "INFO") as said:
            ours.execute_model(self.new("a", [*range(1, 10)]))
        ours._reported -= 2
        with self.assertLogs("vllm.cmm", "INFO") as said:
            ours.execute_model(world.SchedulerOutput())
        self.assertIn("as placed; blocks 9 live, 2 of them beyond HBM, 0 idle; 0 up, 0 down", said.output[0])
        self.assertIn("0 of 0 hits brought back; 22.2% of reads beyond HBM", said.output[0])


class Fixed(WorkerCase):
    """What is not understood keeps its blocks where they are, and one line says why."""

    def assert_fixed(self, words, **how):
        ours, line = self.warmed(**how)
        self.assertIn("blocks keep their places", line)
        self.assertIn(words, line)
        told = self.new("a", [20, 21])
        self.assertIs(ours.execute_model(told), told)

    def test_what_is_asked_for_or_has_no_use(self):
        self.assert_fixed('the setting "blocks"', blocks="fixed")
        self.assert_fixed("all of them are in HBM", hbm=BLOCKS)

    def test_what_hands_ids_to_others(self):
        self.assert_fixed("Ray", backend="ray")
        self.assert_fixed("routed experts", routed=True)

    def test_ranks_that_share_a_prompt(self):
        ours = self.worker()
        ours.vllm_config.parallel_config.prefill_context_parallel_size = 2
        with self.assertLogs("vllm.cmm", "INFO") as said:
            ours.compile_or_warm_up_model()
        self.assertIn("blocks keep their places: ranks that share the prompt", said.output[0])

    def test_a_backend_with_a_table_of_all_blocks(self):
        ours = self.worker()
        kind = type("FlexAttentionBackend", (), {})
        backends = object, type("Derived", (kind,), {})
        ours.model_runner.attn_groups = [[types.SimpleNamespace(backend=each)] for each in backends]
        with self.assertLogs("vllm.cmm", "INFO") as said:
            ours.compile_or_warm_up_model()
        self.assertIn("blocks keep their places: FlexAttention has a table", said.output[0])

    def test_layers_that_read_blocks_no_step_names(self):
        self.assert_fixed("layers of the kind SinkFullAttentionSpec", spec=Sinks)

    def test_a_kv_connector(self):
        ours = self.worker()
        ours.vllm_config.kv_transfer_config = types.SimpleNamespace(kv_connector="OffloadingConnector")
        with self.assertLogs("vllm.cmm", "INFO") as said:
            ours.compile_or_warm_up_model()
        self.assertIn("a KV connector", said.output[0])

    def test_a_group_that_nobody_knows(self):
        self.assert_fixed("layers of the kind Odd", spec=Odd)

    def test_a_field_that_nobody_knows(self):
        kinds = gpu_worker.SchedulerOutput
        self.addCleanup(setattr, gpu_worker, "SchedulerOutput", kinds)
        gpu_worker.SchedulerOutput = world.with_field(kinds, "moved_block_ids")
        self.assert_fixed("moved_block_ids, which cmm does not know")

    def test_a_field_that_is_gone(self):
        kinds = gpu_worker.NewRequestData
        self.addCleanup(setattr, gpu_worker, "NewRequestData", kinds)
        gpu_worker.NewRequestData = world.with_name(object, kinds.__name__)
        self.assert_fixed("NewRequestData has no")

    def test_layers_whose_blocks_do_not_fit_together(self):
        ours = self.worker()
        first = ours.model_runner.kv_caches[0]
        ours._placement._views.append(
            world.Tensor(first.address, first.nbytes, (2, BLOCKS, WORDS), (BLOCKS * WORDS, WORDS, 1), 8)
        )
        with self.assertLogs("vllm.cmm", "INFO") as said:
            ours.compile_or_warm_up_model()
        self.assertIn("blocks of several sizes", said.output[0])


if __name__ == "__main__":
    unittest.main()
