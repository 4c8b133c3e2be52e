"""PyTorch programs give the same results with our memory as without it."""

import unittest

import scenarios
from world import MODES, OURS, need_gpu, play, play_all

NAMES = ("training", "llama", "graphs", "streams", "threads", "compile_plain", "compile_cudagraphs")


def setUpModule():
    need_gpu()
    plays = [lambda mode=mode: play(scenarios.every, mode, *NAMES) for mode in MODES]
    plays += [lambda mode=mode: play(scenarios.every, mode, "compile_reduce_overhead") for mode in MODES]
    ended = play_all(plays, len(plays))
    Modes.played = dict(zip(MODES, ended[: len(MODES)], strict=True))
    Modes.trees = dict(zip(MODES, ended[len(MODES) :], strict=True))


class Modes(unittest.TestCase):
    """One answer of each scenario and mode."""

    def answer(self, mode, name, played=None):
        one = (played or self.played)[mode].value()[name]
        if "unavailable" in one:
            self.skipTest(f"left out: {one['unavailable']}")
        self.assertNotIn("failed", one, one.get("failed"))
        return one["answer"]

    def same_as_native(self, name):
        native = self.answer("native", name)
        for mode in OURS:
            with self.subTest(mode):
                self.assertEqual(self.answer(mode, name), native)

    def test_training_gives_the_same_gradients(self):
        self.same_as_native("training")

    def test_llama_gives_the_same_logits(self):
        self.same_as_native("llama")

    def test_graphs(self):
        fine = {"wrong": 0, "overwritten": 0, "result_lost": 0, "parked": 0, "growth": 0}
        for mode in MODES:
            with self.subTest(mode):
                self.assertEqual(self.answer(mode, "graphs"), fine)

    def test_a_recorded_stream_is_waited_for(self):
        for mode in MODES:
            with self.subTest(mode):
                seen = self.answer(mode, "streams")
                self.assertTrue(seen["not_recorded"], "without record_stream nothing broke: no proof")
                self.assertEqual(seen["recorded"], 0)
                self.assertLessEqual(seen["growth"], 64 << 20)

    def test_two_threads(self):
        for mode in MODES:
            with self.subTest(mode):
                self.assertEqual(self.answer(mode, "threads"), {"wrong": 0, "errors": []})

    def test_compile(self):
        for mode in MODES:
            for name in ("compile_plain", "compile_cudagraphs"):
                with self.subTest(mode, name=name):
                    self.assertIs(self.answer(mode, name), True)

    def test_reduce_overhead_works_or_its_limit_is_named(self):
        """torch raises, as a swapped allocator cannot save its state: its limit, and no wrong result."""
        for mode in MODES:
            with self.subTest(mode):
                seen = self.answer(mode, "compile_reduce_overhead", self.trees)
                self.assertTrue(seen["agree"])
                if mode == "swap" and seen["limit"]:
                    self.assertRegex(seen["limit"], "does not yet support|reduce-overhead")
                else:
                    self.assertEqual(seen["limit"], "")

    def test_memory_was_ours(self):
        for mode in OURS:
            with self.subTest(mode):
                self.assertGreater(self.played[mode].value()["memory"]["total"], 64 << 20)

    def test_no_mode_writes_warnings_of_ours(self):
        for mode in OURS:
            with self.subTest(mode):
                self.assertNotIn("cmm", self.played[mode].stderr)


if __name__ == "__main__":
    unittest.main()
