"""Statistics: PyTorch's own in pool mode, ours in swap mode, PyTorch's names for ours when asked."""

import unittest

from libraries import library
from world import MIB, need_gpu, play, routed, settle

SIZE = 64 * MIB


def ours(here) -> dict:
    """Our statistics around one tensor of 64 MiB."""
    import cmm.torch
    import torch

    def now():
        use = cmm.torch.stats(here.allocator)
        return [use.live_bytes, use.peak_bytes, use.live_blocks, use.total_blocks, use.cached_bytes]

    with here.route():
        before = now()
        tensor = torch.empty(SIZE, dtype=torch.uint8, device="cuda")
        during = now()
        del tensor
        freed = now()
    settle()
    after = now()
    cmm.torch.reset_peaks(here.allocator)
    peak = cmm.torch.stats(here.allocator).peak_bytes
    use = cmm.torch.stats()
    about = {"recipe": use.recipe, "platform": use.platform, "failed": use.failed}
    return {"before": before, "during": during, "freed": freed, "after": after, "peak": peak, "about": about}


@routed
def native_functions(here) -> dict:
    """torch.cuda's statistics in pool mode count what is ours as PyTorch's own."""
    import torch

    start = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    tensor = torch.empty(SIZE, dtype=torch.uint8, device="cuda")
    during = torch.cuda.memory_allocated() - start
    del tensor
    peak = torch.cuda.max_memory_allocated() - start
    stats = torch.cuda.memory_stats()
    return {
        "during": during,
        "peak": peak,
        "after": torch.cuda.memory_allocated() - start,
        "keys": len(stats),
    }


def patched(here) -> dict:
    """torch.cuda's statistics in swap mode, from ours."""
    import cmm.torch
    import torch

    allocator = library("swap")
    cmm.torch.swap_global(allocator, patch_torch_statistics=True)
    keep = torch.ones(MIB, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    start = torch.cuda.memory_allocated()
    tensor = torch.empty(SIZE, dtype=torch.uint8, device="cuda")
    during = torch.cuda.memory_allocated() - start
    of_device = torch.cuda.memory_allocated(torch.device("cuda:0")) - start
    reserved = torch.cuda.memory_reserved()
    stats = torch.cuda.memory_stats()
    told = [stats["allocated_bytes.all.current"] - start, stats["reserved_bytes.all.current"] - reserved]
    del tensor
    peak, after = torch.cuda.max_memory_allocated() - start, torch.cuda.memory_allocated() - start
    torch.cuda.reset_peak_memory_stats()
    reset = torch.cuda.max_memory_allocated() - start
    before_empty = torch.cuda.memory_reserved()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    given_back = before_empty - torch.cuda.memory_reserved()
    summary = torch.cuda.memory_summary()
    use = cmm.torch.stats(allocator)
    return {
        "during": [during, of_device],
        "told": told,
        "peak": [peak, after, reset],
        "given_back": given_back,
        "same": use.live_bytes == torch.cuda.memory_allocated(),
        "summary": len(summary),
        "kept": float(keep.sum()),
    }


def unpatched(here) -> list:
    """What torch says in swap mode when nobody asked for the patch."""
    import torch

    torch.ones(1, device="cuda")
    said = []
    for call in (torch.cuda.memory_stats, torch.cuda.reset_peak_memory_stats):
        try:
            call()
            said.append("")
        except RuntimeError as error:
            said.append(str(error))
    return said


def emptied(here) -> list:
    """What torch.cuda.empty_cache gives back to the GPU of 512 MiB that were freed."""
    import torch

    with here.route():
        kept = torch.ones(MIB, device="cuda")
        tensors = [torch.zeros(SIZE, dtype=torch.uint8, device="cuda") for _ in range(8)]
    torch.cuda.synchronize()
    del tensors
    full = torch.cuda.mem_get_info()[0]
    settle()
    return [torch.cuda.mem_get_info()[0] - full, float(kept.sum())]


def setUpModule():
    need_gpu()


class Statistics(unittest.TestCase):
    """Everything is in bytes and counts exactly."""

    def test_swap_mode_counts_tensors(self):
        seen = play(ours, "swap").value()
        live, peak, blocks, total, _ = seen["during"]
        self.assertEqual(live - seen["before"][0], SIZE)
        self.assertGreaterEqual(peak, SIZE)
        self.assertEqual((blocks - seen["before"][2], total - seen["before"][3]), (1, 1))
        self.assertEqual(seen["freed"][0], seen["before"][0])
        self.assertGreaterEqual(seen["freed"][4], SIZE)
        self.assertEqual(seen["after"][4], 0)
        self.assertEqual(seen["peak"], seen["before"][0])
        self.assertIn("pool", seen["about"]["recipe"])
        self.assertEqual((seen["about"]["platform"], seen["about"]["failed"]), ("cuda", 0))

    def test_pool_mode_counts_segments(self):
        seen = play(ours, "pool").value()
        self.assertEqual(seen["during"][0] - seen["before"][0], SIZE)
        self.assertIn(seen["after"][0] - seen["before"][0], (0, SIZE))

    def test_pool_mode_keeps_the_functions_of_torch(self):
        seen = play(native_functions, "pool").value()
        self.assertEqual([seen["during"], seen["peak"], seen["after"]], [SIZE, SIZE, 0])
        self.assertGreater(seen["keys"], 50)

    def test_swap_mode_gives_the_functions_of_torch_when_asked(self):
        seen = play(patched, "native").value()
        self.assertEqual(seen["during"], [SIZE, SIZE])
        self.assertEqual(seen["told"], [SIZE, 0])
        self.assertEqual(seen["peak"], [SIZE, 0, 0])
        self.assertGreaterEqual(seen["given_back"], SIZE)
        self.assertTrue(seen["same"])
        self.assertGreater(seen["summary"], 100)
        self.assertEqual(seen["kept"], float(MIB))

    def test_swap_mode_leaves_torch_alone_when_not_asked(self):
        for said in play(unpatched, "swap").value():
            self.assertTrue(said == "" or "does not yet support" in said, said)

    def test_empty_cache(self):
        """PyTorch leaves the memory of a living pool where it is; the rest goes back."""
        for mode in ("native", "pool", "swap"):
            with self.subTest(mode):
                freed, kept = play(emptied, mode).value()
                if mode != "pool":
                    self.assertGreaterEqual(freed, 8 * SIZE - 32 * MIB)
                self.assertEqual(kept, float(MIB))


if __name__ == "__main__":
    unittest.main()
