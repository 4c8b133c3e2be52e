"""On each of two GPUs while the other one is current, programs give what they give on one GPU."""

import unittest

import scenarios
from world import MIB, MODES, OURS, need_gpu, play, play_all, settle, work_on

NAMES = ("training", "llama", "graphs", "streams", "threads")
PLACES = ((1, 0), (0, 1))
"""Where the tensors are, and which GPU is current."""
BLOCK = 64 * MIB


def elsewhere(here, device: int, current: int) -> dict:
    """The scenarios, where a new tensor is, and which GPU is current at the end."""
    import torch

    work_on(here, device, current)
    played = scenarios.every(here, *NAMES)
    with here.route():
        tensor = torch.full((BLOCK,), 7, dtype=torch.uint8, device=here.device)
    played["pages"] = pages_of(tensor, here)
    played["intact"] = int(tensor.sum(dtype=torch.int64)) == 7 * BLOCK
    played["current"] = torch.cuda.current_device()
    return played


def pages_of(tensor, here) -> dict:
    """Shares of a tensor's bytes by place; empty where the memory is not ours."""
    if here.allocator is None:
        return {}
    import cmm.torch
    import torch

    torch.cuda.synchronize(tensor.device)
    return cmm.torch.residency(tensor, here.allocator)


def fill(here, device: int, most: int = 20) -> list:
    """Blocks of 64 MiB on a GPU until it has no more for us, or so many."""
    import torch

    work_on(here, device, 1 - device)
    kept = []
    with here.route():
        try:
            while len(kept) < most:
                kept.append(torch.full((BLOCK,), device, dtype=torch.uint8, device=here.device))
        except torch.OutOfMemoryError:
            settle(here.device)
    return kept


def fractions(here) -> dict:
    """Shares of 512 MiB of GPU 0, then of 256 MiB of GPU 1, and how many blocks each GPU has room for."""
    import torch

    def limited(device, size):
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_device(1 - device)
        torch.cuda.set_per_process_memory_fraction(size / total, device)

    def freed(blocks):
        right = all(int(each[-1]) == each.device.index for each in blocks)
        blocks.clear()
        for device in (0, 1):
            settle(f"cuda:{device}")
        return right

    seen, right = {}, True
    limited(0, 512 * MIB)
    held = fill(here, 0, 4)
    others = fill(here, 1)
    seen["1 beside 4 blocks of 0"] = len(others)
    right &= freed(others)
    others = fill(here, 1, 10)
    held += fill(here, 0)
    seen["0 beside 10 blocks of 1"] = len(held)
    right &= freed(held) & freed(others)
    limited(1, 256 * MIB)
    for device in (1, 0):
        blocks = fill(here, device)
        seen[f"{device} with shares of both"] = len(blocks)
        right &= freed(blocks)
    return {**seen, "right": right}


def setUpModule():
    need_gpu()
    import torch

    if torch.cuda.device_count() < 2:
        raise unittest.SkipTest(f"left out: PyTorch sees {torch.cuda.device_count()} GPU and two are needed")
    at = [(mode, *place) for mode in MODES for place in PLACES]
    plays = [lambda each=each: play(elsewhere, *each) for each in at]
    TwoGpus.played = dict(zip(at, play_all(plays, 3), strict=True))
    shares = play_all([lambda mode=mode: play(fractions, mode) for mode in MODES], 1)
    TwoGpus.shares = dict(zip(MODES, shares, strict=True))


class TwoGpus(unittest.TestCase):
    """Each mode, on each GPU."""

    def answers(self, name):
        """What a scenario answered in each mode and place."""
        for (mode, *place), played in self.played.items():
            one = played.value()[name]
            if "unavailable" in one:
                self.skipTest(f"left out: {one['unavailable']}")
            self.assertNotIn("failed", one, (mode, place, one.get("failed")))
            yield mode, tuple(place), one["answer"]

    def test_training_and_decoding_give_what_they_give_without_us(self):
        for name in ("training", "llama"):
            native = {}
            for mode, place, answer in self.answers(name):
                self.assertEqual(answer, native.setdefault(place, answer), (mode, place))

    def test_graphs(self):
        fine = {"wrong": 0, "overwritten": 0, "result_lost": 0, "parked": 0, "growth": 0}
        for mode, place, answer in self.answers("graphs"):
            self.assertEqual(answer, fine, (mode, place))

    def test_a_recorded_stream_is_waited_for(self):
        for mode, place, answer in self.answers("streams"):
            self.assertTrue(answer["not_recorded"], "without record_stream nothing broke: no proof")
            self.assertEqual(answer["recorded"], 0, (mode, place))
            self.assertLessEqual(answer["growth"], 64 * MIB, (mode, place))

    def test_two_threads(self):
        for mode, place, answer in self.answers("threads"):
            self.assertEqual(answer, {"wrong": 0, "errors": []}, (mode, place))

    def test_memory_was_ours_and_on_the_gpu_that_was_named(self):
        for mode in OURS:
            for device, current in PLACES:
                with self.subTest(mode, device=device):
                    seen = self.played[mode, device, current].value()
                    self.assertGreater(seen["memory"]["total"], 64 * MIB)
                    self.assertTrue(seen["intact"])
                    self.assertGreater(seen["pages"].get(f"device:{device}", 0), 0.99, seen["pages"])

    def test_the_current_gpu_stays_current(self):
        for (mode, device, current), played in self.played.items():
            with self.subTest(mode, device=device):
                self.assertEqual(played.value()["current"], current)

    def test_a_fraction_of_one_gpu_neither_gives_away_nor_takes_the_share_of_the_other(self):
        for mode in MODES:
            with self.subTest(mode):
                seen = self.shares[mode].value()
                self.assertTrue(seen["right"], "a block lost its content")
                self.assertEqual(seen["1 beside 4 blocks of 0"], 20)
                self.assertIn(seen["0 beside 10 blocks of 1"], range(6, 9))
                self.assertIn(seen["1 with shares of both"], range(2, 5))
                self.assertIn(seen["0 with shares of both"], range(6, 9))


if __name__ == "__main__":
    unittest.main()
