"""What a prompt reads beyond HBM is copied for each layer into memory that all layers share."""

import random
import types
import unittest
import unittest.mock

import numpy as np
import stand_ins as world
import tag_runner
import test_following_worker
from cmm import kv
from test_following_worker import BLOCKS, LAYERS
from test_tiered_worker import PAGE, WORDS, Attention, Backend, MambaSpec, TieredCase

TOKENS = 64
"""In a block."""
FIRST = BLOCKS
"""The first block of windows."""


class Builder:
    """Of metadata, which has the table as it is given."""

    kv_cache_spec = types.SimpleNamespace(block_size=TOKENS)

    def build(self, common_prefix_len, common_attn_metadata):
        return types.SimpleNamespace(block_table=common_attn_metadata.block_table_tensor)


class Layer:
    """Attention that reads whole blocks, the keys and the values of one layer."""

    def __init__(self, number, test):
        self.impl = types.SimpleNamespace(forward=self._forward)
        self._number, self._test, self.log = number, test, False

    def _forward(self, metadata, output=None):
        if self.log:
            world.calls.append(("attention", self._number))
        halves = self._test.halves(self._number)
        return [half[np.asarray(metadata.block_table)] for half in halves]


class StagingCase(TieredCase):
    """Two layers, keys and values apart, with windows for `staging_bytes`."""

    def setUp(self):
        super().setUp()
        for of in (test_following_worker.FullAttentionSpec, Attention):
            self.addCleanup(setattr, of, "block_size", of.block_size)
            of.block_size = TOKENS
        self.addCleanup(setattr, Backend, "forward_includes_kv_cache_update", True)
        Backend.forward_includes_kv_cache_update = False
        self.tables, self.computed, self.owned = {}, {}, {}

    def staged(self, warmed=True, ranks=1, changed=None, **how):
        """A worker whose blocks follow, after a warm-up that runs all layers, and its last lines.

        `ranks` keep a part of each block's tokens.
        """

        self.builder, self.layers = Builder(), [Layer(number, self) for number in range(LAYERS)]
        self.tokens = ranks * TOKENS

        def warm(ours):
            if warmed:
                for layer in self.layers:
                    layer.impl.forward(types.SimpleNamespace(block_table=[[0]]))
            return "times"

        self.addCleanup(
            setattr, world.StockWorker, "compile_or_warm_up_model", world.StockWorker.compile_or_warm_up_model
        )
        world.StockWorker.compile_or_warm_up_model = warm
        ours = self.worker(**{"hbm": 20 << 20, "staging_bytes": "8MiB", **how})
        ours.vllm_config.compilation_config.static_forward_context |= {
            str(number): layer for number, layer in enumerate(self.layers)
        }
        for group in ours.model_runner.attn_groups[0]:
            group.metadata_builders = [self.builder]
        ours.vllm_config.parallel_config.decode_context_parallel_size = ranks
        if changed is not None:
            changed(ours)
        with self.assertLogs("vllm.cmm", "INFO") as said:
            ours.compile_or_warm_up_model()
        self.memory = ours._store.tiered.memory
        self.windows(-1)
        return ours, said.output

    def halves(self, layer):
        """Keys and values of a layer: int64 [slots, words], two of them."""
        words = tag_runner.words_of(self.memory)
        pieces = self.memory.layout.pieces
        places = len(pieces) // LAYERS
        for offset, stride, size in pieces[places * layer : places * (layer + 1)]:
            yield words[offset // 8 :][: self.memory.slots * stride // 8].reshape(-1, size // 8)

    def windows(self, what):
        """Fills them."""
        first, count = self.memory.staged
        for layer in range(LAYERS):
            for half in self.halves(layer):
                half[first : first + count] = what

    def step(self, ours, queries, new=None, gone=(), found=None):
        """Of the scheduler, the worker and the model; what each layer read, and the table by which.

        `found`: how many tokens of a new request were found.
        """
        cached = world.CachedRequestData()
        for name in queries:
            if name not in (new or {}):
                cached.req_ids.append(name)
                cached.new_block_ids.append(None)
                cached.num_computed_tokens.append(self.computed[name])
        found = found or {}
        given = [
            world.NewRequestData(name, (blocks,), found.get(name, 0)) for name, blocks in (new or {}).items()
        ]
        told = world.SchedulerOutput(given, cached, set(gone), num_scheduled_tokens=queries)
        for name in gone:
            del self.tables[name], self.computed[name]

        def run(_, seen):
            for each in seen.scheduled_new_reqs:
                self.tables[each.req_id] = each.block_ids[0]
                self.computed[each.req_id] = each.num_computed_tokens
            return self.model(ours, queries)

        with unittest.mock.patch.object(world.StockWorker, "execute_model", run):
            return ours.execute_model(told)

    def model(self, ours, queries):
        """Each layer writes what is new of all requests, and reads all their blocks that have tokens."""
        ends = {name: -(-(self.computed[name] + count) // self.tokens) for name, count in queries.items()}
        width = max(ends.values())
        table = np.zeros((len(queries), width), np.int32)
        for row, name in enumerate(queries):
            table[row, : ends[name]] = self.tables[name][: ends[name]]
        common = types.SimpleNamespace(block_table_tensor=world.numbers(table))
        by_place = len(queries) % 2  # as vLLM 0.33 does
        metadata = (
            self.builder.build(0, common)
            if by_place
            else self.builder.build(common_prefix_len=0, common_attn_metadata=common)
        )
        self.assertEqual(common.block_table_tensor.tolist(), table.tolist())
        for number, layer in enumerate(self.layers):
            for name in queries:  # keys and values of new tokens
                for at in range(self.computed[name] // self.tokens, ends[name]):
                    for half in self.halves(number):
                        half[self.tables[name][at]] = random.getrandbits(60)
            for half, read in zip(self.halves(number), layer.impl.forward(metadata), strict=True):
                for row, name in enumerate(queries):
                    found, wanted = read[row, : ends[name]], half[table[row, : ends[name]]]
                    self.assertTrue(np.array_equal(found, wanted), f"layer {number}, {name}")
        for name, count in queries.items():
            self.computed[name] += count
        return table, np.asarray(metadata.block_table)


class Staged(StagingCase):
    def test_a_prompt_reads_what_lies_beyond_hbm_in_windows(self):
        ours, said = self.staged()
        self.assertIn("8 MiB of HBM to stage blocks beyond for a prompt", self.said.output[-1])
        self.assertIn("8 MiB in HBM with 8 blocks, 24 MiB beyond with 24", self.said.output[-1])
        self.assertIn("blocks follow the requests", said[-1])
        table, read = self.step(ours, {"a": 18 * TOKENS}, {"a": [*range(1, 24)]})
        fast = ours._following.pages.fast
        self.assertTrue((table >= fast).any())
        self.assertTrue(np.array_equal(read >= FIRST, table >= fast))
        table, read = self.step(ours, {"a": 5 * TOKENS // 2 + 100})
        self.assertTrue(np.array_equal(read >= FIRST, table >= fast))
        table, read = self.step(ours, {"a": 1})
        self.assertTrue(np.array_equal(read, table))
        self.assertGreater(ours._following.staging.bytes, 0)

    def test_of_requests_only_those_with_many_queries(self):
        ours, _ = self.staged()
        self.step(ours, {"a": 15 * TOKENS}, {"a": [*range(1, 17)]})
        table, read = self.step(ours, {"a": 1, "b": 10 * TOKENS}, {"b": [*range(17, 30)]})
        self.assertTrue(np.array_equal(read[0], table[0]))
        self.assertTrue((read[1] >= FIRST).any())

    def test_a_prefix_that_is_found_while_it_is_computed_is_not_copied_ahead(self):
        for first in (2, 5):  # blocks of the one that computes it, which has few queries, or many
            with self.subTest(first):
                self.setUp()
                ours, _ = self.staged()
                self.step(ours, {"x": 12 * TOKENS}, {"x": [*range(1, 13)]})
                blocks = [*range(13, 28)]
                table, read = self.step(
                    ours,
                    {"a": first * TOKENS, "b": (15 - first) * TOKENS},
                    {"a": blocks[:first], "b": blocks},
                    found={"b": first * TOKENS},
                )
                self.assertTrue((table[0] >= ours._following.pages.fast)[:first].all())
                self.assertTrue((read[:, :first] >= FIRST).all())

    def test_ranks_that_keep_a_part_of_each_block(self):
        ours, _ = self.staged(ranks=2)
        self.step(ours, {"a": 18 * self.tokens}, {"a": [*range(1, 24)]})
        table, read = self.step(ours, {"a": 5 * self.tokens})
        self.assertTrue(np.array_equal(read >= FIRST, table >= ours._following.pages.fast))

    def test_what_runs_between_steps_reads_blocks_where_they_are(self):
        ours, _ = self.staged()
        self.step(ours, {"a": 20 * TOKENS}, {"a": [*range(1, 31)]})
        for layer in ours._following.staging._layers:
            self.log(layer.mover, "run", lambda *given: "copied")
        world.calls.clear()
        table = np.arange(BLOCKS, dtype=np.int32).reshape(1, -1)
        read = self.builder.build(0, types.SimpleNamespace(block_table_tensor=world.numbers(table)))
        self.assertEqual(read.block_table.tolist(), table.tolist())
        for layer in self.layers:  # as vLLM does without metadata
            layer.impl.forward(read)
        self.assertEqual(world.calls, [])

    def test_steps_that_may_be_graphs_are_left_alone(self):
        ours, _ = self.staged()
        ours._following.staging._least = 10 * TOKENS + 1
        self.step(ours, {"a": 20 * TOKENS}, {"a": [*range(1, 31)]})
        table, read = self.step(ours, {"a": 10 * TOKENS})
        self.assertTrue(np.array_equal(read, table))

    def test_a_window_is_filled_beside_the_work_behind_the_attention_before(self):
        ours, _ = self.staged()
        self.step(ours, {"a": 18 * TOKENS}, {"a": [*range(1, 24)]})
        for number, layer in enumerate(ours._following.staging._layers):
            self.log(
                layer.mover, "run", lambda plan, stream, beside="", of=number: (of, beside, len(plan.up))
            )
        for layer in self.layers:
            layer.log = True
        world.calls.clear()
        table, _ = self.step(ours, {"a": 300})
        full = int((table[0, :18] >= ours._following.pages.fast).sum())
        begun, fills = ("compute", "recorded"), ("side", "recorded")
        written = int((table[0, 18:] >= ours._following.pages.fast).sum())
        self.assertGreater(min(full, written), 0)
        self.assertEqual(
            [call for call in world.calls if call[0] != "zero"],
            [
                *(begun, ("side", "waits for", 0), (0, "prefill", full), fills),
                *(("compute", "waits for", 3), (0, "", written), ("attention", 0)),
                *(begun, ("side", "waits for", 7), (1, "prefill", full), fills),
                *(("compute", "waits for", 10), (1, "", written), ("attention", 1)),
            ],
        )

    def log(self, of, name, what):
        """Notes each call of a function."""
        run = getattr(of, name)

        def noted(*given):
            world.calls.append(what(*given))
            run(*given)

        setattr(of, name, noted)

    def test_random_requests_read_what_was_written(self):
        staged = 0
        for seed in range(8):
            random.seed(seed)
            ours, _ = self.staged(staging_bytes=random.choice(("8MiB", "10GiB")))
            free = [*range(1, BLOCKS)]
            for number in range(90):
                gone = [random.choice([*self.tables])] if self.tables and random.random() < 0.3 else []
                new = {}
                if len(free) > 4 and random.random() < 0.5:
                    new[str(number)] = [free.pop(0) for _ in range(random.randrange(1, len(free)))]
                    self.owned[str(number)] = [*new[str(number)]]
                queries = dict.fromkeys(new, 1)
                for name in (*self.tables, *new):
                    left = len(self.owned[name]) * TOKENS - self.computed.get(name, 0)
                    if name not in gone and left and random.random() < 0.8:
                        queries[name] = random.choice((1, min(left, 300), left))
                if not queries:
                    continue
                found = {}
                if len(free) > 7 and random.random() < 0.4:  # finds what another has, or computes now
                    of = random.choice([*queries])
                    full = (self.computed.get(of, 0) + queries[of]) // TOKENS
                    later, mine = f"{number} later", [free.pop(0) for _ in range(6)]
                    new[later] = self.owned[later] = self.owned[of][:full] + mine
                    found[later], queries[later] = full * TOKENS, 6 * TOKENS
                for name in gone:
                    left = self.owned.pop(name)
                    free += [at for at in left if not any(at in each for each in self.owned.values())]
                _, read = self.step(ours, queries, new, gone, found)
                staged += int((read >= FIRST).sum())
            self.tables, self.computed, self.owned = {}, {}, {}
        self.assertGreater(staged, 150)

    def test_attention_that_goes_by_other_ways_reads_blocks_where_they_are(self):
        ours, said = self.staged(warmed=False)
        self.assertIn("runs attention in a way that cmm does not know", said[-1])
        self.layers[1].impl = types.SimpleNamespace(forward=self.layers[1]._forward)
        for new in ({"a": [*range(1, 31)]}, None):
            table, read = self.step(ours, {"a": 15 * TOKENS}, new)
            self.assertTrue(np.array_equal(read, table))

    def test_layers_that_run_first_in_a_step_are_staged_from_the_next_one_on(self):
        ours, _ = self.staged(warmed=False)
        for new, staged in (({"a": [*range(1, 31)]}, False), (None, True)):
            _, read = self.step(ours, {"a": 15 * TOKENS}, new)
            self.assertEqual(bool((read >= FIRST).any()), staged)

    def test_metadata_that_is_built_in_another_way_reads_blocks_where_they_are(self):
        ours, _ = self.staged()
        self.builder.build = Builder().build
        table, read = self.step(ours, {"a": 20 * TOKENS}, {"a": [*range(1, 31)]})
        self.assertTrue(np.array_equal(read, table))

    def test_what_cannot_be_staged_is_said(self):
        for change, words in (
            (lambda ours: setattr(Backend, "forward_includes_kv_cache_update", True), "reads blocks in one"),
            (lambda ours: setattr(self.builder, "kv_cache_spec", MambaSpec()), "blocks of another size"),
            (lambda ours: ours.model_runner.attn_groups[0][0].layer_names.append("5"), "5 has no blocks"),
        ):
            with self.subTest(words):
                self.setUp()
                ours, said = self.staged(changed=change)
                self.assertIn(words, said[0])
                self.assertIsNone(ours._following.staging)

    def test_what_cannot_be_staged_takes_no_hbm(self):
        reader = types.SimpleNamespace(kv_sharing_target_layer_name="1")
        for change, words in (
            (lambda config: setattr(config, "num_speculative_tokens", 2), "drafts have layers"),
            (lambda config: setattr(config.parallel_config, "use_ubatching", True), "cut into two"),
            (
                lambda config: config.compilation_config.static_forward_context.update({"5": reader}),
                "5 reads the blocks of 1",
            ),
            (
                lambda config: setattr(config.compilation_config, "max_cudagraph_capture_size", 8192),
                "no step has the 8193 tokens .* --max-num-batched-tokens 8193 or more",
            ),
        ):
            with self.subTest(words):
                self.setUp()
                self.staged(before=lambda ours, change=change: change(ours.vllm_config))
                self.assertRegex(self.said.output[0], words)
                self.assertEqual(self.memory.staged, (0, 0))

    def test_memory_that_has_no_windows_keeps_its_hbm(self):
        def without(library, *given, staging=None, **how):
            return make(library, *given, **how)

        make = kv.Library.range
        with unittest.mock.patch.object(kv.Library, "range", without):
            _, said = self.staged()
        self.assertIn("16 MiB in HBM with 16 blocks", self.said.output[-1])
        self.assertNotIn("to stage blocks", self.said.output[-1])
        self.assertIn("blocks follow", said[-1])

    def test_windows_that_hold_nothing_are_not_made(self):
        self.staged(staging_bytes="1MiB")
        self.assertIn("holds too few blocks; give more by hbm_bytes", self.said.output[0])
        self.assertEqual(self.memory.staged, (0, 0))
        self.staged(staging_bytes="0")
        self.assertEqual(len(self.said.output), 1)

    def test_a_vllm_that_is_made_otherwise_has_no_windows(self):
        world.differing.append("vllm.config.ModelConfig has a field max_model_len, this vLLM has none")
        self.addCleanup(world.differing.clear)
        _, said = self.staged()
        self.assertIn("where they are: vllm.config.ModelConfig has", self.said.output[0])
        self.assertEqual(self.memory.staged, (0, 0))
        self.assertIn("blocks follow", said[-1])


class OneTensor(StagingCase):
    """All layers in one tensor, one behind the other, as in vLLM 0.33."""

    def worker(self, **how):
        made = super().made

        def in_one(initialize, *given):
            def of_layers(ours, context, config):
                initialize(ours, context, config)
                (one,) = config.kv_cache_tensors
                (whole,) = ours.model_runner.kv_caches
                ours.model_runner.kv_caches = [
                    world.Tensor(
                        whole.address + layer * one.layer_stride,
                        config.num_blocks * PAGE,
                        (config.num_blocks, WORDS),
                        (WORDS, 1),
                        8,
                    )
                    for layer in range(LAYERS)
                ]

            return made(of_layers, *given)

        self.made = in_one
        return super().worker(**how)

    def initialized(self, ours, spec, size):
        groups = [types.SimpleNamespace(kv_cache_spec=spec())]
        one = types.SimpleNamespace(
            size=LAYERS * size,
            layers=[str(at) for at in range(LAYERS)],
            layer_stride=size,
            block_stride=PAGE,
            offset=0,
        )
        ours.initialize_from_config(
            types.SimpleNamespace(kv_cache_tensors=[one], num_blocks=BLOCKS, kv_cache_groups=groups)
        )

    def test_each_layer_reads_out_of_its_window(self):
        ours, _ = self.staged()
        self.assertEqual(len(self.memory.layout.pieces), LAYERS)
        for queries, new in ((18 * TOKENS, {"a": [*range(1, 24)]}), (300, None)):
            table, read = self.step(ours, {"a": queries}, new)
            self.assertTrue((table >= ours._following.pages.fast).any())
            self.assertTrue(np.array_equal(read >= FIRST, table >= ours._following.pages.fast))


if __name__ == "__main__":
    unittest.main()
