"""The recipe of Conan 2 for the headers; the sources are those of the tree that it lies in."""

import re
from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain
from conan.tools.files import copy


class CmmRecipe(ConanFile):
    """Installs what `cmake --install` does, and lets CMake find the package's own configuration."""

    name = "cmm"
    description = "Allocation policies for CUDA managed memory, and KV caches over two memories"
    license = "Apache-2.0"
    topics = ("cuda", "memory", "llm", "header-only")
    package_type = "header-library"
    settings = "os", "compiler", "build_type", "arch"
    no_copy_source = True

    def _tree(self):
        return Path(self.recipe_folder).resolve().parents[1]

    def set_version(self):
        """The version of the headers."""
        text = (self._tree() / "include/cmm/version.hpp").read_text()
        self.version = re.search(r'CMM_VERSION_STRING "([^"]+)"', text)[1]

    def export_sources(self):
        """What an installation is made of."""
        for pattern in ("include/*", "tools/cmake/*", "CMakeLists.txt", "LICENSE"):
            copy(self, pattern, self._tree(), self.export_sources_folder)

    def validate(self):
        """C++20."""
        check_min_cppstd(self, 20)

    def generate(self):
        """The library alone."""
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "BENCH", "EXAMPLES", "PROBE", "CUDA"):
            toolchain.cache_variables[f"CMM_{part}"] = "OFF"
        toolchain.generate()

    def build(self):
        """Nothing is compiled."""
        CMake(self).configure()

    def package(self):
        """Headers, CMake's files and the licence."""
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, str(Path(self.package_folder) / "licenses"))

    def package_id(self):
        """One package for all compilers."""
        self.info.clear()

    def package_info(self):
        """The project's own configuration, which brings cmm::cuda where there is a toolkit."""
        self.cpp_info.bindirs = self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs.append("lib/cmake/cmm")
