"""The recipe of Conan makes a package of this tree, against which a program is built and run."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "packaging/conan"


def find_conan():
    """Conan 2 of the PATH or of .venv."""
    for candidate in (shutil.which("conan"), ROOT / ".venv/bin/conan"):
        if not candidate or not os.access(candidate, os.X_OK):
            continue
        asked = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if asked.stdout.startswith("Conan version 2."):
            return str(candidate)
    return None


class Conan(unittest.TestCase):
    def test_the_program_of_the_recipe_is_the_example_of_the_page(self):
        """It is a copy, since a recipe is carried away without the tree."""
        kept = (RECIPE / "test_package/quickstart.cpp").read_text()
        self.assertEqual(kept, (ROOT / "examples/quickstart.cpp").read_text())

    @unittest.skipUnless(find_conan(), "Conan 2 is not installed (pip install conan)")
    def test_a_package_is_made_and_used(self):
        """In a home of its own, with nothing from a remote."""
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "CONAN_HOME": folder}

            def conan(*arguments):
                done = subprocess.run(
                    [find_conan(), *arguments], capture_output=True, text=True, check=False, env=environment
                )
                self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-4000:])
                return done.stdout + done.stderr

            conan("profile", "detect")
            work = Path(folder) / "recipe/packaging"
            shutil.copytree(RECIPE, work / "conan")  # its test program is built beside it
            for part in ("include", "tools/cmake"):
                shutil.copytree(ROOT / part, work.parent / part)
            for part in ("CMakeLists.txt", "LICENSE"):
                shutil.copy(ROOT / part, work.parent / part)
            standard = ["-s", "compiler.cppstd=20", "-s:b", "compiler.cppstd=20"]
            said = conan("create", str(work / "conan"), "--no-remote", *standard)
            self.assertIn("in the memory of the GPU before anything has touched them", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
