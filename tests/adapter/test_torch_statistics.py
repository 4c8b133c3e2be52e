"""Statistics of cmm, and PyTorch's own functions answering from them, with a simulated library."""

import unittest
from unittest import mock

from adapting import LIMITED, MIB, AdapterTest, need, simulated

torch = need("torch", "statistics in PyTorch")

import cmm.torch  # noqa: E402

PATCHED = ("memory_stats_as_nested_dict", "reset_peak_memory_stats", "reset_accumulated_memory_stats")


class Statistics(AdapterTest):
    """Counted on a simulated machine, told by cmm and by torch.cuda."""

    def setUp(self):
        """Let torch.cuda report, as if CUDA had started."""
        super().setUp()
        self.alloc = cmm.torch.load(simulated(LIMITED))
        self.c = self.alloc.library.c
        for module in ("torch.cuda", "torch.cuda.memory"):
            patch = mock.patch(f"{module}.is_initialized", lambda: True)
            patch.start()
            self.addCleanup(patch.stop)
        cmm.torch.report_statistics(self.alloc)
        self.addCleanup(cmm.torch.restore_statistics)
        cmm.torch.reset_peaks(self.alloc)
        torch.cuda.reset_accumulated_memory_stats(0)

    def allocate(self, size):
        """Keep a block until the test ends."""
        self.addCleanup(self.c.cmm_torch_free, self.c.cmm_torch_allocate(size, 0, None), size, 0, None)

    def test_cmm_tells_what_was_counted(self):
        before = cmm.torch.stats(self.alloc, 0)
        self.allocate(8 * MIB)
        now = cmm.torch.stats(self.alloc)
        self.assertEqual(now.live_bytes - before.live_bytes, 8 * MIB)
        self.assertEqual((now.device, before.device, now.limit_bytes), (None, 0, 1024 * MIB))
        self.assertEqual((now.platform, now.recipe), ("sim:gh200-480", self.alloc.recipe))

    def test_torch_tells_what_is_live_and_its_peak(self):
        data = self.c.cmm_torch_allocate(8 * MIB, 0, None)
        self.assertEqual(torch.cuda.memory_allocated(0), 8 * MIB)
        self.assertGreaterEqual(torch.cuda.memory_reserved(0), 8 * MIB)
        self.c.cmm_torch_free(data, 8 * MIB, 0, None)
        self.assertEqual((torch.cuda.memory_allocated(0), torch.cuda.max_memory_allocated(0)), (0, 8 * MIB))
        self.assertGreaterEqual(torch.cuda.max_memory_reserved(0), 8 * MIB)
        torch.cuda.reset_peak_memory_stats(0)
        self.assertEqual(torch.cuda.max_memory_allocated(0), 0)

    def test_torch_counts_totals_from_their_reset(self):
        for live in (1, 2):
            torch.cuda.reset_accumulated_memory_stats(0)
            self.allocate(MIB)
            self.c.cmm_torch_free(self.c.cmm_torch_allocate(MIB, 0, None), MIB, 0, None)
            told = torch.cuda.memory_stats(0)
            self.assertEqual((told["allocation.all.allocated"], told["allocation.all.freed"]), (2, 1))
            self.assertEqual(told["allocated_bytes.all.allocated"], 2 * MIB)
            self.assertEqual(told["active.all.current"], live)

    def test_torch_counts_failures_from_their_reset(self):
        for _ in range(2):
            torch.cuda.reset_accumulated_memory_stats(0)
            self.assertIsNone(self.c.cmm_torch_allocate_segment(2048 * MIB, 0, None))
            self.assertEqual(torch.cuda.memory_stats(0)["num_ooms"], 1)

    def test_the_summary_prints(self):
        self.allocate(8 * MIB)
        for abbreviated in (True, False):
            self.assertIn("| Allocated memory      |   8192 KiB |", torch.cuda.memory_summary(0, abbreviated))

    def test_is_undone(self):
        patched = [getattr(torch.cuda.memory, name) for name in PATCHED]
        cmm.torch.report_statistics(self.alloc)
        cmm.torch.restore_statistics()
        cmm.torch.restore_statistics()
        for name, ours in zip(PATCHED, patched, strict=True):
            self.assertIsNot(getattr(torch.cuda, name), ours)
            self.assertIs(getattr(torch.cuda, name), getattr(torch.cuda.memory, name))
            self.assertEqual(getattr(torch.cuda, name).__module__, "torch.cuda.memory")
        self.assertRaises(RuntimeError, patched[0], 0)

    def test_is_empty_before_cuda_starts(self):
        with mock.patch("torch.cuda.is_initialized", lambda: False):
            self.assertEqual(torch.cuda.memory_stats(0), {})


if __name__ == "__main__":
    unittest.main()
