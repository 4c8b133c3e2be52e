"""The simulator predicts real runs of an H200, with the rows left out that its profile is fitted to."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "python"))

from cmm_report.conclusions.compare import (  # noqa: E402
    compare,
    median_error,
    scaled_by_those_beside,
    share_within,
    speeds_of_host,
)
from cmm_report.results import read  # noqa: E402

PROGRAM = os.environ["CMM_BENCH"]
RUNS = ROOT / "bench" / "results" / "h200-pcie" / "stability"
WHOLE = RUNS.parent / "results.json"
MOVED = ROOT / "bench" / "results" / "h200-pcie" / "kv_tier"
RANGES = ROOT / "bench" / "results" / "h200-pcie" / "kv_range" / "first.json"
CALIBRATED = ROOT / "bench" / "results" / "h200-pcie" / "calibrate"
# Whole runs that no page was moved in yet: to simulate such rows as well takes longer than all others.
MEASURED = ("--filter", "^(?!kv_tier)")


def still_there(rows):
    """Since these runs a trace asks the driver which stream a handle is, so its rows are others."""
    return [row for row in rows if "+trace" not in row.name]


class Prediction(unittest.TestCase):
    """The bars of the simulator's fidelity."""

    def test_h200_pcie_predicts_three_runs(self):
        """The first gave twelve rows to the profile, the others none; the last's host changed its speed."""
        with tempfile.TemporaryDirectory() as out:
            command = [PROGRAM, "--platform", "sim:h200-pcie", *MEASURED, "--out", out]
            subprocess.run(command, check=True, capture_output=True)
            simulated = read(Path(out) / "results.json")
        runs = {RUNS / "first.json": (0.055, 0.97), RUNS / "second.json": (0.055, 0.93), WHOLE: (0.08, 0.91)}
        for run, (middle, most) in runs.items():
            with self.subTest(run.name):
                held = compare(read(run), simulated)
                self.assertEqual(len(held.calibration), 12)
                rows = still_there(held.rows)
                self.assertGreater(len(rows), 470)
                self.assertLessEqual(median_error(rows), middle)
                self.assertGreaterEqual(share_within(rows, 0.35), most)
                for family, of_it in held.families().items():
                    with self.subTest(family):
                        self.assertLessEqual(median_error(still_there(of_it)), 0.15)

    def test_h200_pcie_predicts_how_pages_move(self):
        """Kernels and copy engine, alone and beside products; its figures come from a run before this one."""
        with tempfile.TemporaryDirectory() as out:
            command = [PROGRAM, "--platform", "sim:h200-pcie", "--filter", "^kv_tier", "--out", out]
            subprocess.run(command, check=True, capture_output=True)
            simulated = read(Path(out) / "results.json")
        for run in ("first", "second"):
            with self.subTest(run):
                held = compare(read(MOVED / f"{run}.json"), simulated)
                self.assertGreater(len(held.rows), 370)
                self.assertLessEqual(median_error(held.rows), 0.08)
                self.assertGreaterEqual(share_within(held.rows, 0.35), 0.90)

    def test_h200_pcie_predicts_how_pages_move_within_ranges_of_two_sizes(self):
        """Of which none of its figures comes."""
        ranges = ("--kv-range", "2GiB+2GiB", "--kv-range", "40GiB+40GiB")
        with tempfile.TemporaryDirectory() as out:
            command = [PROGRAM, "--platform", "sim:h200-pcie", "--filter", "^kv_tier.*/range:", *ranges]
            subprocess.run([*command, "--out", out], check=True, capture_output=True)
            held = compare(read(RANGES), read(Path(out) / "results.json"))
        self.assertEqual(len(held.rows), 150)
        self.assertLessEqual(median_error(held.rows), 0.05)
        self.assertGreaterEqual(share_within(held.rows, 0.35), 0.90)


H100 = ROOT / "bench" / "results" / "h100-pcie"


def calibrated(runs, out):
    """What a profile made from these runs predicts."""
    command = [PROGRAM, "--calibrate-from", *map(str, runs), "--name", "calibrated", "--out", out]
    subprocess.run(command, check=True, capture_output=True)
    command = [PROGRAM, "--platform", f"sim:{out}/profile.json", *MEASURED, "--out", out]
    subprocess.run(command, check=True, capture_output=True)
    return read(Path(out) / "results.json")


