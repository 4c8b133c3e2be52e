"""Where blocks lie in the tensors behind a KV cache: planned before they are made, and seen in the views."""

import types
import unittest

from cmm.vllm.worker.runs import UnclearPlacesError, joined, planned_runs, runs_of
from cmm.vllm.worker.spare import spare_blocks, with_spare

BLOCKS = 10


class FullAttentionSpec:
    block_size, num_kv_heads, head_size = 16, 2, 8


class MambaSpec:
    block_size = 4096


class Apart:
    """Keys and values apart, as in FlashAttention's layout."""

    @staticmethod
    def get_kv_cache_shape(blocks, size, heads, head, cache_dtype_str):
        return 2, blocks, size, heads, head


class Together(Apart):
    """The same shape, kept block by block."""

    @staticmethod
    def get_kv_cache_stride_order():
        return 1, 0, 2, 3, 4


class NoOrder(Apart):
    @staticmethod
    def get_kv_cache_stride_order():
        raise NotImplementedError


def config(tensors, *specs):
    groups = [types.SimpleNamespace(kv_cache_spec=spec()) for spec in specs]
    return types.SimpleNamespace(num_blocks=BLOCKS, kv_cache_tensors=tensors, kv_cache_groups=groups)


def group(backend, *names, spec=FullAttentionSpec):
    return types.SimpleNamespace(backend=backend, layer_names=names, kv_cache_spec=spec())


class Planned(unittest.TestCase):
    def each_tensor(self, backend, *specs):
        tensors = [types.SimpleNamespace(size=BLOCKS * 96, shared_by=["a", "b"])]
        groups = [group(backend, "a"), group(backend, "c")]
        return planned_runs(config(tensors, *(specs or [FullAttentionSpec])), groups, "auto")

    def test_a_tensor_for_each_layer(self):
        for backend in (Apart, NoOrder):
            self.assertEqual(self.each_tensor(backend), [(960, [(0, 48), (480, 48)])])
        self.assertEqual(self.each_tensor(Together), [(960, [(0, 96)])])

    def test_beside_states_blocks_are_whole(self):
        self.assertEqual(self.each_tensor(Apart, FullAttentionSpec, MambaSpec), [(960, [(0, 96)])])

    def one_tensor(self, *tensors):
        names = ("size", "offset", "layer_stride", "block_stride")
        found = [
            types.SimpleNamespace(layers=[*"ab"], **dict(zip(names, each, strict=True))) for each in tensors
        ]
        return planned_runs(config(found, FullAttentionSpec), [], "auto")

    def test_one_tensor_for_all_layers(self):
        self.assertEqual(self.one_tensor((1920, 0, 960, 96)), [(1920, [(0, 96), (960, 96)])])
        self.assertEqual(self.one_tensor((1920, 0, 96, 192)), [(1920, [(0, 192)])])

    def test_groups_that_lie_over_each_other(self):
        self.assertEqual(self.one_tensor((1920, 0, 960, 96), (1920, 0, 960, 96))[0][1], [(0, 96), (960, 96)])
        with self.assertRaisesRegex(UnclearPlacesError, "several sizes"):
            self.one_tensor((1920, 0, 960, 96), (1920, 0, 480, 48))

    def test_a_model_without_a_kv_cache(self):
        self.assertEqual(planned_runs(config([]), [], "auto"), [])


class Spare(unittest.TestCase):
    """Blocks that vLLM does not know of lie behind its own, in every run."""

    def test_a_tensor_for_each_layer_grows(self):
        tensors = [types.SimpleNamespace(size=BLOCKS * 96, shared_by=["a"])] * 2
        made = with_spare(config(tensors, FullAttentionSpec), 2)
        self.assertEqual((made.num_blocks, [each.size for each in made.kv_cache_tensors]), (12, [1152, 1152]))
        self.assertEqual([each.size for each in tensors], [960, 960])

    def one(self, *given, spare=2):
        names = ("size", "offset", "layer_stride", "block_stride")
        told = [dict(zip(names, each, strict=True)) for each in given]
        tensors = [types.SimpleNamespace(layers=[*"ab"], **each) for each in told]
        made = with_spare(config(tensors, FullAttentionSpec), spare)
        runs = planned_runs(made, [], "auto")
        fields = [tuple(getattr(each, name) for name in names) for each in made.kv_cache_tensors]
        return fields, runs

    def test_layers_one_after_the_other_move_apart(self):
        fields, runs = self.one((1920, 0, 960, 96))
        self.assertEqual(fields, [(2304, 0, 1152, 96)])
        self.assertEqual(runs, [(2304, [(0, 96), (1152, 96)])])

    def test_layers_side_by_side_stay_so(self):
        fields, runs = self.one((1920, 0, 96, 192))
        self.assertEqual((fields, runs), ([(2304, 0, 96, 192)], [(2304, [(0, 192)])]))

    def test_groups_behind_each_other_and_over_each_other(self):
        fields, _ = self.one((3840, 0, 960, 96), (3840, 1920, 960, 96))
        self.assertEqual(fields, [(4608, 0, 1152, 96), (4608, 2304, 1152, 96)])
        fields, _ = self.one((1920, 0, 960, 96), (1920, 0, 960, 96))
        self.assertEqual(fields, [(2304, 0, 1152, 96)] * 2)

    def test_what_is_not_clear(self):
        with self.assertRaisesRegex(UnclearPlacesError, "no whole number"):
            with_spare(config([types.SimpleNamespace(size=961, shared_by=["a"])], FullAttentionSpec), 2)
        with self.assertRaises(UnclearPlacesError):
            self.one((4000, 0, 960, 96))

    def test_a_few_for_a_large_cache_and_none_for_a_small_one(self):
        for blocks, page, wanted in ((64, 1 << 21, 0), (1 << 10, 1 << 21, 8), (1 << 15, 1 << 21, 64)):
            tensors = [types.SimpleNamespace(size=blocks * page // 2, shared_by=["a"])] * 2
            made = types.SimpleNamespace(num_blocks=blocks, kv_cache_tensors=tensors)
            self.assertEqual(spare_blocks(made), wanted)


class Seen(unittest.TestCase):
    def test_is_what_was_planned(self):
        apart = (0, (2, BLOCKS, 16, 2, 8), (2560, 256, 16, 8, 1), 1)
        self.assertEqual(runs_of([apart], BLOCKS, 5120), [(0, 256), (2560, 256)])
        together = (0, (2, BLOCKS, 16, 2, 8), (256, 512, 16, 8, 1), 1)
        self.assertEqual(runs_of([together], BLOCKS, 5120), [(0, 512)])

    def test_states_of_a_page_and_padding_behind_them(self):
        views = [(0, (BLOCKS, 4), (32, 1), 2), (8, (BLOCKS, 8), (16, 1), 4)]
        self.assertEqual(runs_of(views, BLOCKS, 640), [(0, 64)])

    def test_bytes_that_nobody_sees(self):
        with self.assertRaisesRegex(UnclearPlacesError, "see 640 bytes of a tensor of 1280"):
            runs_of([(0, (BLOCKS, 64), (64, 1), 1)], BLOCKS, 1280)
        with self.assertRaises(UnclearPlacesError):
            joined([], BLOCKS, 640)


if __name__ == "__main__":
    unittest.main()
