"""The package away from its checkout: a wheel carries what the command cmm is compiled from."""

import concurrent.futures
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MACHINE = ROOT / "tests/machines/gh200-480"
SCRIPT = "import sys; from cmm.cli import main; sys.exit(main())"


def wheel_in(folder, source=ROOT / "tools/python"):
    """The wheel of a tree, by pip; None and the reason where pip or the network is missing."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check"]
    if all(importlib.util.find_spec(name) for name in ("setuptools", "wheel")):
        command += ["--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*command, "--wheel-dir", folder, source], capture_output=True, text=True, check=False
    )
    found = list(Path(folder).glob("cmm-*.whl"))
    if found:
        return found[0], ""
    said = done.stderr.strip()
    unreachable = re.search(
        r"No module named pip|Could not find a version|Connection|Temporary failure", said
    )
    if not unreachable:
        raise AssertionError(said[-3000:])
    return None, said.splitlines()[-1]


class Wheel(unittest.TestCase):
    """One wheel, unpacked for all tests of it."""

    @classmethod
    def setUpClass(cls):
        """Make and unpack it."""
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        wheel, reason = wheel_in(cls.folder)
        if not wheel:
            raise unittest.SkipTest(f"no wheel can be made here: {reason}")
        cls.name = wheel.name
        cls.site = cls.folder / "site"
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(cls.site)
        (cls.folder / "elsewhere").mkdir()

    def command(self, *arguments, status=0, script=SCRIPT, **variables):
        """What `cmm` prints, run from another folder with nothing of the checkout in sight."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(self.site)}
        environment |= {
            "PYTHONDONTWRITEBYTECODE": "1",
            "CMM_CACHE_DIR": str(self.folder / "cache"),
            "CUDA_HOME": str(self.folder),  # no toolkit: half of the time
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder / "elsewhere",
            env=environment,
        )
        self.assertEqual(done.returncode, status, done.stdout[-1000:] + done.stderr[-2000:])
        return done.stdout + done.stderr

    def test_it_is_of_the_version_of_the_headers(self):
        header = (ROOT / "include/cmm/version.hpp").read_text()
        version = re.search(r'CMM_VERSION_STRING "([^"]+)"', header)[1]
        self.assertEqual(self.command("--version"), f"cmm {version}\n")
        self.assertTrue(self.name.startswith(f"cmm-{version}-"))

    def test_its_page_is_its_long_description(self):
        (metadata,) = self.site.glob("cmm-*.dist-info/METADATA")
        self.assertIn((ROOT / "tools/python/README.md").read_text(), metadata.read_text())

    @unittest.skipUnless(importlib.util.find_spec("setuptools"), "setuptools is not installed")
    def test_a_source_distribution_carries_what_a_wheel_is_made_of(self):
        """Made in the checkout, unpacked elsewhere, and there built like the checkout."""
        made = self.folder / "source"
        subprocess.run(
            [sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", made],
            check=True, capture_output=True, cwd=ROOT / "tools/python",
        )  # fmt: skip
        shutil.unpack_archive(next(made.glob("cmm-*.tar.gz")), made)
        wheel, reason = wheel_in(made, next(each for each in made.iterdir() if each.is_dir()))
        self.assertTrue(wheel, reason)
        with zipfile.ZipFile(wheel) as packed:
            carried = set(packed.namelist())
        here = {str(each.relative_to(self.site)) for each in self.site.rglob("*") if each.is_file()}
        self.assertEqual({each for each in carried if not each.endswith("/")}, here)

    def test_a_report_without_its_packages_says_which(self):
        results = ROOT / "bench/results/h200-pcie/results.json"
        block = "import sys; sys.modules['jinja2'] = None; from cmm.cli import main; sys.exit(main())"
        said = self.command("report", results, "--out", self.folder / "page", status=2, script=block)
        self.assertEqual(
            said,
            "cmm report: the page needs jinja2, which this Python has not; install it with pip install "
            "matplotlib Jinja2\n",
        )

    def test_a_probe_is_compiled_from_it_once_and_serve_finds_it(self):
        asked = ("--root", MACHINE)
        by = {"CXX": os.environ["CXX"]} if os.environ.get("CXX") else {}
        first = self.command("probe", *asked, **by)
        self.assertIn("compiling cmm_probe", first)
        self.assertIn("GPU 0: NVIDIA GH200 480GB", first)
        again = self.command("probe", *asked, **by)
        self.assertNotIn("compiling", again)
        for known in ("gh200-480", "h200-pcie"):
            planned = self.command("serve", "MODEL", "--dry-run", "--root", known, **by)
            self.assertIn("Plan for GPU 0: NVIDIA", planned)
        plan = self.command("serve", "MODEL", "--dry-run", *asked, **by)
        self.assertIn("Plan for GPU 0: NVIDIA GH200 480GB", plan)
        self.assertNotIn("compiling", plan)

    def test_an_allocator_is_compiled_from_it(self):
        made = self.folder / "libcmm.so"
        asked = ("adapter", "--recipe", "managed | stats", "--platform", "sim:gh200-480", "--flags=-O0")
        self.command(*asked, "-o", made)
        self.assertTrue(made.is_file())

    def test_every_source_of_the_bench_finds_what_it_includes(self):
        """Preprocessed alone; the same sources are compiled as cmm_bench elsewhere."""
        source = self.site / "cmm/source"
        files = sorted(source.glob("bench/*/*.cpp"))
        self.assertGreater(len(files), 8)
        compiler = os.environ.get("CXX") or "g++"
        options = ["-std=c++20", "-fsyntax-only", "-w", "-M", f"-I{self.site / 'cmm/include'}"]

        def told(file):
            command = [*compiler.split(), *options, str(file)]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for file, done in zip(files, pool.map(told, files), strict=True):
                with self.subTest(file.name):
                    self.assertEqual(done.returncode, 0, done.stderr[:500])
                    self.assertNotIn(str(ROOT / "bench"), done.stdout)

    def test_what_is_missing_is_named_with_the_package_that_brings_it(self):
        compiler = self.folder / "bare"
        compiler.write_text(
            '#!/bin/sh\n[ "$1" = --version ] && exec g++ --version\nexec g++ -nostdinc -I. "$@"\n'
        )
        compiler.chmod(0o755)
        said = self.command("bench", status=1, CXX=str(compiler))
        self.assertIn("apt-get install libcli11-dev nlohmann-json3-dev libbenchmark-dev", said)
        self.assertEqual(said.count("\n"), 1)
        said = self.command("probe", status=1, CMM_PROBE_BINARY="/nowhere/cmm_probe")
        self.assertIn("CMM_PROBE_BINARY names '/nowhere/cmm_probe', which is no program", said)

    def test_words_of_the_command_are_its_own(self):
        self.assertIn("cmm has no command 'bemch'", self.command("bemch", status=2))
        self.assertIn("cmm needs a command", self.command(status=2))
        self.assertIn("usage: cmm report", self.command("report", "--help"))
        said = self.command("report", "nothing.json", status=2)
        self.assertIn("cmm report: nothing.json cannot be read", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
