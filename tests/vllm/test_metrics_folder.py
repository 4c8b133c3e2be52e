"""Several servers on one host share no folder of metrics, and what dead ones left is removed."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from cmm.vllm.asked.metrics_folder import share_metrics

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        patched = mock.patch.object(tempfile, "gettempdir", lambda: folder.name)
        patched.start()
        self.addCleanup(patched.stop)

    def test_each_server_has_its_own(self):
        told = [{}, {}]
        for each in told:
            share_metrics(each)
        self.assertNotEqual(told[0][VARIABLE], told[1][VARIABLE])
        for each in told:
            made = Path(each[VARIABLE])
            self.assertEqual((made.parent, made.is_dir()), (self.folder, True))
            self.assertTrue(made.name.startswith(f"cmm-metrics-{os.getpid()}-"))

    def test_one_that_the_user_named_stays(self):
        told = {VARIABLE: "/mine"}
        share_metrics(told)
        self.assertEqual(told, {VARIABLE: "/mine"})
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_what_a_dead_server_left_is_removed_and_nothing_else(self):
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        (self.folder / f"cmm-metrics-{gone.pid}-x").mkdir()
        (self.folder / f"cmm-metrics-{gone.pid}-x" / "gauge_1.db").write_text("")
        kept = [self.folder / f"cmm-metrics-{os.getppid()}-x", self.folder / "cmm-metrics-of-mine"]
        for each in kept:
            each.mkdir()
        told = {}
        share_metrics(told)
        self.assertEqual(sorted(self.folder.iterdir()), sorted([*kept, Path(told[VARIABLE])]))


if __name__ == "__main__":
    unittest.main()
