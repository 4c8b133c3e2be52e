"""What another run has left in the folder of the results is never lost: CMM_BENCH names the program."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ["CMM_BENCH"]
ONE, OTHER = ("sim:h200-pcie", "sim:gh200-480")
DAMAGED = (
    '{"context": {}, "benchmarks": [5]}',
    '{"context": {"machine": 7, "quick": "no"}, "benchmarks": [{"name": 3}]}',
    '{"context": [], "benchmarks": {}}',
    '{"context": {"sch',
    "[" * 100000,
    "\xff\xfe",
    "",
)


class KeptResults(unittest.TestCase):
    """Runs of few rows into one folder."""

    def setUp(self):
        """Give each test its own folder."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name) / "results"

    def command(self, platform, *options, rows="latency.*memory:device"):
        """The command of a short run."""
        return [PROGRAM, "--platform", platform, "--filter", rows, "--out", str(self.out), *options]

    def bench(self, *arguments, **options):
        """Run to its end."""
        done = subprocess.run(
            self.command(*arguments, **options), capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def results(self):
        """Text of each results file in the folder, by name."""
        return {path.name: path.read_text(encoding="latin-1") for path in self.out.glob("results*")}

    def test_results_of_another_run_are_kept_aside(self):
        """Another machine, a quick run, repetitions, a later version and another schema."""
        self.bench(ONE)
        first = self.results()["results.json"]
        told = self.bench(OTHER)
        self.assertIn("which are of another run, are kept in", told)
        self.assertEqual(self.results()["results.sim-h200-pcie.json"], first)
        kept = set(self.results().values())
        for options in (("--quick",), ("--repetitions", "2"), (), ("--quick",)):
            self.bench(OTHER, *options)
            self.assertLessEqual(kept, set(self.results().values()))
            kept = set(self.results().values())
        self.assertIn("results.sim-gh200-480-quick.json", self.results())
        for key, value in (
            ("schema", "cmm-bench 1"),
            ("cmm_version", "0.0.1"),
            ("machine", {"gpu": "a/b\n"}),
        ):
            changed = json.loads(self.results()["results.json"])
            changed["context"][key] = value
            (self.out / "results.json").write_text(json.dumps(changed))
            self.bench(OTHER, "--quick")
            self.assertIn(json.dumps(changed), self.results().values())

    def test_results_kept_before_are_not_written_over(self):
        """Twice the same change of the machine: two names."""
        for _ in range(2):
            self.bench(ONE)
            self.bench(OTHER)
        names = {"results.sim-h200-pcie.json", "results.sim-h200-pcie-2.json", "results.sim-gh200-480.json"}
        self.assertLessEqual(names, set(self.results()))

    def test_the_same_run_again_takes_the_place_of_the_older(self):
        """Nothing piles up."""
        self.bench(ONE)
        self.bench(ONE)
        self.assertEqual(set(self.results()), {"results.json"})

    def test_runs_at_the_same_time_lose_nothing_of_each_other(self):
        """Every machine has its results at the end, and its partial file in between."""
        platforms = ["sim:h200-pcie", "sim:gh200-480", "sim:gh200-144", "sim:gb10"] * 2
        running = [subprocess.Popen(self.command(each), stdout=subprocess.DEVNULL) for each in platforms]
        self.assertEqual([process.wait() for process in running], [0] * len(running))
        machines = {json.loads(text)["context"]["machine"]["platform"] for text in self.results().values()}
        self.assertEqual(machines, set(platforms))

    def test_partial_results_of_another_run_stay(self):
        """What an interrupted run has left waits for its own command."""
        self.bench(ONE)
        partial = (self.out / "results.json").rename(self.out / "results.partial.json")
        left = partial.read_text()
        self.assertIn("is left from a run of another kind", self.bench(OTHER))
        self.assertEqual(partial.read_text(), left)
        self.bench(OTHER, "--fresh")
        self.assertEqual(partial.read_text(), left)
        self.assertIn("going on after an interrupt", self.bench(ONE))
        self.assertFalse(partial.exists())

    def test_damaged_results_are_put_aside(self):
        """The new ones are written all the same."""
        for number, text in enumerate(DAMAGED, 1):
            self.out.mkdir(exist_ok=True)
            for name in ("results.json", "results.partial.json"):
                (self.out / name).write_text(text, encoding="latin-1")
            with self.subTest(text=text[:40]):
                self.assertIn("which are damaged, are kept in", self.bench(ONE))
                kept = f"results.damaged{f'-{number}' if number > 1 else ''}.json"
                self.assertEqual(self.results()[kept], text)
                self.assertTrue(json.loads(self.results()["results.json"])["context"]["complete"])

    def test_what_is_no_regular_file_is_refused_before_the_run(self):
        """A link, a named pipe and a folder stay as they are."""
        self.out.mkdir()
        target = self.out / "target"
        target.write_text("kept")
        for make in (lambda path: path.symlink_to(target), os.mkfifo, Path.mkdir):
            results = self.out / "results.json"
            make(results)
            done = subprocess.run(self.command(ONE), capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertRegex(
                done.stderr, r"^cmm_bench: the results cannot be written .*stays as it is; give [^\n]*\n$"
            )
            self.assertEqual(target.read_text(), "kept")
            results.rmdir() if results.is_dir() and not results.is_symlink() else results.unlink()

    def test_a_folder_that_takes_no_file_is_refused_before_the_run(self):
        """Hours of rows would be lost."""
        self.out.mkdir()
        self.out.parent.chmod(0o755)
        self.out.chmod(0o555)
        other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run(
            self.command(ONE), capture_output=True, text=True, check=False, timeout=60, **other
        )
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(
            done.stderr, r"^cmm_bench: the results cannot be .*Permission denied; give [^\n]*\n$"
        )

    def test_a_skipped_row_has_what_the_tools_of_google_benchmark_read(self):
        """Times of nothing, and the reason as an error."""
        self.bench(ONE, "--quick", "--max-managed", "4MiB", rows="page_fault|kv_access")
        rows = json.loads(self.results()["results.json"])["benchmarks"]
        skipped = [row for row in rows if "skipped" in row]
        self.assertTrue(skipped)
        for row in rows:
            self.assertLessEqual({"name", "run_type", "real_time", "cpu_time", "time_unit"}, set(row))
        for row in skipped:
            self.assertTrue(row["error_occurred"])
            self.assertEqual(row["error_message"], row["skipped"])


if __name__ == "__main__":
    unittest.main()
