"""The programs that the package compiles when they are first run."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest


class Help(unittest.TestCase):
    """Of a program that is not compiled yet."""

    def cmm(self, *arguments, **variables):
        """Run where nobody has built one, but for what the variables say."""
        programs = ("cmm_probe", "cmm_bench")
        without = [
            folder
            for folder in os.environ["PATH"].split(":")
            if not any(pathlib.Path(folder, program).exists() for program in programs)
        ]
        unset = dict.fromkeys((f"{program.upper()}_BINARY" for program in programs), "")
        with tempfile.TemporaryDirectory() as cache:
            environment = {
                **os.environ,
                **unset,
                "PATH": ":".join(without),
                "CMM_CACHE_DIR": cache,
                **variables,
            }
            done = subprocess.run(
                [sys.executable, "-B", "-m", "cmm.cli", *arguments],
                env=environment, capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            return done, [each.name for each in pathlib.Path(cache).iterdir()]

    def test_help_does_not_wait_until_it_is_compiled(self):
        for name in ("probe", "bench"):
            for asked in (["--help"], ["-h"], ["--quick", "--help"]):
                done, kept = self.cmm(name, *asked)
                self.assertEqual((done.returncode, done.stderr, kept), (0, "", []))
                self.assertIn(f"usage: cmm {name} [OPTION]", done.stdout)
                self.assertIn("not compiled yet", done.stdout)

    def test_help_needs_no_compiler(self):
        done, _ = self.cmm("probe", "--help", CXX="no-such-compiler")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_help_of_one_that_was_built_elsewhere_is_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "program")
            program.write_text('#!/bin/sh\necho "my own $*"\n')
            program.chmod(0o755)
            done, _ = self.cmm("bench", "--help", CMM_BENCH_BINARY=str(program))
        self.assertEqual((done.returncode, done.stdout), (0, "my own --help\n"))


if __name__ == "__main__":
    unittest.main()
