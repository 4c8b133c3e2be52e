"""What workers count, as a server of vLLM collects it: from the files of other processes."""

import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "docker" / "grafana-dashboard.json"
COUNTED = {
    "live": 5,
    "idle": 3,
    "remote": 2,
    "bytes_up": 4096,
    "bytes_down": 1024,
    "read": 20,
    "read_remote": 5,
}

WORKER = """
import json, os, sys
from cmm.vllm.worker.metrics import Metrics
now = [0.0]
metrics = Metrics("model", 0, int(sys.argv[1]), clock=lambda: now[0])
for second, counted, *found in json.loads(sys.argv[2]):
    now[0] = second
    metrics.update(counted, *found)
if os.environ.get("KILLED"):
    os.kill(os.getpid(), 9)
"""
SERVER = """
from prometheus_client import CollectorRegistry, generate_latest, multiprocess
registry = CollectorRegistry()
multiprocess.MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


class MetricsCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": folder.name}

    def process(self, program, *arguments):
        done = subprocess.run(
            [sys.executable, "-Bc", textwrap.dedent(program), *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def worker(self, rank, *updates):
        self.process(WORKER, rank, json.dumps(updates))

    def shown(self):
        """Values by name and labels, without those that are the same in all."""
        found = {}
        for line in self.process(SERVER).splitlines():
            match = re.fullmatch(r"(\w+)\{(.*)\} (\S+)", line)
            if match:
                labels = dict(re.findall(r'(\w+)="([^"]*)"', match[2]))
                self.assertEqual((labels.pop("model_name"), labels.pop("engine")), ("model", "0"))
                found[(match[1], *labels.values())] = float(match[3])
        return found


class Shown(MetricsCase):
    def test_each_rank_has_its_own(self):
        self.worker(0, (0, COUNTED, 7, 4, 512))
        self.worker(1, (0, {**COUNTED, "live": 6}, 8, 0))
        shown = self.shown()
        self.assertEqual(shown["cmm_kv_pages", "0", "live"], 5)
        self.assertEqual(shown["cmm_kv_pages", "1", "live"], 6)
        self.assertEqual(shown["cmm_kv_pages", "0", "idle"], 3)
        self.assertEqual(shown["cmm_kv_pages", "0", "remote"], 2)
        self.assertEqual(shown["cmm_kv_bytes_total", "up", "0"], 4096)
        self.assertEqual(shown["cmm_kv_bytes_total", "down", "0"], 1024)
        self.assertEqual(shown["cmm_kv_bytes_total", "staged", "0"], 512)
        self.assertEqual((shown["cmm_kv_hits_total", "1"], shown["cmm_kv_hits_brought_total", "1"]), (8, 0))
        self.assertEqual((shown["cmm_kv_hits_total", "0"], shown["cmm_kv_hits_brought_total", "0"]), (7, 4))
        self.assertEqual(shown["cmm_kv_reads_total", "beyond", "0"], 5)
        self.assertEqual(shown["cmm_kv_reads_total", "hbm", "0"], 15)

    def test_a_rank_that_was_killed_takes_nothing_from_the_others(self):
        self.environment["KILLED"] = "1"
        with self.assertRaises(AssertionError):
            self.worker(0, (0, COUNTED, 7, 4))
        del self.environment["KILLED"]
        self.worker(1, (0, {**COUNTED, "live": 6}, 8, 0))
        shown = self.shown()
        self.assertEqual((shown["cmm_kv_pages", "0", "live"], shown["cmm_kv_pages", "1", "live"]), (5, 6))

    def test_totals_are_counted_once(self):
        twice = {**COUNTED, "bytes_up": 5000}
        self.worker(0, (0, COUNTED, 7, 4), (1, twice, 9, 4), (2, twice, 9, 4))
        shown = self.shown()
        self.assertEqual(shown["cmm_kv_bytes_total", "up", "0"], 5000)
        self.assertEqual(shown["cmm_kv_hits_total", "0"], 9)

    def test_the_share_is_that_of_the_last_minute(self):
        reads = [
            (second, {**COUNTED, "read": 100 * second, "read_remote": 100 * second}, 0, 0)
            for second in range(50)
        ]
        read, remote = reads[-1][1]["read"], reads[-1][1]["read_remote"]
        self.worker(0, *reads)
        self.assertEqual(self.shown()["cmm_kv_remote_share", "0"], 1.0)
        later = [
            (49 + second, {**COUNTED, "read": read + 100 * second, "read_remote": remote + 25 * second}, 0, 0)
            for second in range(0, 70, 1)
        ]
        self.worker(0, *reads, *later)
        self.assertAlmostEqual(self.shown()["cmm_kv_remote_share", "0"], 0.25, places=2)

    def test_nothing_read_is_no_share(self):
        self.worker(0, (0, {**COUNTED, "read": 0, "read_remote": 0}, 0, 0))
        self.assertEqual(self.shown()["cmm_kv_remote_share", "0"], 0.0)


class Dashboard(MetricsCase):
    """docker/grafana-dashboard.json asks for metrics that there are, by labels that they have."""

    def asked(self):
        board = json.loads(DASHBOARD.read_text())
        return [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]

    def test_every_metric_in_it_exists_and_every_metric_is_in_it(self):
        self.worker(0, (0, COUNTED, 7, 4))
        there = {name for name, *_ in self.shown() if not name.endswith("_created")}
        asked = set(re.findall(r"\bcmm_\w+", " ".join(self.asked())))
        self.assertEqual(asked, there)

    def test_every_panel_asks_for_something_and_has_a_place_of_its_own(self):
        board = json.loads(DASHBOARD.read_text())
        places = set()
        for panel in board["panels"]:
            self.assertTrue(panel["targets"], panel["title"])
            at = panel["gridPos"]
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            self.assertFalse(places & cells, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            places |= cells
        self.assertEqual(len({panel["id"] for panel in board["panels"]}), len(board["panels"]))

    def test_labels_are_those_of_the_metrics(self):
        used = set(re.findall(r"(\w+)=~?\"", " ".join(self.asked())))
        self.assertLessEqual(used, {"model_name", "engine", "rank", "state", "direction", "place"})


if __name__ == "__main__":
    unittest.main()
