"""The bench of servers with the same HBM: its workloads, how it drives them, its bars, what it writes."""

import contextlib
import copy
import io
import itertools
import json
import os
import sys
import tempfile
import types
import unittest
from pathlib import Path
from typing import ClassVar
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "vllm")]

import mended  # noqa: E402
import sessions  # noqa: E402
import tier_bars  # noqa: E402
import tier_kinds  # noqa: E402
import tiers  # noqa: E402
import turns  # noqa: E402
import workloads  # noqa: E402

STAND_IN = Path(__file__).with_name("tiers_stand_in.py")
IN_HBM, BEYOND = 4096, 12288


def made(name, **how):
    return workloads.make(name, IN_HBM, BEYOND, 0, **how)


def tokens(session):
    return sum(len(turn.prompt) + turn.answer for turn in session.turns)


class Workloads(unittest.TestCase):
    def live(self, workload):
        """The most tokens that run at once."""
        return sum(sorted(map(tokens, workload.sessions))[-workload.at_once :])

    def test_cycled_fits_while_it_runs_and_goes_round_all_memory(self):
        cycled = made("cycled")
        self.assertLess(self.live(cycled), 0.8 * IN_HBM)
        self.assertGreater(sum(map(tokens, cycled.sessions)), 2 * (IN_HBM + BEYOND))
        prompts = {tuple(session.turns[0].prompt) for session in cycled.sessions}
        self.assertEqual(len(prompts), len(cycled.sessions))

    def test_returning_histories_exceed_hbm_and_fit_with_the_host(self):
        returning = made("returning")
        self.assertGreater(sum(map(tokens, returning.sessions)), 1.5 * IN_HBM)
        self.assertLess(sum(map(tokens, returning.sessions)), IN_HBM + BEYOND)
        self.assertLess(self.live(returning), 0.5 * IN_HBM)
        self.assertTrue(all(len(session.turns) > 2 for session in returning.sessions))

    def test_over_runs_more_than_hbm_holds(self):
        over = made("over")
        self.assertGreater(self.live(over), 1.5 * IN_HBM)
        self.assertLess(self.live(over), IN_HBM + BEYOND)

    def test_long_is_one_context_of_twice_hbm(self):
        long = made("long")
        self.assertEqual((len(long.sessions), long.at_once), (1, 1))
        self.assertEqual(long.longest, 2 * IN_HBM)

    def test_a_trace_shares_prefixes_and_has_times(self):
        trace = made("trace")
        self.assertEqual(
            sorted(each.arrives for each in trace.sessions), [each.arrives for each in trace.sessions]
        )
        begins = {tuple(session.turns[0].prompt[:64]) for session in trace.sessions}
        self.assertLessEqual(len(begins), 4)

    def test_they_are_the_same_at_each_run_and_others_by_another_seed(self):
        for name in workloads.NAMES:
            self.assertEqual(made(name), made(name))
            self.assertEqual(workloads.Workload.from_json(made(name).to_json()), made(name))
        self.assertNotEqual(made("cycled"), workloads.make("cycled", IN_HBM, BEYOND, 1))

    def test_a_file_as_mooncakes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "trace.jsonl")
            lines = [
                {"timestamp": 500, "input_length": 600, "output_length": 5, "hash_ids": [1, 2]},
                {"timestamp": 900, "input_length": 700, "output_length": 0, "hash_ids": [1]},
            ]
            path.write_text("\n".join(map(json.dumps, lines)))
            one, other = made("trace", trace=path).sessions
            self.assertEqual((one.arrives, len(one.turns[0].prompt), one.turns[0].answer), (0.5, 600, 5))
            self.assertEqual(one.turns[0].prompt[: workloads.BLOCK], other.turns[0].prompt[: workloads.BLOCK])
            self.assertNotEqual(one.turns[0].prompt[512:600], other.turns[0].prompt[512:600])
            for text in ("[1]", "{}", '{"timestamp": "a"}', "x"):
                path.write_text(text)
                with self.assertRaisesRegex(ValueError, "line 1 of .*trace.jsonl is no request"):
                    workloads.read_trace(path)
            path.write_text("")
            with self.assertRaisesRegex(ValueError, "has no requests"):
                workloads.read_trace(path)


