"""--compare and results side by side."""

import copy
import json
import os
import pathlib
import subprocess
import sys
import unittest

import synthetic
from reporting import ReportTest, only, row_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
REAL = ROOT / "bench/results/h200-pcie/results.json"
PREDICTED = ROOT / "bench/results/sim-gh200-480/results.json"


def part_of(path):
    """A committed result with every 60th of its rows, which are drawn sooner."""
    made = json.loads(path.read_text())
    names = sorted(row["name"] for row in made["benchmarks"] if "p50_ns" in row)
    return {**made, "benchmarks": [row for row in made["benchmarks"] if row["name"] in names[::60]]}


class CompareTest(ReportTest):
    """A measured run against a simulated one."""

    def setUp(self):
        super().setUp()
        self.real, self.predicted = synthetic.measured(), synthetic.simulated()
        self.real["benchmarks"] = [row for row in self.real["benchmarks"] if row["name"].startswith("replay")]
        self.real["benchmarks"] += [synthetic.row(f"odd/n:{n}", 100.0) for n in range(10)]
        self.predicted["benchmarks"] = copy.deepcopy(self.real["benchmarks"])
        self.predicted["context"]["calibration"] = ["odd/n:0"]

    def set_times(self, *times):
        """Set what the simulator predicts for odd/n:0, odd/n:1 and so on."""
        for n, time in enumerate(times):
            row_of(self.predicted, f"odd/n:{n}")["p50_ns"] = time

    def compare(self, *options):
        """Run --compare."""
        real, predicted = self.save(self.real, "real.json"), self.save(self.predicted, "predicted.json")
        return self.report("--compare", real, predicted, *options)

    def test_errors_are_relative_to_what_was_measured_and_leave_calibration_out(self):
        self.set_times(9999.0, 50.0, 200.0, 130.0, 120.0)
        status, text = self.compare()
        self.assertEqual(status, 0)
        self.assertIn("11 rows, 1 more used for calibration and left out", text)
        self.assertRegex(text, r"\nall +11 +0 % +64 % +82 %\n")
        self.assertRegex(text, r"\nodd +9 +0 % +56 % +78 %\n")
        self.assertRegex(text, r"furthest off[^\n]*\n +(2|0\.5) .*\n +(2|0\.5) .*\n +1\.3 ")
        self.assertIn("calibration, left out: odd/n:0", text)
        self.assertIn("Predicted against measured", self.written("report.html"))
        self.assertIn("Predicted against measured", self.written("report.md"))

    def test_bars_decide_the_exit_status(self):
        self.set_times(100.0, *[120.0] * 6)
        self.assertEqual(self.compare("--fail-above", "20%", "--within", "35%:100%")[0], 0)
        status, text = self.compare("--fail-above", "15%")
        self.assertEqual(status, 1)
        self.assertIn("the median error is 20.0%, more than 15 %", text)
        status, text = self.compare("--within", "0.15:46%", "--within", "35%:90%")
        self.assertEqual(status, 1)
        self.assertIn("45.5% of the rows are within 15 %", text)
        self.assertNotIn("within 35 %, fewer", text)

    def test_a_host_that_changed_its_speed_is_told(self):
        for at, speed in enumerate([1.0] * 12 + [1.8] * 12):
            self.real["benchmarks"].append(synthetic.row(f"allocate/n:{at}", 100.0 * speed))
            self.predicted["benchmarks"].append(synthetic.row(f"allocate/n:{at}", 100.0))
        text = self.compare()[1]
        self.assertRegex(text, r"\nallocate +24 +22 % ")
        told = "the median error of allocate is 0 %, and 100 % of its rows are within 35 %"
        self.assertIn(told, text)
        self.assertIn(told, self.written("report.html"))
        self.assertIn(told, self.written("report.md"))

    def test_a_host_that_kept_its_speed_is_not_told_whatever_it_is(self):
        for at in range(24):
            self.real["benchmarks"].append(synthetic.row(f"allocate/n:{at}", 180.0))
            self.predicted["benchmarks"].append(synthetic.row(f"allocate/n:{at}", 100.0))
        self.assertNotIn("changed its speed", self.compare()[1])

    def test_rows_that_only_one_run_has_are_counted(self):
        self.predicted["benchmarks"].pop()
        self.predicted["benchmarks"].append(synthetic.row("extra/n:1", 5.0))
        text = self.compare()[1]
        self.assertIn("measured only: 1 rows, such as odd/n:9", text)
        self.assertIn("predicted only: 1 rows, such as extra/n:1", text)

    def test_the_order_and_the_kind_of_both_are_checked(self):
        real, predicted = self.save(self.real, "real.json"), self.save(self.predicted, "predicted.json")
        self.assert_refused(["measured result and then a simulated one"], "--compare", predicted, real)
        other = copy.deepcopy(self.real)
        other["benchmarks"].pop()
        self.assert_refused(["give them in this order"], "--compare", real, self.save(other, "other.json"))

    def test_runs_with_nothing_in_common(self):
        self.predicted["context"]["calibration"] = [row["name"] for row in self.predicted["benchmarks"]]
        real, predicted = self.save(self.real, "real.json"), self.save(self.predicted, "predicted.json")
        self.assert_refused(["share no row"], "--compare", real, predicted)


