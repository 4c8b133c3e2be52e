#!/usr/bin/env python3
"""Checks that .ci/run says what it leaves out where the tree is no clone, and goes on all the same.

usage: exported_tree.py [UNITTEST OPTIONS]
"""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEFT_OUT = "left out: whether the tests leave something in the tree"


class ExportedTree(unittest.TestCase):
    """A tree of .ci/run alone, in which the tests fail at once."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.tree = pathlib.Path(temporary.name).resolve()
        for name in (".ci/run", "tools/support/common.sh"):
            (self.tree / name).parent.mkdir(parents=True)
            shutil.copy(ROOT / name, self.tree / name)
        tests = self.tree / "tools/test"
        tests.write_text("#!/bin/sh\necho tried\nexit 1\n")
        tests.chmod(0o755)

    def ends(self):
        """What it prints; it ends with the failure of its first step."""
        done = subprocess.run([self.tree / ".ci/run"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("tried", done.stdout)
        self.assertIn("failed: tests", done.stderr)
        self.assertNotIn("fatal:", done.stderr)
        return done.stdout

    def test_without_a_repository_it_says_what_it_leaves_out(self):
        self.assertIn(f"{LEFT_OUT}, because {self.tree} is no clone", self.ends())

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_in_a_repository_it_leaves_nothing_out(self):
        subprocess.run(["git", "init", "--quiet", self.tree], check=True)
        self.assertNotIn(LEFT_OUT, self.ends())


if __name__ == "__main__":
    unittest.main()
