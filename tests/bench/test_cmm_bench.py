"""The laws of cmm_bench as its users meet it, on simulated machines: CMM_BENCH names the program."""

import json
import os
import resource
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = os.environ["CMM_BENCH"]
FAMILIES = {"allocate", "replay", "page_fault", "bandwidth", "kv_access", "kv_tier", "gemm"}


def run(*arguments, **options):
    """Run cmm_bench to its end."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


def load(folder, name="results.json"):
    """Read the results in a folder."""
    return json.loads((Path(folder) / name).read_text())


class CmmBench(unittest.TestCase):
    """One simulated run of the whole suite, and what goes wrong around it."""

    def setUp(self):
        """Give each test its own folder."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name) / "results"

    def run_ok(self, *arguments):
        """Run and expect success."""
        done = run(*arguments, "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)
        return done

    def refused(self, *arguments, says, **options):
        """Expect one sentence and exit code 2, and nothing written."""
        done = run(*arguments, "--out", self.out, **options)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertFalse((self.out / "results.json").exists())

    def test_every_family_runs_and_every_row_states_its_limit(self):
        """Rows carry quantiles in order, and a limit with its source."""
        self.run_ok("--platform", "sim:gh200-480", "--quick")
        result = load(self.out)
        self.assertEqual(result["context"]["schema"], "cmm-bench 2")
        self.assertTrue(result["context"]["complete"])
        self.assertTrue(result["context"]["machine"]["simulated"].startswith("true"))
        self.assertTrue(all(figure["source"] for figure in result["context"]["profile"]))
        rows = result["benchmarks"]
        self.assertEqual({row["name"].split("/")[0] for row in rows}, FAMILIES)
        self.assertEqual(len(rows), len({row["name"] for row in rows}))
        for row in rows:
            with self.subTest(row["name"]):
                if "skipped" in row:
                    continue
                self.assertNotIn("error_message", row)
                self.assertLessEqual(row["min_ns"], row["p50_ns"])
                self.assertLessEqual(row["p50_ns"], row["p95_ns"])
                self.assertLessEqual(row["p95_ns"], row["p99_ns"])
                self.assertGreater(row["limit_ratio"], 0)
                self.assertIn(row["limit_source"], ("measured", "published"))

    def test_a_simulated_run_repeats_itself(self):
        """Virtual time has no noise, and repetitions agree."""
        filter_ = ("--platform", "sim:h200-pcie", "--filter", "bandwidth|kv_access.*2MiB")
        self.run_ok(*filter_, "--repetitions", 2)
        first = load(self.out)["benchmarks"]
        self.run_ok(*filter_, "--repetitions", 2)
        again = load(self.out)["benchmarks"]
        for row in first + again:
            row.pop("cpu_time", None)  # of the program itself
        self.assertEqual(first, again)
        self.assertTrue(all(row["pass_spread"] < 0.02 for row in first if "skipped" not in row))

    def test_several_gpus_have_rows_of_their_own_and_between_them(self):
        """Two GPUs: an axis for each, and rows from one to the other, held against what joins them."""
        self.run_ok("--platform", "sim:h100-x2", "--filter", "bandwidth")
        rows = load(self.out)["benchmarks"]
        self.assertTrue(all(row["name"].endswith(("/gpu:0", "/gpu:1")) for row in rows))
        ways = {
            "what:peer_from/engine:copy/op:copy": 395,
            "what:peer_to/engine:copy/op:copy": 395,
            "what:peer_both/engine:copy/op:copy": 781,
            "what:peer_from/engine:sm/op:read": 369,
            "what:peer_to/engine:sm/op:write": 369,
            "what:peer_both/engine:sm/op:copy": 738,
        }
        for way, rate in ways.items():
            for gpu in (0, 1):
                name = f"bandwidth/{way}/memory:device/peer:{1 - gpu}/bytes:256MiB/gpu:{gpu}"
                with self.subTest(name):
                    row = next(row for row in rows if row["name"] == name)
                    self.assertAlmostEqual(row["bytes_per_second"] / 1e9, rate, delta=0.02 * rate)
                    both = "peer_both" in way
                    limit = row["bytes"] / row["limit_ns"]
                    self.assertAlmostEqual(limit, 900 if both else 450, delta=1)
                    self.assertIn("link", row["limit"])
                    self.assertEqual(row["limit_source"], "published")

    def test_rows_between_gpus_are_skipped_with_the_reason_where_there_is_one(self):
        """One GPU has no peer."""
        self.run_ok("--platform", "sim:h200-pcie", "--filter", "what:peer_")
        rows = load(self.out)["benchmarks"]
        self.assertEqual(len(rows), 8)
        for row in rows:
            self.assertIn("one GPU", row.get("skipped") or row.get("error_message"))

    def test_no_row_of_any_simulated_machine_is_above_its_limit(self):
        """Nothing is faster than what it is held against, by more than rounding."""
        for name in ("h200-pcie", "h100-x2", "gh200-480", "gh200-480-x2", "gh200-144", "gb10"):
            self.run_ok("--platform", f"sim:{name}", "--quick")
            for row in load(self.out)["benchmarks"]:
                with self.subTest(f"{name}: {row['name']}"):
                    self.assertLessEqual(row.get("limit_ratio", 0), 1.001)
                    self.assertLessEqual(row.get("limit_beaten", 0), 1.001)

    def test_a_machine_calibrates_to_itself_and_the_file_is_simulated(self):
        """Three rounds of few rows make a profile, whose rows are those of the machine it was made of."""
        done = self.run_ok("--platform", "sim:h200-pcie", "--calibrate", "--name", "twin")
        self.assertIn("take 1.00 times as long as on h200-pcie", done.stdout)
        profile = load(self.out, "profile.json")
        self.assertEqual(profile["schema"], "cmm-profile 1")
        self.assertEqual(sum("row" in figure for figure in profile["figures"]), 12)
        for number in (1, 2, 3):
            self.assertEqual(len(load(self.out / f"round-{number}")["benchmarks"]), 17)
        file = self.out / "profile.json"
        predicted = {}
        for machine in ("h200-pcie", file):
            self.run_ok("--platform", f"sim:{machine}", "--filter", "replay|latency|page_fault")
            predicted[machine] = {row["name"]: row.get("p50_ns") for row in load(self.out)["benchmarks"]}
        self.assertEqual(load(self.out)["context"]["machine"]["platform"], "sim:twin")
        self.assertEqual(len(load(self.out)["context"]["calibration"]), 12)
        for name, time_of_twin in predicted[file].items():
            with self.subTest(name):
                known = predicted["h200-pcie"][name]
                self.assertAlmostEqual(time_of_twin or 0, known or 0, delta=0.02 * (known or 0))

    def test_a_machine_with_one_memory_is_calibrated_without_the_rows_it_skips(self):
        """Figures of pages that move are assumed there."""
        self.run_ok("--platform", "sim:gb10", "--calibrate", "--name", "spark")
        figures = {figure["name"]: figure for figure in load(self.out, "profile.json")["figures"]}
        self.assertNotIn("row", figures["faults.cpu_migrate"])
        self.assertIn("row", figures["calls.pool_pair"])
        self.run_ok("--platform", f"sim:{self.out}/profile.json", "--filter", "replay")

    def test_a_profile_with_something_wrong_is_refused_and_a_contradiction_is_named(self):
        """Before anything runs; every kind of refusal is in profile_file.cpp."""
        self.run_ok("--platform", "sim:h200-pcie", "--calibrate", "--name", "odd")
        profile = load(self.out, "profile.json")
        file = self.out / "odd.json"
        link = next(figure for figure in profile["figures"] if figure["name"] == "link.h2d")
        link["value"] = 70
        file.write_text(json.dumps(profile))
        done = self.run_ok("--platform", f"sim:{file}", "--filter", "latency")
        self.assertIn("in the profile odd link.h2d (70 GB/s) is more than link.peak (63 GB/s)", done.stderr)
        (self.out / "results.json").unlink()
        del link["unit"]
        file.write_text(json.dumps(profile))
        self.refused("--platform", f"sim:{file}", says='"link.h2d" has no unit; write "unit": "GB/s"')
        self.refused("--platform", f"sim:{self.out}/none.json", says="there is no file")

    def test_results_without_the_rows_of_a_calibration_make_no_profile(self):
        """The message names each row that is missing, and nothing is written."""
        self.run_ok("--platform", "sim:h200-pcie", "--filter", "allocate")
        results = (self.out / "results.json").rename(self.out / "few.json")
        self.refused("--calibrate-from", results, says="page_fault/what:one_fault_fresh, ")
        self.assertFalse((self.out / "profile.json").exists())
        both = ("--platform", "sim:h200-pcie", "--calibrate")
        self.refused(*both, "--filter", "replay", says="--calibrate excludes --filter")
        self.refused(*both, "--name", "gb10", says='"gb10" is a machine that cmm knows already')
        self.refused(*both, "--name", "a b", says='no profile can be called "a b"')
        self.refused("--name", "mine", says="--name is that of a profile")

    def test_the_help_tells_how_a_profile_is_made_and_used(self):
        """Each option of it."""
        told = run("--help").stdout
        for option in ("--calibrate", "--calibrate-from", "--name", "sim:FILE.json"):
            self.assertIn(option, told)

    def test_an_interrupt_leaves_a_valid_file_from_which_the_next_run_goes_on(self):
        """Ctrl-C in the middle, then the same command again."""
        run_of = ("--platform", "sim:h200-pcie", "--repetitions", "9", "--filter", "^(allocate|kv_access)")
        command = [PROGRAM, *run_of, "--out", str(self.out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if line.startswith("[ 20/"):
                    process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(), 130)
        self.assertFalse((self.out / "results.json").exists())
        partial = load(self.out, "results.partial.json")
        self.assertFalse(partial["context"]["complete"])
        kept = len(partial["benchmarks"])
        self.assertGreaterEqual(kept, 20)
        done = self.run_ok(*run_of)
        self.assertIn(f"going on after an interrupt: {kept} of", done.stdout)
        result = load(self.out)
        self.assertEqual(result["benchmarks"][:kept], partial["benchmarks"])
        self.assertGreater(len(result["benchmarks"]), kept)
        self.assertFalse((self.out / "results.partial.json").exists())

    def test_a_filtered_run_loses_nothing_of_a_fuller_one(self):
        """Neither finished results with other rows nor what an interrupted run has left."""
        platform = ("--platform", "sim:h200-pcie")
        self.run_ok(*platform, "--filter", "latency|replay")
        fuller = (self.out / "results.json").read_text()
        partial = json.loads(fuller)
        partial["context"]["complete"] = False
        (self.out / "results.partial.json").write_text(json.dumps(partial))
        done = self.run_ok(*platform, "--filter", "latency")
        self.assertIn("are kept in", done.stdout)
        self.assertEqual((self.out / "results.previous.json").read_text(), fuller)
        names = {row["name"] for row in load(self.out)["benchmarks"]}
        self.assertTrue(names and all("latency" in name for name in names))
        left = {row["name"] for row in load(self.out, "results.partial.json")["benchmarks"]}
        self.assertEqual(left, {row["name"] for row in partial["benchmarks"]})

    def test_what_is_left_of_another_run_is_not_mixed_in(self):
        """A partial file of other options, or one that is no JSON."""
        self.out.mkdir(parents=True)
        quick = ("--platform", "sim:h200-pcie", "--filter", "what:latency")
        for left in ('{"context": {"schema": "cmm-bench 1"}, "benchmarks": []}', '{"context": {"sch', "[]"):
            (self.out / "results.partial.json").write_text(left)
            self.assertIn("is not used", self.run_ok(*quick).stdout)
        (self.out / "results.partial.json").write_text("{")
        self.assertNotIn("is not used", self.run_ok(*quick, "--fresh").stdout)

    def test_a_small_budget_shrinks_cases_or_skips_them_with_the_reason(self):
        """4 MiB of managed memory: no row fails."""
        self.run_ok("--platform", "sim:h200-pcie", "--quick", "--max-managed", "4MiB")
        names = [row["name"] for row in load(self.out)["benchmarks"]]
        self.assertEqual(len(names), len(set(names)))
        reasons = {row["skipped"] for row in load(self.out)["benchmarks"] if "skipped" in row}
        self.assertTrue(any("is more than the budget of 4 MiB" in reason for reason in reasons), reasons)

    def test_pages_are_moved_within_a_range_of_the_size_asked_for(self):
        """Rows of both ranges; one that the machine cannot hold fails its rows alone."""
        ranges = ("--kv-range", "64MiB+64MiB", "--kv-range", "32MiB+64MiB", "--filter", "kv_tier.*/range:")
        self.run_ok("--platform", "sim:h200-pcie", *ranges)
        rows = load(self.out)["benchmarks"]
        self.assertEqual(len(rows), 150)
        self.assertTrue(all("p50_ns" in row for row in rows))
        large = ("--kv-range", "64MiB+512GiB", "--filter", "kv_tier.*up.*page:2MiB/range:", "--out", self.out)
        self.assertEqual(run("--platform", "sim:h200-pcie", *large).returncode, 1)
        for row in load(self.out)["benchmarks"]:
            self.assertIn("at most 128 GiB would fit", row["error_message"])

    def test_a_row_that_fails_is_an_error_and_the_suite_goes_on(self):
        """A trace that needs more than the machine has fails its rows alone."""
        trace = self.out.parent / "huge.trace"
        size = 1 << 45
        trace.write_text(f"cmm trace 1\ntake 1 {size} 0 0 0\nfree 1 0 0 1\n")
        done = run(
            "--platform", "sim:h200-pcie", "--filter", "replay|latency", "--trace", trace, "--out", self.out
        )
        self.assertEqual(done.returncode, 1)
        rows = load(self.out)["benchmarks"]
        self.assertTrue(any("error_message" in row and "skipped" not in row for row in rows))
        self.assertTrue(any("p50_ns" in row for row in rows if "latency" in row["name"]))

    def test_a_trace_that_cannot_be_read_is_refused_with_its_line(self):
        """Numbers that do not fit, and a block that is taken twice."""
        trace = self.out.parent / "odd.trace"
        for line in ("take 2 8 0 99999999999 0", "take 18446744073709551616 8 0 0 0", "take 1 8 0 0 1"):
            trace.write_text(f"cmm trace 1\ntake 1 8 0 0 0\n{line}\n")
            self.refused(
                "--platform",
                "sim:gb10",
                "--filter",
                "replay",
                "--trace",
                trace,
                says=f'odd.trace:3: "{line}"',
            )

    def test_bad_input_is_one_sentence(self):
        """Names, filters and sizes that do not exist."""
        self.refused("--platform", "sim:gh300", says="the known ones are h200-pcie")
        self.refused("--platform", "rocm", says="write auto, cuda, or sim:NAME")
        self.refused("--platform", "sim:gb10", "--filter", "nothing", says="matches none of the")
        self.refused("--platform", "sim:gb10", "--filter", "(", says="is no regular expression")
        self.refused("--platform", "sim:gb10", "--max-managed", "8 bananas", says="8 bananas")
        self.refused("--platform", "sim:gb10", "--max-managed", "0", says="give at least 4MiB")
        self.refused("--platform", "sim:gb10", "--max-managed", "64KiB", says="give at least 4MiB")
        self.refused("--platform", "sim:gb10", "--repetitions", "0", says="--repetitions")
        for size in ("4GiB", "4GiB+", "0+4GiB", "4GiB+3MiB", "4GiB+4 bananas"):
            self.refused("--platform", "sim:gb10", "--kv-range", size, says="such as 4GiB+4GiB")
        self.refused("--platform", "sim:gb10", "--no\x1b[31m-such", says="\\x1b[31m-such")
        hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        self.refused("--platform", "cuda", says="no GPU can be used", env=hidden)

    def test_a_folder_that_cannot_be_made_is_named(self):
        """A file stands where the folder should be."""
        self.out.write_text("")
        done = run("--platform", "sim:gb10", "--out", self.out / "below")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot be made", done.stderr)

    def test_a_full_disk_keeps_the_results_of_before(self):
        """Files may not grow beyond a few KiB: the new results do not fit."""
        quick = ("--platform", "sim:h200-pcie", "--filter", "what:latency")
        self.run_ok(*quick)
        before = (self.out / "results.json").read_text()

        def full():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        done = run(*quick, "--out", self.out, preexec_fn=full)
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not be written", done.stderr)
        self.assertEqual((self.out / "results.json").read_text(), before)
        self.assertEqual([path.name for path in self.out.iterdir()], ["results.json"])

    def test_list_names_rows_and_runs_none(self):
        """--list is fast and writes nothing. GB10 has one memory: no page of a KV cache moves there."""
        begin = time.monotonic()
        done = run("--platform", "sim:gb10", "--list", "--out", self.out)
        self.assertLess(time.monotonic() - begin, 30)
        names = done.stdout.split()
        self.assertEqual({name.split("/")[0] for name in names}, FAMILIES - {"kv_tier"})
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    unittest.main()
