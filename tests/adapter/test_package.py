"""pip install tools/python: the installed package carries what it compiles and leaves the checkout alone."""

import subprocess
import sys
import unittest
from pathlib import Path

from adapting import RECIPE, AdapterTest, need
from cmm.building import headers

for module in ("setuptools", "wheel", "pip"):
    need(module, "the installed package")
ROOT = Path(__file__).parents[2]


class Package(AdapterTest):
    """The package away from the checkout."""

    def setUp(self):
        """Install it into a folder, without the network."""
        super().setUp()
        before = self.checkout()
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps"]
        command += ["--no-index", "--disable-pip-version-check", "--target", str(self.folder / "site")]
        done = subprocess.run(
            [*command, str(ROOT / "tools/python")], capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.checkout(), before)

    @staticmethod
    def checkout():
        """The files beside setup.py."""
        return {path for path in (ROOT / "tools/python").rglob("*") if "__pycache__" not in path.parts}

    def test_builds_an_allocator_from_its_own_headers(self):
        site = self.folder / "site"
        carried = {path.relative_to(site / "cmm/include") for path in (site / "cmm/include").rglob("*.hpp")}
        self.assertEqual(
            carried, {path.relative_to(ROOT / "include") for path in (ROOT / "include").rglob("*.hpp")}
        )
        self.assertTrue((site / "cmm/py.typed").is_file())
        self.assertTrue((site / "cmm_report/templates/report.html.j2").is_file())
        self.assertTrue((site / f"cmm-{headers.version()}.dist-info").is_dir())

        self.environment(PYTHONPATH=str(site))
        out = self.folder / "libcmm.so"
        command = [
            sys.executable,
            "-B",
            "-m",
            "cmm.adapter",
            "--recipe",
            RECIPE,
            "--platform=sim:gb10",
            "-o",
            str(out),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(out.is_file())


if __name__ == "__main__":
    unittest.main()
