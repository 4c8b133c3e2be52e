"""What stands in bench/results is whole, and the simulated part is what this version predicts."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ["CMM_BENCH"]
RESULTS = Path(__file__).resolve().parents[2] / "bench" / "results"


def load(path):
    """Read a results file."""
    return json.loads(path.read_text())


def times(result):
    """The median of each row that has one, but where real threads decide the order of calls."""
    return {
        row["name"]: row["p50_ns"]
        for row in result["benchmarks"]
        if "p50_ns" in row and "_threads" not in row["name"]
    }


class CommittedResults(unittest.TestCase):
    """Each file under bench/results."""

    def test_every_file_is_a_complete_run_without_failures(self):
        """Of this schema, with the machine in it."""
        files = list(RESULTS.rglob("*.json"))
        self.assertTrue(files)
        for path in files:
            if path.name in ("recommendation.json", "profile.json"):
                continue
            with self.subTest(path.parent.name):
                result = load(path)
                self.assertEqual(result["context"]["schema"], "cmm-bench 2")
                self.assertTrue(result["context"]["complete"])
                self.assertIn("platform", result["context"]["machine"])
                failed = [
                    row for row in result["benchmarks"] if "error_message" in row and "skipped" not in row
                ]
                self.assertFalse(failed)
                beyond = [row["name"] for row in result["benchmarks"] if row.get("limit_ratio", 0) > 1.001]
                self.assertFalse(beyond, "faster than their limit")
                wrong = [row["name"] for row in result["benchmarks"] if row.get("limit_beaten", 0) > 1.15]
                self.assertFalse(wrong, "their limit was measured badly")

    def test_simulated_results_are_those_of_this_version(self):
        """A changed profile or case needs its results made anew."""
        simulated = [
            path
            for path in RESULTS.glob("*/results.json")
            if load(path)["context"]["machine"]["platform"].startswith("sim:")
        ]
        self.assertTrue(simulated)
        for path in simulated:
            with self.subTest(path.parent.name), tempfile.TemporaryDirectory() as out:
                kept = load(path)
                platform = kept["context"]["machine"]["platform"]
                subprocess.run(
                    [PROGRAM, "--platform", platform, "--out", out], check=True, capture_output=True
                )
                now = load(Path(out) / "results.json")
                again = f"tools/bench --platform {platform} --no-report --out {path.parent}"
                self.assertEqual(times(now), times(kept), f"make it anew: {again}")
                self.assertEqual(now["context"]["profile"], kept["context"]["profile"])


if __name__ == "__main__":
    unittest.main()