class Recorder:
    """An engine that answers a token for each request in a step of 10 ms."""

    def __init__(self):
        self.now, self.running, self.asked, self.most = 0.0, {}, [], 0

    def add(self, number, prompt, answer):
        self.asked.append((number, list(prompt)))
        self.running[number] = answer
        self.most = max(self.most, len(self.running))

    def step(self):
        self.now += 0.01
        told = []
        for number in list(self.running):
            self.running[number] -= 1
            ended = self.running[number] == 0
            told.append((number, [9], ended))
            if ended:
                del self.running[number]
        return told


class Driven(unittest.TestCase):
    def drive(self, workload):
        engine = Recorder()

        def sleep(seconds):
            engine.now += seconds

        return engine, sessions.drive(engine, workload, clock=lambda: engine.now, sleep=sleep)

    def test_a_turn_comes_after_those_of_all_others_with_all_that_was_said(self):
        chats = [
            workloads.Session([workloads.Turn([10 * one + at], 2) for at in range(2)]) for one in range(3)
        ]
        engine, found = self.drive(workloads.Workload("w", 1, chats))
        self.assertEqual([number for number, _ in engine.asked], ["0-0", "1-0", "2-0", "0-1", "1-1", "2-1"])
        self.assertEqual(dict(engine.asked)["1-1"], [10, 9, 9, 11])
        self.assertEqual((found["answered_tokens"], engine.most), (12, 1))
        self.assertAlmostEqual(found["tokens_per_second"], 100)

    def test_latencies(self):
        one = workloads.Session([workloads.Turn([1], 5)])
        _, found = self.drive(workloads.Workload("w", 2, [one] * 4))
        for part in ("mean", "p50", "p99"):
            self.assertAlmostEqual(found["ttft"][part], 0.01)
            self.assertAlmostEqual(found["itl"][part], 0.01)

    def test_arrivals_are_waited_for(self):
        late = [workloads.Session([workloads.Turn([1], 1)], arrives) for arrives in (0.0, 1.0, 2.5)]
        engine, found = self.drive(workloads.Workload("w", 3, late))
        self.assertGreaterEqual(found["seconds"], 2.5)
        self.assertEqual(len(engine.asked), 3)

    def test_percentiles(self):
        found = sessions.percentiles([float(each) for each in range(100)])
        self.assertEqual((found["p50"], found["p95"], found["p99"], found["mean"]), (50, 95, 99, 49.5))
        self.assertEqual(sessions.percentiles([])["p99"], 0.0)


class Kinds(unittest.TestCase):
    SETTINGS: ClassVar = {
        "hbm_bytes": 4 << 30,
        "host_bytes": 12 << 30,
        "max_model_len": 100,
        "max_num_seqs": 4,
        "gpu_memory_utilization": 0.5,
        "tensor_parallel_size": 1,
        "compile": True,
    }

    def of(self, kind, **more):
        return tier_kinds.engine_arguments({**self.SETTINGS, "kind": kind, **more}, "model")

    def test_each_has_the_same_hbm_and_the_same_host_memory(self):
        for kind in (tier_kinds.STOCK, tier_kinds.NATIVE, tier_kinds.LMCACHE):
            self.assertEqual(self.of(kind)["kv_cache_memory_bytes"], 4 << 30)
        self.assertEqual(self.of(tier_kinds.NATIVE)["kv_offloading_size"], 12)
        self.assertEqual(
            tier_kinds.environment(tier_kinds.LMCACHE, 12 << 30)["LMCACHE_MAX_LOCAL_CPU_SIZE"], "12"
        )
        for kind, blocks in ((tier_kinds.FIXED, "fixed"), (tier_kinds.FOLLOWING, "follow")):
            told = self.of(kind)["additional_config"]["cmm"]
            self.assertEqual((told["hbm_bytes"], told["blocks"]), (4 << 30, blocks))
            self.assertEqual(self.of(kind)["kv_cache_memory_bytes"], 16 << 30)
        self.assertNotIn("worker_cls", self.of(tier_kinds.STOCK))
        self.assertEqual(self.of(tier_kinds.FAST)["watermark"], 0.75)
        self.assertNotIn("watermark", self.of(tier_kinds.FOLLOWING))
        older = self.of(tier_kinds.FAST, has_watermark=False)
        self.assertEqual(older["additional_config"]["cmm"]["watermark"], 0.75)
        self.assertIn("scheduler_cls", older)
        self.assertNotIn("watermark", older)


