"""Builds the package from a checkout: its version is that of the C++ headers, which it carries."""

import re
import shutil
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

INCLUDE = Path(__file__).resolve().parents[2] / "include"


class BuildWithHeaders(build_py):
    """Copies the headers into the package; an editable install reads them in the checkout."""

    def run(self):
        """Build the modules, then copy."""
        super().run()
        if not self.editable_mode:
            shutil.copytree(
                INCLUDE / "cmm", Path(self.build_lib) / "cmm" / "include" / "cmm", dirs_exist_ok=True
            )


version = re.search(r'CMM_VERSION_STRING "([^"]+)"', (INCLUDE / "cmm" / "version.hpp").read_text())
with tempfile.TemporaryDirectory(prefix="cmm-") as folder:  # leaves the checkout as it was
    setup(
        version=version[1],
        cmdclass={"build_py": BuildWithHeaders},
        options={"build": {"build_base": folder}, "egg_info": {"egg_base": folder}},
    )
