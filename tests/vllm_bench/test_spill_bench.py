"""The bench of vLLM: processes that take turns, and bars that can be missed."""

import argparse
import contextlib
import copy
import io
import itertools
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "vllm")]

import spill  # noqa: E402
import turns  # noqa: E402

MEASURED = json.loads((ROOT / "bench" / "vllm" / "results" / "h200-pcie.json").read_text())["servers"]

COUNTING = """
import itertools, sys, turns
numbers = itertools.count()
channel = turns.answer_channel()
print("noise of a library")
turns.serve(channel, lambda asked: sys.exit(3) if asked == "end" else next(numbers))
"""


class Bars(unittest.TestCase):
    def missed(self, change):
        found = copy.deepcopy(MEASURED)
        change(found)
        return [(bar["server"], bar["bar"]) for bar in spill.judge(found) if not bar["held"]]

    def test_those_of_the_measured_machine_are_held(self):
        self.assertEqual(self.missed(lambda found: None), [])
        self.assertIn("every bar is held", spill.table(MEASURED, spill.judge(MEASURED)))

    def test_other_tokens(self):
        server = spill.ours_with(50)
        missed = self.missed(lambda found: found[server].update(same_tokens=False))
        self.assertEqual(missed, [(server, "the tokens of stock vLLM")])

    def test_other_memory(self):
        for name, what, kind in ((spill.STOCK, "kv", "managed"), (spill.ours_with(0), "weights", "managed")):
            missed = self.missed(lambda found: found[name]["workers"][-1].update({what: [kind]}))  # noqa: B023
            self.assertEqual([server for server, _ in missed], [name])

    def test_a_slow_resident_cache(self):
        missed = self.missed(lambda found: found[spill.ours_with(0)]["to_stock"].update(median=0.97))
        self.assertEqual(missed, [(spill.ours_with(0), "at least 0.98 of stock")])

    def test_the_gpus_time_decides_where_it_is_known(self):
        server = spill.ours_with(0)
        slow = {
            "gpu_step": {"to_stock": {"median": 0.985}},
            "to_stock": {"median": 0.9, "confidence": [0.8, 1.0]},
        }
        missed = self.missed(lambda found: found[server].update(slow))
        self.assertEqual(missed, [(server, "at least 0.99 of stock by the GPU's time of a step")])
        noisy = {**slow, "gpu_step": {"to_stock": {"median": 0.995}}}
        self.assertEqual(self.missed(lambda found: found[server].update(noisy)), [])
        slower = {**noisy, "to_stock": {"median": 0.9, "confidence": [0.8, 0.98]}}
        missed = self.missed(lambda found: found[server].update(slower))
        self.assertEqual(
            [bar for _, bar in missed], ["at least 0.99 of stock by tokens per second, within its interval"]
        )

    def test_what_the_rounds_do_not_decide_is_said(self):
        words = "take more: cmm, 0 % on the host: at least 0.98"
        for interval, unsure in (([0.9, 1.1], True), ([0.985, 1.1], False), ([0.9, 0.97], False)):
            found = copy.deepcopy(MEASURED)
            found[spill.ours_with(0)]["to_stock"]["confidence"] = interval
            self.assertEqual(words in spill.table(found, spill.judge(found)), unsure, interval)

    def test_shares(self):
        self.assertEqual(spill.shares("0,25"), [0, 25])
        for text in ("", "a", "0,0", "101", "-1", "0;25"):
            with self.assertRaises(argparse.ArgumentTypeError):
                spill.shares(text)


class Answering:
    """A server that answers at once."""

    def __init__(self, name, gpu=None):
        self.name, self.gpu = name, gpu
        self.asked = []

    def ask(self, what):
        self.asked.append(what)
        return {"decode": 1.0, "gpu": self.gpu}.get(what, [])


class Rounds(unittest.TestCase):
    def rounds(self, rounds, seconds):
        servers = [Answering(spill.STOCK), Answering("ours")]
        with contextlib.redirect_stderr(io.StringIO()):
            found = spill.measure(servers, rounds, seconds)
        counts = {len(seen["tokens_per_second"]["values"]) for seen in found.values()}
        self.assertEqual(counts, {each.asked.count("decode") for each in servers})
        return counts.pop()

    def test_the_gpus_time_of_a_step_is_that_of_stock_beside_ours(self):
        servers = [Answering(spill.STOCK, 0.010), Answering(spill.ours_with(0), 0.0125)]
        with contextlib.redirect_stderr(io.StringIO()):
            found = spill.measure(servers, 5, float("inf"))
        step = found[spill.ours_with(0)]["gpu_step"]
        self.assertAlmostEqual(step["to_stock"]["median"], 0.8)
        self.assertEqual(len(step["seconds"]["values"]), spill.GPU_ROUNDS)

    def test_rates_are_kept_before_the_gpu_is_asked_and_after_each_answer(self):
        servers, kept = [Answering(spill.STOCK, 0.010), Answering("ours", 0.010)], []
        with contextlib.redirect_stderr(io.StringIO()):
            spill.measure(servers, 5, float("inf"), lambda found: kept.append(copy.deepcopy(found["ours"])))
        profiled = [
            len(each.get("gpu_step", {"seconds": {"values": []}})["seconds"]["values"]) for each in kept
        ]
        self.assertEqual(profiled, list(range(spill.GPU_ROUNDS + 1)))
        self.assertTrue(all("tokens_per_second" in each for each in kept))

    def test_where_workers_are_apart_the_gpu_is_not_asked(self):
        servers = [Answering(spill.STOCK), Answering("ours")]
        with contextlib.redirect_stderr(io.StringIO()):
            found = spill.measure(servers, 2, float("inf"))
        self.assertNotIn("gpu_step", found["ours"])

    def test_as_many_as_asked_for(self):
        self.assertEqual(self.rounds(3, float("inf")), 3)

    def test_none_begins_after_the_time_and_one_always_does(self):
        self.assertEqual(self.rounds(3, 1e-9), 1)