def measured():
    """Figures of all servers that hold every bar."""

    def seen(rate, ttft, **more):
        late = {part: {"median": ttft} for part in ("mean", "p50", "p95", "p99")}
        return {
            "tokens_per_second": turns.spread([rate, rate]),
            "ttft": late,
            "itl": late,
            "digests": ["a", "a"],
            **more,
        }

    ours = {
        "cycled": seen(98.5, 1, remote_share=0.0),
        "returning": seen(120, 1),
        "over": seen(100, 1),
        "long": seen(10, 1),
    }
    others = {
        "cycled": seen(100, 1),
        "returning": seen(50, 2),
        "over": seen(90, 2),
        "long": {"refused": "too long"},
    }
    native = {**copy.deepcopy(others), "returning": seen(110, 1.5)}
    return {tier_kinds.STOCK: others, tier_kinds.NATIVE: native, tier_kinds.FOLLOWING: ours}


class Mended(unittest.TestCase):
    def test_operations_of_the_offloading_are_dictionaries_as_another_process_would_send_them(self):
        name = "vllm.distributed.kv_transfer.kv_connector.v1.offloading.metrics"

        class Stats:
            def __init__(self):
                self.data = {}

            def record_transfer(self, size, time, way):
                self.data.setdefault(way, []).append(types.SimpleNamespace(op_size=size, op_time=time))

        parts = name.split(".")
        modules = {
            ".".join(parts[:count]): types.ModuleType(parts[count - 1]) for count in range(1, len(parts) + 1)
        }
        modules[name].OffloadingConnectorStats = Stats
        with mock.patch.dict(sys.modules, modules):
            mended.mend()
        stats = Stats()
        stats.record_transfer(5, 0.1, "up")
        stats.record_transfer(6, 0.2, "up")
        self.assertEqual(stats.data, {"up": [{"op_size": 5, "op_time": 0.1}, {"op_size": 6, "op_time": 0.2}]})

    def test_a_vllm_without_it_stays_as_it_is(self):
        with mock.patch.dict(sys.modules, {"vllm": types.ModuleType("vllm")}):
            mended.mend()


