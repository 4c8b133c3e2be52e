"""The command as its users meet it: recipes, recommendations, what it refuses and what it leaves behind."""

import subprocess
import sys
import unittest
from pathlib import Path

from adapting import PROFILE, RECIPE, AdapterTest
from cmm.building.toolkit import find_toolkit
from cmm.errors import Error

RECOMMENDATION = Path(__file__).parents[2] / "bench/results/h200-pcie/recommendation.txt"
SIM = "--platform=sim:gh200-480"


class Command(AdapterTest):
    """tools/adapter."""

    def test_writes_a_few_lines_of_cpp_for_a_recipe(self):
        printed = self.adapter("--recipe", RECIPE, SIM, "--print-source")
        self.assertEqual(printed.count("\n"), 3)
        self.assertIn("#include <cmm/torch/sim.hpp>\n", printed)
        self.assertIn(
            'on_sim{"gh200-480"}, cmm::managed{} | cmm::threshold_prefetch{.below = 2_GiB}', printed
        )

    def test_takes_a_recipe_of_a_recommendation(self):
        recommended = ("--recommendation", RECOMMENDATION, "--use")
        for use, words in {
            "weights": "threshold_prefetch{.below = 64_GiB}",
            "scratch": "cmm::device{}",
        }.items():
            self.assertIn(words, self.adapter(*recommended, use, SIM, "--print-source"))
        out = self.folder / "libcmm.so"
        self.adapter(*recommended, "kv_cache", SIM, "--flags=-O0", "-o", out)
        self.assertEqual(list(self.folder.iterdir()), [out])

    def test_builds_for_cuda_where_there_is_a_toolkit(self):
        try:
            find_toolkit()
        except Error as error:
            self.skipTest(str(error))
        out = self.folder / "libcmm.so"
        self.adapter("--recipe", RECIPE, "--flags=-O0", "-o", out)
        self.assertTrue(out.is_file())

    def test_says_what_is_wrong_with_a_recipe_in_the_words_of_the_library(self):
        for recipe, words in {
            "managed | blub": ["column 11", "blub", "there is no such part"],
            "": ["the recipe is empty"],
            "pool | managed": ["column 1"],
            "managed | limit{99999999999GiB}": ["larger than the address space"],
            "managed\0": ["zero bytes"],
        }.items():
            with self.subTest(recipe=recipe):
                out = self.folder / "libcmm.so"
                self.assert_refused(words, self.adapter, "--recipe", recipe, SIM, "-o", out)
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_lists_the_profiles_and_platforms(self):
        source = ("--recipe", "managed", "--print-source")
        self.assert_refused(["nonesuch", "gh200-480"], self.adapter, *source, "--platform=sim:nonesuch")
        self.assert_refused(['"tpu"', "sim:"], self.adapter, *source, "--platform=tpu")

    def test_takes_the_file_of_a_profile(self):
        source = ("--recipe", "managed", "--print-source")
        self.assertIn(f'on_sim{{"{PROFILE}"}}', self.adapter(*source, f"--platform=sim:{PROFILE}"))
        bad = self.folder / "bad.json"
        bad.write_text(PROFILE.read_text().replace('"value": ', '"value": -', 1))
        refused = {"bad": ["bad.json is no profile", "negative"], "none": ["there is no file"]}
        for name, words in refused.items():
            platform = f"--platform=sim:{self.folder / name}.json"
            self.assert_refused(words, self.adapter, *source, platform)

    def test_names_what_a_recommendation_lacks(self):
        self.assert_refused(
            ["no recipe for 'x'", "weights, kv_cache, scratch"],
            *(self.adapter, "--recommendation", RECOMMENDATION, "--use", "x", SIM, "--print-source"),
        )
        for text, words in {"# nothing": ["no line USE: RECIPE"], None: ["cannot be read"]}.items():
            path = self.folder / "recommendation.txt"
            path.unlink(missing_ok=True)
            if text:
                path.write_text(text)
            arguments = ("--recommendation", path, "--use", "weights", SIM, "--print-source")
            self.assert_refused(words, self.adapter, *arguments)

    def test_needs_a_compiler(self):
        arguments = ("--recipe", RECIPE, SIM, "--print-source")
        self.environment(CXX="no-such-compiler")
        self.assert_refused(["no C++ compiler", "no-such-compiler"], self.adapter, *arguments)
        self.environment(CXX=None, PATH=str(self.folder))
        self.assert_refused(["no C++ compiler", "g++"], self.adapter, *arguments)

    def test_passes_on_the_first_complaint_of_the_compiler(self):
        out = self.folder / "libcmm.so"
        arguments = ("--recipe", RECIPE, SIM, "-o", out, "--flags=-include no_such_header.hpp")
        self.assert_refused(["could not compile", "no_such_header.hpp"], self.adapter, *arguments)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_needs_a_toolkit_of_cuda_13(self):
        arguments = ("--recipe", RECIPE, "--print-source")
        self.environment(CUDA_HOME=str(self.folder))
        self.assert_refused(["no CUDA toolkit", "CUDA_HOME", "cuda_runtime_api.h"], self.adapter, *arguments)
        include = self.folder / "include"
        (include / "crt").mkdir(parents=True)
        (include / "crt" / "host_defines.h").touch()
        (include / "cuda_runtime_api.h").write_text("#define CUDART_VERSION 12040\n")
        self.assert_refused(["is CUDA 12.4", "13 or newer"], self.adapter, *arguments)
        (include / "cuda_runtime_api.h").write_text("#define CUDART_VERSION 13000\n")
        self.assert_refused(["has no libcudart.so.13"], self.adapter, *arguments)

    def test_needs_folders_it_can_write(self):
        blocked = self.folder / "file"
        blocked.touch()
        self.assert_refused(
            ["there is no folder"], self.adapter, "--recipe", RECIPE, SIM, "-o", blocked / "x.so"
        )
        self.assert_refused(["it is a folder"], self.adapter, "--recipe", RECIPE, SIM, "-o", self.folder)
        self.environment(CMM_CACHE_DIR=str(blocked / "cache"))
        arguments = ("--recipe", RECIPE, SIM, "--print-source")
        self.assert_refused(["cache folder", "set CMM_CACHE_DIR"], self.adapter, *arguments)

    def test_refuses_a_library_that_would_search_for_the_runtime_itself(self):
        arguments = ("--recipe", RECIPE, SIM, "-o", self.folder / "x.so", "--flags=-O0 -Wl,-rpath,/opt/cuda")
        self.assert_refused(["searches /opt/cuda", "-rpath"], self.adapter, *arguments)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_ends_with_a_sentence_and_a_status(self):
        for arguments, status in {
            ("--recipe", "blub", SIM, "-o", "x.so"): 1,
            ("--recipe", "managed"): 2,
        }.items():
            command = [sys.executable, "-B", "-m", "cmm.adapter", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
            self.assertEqual(done.returncode, status)
            self.assertNotIn("Traceback", done.stderr)
            self.assertIn("tools/adapter: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