class Turns(unittest.TestCase):
    def test_whoever_is_first_changes(self):
        processes = [turns.Process(name, ["-c", COUNTING]) for name in "ab"]
        try:
            for number in range(4):
                told = turns.take_turn(processes, "go", number)
                self.assertEqual("".join(told), ("ab", "ba", "ba", "ab")[number])
                self.assertEqual(set(told.values()), {number})
            with self.assertRaisesRegex(turns.Failure, "a ended with 3"):
                processes[0].ask("end")
        finally:
            for each in processes:
                each.end()

    def test_each_comes_after_each_other_one_as_often_as_before_it(self):
        for many in (2, 3, 6):
            orders = [turns.in_turn(range(many), number) for number in range(2 * many)]
            for one, other in itertools.combinations(range(many), 2):
                before = sum(order.index(one) < order.index(other) for order in orders)
                self.assertEqual(before, many, (one, other))
            self.assertEqual({order[0] for order in orders}, set(range(many)))

    def test_the_interval_holds_the_median_and_narrows(self):
        few = turns.spread([1.0, 1.2, 0.8, 1.1, 0.9])
        many = turns.spread([1.0, 1.2, 0.8, 1.1, 0.9] * 40)
        for each in (few, many):
            self.assertLessEqual(each["confidence"][0], each["median"])
            self.assertGreaterEqual(each["confidence"][1], each["median"])
        width = [each["confidence"][1] - each["confidence"][0] for each in (few, many)]
        self.assertLess(width[1], width[0])

    def test_a_file_is_written_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            turns.write(Path(folder) / "new" / "a.json", {"a": 1})
            self.assertEqual([each.name for each in (Path(folder) / "new").iterdir()], ["a.json"])


class Results(unittest.TestCase):
    """The file of results, which both benches of Python write."""

    def test_results_of_another_machine_and_damaged_ones_are_kept_aside(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            path = Path(folder, "new", "spill.json")
            one, again, other = (
                {"context": {"started": start, "gpu": gpu}} for start, gpu in ((1, "a"), (2, "a"), (3, "b"))
            )
            for results in (one, again, other):
                turns.write(path, results)
            path.write_text("[5")
            turns.write(path, one)
            found = {each.name: each.read_text() for each in path.parent.iterdir()}
        kept = [found.pop(f"spill.before-{number}.json") for number in (1, 2)]
        self.assertEqual((json.loads(kept[0]), kept[1]), (again, "[5"))
        self.assertEqual({name: json.loads(text) for name, text in found.items()}, {"spill.json": one})

    def test_a_context_of_another_shape_and_a_file_system_without_links_lose_nothing(self):
        for text in ('{"context": [1]}', '{"context": "x"}', '{"context": null}', "{}"):
            with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
                path = Path(folder, "spill.json")
                path.write_text(text)
                with mock.patch("os.link", side_effect=OSError(95, "Operation not supported")):
                    turns.write(path, {"context": {"gpu": "a"}})
                self.assertEqual(path.with_name("spill.before-1.json").read_text(), text)
                self.assertEqual(json.loads(path.read_text()), {"context": {"gpu": "a"}})

    def test_a_place_that_takes_no_file_is_told_before_the_run(self):
        with tempfile.TemporaryDirectory() as folder:
            turns.check_place(Path(folder, "new", "a.json"))
            self.assertEqual(list(Path(folder, "new").iterdir()), [])
            Path(folder, "file").touch()
            os.mkfifo(Path(folder, "pipe"))
            for wrong in ("file/a.json", "pipe", "new"):
                with self.assertRaisesRegex(SystemExit, "the results cannot be written: .*--out"):
                    turns.check_place(Path(folder, wrong))

    def test_what_is_no_regular_file_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "spill.json")
            os.mkfifo(path)
            with self.assertRaisesRegex(SystemExit, "stays as it is"):
                turns.write(path, {"context": {}})
            self.assertEqual([each.name for each in Path(folder).iterdir()], ["spill.json"])


if __name__ == "__main__":
    unittest.main()