class Bars(unittest.TestCase):
    def missed(self, change=lambda found: None):
        found = measured()
        change(found)
        return [f"{bar['workload']}: {bar['bar']}" for bar in tier_bars.judge(found) if not bar["held"]]

    def test_held(self):
        self.assertEqual(self.missed(), [])
        self.assertEqual(len(tier_bars.judge(measured())), 11)

    def test_each_can_be_missed(self):
        ours, stock, native = (tier_kinds.FOLLOWING, tier_kinds.STOCK, tier_kinds.NATIVE)
        for kind, workload, figure, value, bar in (
            (ours, "cycled", "tokens_per_second", 97.9, "cycled: 0.98 of stock"),
            (ours, "returning", "tokens_per_second", 109, "returning: native's tokens per second"),
            (stock, "returning", "tokens_per_second", 61, "returning: twice stock's tokens per second"),
            (native, "over", "tokens_per_second", 101, "over: the best other's tokens per second"),
        ):
            with self.subTest(bar):
                told = {figure: turns.spread([value] * 2)}
                change = lambda found: found[kind][workload].update(told)  # noqa: B023, E731
                self.assertEqual(self.missed(change), [bar])
        for workload, part, bar in (
            ("returning", "mean", "returning: native's mean TTFT in seconds"),
            ("over", "p99", "over: stock's p99 TTFT in seconds"),
        ):
            change = lambda found: found[ours][workload]["ttft"].update({part: {"median": 9}})  # noqa: B023, E731
            self.assertEqual(self.missed(change), [bar])
        self.assertEqual(
            self.missed(lambda found: found[ours]["cycled"].update(remote_share=0.01)),
            ["cycled: no reads beyond HBM"],
        )
        self.assertEqual(
            self.missed(lambda found: found[ours].update(long={"refused": "no"})), ["long: is served"]
        )
        self.assertEqual(
            self.missed(lambda found: found[ours]["over"].update(digests=["a", "b"])),
            ["over: the same tokens in all"],
        )

    def test_over_counts_the_better_way_to_admit(self):
        found = measured()
        found[tier_kinds.FAST] = {"over": copy.deepcopy(found[tier_kinds.FOLLOWING]["over"])}
        found[tier_kinds.FOLLOWING]["over"]["tokens_per_second"] = turns.spread([10, 10])
        self.assertEqual([bar for bar in tier_bars.judge(found) if not bar["held"]], [])

    def test_what_is_compared_is_the_ratio_of_each_round(self):
        found = measured()
        for kind, rates in ((tier_kinds.STOCK, [100, 200, 400]), (tier_kinds.FOLLOWING, [99, 198, 396])):
            found[kind]["cycled"]["tokens_per_second"] = turns.spread(rates)  # a machine that becomes faster
        (bar,) = (each for each in tier_bars.judge(found) if each["bar"] == "0.98 of stock")
        self.assertEqual((bar["figure"], bar["confidence"], bar["held"]), (0.99, [0.99, 0.99], True))
        self.assertIn("cycled, 0.98 of stock: 0.99 (0.99–0.99) to 0.98", tier_bars.table(found, [bar]))

    def test_servers_that_did_not_run_have_no_bars(self):
        self.assertEqual(tier_bars.judge({tier_kinds.STOCK: {"cycled": {"left_out": "why"}}}), [])

    def test_the_table_has_a_row_for_each(self):
        found = measured()
        told = tier_bars.table(found, tier_bars.judge(found))
        self.assertIn("| long | stock | refused: too long |", told)
        self.assertIn(
            "| cycled | cmm following | 98 (98–98) | 1000.0, 1000.0 | 1000.0, 1000.0 | 0% | 0.0% |", told
        )
        self.assertIn("every bar is held", told)


