"""Several servers on one host share no folder of metrics, and what dead ones left is removed."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from cmm.errors import Error
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
        mine = self.folder / "mine"
        mine.mkdir()
        told = {VARIABLE: str(mine)}
        share_metrics(told)
        self.assertEqual(told, {VARIABLE: str(mine)})
        self.assertEqual(list(self.folder.iterdir()), [mine])

    def serve(self, folder):
        """A process that takes a folder, becomes another program, and stays until its input ends."""
        program = (
            "import os, sys\nfrom cmm.vllm.asked.metrics_folder import share_metrics\n"
            f"from cmm.errors import Error\ntry:\n    share_metrics({{{VARIABLE!r}: {str(folder)!r}}})\n"
            "except Error as refused:\n    sys.exit(str(refused))\n"
            "os.execvp('sh', ['sh', '-c', 'echo ready; read line'])"
        )
        started = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(started.communicate)
        return started

    def test_two_servers_are_refused_one_folder_until_the_first_ends(self):
        first = self.serve(self.folder)
        self.assertEqual(first.stdout.readline(), "ready\n")
        _, said = self.serve(self.folder).communicate()
        self.assertIn("in which another server counts already", said)
        self.assertIn("give each a folder of its own", said)
        first.communicate()
        third = self.serve(self.folder)
        self.assertEqual(third.stdout.readline(), "ready\n")

    def test_a_folder_that_cannot_be_is_refused(self):
        for name in ("absent", "file"):
            (self.folder / "file").write_text("")
            with self.assertRaisesRegex(Error, "is no folder; make it"):
                share_metrics({VARIABLE: str(self.folder / name)})
        link = self.folder / "cmm-server.lock"
        link.symlink_to(self.folder / "elsewhere")
        with self.assertRaisesRegex(Error, "cannot be written"):
            share_metrics({VARIABLE: str(self.folder)})
        self.assertFalse((self.folder / "elsewhere").exists())

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
