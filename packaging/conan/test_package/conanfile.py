"""Builds and runs a program against the package."""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class CmmTest(ConanFile):
    """The example of the first page, on a simulated machine."""

    settings = "os", "compiler", "build_type", "arch"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        """The package under test."""
        self.requires(self.tested_reference_str)

    def layout(self):
        """Where CMake builds."""
        cmake_layout(self)

    def build(self):
        """Compile it."""
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        """Run it."""
        if can_run(self):
            self.run(os.path.join(self.cpp.build.bindir, "quickstart"), env="conanrun")
