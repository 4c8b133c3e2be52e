"""Every preset configures, and clang++ compiles the library and the examples with the warnings of its preset.

The tests are built by few of the presets; a preset that nobody runs is one that does not work.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Presets(unittest.TestCase):
    def test_every_preset_configures(self):
        """In a folder of its own; those with CUDA too where there is a toolkit."""
        presets = json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
        for preset in presets:
            if preset.get("hidden"):
                continue
            settings = ["-DCMM_CUDA=OFF"]  # what nvcc compiles is the other presets' part
            if preset["name"] == "clang" and not shutil.which("clang++"):
                continue
            with self.subTest(preset["name"]), tempfile.TemporaryDirectory() as folder:
                done = run("cmake", "--preset", preset["name"], "-S", str(ROOT), "-B", folder, *settings)
                self.assertEqual(done.returncode, 0, done.stderr)

    @unittest.skipUnless(shutil.which("clang++"), "clang++ is not installed")
    def test_clang_warns_of_nothing(self):
        """All that a program can instantiate, and the examples; each header is with layout.header_orders."""
        headers = ("python/exports", "python/on_sim", "torch/sim")
        source = "".join(f"#include <cmm/{header}.hpp>\n" for header in headers)
        recipe = "cmm::managed{} | cmm::limit{} | cmm::pool{}"
        source += f'CMM_TORCH_ALLOCATOR_ON(cmm::torch::on_sim{{"gh200-480"}}, {recipe});\n'
        source += 'CMM_KV_LIBRARY(cmm::python::on_sim{"gh200-480"});\n'
        with tempfile.TemporaryDirectory() as folder:
            libraries = pathlib.Path(folder) / "libraries.cpp"
            libraries.write_text(source)
            for path in [libraries, *sorted((ROOT / "examples").glob("*.cpp"))]:
                with self.subTest(path.name):
                    done = run(
                        "clang++", "-std=c++20", "-fsyntax-only", *WARNINGS, f"-I{ROOT}/include", str(path)
                    )
                    self.assertEqual(done.returncode, 0, done.stderr[:2000])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
