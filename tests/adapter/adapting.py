"""What the tests of the adapter share: folders, libraries made for a test, and refusals."""

import contextlib
import importlib
import io
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import cmm
from cmm import abi
from cmm.adapter import run
from cmm.building import headers
from cmm.building.allocator_library import plan
from cmm.building.cache import cache_folder
from cmm.building.compiler import find_compiler
from cmm.errors import Error

RECIPE = "managed | threshold_prefetch{.below = 2_GiB} | pool | stats"
LIMITED = "managed | threshold_prefetch | limit{1GiB} | pool | stats"
MIB = 1 << 20
PROFILE = Path(__file__).resolve().parents[2] / "bench/results/h100-pcie/profile.json"


class AdapterTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        """Make the folder."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def adapter(self, *arguments):
        """Run the command in this process; returns what it printed."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            run([str(argument) for argument in arguments])
        return printed.getvalue()

    def assert_refused(self, words, call, *arguments, **named):
        """The call is refused in one sentence that has these words."""
        with self.assertRaises(Error) as refused:
            call(*arguments, **named)
        message = str(refused.exception)
        for word in words:
            self.assertIn(word, message)
        self.assertNotIn("\n", message)

    def environment(self, **variables):
        """Set variables of the environment for this test; None removes one."""
        patch = mock.patch.dict(
            os.environ, {name: value for name, value in variables.items() if value is not None}
        )
        patch.start()
        self.addCleanup(patch.stop)
        for name in (name for name, value in variables.items() if value is None):
            os.environ.pop(name, None)

    def stub(
        self,
        name="libstub.so",
        *,
        left_out=(),
        mark="cmmtorch",
        abi_version=abi.ABI_VERSION,
        version=cmm.__version__,
        caches=1,
        flags=(),
    ):
        """A library with the functions of abi.hpp that do nothing, and something wrong with it."""
        exports = self.folder / f"{name}.map"
        exports.write_text(f"{{ global: cmm_torch_*; local: {'; '.join([*left_out, '*'])}; }};")
        says = {"MARK": f'"{mark}"', "ABI": abi_version, "VERSION": f'"{version}"', "CACHES": caches}
        options = ["-std=c++20", "-fPIC", "-shared", "-I", str(headers.include_folder())]
        options += [f"-DSTUB_{what}={value}" for what, value in says.items()]
        options += [f"-Wl,--version-script={exports}", "-o", str(self.folder / name)]
        find_compiler().run([*options, str(Path(__file__).parent / "stub.cpp"), *flags], "a stub")
        exports.unlink()
        return self.folder / name


def simulated(recipe=RECIPE, profile="gh200-480", flags=("-O0",)):
    """A library of a simulated machine, from the cache; not optimized, which halves the time to make it."""
    made = plan(
        recipe, platform=f"sim:{profile}", cache=cache_folder(), compiler=find_compiler(), flags=flags
    )
    return made.cached()


def need(module, tests):
    """Import a module; without it, end the program with the status that CTest takes for a skipped test."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        print(f"left out: {tests}, because {module} cannot be imported: {error}")
        sys.exit(77)
