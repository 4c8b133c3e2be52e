"""Builds the package from a checkout: its version is that of the C++ headers, which it carries.

With them it carries the sources of cmm_probe and cmm_bench, so that the command cmm needs no checkout.
"""

import re
import shutil
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
PROGRAMS = ("torch", "vllm", "kv", "results")  # of the bench, in Python
BENCH = sorted(
    room.name for room in (ROOT / "bench").iterdir() if room.is_dir() and room.name not in PROGRAMS
)
SOURCES = ["tools/programs/probe", *(f"bench/{room}" for room in BENCH)]


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


version = re.search(r'CMM_VERSION_STRING "([^"]+)"', (INCLUDE / "cmm" / "version.hpp").read_text())
with tempfile.TemporaryDirectory(prefix="cmm-") as folder:  # leaves the checkout as it was
    setup(
        version=version[1],
        cmdclass={"build_py": BuildWithSources},
        options={"build": {"build_base": folder}, "egg_info": {"egg_base": folder}},
    )