class Calibration(unittest.TestCase):
    """A profile that the command made from twelve rows, held against all others of the run."""

    def test_one_run_of_a_machine_predicts_the_next_nearly_as_well_as_a_repeat_does(self):
        """Within three points of how far the two runs are from each other."""
        first, second = (read(RUNS / f"{run}.json") for run in ("first", "second"))
        with tempfile.TemporaryDirectory() as out:
            held = compare(second, calibrated([RUNS / "first.json"], out))
        rows = still_there(held.rows)
        times = {name: row.time for name, row in first.by_name().items()}
        repeat = [abs(times[row.name] / row.measured - 1) for row in rows if row.name in times]
        self.assertLessEqual(median_error(rows), statistics.median(repeat) + 0.03)

    def test_what_calibrate_made_on_an_h200_predicts_a_whole_run_of_one_on_another_day(self):
        """Nearly as well as the profile that knows that run."""
        profile = f"sim:{CALIBRATED / 'second' / 'profile.json'}"
        with tempfile.TemporaryDirectory() as out:
            command = [PROGRAM, "--platform", profile, *MEASURED, "--out", out]
            subprocess.run(command, check=True, capture_output=True)
            held = compare(read(WHOLE), read(Path(out) / "results.json"))
        self.assertGreater(len(held.rows), 490)
        self.assertLessEqual(median_error(held.rows), 0.10)
        self.assertGreaterEqual(share_within(held.rows, 0.35), 0.88)

    def test_a_run_whose_host_changed_its_speed_predicts_one_whose_host_did_not(self):
        """One of the four calls of that run took twice as long as the others: it counts for nothing."""
        with tempfile.TemporaryDirectory() as out:
            simulated = calibrated([WHOLE], out)
        held = compare(read(RUNS / "first.json"), simulated)
        families = held.families()
        rows = still_there(held.rows)
        self.assertLessEqual(median_error(rows), 0.06)
        self.assertGreaterEqual(share_within(rows, 0.35), 0.97)
        self.assertLessEqual(median_error(still_there(families["allocate"])), 0.11)
        self.assertLessEqual(median_error(families["replay"]), 0.08)

    def test_what_calibrate_made_predicts_the_calls_of_two_other_runs(self):
        """Whatever of an H200 was measured on another day."""
        for made in ("first", "second"):
            with tempfile.TemporaryDirectory() as out:
                simulated = calibrated(sorted((CALIBRATED / made).glob("round-*.json")), out)
            for run in ("first", "second"):
                with self.subTest(f"{made} of {run}"):
                    held = compare(read(RUNS / f"{run}.json"), simulated)
                    rows = still_there(held.families()["allocate"])
                    self.assertLessEqual(median_error(rows), 0.095)
                    self.assertGreaterEqual(share_within(rows, 0.35), 0.90)

    def test_two_calibrations_of_one_machine_agree(self):
        """In the figures that each fitted to its rows."""
        profiles = (
            json.loads((CALIBRATED / made / "profile.json").read_text()) for made in ("first", "second")
        )
        first, second = ([each for each in made["figures"] if "row" in each] for made in profiles)
        apart = [abs(one["value"] / other["value"] - 1) for one, other in zip(first, second, strict=True)]
        self.assertEqual(len(apart), 12)
        self.assertLessEqual(statistics.median(apart), 0.05)
        self.assertLessEqual(max(apart), 0.25)

    def test_an_h100_is_predicted_from_its_twelve_rows(self):
        """No figure of the simulator was fitted to another row of it.

        Its host took calls at two speeds in this run, 1.8 apart, and a profile has one, the faster:
        `allocate` and `replay` are nothing but such calls.
        """
        with tempfile.TemporaryDirectory() as out:
            held = compare(read(H100 / "results.json"), calibrated([H100 / "results.json"], out))
        self.assertEqual(len(held.calibration), 12)
        rows = still_there(held.rows)
        self.assertGreaterEqual(len(rows), 500)
        self.assertLessEqual(median_error(rows), 0.07)
        self.assertGreaterEqual(share_within(rows, 0.35), 0.83)
        for family, of_it in held.families().items():
            if family not in ("all", "allocate", "replay"):
                with self.subTest(family):
                    self.assertLessEqual(median_error(of_it), 0.09)
                    self.assertGreaterEqual(share_within(of_it, 0.35), 0.93)
        with self.subTest("allocate, at the speed that its host had"):
            calls = scaled_by_those_beside([row for row in rows if row.family == "allocate"])
            self.assertLessEqual(median_error(calls), 0.06)
            self.assertGreaterEqual(share_within(calls, 0.35), 0.95)
        self.assertIsNotNone(speeds_of_host(held))

    def test_the_host_of_that_h100_changed_its_speed(self):
        """What is said of it above: a driver's call that no size changes, early in the run and late."""
        times = {name: row.time for name, row in read(H100 / "results.json").by_name().items()}
        for call in ("driver_managed_pool", "cudaMallocManaged"):
            early, late = (
                statistics.median(times[f"allocate/allocator:{call}/bytes:{size}"] for size in sizes)
                for sizes in (("64KiB", "1MiB", "2MiB"), ("64MiB", "256MiB", "1GiB"))
            )
            with self.subTest(call):
                self.assertGreater(late, 1.5 * early)

    def test_the_profiles_in_the_tree_are_what_the_command_makes(self):
        """Each from the results beside it."""
        made_from = {
            H100: "results.json",
            CALIBRATED / "first": "round-*.json",
            CALIBRATED / "second": "round-*.json",
        }
        for folder, results in made_from.items():
            kept = json.loads((folder / "profile.json").read_text())
            command = ["--calibrate-from", *map(str, sorted(folder.glob(results))), "--name", kept["name"]]
            with self.subTest(str(folder)), tempfile.TemporaryDirectory() as out:
                subprocess.run([PROGRAM, *command, "--out", out], check=True, capture_output=True)
                again = f"tools/bench {' '.join(command)} --out {folder}"
                made = json.loads((Path(out) / "profile.json").read_text())
                self.assertEqual(made, kept, f"make it anew: {again}")


if __name__ == "__main__":
    unittest.main()
