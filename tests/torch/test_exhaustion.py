"""Running out of memory is an exception to catch; afterwards everything works and nothing is lost."""

import subprocess
import unittest

from world import MIB, OURS, need_gpu, play, play_all, routed, settle

ROUNDS = 20


def gpu_used() -> int | None:
    """Bytes of the GPU in use by everyone, as nvidia-smi says; None where it is missing."""
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"]
    try:
        said = subprocess.run(query, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return int(said.split()[0]) * MIB


@routed
def exhaust(here) -> list:
    """Takes blocks of 64 MiB until there are no more: how many there were, and what the last one said."""
    import torch

    kept = []
    try:
        while len(kept) < 30:
            kept.append(torch.full((64 * MIB,), 7, dtype=torch.uint8, device="cuda"))
    except torch.OutOfMemoryError as full:
        right = all(int(each[-1]) == 7 for each in kept)
        return [len(kept), right, str(full)]
    return [len(kept), False, "no end of memory"]


def rounds(here) -> dict:
    import cmm.torch
    import torch

    counts, right, said, free, used, live = [], True, "", [], [], []
    for _ in range(ROUNDS):
        count, intact, said = exhaust(here)
        settle()
        with here.route():
            right &= intact and float(torch.ones(1000, device="cuda").sum()) == 1000.0
        settle()
        counts.append(count)
        free.append(torch.cuda.mem_get_info()[0])
        used.append(gpu_used())
        live.append(cmm.torch.stats(here.allocator).live_bytes)
    use = cmm.torch.stats(here.allocator)
    left = {
        "live": live,
        "used": use.limit_used_bytes,
        "limit": use.limit_bytes,
        "failed": use.failed,
    }
    return {"counts": counts, "right": right, "said": said, "free": free, "gpu_used": used, **left}


def late_and_early(free: list[int]) -> tuple[int, int]:
    """The most that was free in the second half, and in the first less what may be lost.

    The driver keeps some memory for a few rounds and gives it back, so single rounds differ by 100 MiB.
    """
    half = len(free) // 2
    return max(free[half:]), max(free[:half]) - 64 * MIB


def fraction(here) -> list:
    """torch.cuda.set_per_process_memory_fraction to half a GiB."""
    import torch

    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(512 * MIB / total, 0)
    few = exhaust(here)
    torch.cuda.set_per_process_memory_fraction(1.0, 0)
    settle()
    return [few, exhaust(here)]


def other_sizes(here) -> list:
    """Whether a tensor of 700 MiB is served after one of 600 was freed, at once and after empty_cache."""
    import cmm.torch
    import torch

    def served(*sizes):
        try:
            for size in sizes:
                with here.route():
                    torch.full((size * MIB,), 7, dtype=torch.uint8, device="cuda")
        except torch.OutOfMemoryError:
            return False
        return True

    at_once = served(600, 700)
    cmm.torch.empty_cache()
    return [at_once, served(700)]


def setUpModule():
    need_gpu()
    Exhaustion.other_sizes = {mode: play(other_sizes, mode, env={"CMM_LIMIT": "1GiB"}) for mode in OURS}
    # One after the other: what is measured is the free memory of the whole GPU.
    Exhaustion.rounds = {mode: play(rounds, mode, env={"CMM_LIMIT": "1GiB"}) for mode in OURS}
    ended = play_all([lambda mode=mode: play(fraction, mode) for mode in OURS])
    Exhaustion.fractions = dict(zip(OURS, ended, strict=True))


class Exhaustion(unittest.TestCase):
    """The limit is 1 GiB, which is 16 blocks, less what small tensors take."""

    def test_twenty_rounds(self):
        for mode in OURS:
            with self.subTest(mode):
                seen = self.rounds[mode].value()
                self.assertEqual(seen["limit"], 1024 * MIB)
                self.assertTrue(seen["right"], "a tensor lost its content, or the process could not go on")
                self.assertEqual(len(set(seen["counts"][1:])), 1, seen["counts"])
                self.assertIn(seen["counts"][-1], range(14, 17))
                self.assertGreaterEqual(seen["failed"], ROUNDS)

    def test_nothing_is_lost_by_our_statistics(self):
        for mode in OURS:
            with self.subTest(mode):
                seen = self.rounds[mode].value()
                self.assertEqual(seen["live"][-1], seen["live"][1], seen["live"])
                self.assertEqual(seen["live"][-1], 0)
                self.assertLessEqual(seen["used"], 32 * MIB)

    def test_nothing_is_lost_by_the_gpu(self):
        for mode in OURS:
            with self.subTest(mode):
                seen = self.rounds[mode].value()
                self.assertGreater(*late_and_early(seen["free"]), seen["free"])
                if seen["gpu_used"][0] is None:
                    self.skipTest("left out: nvidia-smi answers nothing")
                self.assertGreater(*late_and_early([-used for used in seen["gpu_used"]]), seen["gpu_used"])

    def test_what_other_sizes_left_serves_after_empty_cache(self):
        for mode in OURS:
            with self.subTest(mode):
                at_once, emptied = self.other_sizes[mode].value()
                self.assertTrue(emptied)
                if mode == "swap":
                    self.assertTrue(at_once)

    def test_memory_fraction(self):
        for mode in OURS:
            with self.subTest(mode):
                limited, whole = self.fractions[mode].value()
                self.assertIn(limited[0], range(6, 9), limited[2])
                self.assertGreater(whole[0], 20)


if __name__ == "__main__":
    unittest.main()