class CommittedTest(ReportTest):
    """The command on results that stand in bench/results, which are of two machines."""

    def run_command(self, *arguments):
        """Run tools/report as its users do, but for the installing."""
        command = [sys.executable, "-Bm", "cmm_report", *map(str, arguments), "--out", str(self.out)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "tools/python")}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def refuses(self, words, *arguments):
        """Exit status 2, one line on stderr that has these words, and nothing written."""
        done = self.run_command("--compare", *arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertRegex(done.stderr, rf"\Atools/report: [^\n]*{words}[^\n]*\n\Z")
        self.assertFalse(self.out.exists())

    def test_two_runs_are_compared_and_bars_decide(self):
        fewer = [self.save(part_of(path), f"{path.parent.name}.json") for path in (REAL, PREDICTED)]
        done = self.run_command("--compare", *fewer, "--fail-above", "0.1%", "--within", "1%:99%")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("tools/report: the predictions miss a bar: "), 2)
        self.assertRegex(done.stdout, r"predicted by .*gh200-480.*, measured on NVIDIA H200.*: [0-9]+ rows, ")
        self.assertRegex(done.stdout, r"\nall +[0-9]+ +[0-9]")
        self.assertIn("Predicted against measured", self.written("report.md"))

    def test_bad_files_are_refused_in_a_sentence(self):
        self.refuses("give them in this order", PREDICTED, REAL)
        self.refuses("share no row", ROOT / "bench/results/h200-x2/results.json", PREDICTED)
        self.refuses("cannot be read", REAL, self.folder / "none.json")
        self.refuses("no regular file", REAL, "/dev/null")
        text = PREDICTED.read_text()
        self.refuses("truncated", REAL, self.save(text[: len(text) // 2], "half.json"))
        self.refuses("not JSON", REAL, self.save("cmm\n", "odd.json"))
        self.refuses("expected 2 arguments", REAL)


class SideBySideTest(ReportTest):
    """Two measured runs."""

    def report_two(self, change):
        """Report a run and the same with one row changed; returns the line of that row."""
        one, two = (only(synthetic.measured(), "replay/trace:decode/") for _ in range(2))
        two["context"] = {**two["context"], "date": "2026-01-02T00:00:00+00:00"}
        change(row_of(two, "replay/trace:decode/allocator:cudaMalloc"))
        self.report(self.save(one, "one.json"), self.save(two, "two.json"))
        lines = self.written("report.md").splitlines()
        return next(line for line in lines if line.startswith("| trace:decode/allocator:cudaMalloc |"))

    def test_a_difference_within_the_spread_is_unclear(self):
        line = self.report_two(lambda row: row.update(p50_ns=9180.0))
        self.assertIn("unclear (1.01×, spread 2 %)", line)

    def test_a_difference_beyond_the_spread_is_a_ratio(self):
        line = self.report_two(lambda row: row.update(p50_ns=18200.0))
        self.assertTrue(line.endswith("| 2× |"), line)

    def test_a_shorter_time_is_as_clear_as_a_longer_one(self):
        line = self.report_two(lambda row: row.update(p50_ns=4550.0, p25_ns=4500.0, p75_ns=4600.0))
        self.assertTrue(line.endswith("| 0.5× |"), line)

    def test_repetitions_that_differ_make_a_difference_unclear(self):
        line = self.report_two(lambda row: row.update(p50_ns=18200.0, pass_spread=1.2))
        self.assertIn("unclear (2×, spread 120 %)", line)

    def test_one_slow_repetition_is_enough_on_the_other_side(self):
        line = self.report_two(lambda row: row.update(p50_ns=4550.0, p25_ns=4550.0, p75_ns=10000.0))
        self.assertIn("unclear (0.5×", line)

    def test_measured_and_predicted_are_marked_in_the_tables(self):
        both = [only(made, "replay/") for made in (synthetic.measured(), synthetic.simulated())]
        self.report(*(self.save(result, f"{which}.json") for which, result in enumerate(both)))
        page = self.written("report.html")
        self.assertIn("B (predicted) / A (measured)", page)
        self.assertIn("Some results here are", page)
        self.assertTrue((self.out / "synthetic-gpu-replay.svg").exists())
        self.assertTrue((self.out / "sim-synthetic-gpu-recommendation.txt").exists())

    def test_two_runs_of_one_machine_get_names_of_their_own(self):
        self.report_two(lambda row: None)
        names = {file.name for file in self.out.glob("*-replay.svg")}
        self.assertEqual(names, {"synthetic-gpu-1-replay.svg", "synthetic-gpu-2-replay.svg"})


if __name__ == "__main__":
    unittest.main()
