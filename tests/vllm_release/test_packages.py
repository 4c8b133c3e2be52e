"""Getting the sources of vLLM's packages, from a folder of small wheels."""

import contextlib
import io
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import packages
import small_vllm as small
from cmm.errors import Error

try:
    import pip  # noqa: F401
except ImportError:
    packages_have_pip = (packages.ROOT / ".venv/bin/python").exists()
else:
    packages_have_pip = True

ABOUT = "vllm-{}.dist-info"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp38-abi3-manylinux_2_28_x86_64\n"


@unittest.skipUnless(packages_have_pip, "this Python has no pip")
class Packages(unittest.TestCase):
    """What is kept of a package, and what is refused."""

    def setUp(self):
        """Make a folder for wheels, and one for what is kept of them."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.wheels, self.kept = Path(holder.name) / "wheels", Path(holder.name) / "kept"
        self.wheels.mkdir()
        settings = {"CMM_VLLM_PACKAGES": str(self.wheels), "PIP_FIND_LINKS": ""}
        for patch in (
            mock.patch.object(packages, "KEPT", self.kept),
            mock.patch.dict("os.environ", settings),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def wheel(self, version, files=small.OLD):
        """A wheel of vLLM in the folder."""
        path = self.wheels / f"vllm-{version}-cp38-abi3-manylinux_2_28_x86_64.whl"
        about = {
            "METADATA": f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n",
            "WHEEL": WHEEL,
            "RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as packed:
            for name, text in files.items():
                packed.writestr(f"vllm/{name}", text)
            for name, text in about.items():
                packed.writestr(f"{ABOUT.format(version)}/{name}", text)

    def command(self, *arguments):
        """Run the command in this process; returns its status and all that it printed."""
        printed = io.StringIO()
        with (
            mock.patch("sys.argv", ["packages.py", *arguments]),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            return packages.main(), printed.getvalue()

    def test_only_the_files_that_are_read_are_kept(self):
        self.wheel("0.24.0", small.OLD | {"v1/_C.abi3.so": "code", "models/llama.py": "pass"})
        source = packages.sources("0.24.0")
        kept = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
        self.assertEqual(kept, set(small.OLD))
        self.assertEqual([path.name for path in self.kept.iterdir()], ["vllm-0.24.0"])

    def test_a_package_is_got_once(self):
        self.wheel("0.24.0")
        source = packages.sources("0.24.0")
        for wheel in self.wheels.iterdir():
            wheel.unlink()
        self.assertEqual(packages.sources("0.24.0"), source)

    def test_the_newest_of_a_folder_is_asked_for_each_time(self):
        for version in ("0.24.0", "0.101.0", "0.99.1"):
            self.wheel(version)
            self.assertEqual(packages.newest(), version if version != "0.99.1" else "0.101.0")

    def test_a_wheel_that_is_not_the_pinned_one_is_refused(self):
        self.wheel(packages.OLDEST)
        with self.assertRaisesRegex(Error, r"the wheel of vllm==0\.23\.0 is not the one that was pinned"):
            packages.sources(packages.OLDEST)
        self.assertEqual(list(self.kept.iterdir()), [])

    def test_a_missing_package_is_named(self):
        with self.assertRaisesRegex(
            packages.UnreachableError, r"pip could not get vllm==0\.24\.0 from the folder"
        ):
            packages.sources("0.24.0")
        status, printed = self.command("0.24.0")
        self.assertEqual((status, "could not get vllm==0.24.0" in printed), (1, True), printed)

    def test_the_command_prints_the_differences_of_each(self):
        self.wheel("0.24.0")
        self.wheel("0.25.0", small.OLD | {small.OPTIONS: ""})
        follow = "  blocks follow the requests\n"
        self.assertEqual(self.command("0.24.0"), (0, f"vLLM 0.24.0: no difference\n{follow}"))
        status, printed = self.command("0.24.0", "0.25.0")
        self.assertEqual(status, 1)
        missing = "  the command line has --worker-cls, this vLLM's has not\n"
        self.assertIn(f"vLLM 0.25.0: 4 differences\n{follow}{missing}", printed)


if __name__ == "__main__":
    unittest.main()
