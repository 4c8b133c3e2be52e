"""The random steps again, by a library under AddressSanitizer and UndefinedBehaviorSanitizer."""

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from cmm.building.cache import cache_folder
from cmm.building.compiler import find_compiler
from cmm.kv.building import compiled
from kv_testing import PLATFORM, KvTest


def _file_of(gcc, name):
    asked = [gcc, f"-print-file-name={name}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


class Sanitized(KvTest):
    """What a C++ program under a sanitizer would see."""

    def test_finds_no_mistake(self):
        gcc = shutil.which("g++")
        if not gcc or not PLATFORM.startswith("sim:"):
            self.skipTest("it takes g++, whose sanitizer can be loaded into Python, and a simulated machine")
        # The sanitizer looks for what throws exceptions when it is loaded, so that comes along.
        runtimes = " ".join(_file_of(gcc, name) for name in ("libasan.so", "libstdc++.so"))
        flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O0")
        path = compiled(PLATFORM, cache=cache_folder(), compiler=find_compiler(gcc), flags=flags)
        environment = {
            "LD_PRELOAD": runtimes,
            "ASAN_OPTIONS": "detect_leaks=0",
            "CMM_KV_LIBRARY": str(path),
            "CMM_KV_STEPS": "100",
        }
        done = subprocess.run(
            [sys.executable, "-Bm", "unittest", "test_moves", "test_bad_input", "test_range"],
            cwd=Path(__file__).parent,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertIn("OK", done.stderr)


if __name__ == "__main__":
    unittest.main()
