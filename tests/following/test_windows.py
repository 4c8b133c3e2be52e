"""How much HBM is kept for blocks that a prompt reads beyond it, and behind which layers."""

import types
import unittest

import stand_ins  # noqa: F401 (before the worker)
from cmm.vllm.worker import windows
from cmm.vllm.worker.runs import UnclearPlacesError
from test_tiered_worker import Attention, MambaSpec


class Planned(unittest.TestCase):
    """How much HBM windows have."""

    def config(self, *, layers=4, page=4 << 20, blocks=1024, **more):
        tensors = [types.SimpleNamespace(size=page * blocks, shared_by=[str(at)]) for at in range(layers)]
        groups = [types.SimpleNamespace(kv_cache_spec=Attention())]
        return types.SimpleNamespace(
            **{"kv_cache_tensors": tensors, "num_blocks": blocks, "kv_cache_groups": groups, **more}
        )

    def windows(self, hbm, longest, limit=None, **more):
        return windows.windows_for(self.config(**more), hbm, longest, limit)

    def test_as_much_as_one_request_may_have_beyond_and_no_more_than_an_eighth(self):
        hbm = 8 << 30  # of 16 GiB
        self.assertEqual(self.windows(hbm, 100), ((200 << 20) + (2 << 20), 102, 4))
        self.assertEqual(self.windows(hbm, 10_000), (512 << 20, 257, 4))
        self.assertEqual(self.windows(hbm, 10_000, 100 << 20), (50 << 20, 26, 4))

    def test_layers_of_one_tensor_that_lie_one_behind_the_other(self):
        blocks, page = 1024, 4 << 20
        for stride, there in ((blocks * page, True), (page, False)):
            one = types.SimpleNamespace(
                size=4 * blocks * page,
                layers=[*"abcd"],
                layer_stride=stride,
                block_stride=page if there else 4 * page,
                offset=0,
            )
            found = self.windows(8 << 30, 100, kv_cache_tensors=[one])
            self.assertEqual(found, ((202 << 20), 102, 4) if there else None)
        planned = [(4 * blocks * page, [(layer * blocks * page, page) for layer in range(4)])]
        made = windows.staging_of(windows.Windows(202 << 20, 102, 4), planned, blocks)
        self.assertEqual(made, (blocks, 404 << 20, [0, 0, 0, 0]))

    def test_places_that_are_not_alike_are_not_understood(self):
        for runs in ([(0, 64), (640, 32)], [(0, 64), (640, 64), (1280, 64)]):
            with self.assertRaises(UnclearPlacesError):
                windows.staging_of(windows.Windows(4 << 20, 102, 2), [(4096, runs)], 10)

    def test_none_where_it_would_stage_nothing(self):
        hbm = 8 << 30
        self.assertIsNone(self.windows(16 << 30, 100))
        self.assertIsNone(self.windows(hbm, 100, 0))
        self.assertIsNone(self.windows(hbm, 100, 64 << 20, page=256 << 20, blocks=16))  # of half a block
        two = self.config().kv_cache_groups * 2
        states = [types.SimpleNamespace(kv_cache_spec=MambaSpec())]
        shared = [types.SimpleNamespace(size=4 << 30, shared_by=["0", "1"])] * 4
        sizes = [types.SimpleNamespace(size=size << 30, shared_by=["0"]) for size in (4, 8)]
        for words, more in (
            ("kinds FullAttentionSpec, FullAttentionSpec", {"kv_cache_groups": two}),
            ("kinds MambaSpec, and full attention alone", {"kv_cache_groups": states}),
            ("share their memory", {"kv_cache_tensors": shared}),
            ("in several sizes", {"kv_cache_tensors": sizes}),
        ):
            self.assertIsNone(self.windows(hbm, 100, **more))
            self.assertIn(words, windows.why_no_windows(self.config(**more)))
        self.assertEqual(windows.why_no_windows(self.config()), "")


if __name__ == "__main__":
    unittest.main()
