"""The port of vcpkg: carried out, and its package used by a program.

Where vcpkg is not installed, the functions that a portfile calls are those of stand_in.cmake, which do what
vcpkg's documentation says of them; the port itself is the same file.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PORT = ROOT / "packaging/vcpkg/cmm"
CONSUMER = """
cmake_minimum_required(VERSION 3.22)
project(consumer LANGUAGES CXX)
find_package(cmm CONFIG REQUIRED)
add_executable(quickstart ${EXAMPLE})
target_link_libraries(quickstart PRIVATE cmm::cmm)
"""


class Vcpkg(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def run_it(self, *command):
        """What a command prints; it must succeed."""
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, check=False, cwd=self.folder
        )
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        return done.stdout

    def test_the_port_is_of_the_version_of_the_headers(self):
        header = (ROOT / "include/cmm/version.hpp").read_text()
        port = json.loads((PORT / "vcpkg.json").read_text())
        self.assertEqual(port["version"], re.search(r'CMM_VERSION_STRING "([^"]+)"', header)[1])

    def use(self, prefix):
        """Build and run the quickstart against an installed package."""
        (self.folder / "CMakeLists.txt").write_text(CONSUMER)
        example = ROOT / "examples/quickstart.cpp"
        settings = [f"-DEXAMPLE={example}", f"-DCMAKE_PREFIX_PATH={prefix}"]
        self.run_it("cmake", "-G", "Ninja", "-S", ".", "-B", "consumer", *settings)
        self.run_it("cmake", "--build", "consumer")
        self.assertIn("before anything has touched them", self.run_it("consumer/quickstart"))

    def test_the_portfile_makes_a_package_that_a_program_uses(self):
        prefix = self.folder / "package"
        self.run_it(
            "cmake",
            f"-DCURRENT_PACKAGES_DIR={prefix}",
            f"-DCURRENT_BUILDTREES_DIR={self.folder / 'trees'}",
            f"-DPORTFILE={PORT / 'portfile.cmake'}",
            "-P",
            HERE / "stand_in.cmake",
        )
        for file in (
            "include/cmm/cmm.hpp",
            "share/cmm/cmmConfig.cmake",
            "share/cmm/copyright",
            "share/cmm/usage",
        ):
            self.assertTrue((prefix / file).is_file(), file)
        self.assertFalse((prefix / "lib").exists())
        self.use(prefix)

    @unittest.skipUnless(shutil.which("vcpkg"), "vcpkg is not installed")
    def test_vcpkg_itself_installs_the_port(self):
        root = self.folder / "installed"
        self.run_it(
            "vcpkg",
            "install",
            "cmm",
            "--classic",
            f"--overlay-ports={PORT.parent}",
            f"--x-install-root={root}",
        )
        triplet = next(each for each in os.listdir(root) if "-linux" in each)
        self.use(root / triplet)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
