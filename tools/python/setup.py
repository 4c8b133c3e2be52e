"""Builds the package from a checkout: its version is that of the C++ headers, which it carries.

With them it carries the sources of cmm_probe and cmm_bench, so that the command cmm needs no checkout, and
two recorded machines.
A source distribution carries them in `tree`, and is built like a checkout.
"""

import re
import shutil
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
ROOT = HERE / "tree" if (HERE / "tree").is_dir() else HERE.parents[1]
INCLUDE = ROOT / "include"
PROGRAMS = ("torch", "vllm", "kv", "results")  # of the bench, in Python
BENCH = sorted(
    room.name for room in (ROOT / "bench").iterdir() if room.is_dir() and room.name not in PROGRAMS
)
MACHINES = ("gh200-480", "h200-pcie")  # recorded, for plans where there is no such GPU
SOURCES = [
    "tools/programs/probe",
    *(f"bench/{room}" for room in BENCH),
    *(f"tests/machines/{name}" for name in MACHINES),
]


class BuildWithSources(build_py):
    """Copies headers and sources into the package; an editable install reads them in the checkout."""

    def run(self):
        """Build the modules, then copy."""
        super().run()
        if self.editable_mode:
            return
        package = Path(self.build_lib) / "cmm"
        shutil.copytree(INCLUDE / "cmm", package / "include" / "cmm", dirs_exist_ok=True)
        for folder in SOURCES:
            shutil.copytree(ROOT / folder, package / "source" / folder, dirs_exist_ok=True)


class SdistWithSources(sdist):
    """Adds what is built from outside of this folder."""

    def make_release_tree(self, base_dir, files):
        """The files of the package, then the tree."""
        super().make_release_tree(base_dir, files)
        for folder in ("include/cmm", *SOURCES):
            shutil.copytree(ROOT / folder, Path(base_dir) / "tree" / folder, dirs_exist_ok=True)


version = re.search(r'CMM_VERSION_STRING "([^"]+)"', (INCLUDE / "cmm" / "version.hpp").read_text())
with tempfile.TemporaryDirectory(prefix="cmm-") as folder:  # leaves the checkout as it was
    setup(
        version=version[1],
        cmdclass={"build_py": BuildWithSources, "sdist": SdistWithSources},
        options={"build": {"build_base": folder}, "egg_info": {"egg_base": folder}},
    )
