"""A simulated library under AddressSanitizer, used by several threads and by a forked child."""

import os
import shutil
import subprocess
import sys
import unittest

from adapting import AdapterTest, simulated

USER = """
import os, sys, threading
from cmm.library import Library
from cmm.location import parse_location
library, size = Library(sys.argv[1]), 3 << 20
child = os.fork()
def use():
    for round in range(50):
        blocks = [library.c.cmm_torch_allocate(size + 512 * round, 0, None) for _ in range(4)]
        library.c.cmm_torch_record_stream(blocks[0], None)
        library.prefetch(blocks[1], size, parse_location("host", 0), 0, 0)
        assert sum(library.residency(blocks[1], size, 0).values()) == size
        for block in blocks:
            library.c.cmm_torch_free(block, size + 512 * round, 0, None)
threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
library.c.cmm_torch_empty_cache()
usage = library.usage()
print(usage.live_bytes, usage.total_blocks, usage.reserved_bytes, end=";", flush=True)
if child == 0: os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


class Sanitized(AdapterTest):
    """What a C++ program under a sanitizer would see."""

    def test_finds_no_mistake(self):
        gcc = shutil.which("g++")
        if not gcc:
            self.skipTest("there is no g++, whose sanitizer can be loaded into Python")
        asked = [gcc, "-print-file-name=libasan.so"]
        runtime = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        self.environment(CXX=gcc)
        flags = (
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=all",
            "-fno-omit-frame-pointer",
            "-O0",
        )
        library = simulated(flags=flags)
        done = subprocess.run(
            [sys.executable, "-Bc", USER, str(library)],
            env=os.environ | {"LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0"},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "0 800 0;" * 2)


if __name__ == "__main__":
    unittest.main()