class Command(unittest.TestCase):
    """All of it, with servers that stand in for vLLM."""

    def run_(self, *arguments, **variables):
        with tempfile.TemporaryDirectory() as folder:
            command = [
                "tiers",
                "--server",
                str(STAND_IN),
                "--out",
                folder,
                "--hbm-mib",
                "64",
                "--host-mib",
                "192",
            ]
            said = io.StringIO()
            with (
                mock.patch.object(sys, "argv", [*command, *arguments]),
                mock.patch.object(tier_kinds.importlib.util, "find_spec", lambda name: None),
                mock.patch.dict(os.environ, {"STAND_IN_LOG": str(Path(folder, "log")), **variables}),
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                status = tiers.main()
            written = Path(folder, "tiers.json")
            self.log = Path(folder, "log").read_text().splitlines() if Path(folder, "log").exists() else []
            return status, said.getvalue(), json.loads(written.read_text()) if written.exists() else None

    def test_every_server_runs_every_workload_or_says_why_not(self):
        status, said, written = self.run_("--rounds", "2")
        self.assertEqual(status, 0)
        for kind, name in itertools.product(tier_kinds.KINDS, workloads.NAMES):
            seen = written["servers"][kind][name]
            if kind == tier_kinds.LMCACHE:
                self.assertEqual(seen, {"left_out": "LMCache is not installed"})
            elif name == "long" and not kind.startswith("cmm"):
                self.assertIn("does not fit", seen["refused"])
            else:
                self.assertEqual(len(seen["tokens_per_second"]["values"]), 2)
                self.assertEqual(set(seen["itl"]), {"mean", "p50", "p95", "p99"})
                self.assertGreater(seen["start_seconds"], 0)
        context = written["context"]
        self.assertEqual((context["kind"], context["vllm"], context["hbm_mib"]), ("tiers", "stand-in", 64))
        self.assertIn("| returning | cmm following |", said)

    def test_servers_take_turns_in_each_round(self):
        names = ["stock", "native", "cmm fixed"]
        asked = ("--servers", ",".join(names), "--workloads", "returning", "--rounds", "4")
        for more in ((), ("--apart",)):
            self.run_(*asked, *more)
            ran = [line.partition(":")[0] for line in self.log]
            rounds = [ran[at : at + 3] for at in range(0, 12, 3)]
            self.assertEqual(rounds, [turns.in_turn(names, number) for number in range(4)])

    def test_servers_beside_each_other_share_the_gpu(self):
        options = tiers.read_options([])
        shares = [
            tiers.settings("stock", options, 10, 1, beside)["gpu_memory_utilization"] for beside in (1, 3)
        ]
        self.assertAlmostEqual(shares[0], 0.9)
        self.assertAlmostEqual(shares[1], 0.3)

    def test_a_server_that_ends_is_told_and_the_others_go_on(self):
        asked = ("--servers", "stock,cmm fixed", "--workloads", "returning,long", "--rounds", "2")
        for more in ((), ("--apart",)):
            status, said, written = self.run_(*asked, *more, STAND_IN_ENDS="cmm fixed")
            self.assertEqual(status, 1)
            for name in ("returning", "long"):
                self.assertRegex(written["servers"]["cmm fixed"][name]["failed"], "cmm fixed ended with 1")
            self.assertEqual(len(written["servers"]["stock"]["returning"]["tokens_per_second"]["values"]), 2)
            self.assertIn("| long | stock | refused: a context of", said)
            self.assertIn("| returning | cmm fixed | failed: cmm fixed ended with 1", said)

    def test_what_is_measured_is_kept_after_each_answer(self):
        kept, whole = [], tiers.write

        def keep(path, results):
            kept.append(json.loads(json.dumps(results)))
            whole(path, results)

        def answers(of, name):
            return len(of.get(name, {}).get("tokens_per_second", {}).get("values", []))

        for more in ((), ("--apart",)):
            kept.clear()
            asked = ("--servers", "stock,native", "--workloads", "returning,over", "--rounds", "1")
            with mock.patch.object(tiers, "write", keep):
                self.run_(*asked, *more)
            seen = [
                [
                    answers(each["servers"][kind], name)
                    for kind in ("stock", "native")
                    for name in ("returning", "over")
                ]
                for each in kept
            ]
            self.assertEqual([sum(each) for each in seen], [1, 2, 3, 4])
            self.assertEqual(seen[-1], [1, 1, 1, 1])
            self.assertEqual(len({each["context"]["gpu"] for each in kept}), 1)

    def test_a_round_that_one_has_not_finished_counts_for_neither(self):
        found = measured()
        for kind, rates in ((tier_kinds.STOCK, [100, 200]), (tier_kinds.FOLLOWING, [99])):
            found[kind]["cycled"]["tokens_per_second"] = turns.spread(rates)
        self.assertEqual(
            tier_bars.Figures(found).ratio(tier_kinds.FOLLOWING, tier_kinds.STOCK, "cycled")["values"], [0.99]
        )

    def test_a_missed_bar_is_told_by_the_status(self):
        status, said, written = self.run_(
            "--check", "--rounds", "1", "--servers", "stock,cmm following", "--workloads", "returning"
        )
        held = all(bar["held"] for bar in written["bars"])
        self.assertEqual(status, 0 if held else 1)
        self.assertEqual("every bar is held" in said, held)

    def test_names_with_a_comma(self):
        told = tiers.read_options(["--servers", "stock,cmm following, admit fast,native"])
        self.assertEqual(told.servers, [tier_kinds.STOCK, tier_kinds.FAST, tier_kinds.NATIVE])

    def test_what_cannot_be_asked_for(self):
        for wrong in (["--servers", "fast"], ["--workloads", "cycled,cycled"], ["--rounds", "0"]):
            with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
                tiers.read_options(wrong)

    def test_a_trace_that_is_none_ends_it_with_a_sentence(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write("nonsense")
            file.flush()
            status, _, written = self.run_("--trace", file.name, "--workloads", "trace")
        self.assertEqual((status, written), (1, None))


if __name__ == "__main__":
    unittest.main()
