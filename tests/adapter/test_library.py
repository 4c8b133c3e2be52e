"""A library of a simulated machine through its C functions, and libraries with something wrong."""

import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from adapting import LIMITED, MIB, PROFILE, AdapterTest, simulated
from cmm import abi
from cmm.building import elf, headers
from cmm.building.allocator_library import plan
from cmm.building.cache import cache_folder
from cmm.building.compiler import find_compiler
from cmm.library import Library
from cmm.location import parse_location

ABI_HEADER = headers.include_folder() / "cmm/torch/abi.hpp"


class Simulated(AdapterTest):
    """The same C functions as on a GPU."""

    def setUp(self):
        """Open the library and take one block."""
        super().setUp()
        self.library = Library(simulated(LIMITED))
        self.data = self.library.c.cmm_torch_allocate(64 * MIB, 0, None)
        self.addCleanup(lambda: self.library.c.cmm_torch_free(self.data, 64 * MIB, 0, None))

    def test_tells_what_it_is(self):
        about = self.library.about
        self.assertEqual((about.platform, about.caches, about.cuda_runtime), ("sim:gh200-480", True, 0))
        self.assertIn("managed | threshold_prefetch", about.recipe)

    def test_counts_what_is_live(self):
        before = self.library.usage(0)
        other = self.library.c.cmm_torch_allocate_segment(MIB, 0, None)
        self.assertEqual(self.library.usage(0).live_bytes, before.live_bytes + MIB)
        self.library.c.cmm_torch_free(other, MIB, 0, None)
        after = self.library.usage()
        self.assertEqual((after.live_bytes, after.total_blocks), (before.live_bytes, before.total_blocks + 1))
        self.assertGreaterEqual(after.peak_bytes, before.live_bytes + MIB)
        self.library.reset_peaks()
        self.assertEqual(self.library.usage().peak_bytes, before.live_bytes)

    def test_a_segment_that_cannot_be_served_is_null(self):
        failed = self.library.usage().failed
        self.assertIsNone(self.library.c.cmm_torch_allocate_segment(2048 * MIB, 0, None))
        self.assertEqual(self.library.usage().failed, failed + 1)

    def test_a_prefetch_moves_pages_and_residency_tells(self):
        for text in ("host", "device"):
            self.library.prefetch(self.data, 64 * MIB, parse_location(text, 0), 0, 0)
            places = self.library.residency(self.data, 64 * MIB, 0)
            self.assertEqual(sum(places.values()), 64 * MIB)
            self.assertEqual(len(places), 1)
            self.assertIn(text if text == "device" else "host", next(iter(places)))

    def test_a_batch_moves_or_drops_its_ranges_in_one_call(self):
        stream = 2  # the default stream of this thread, since a discard cannot use the legacy one
        ranges = [(self.data, 16 * MIB), (self.data + 32 * MIB, 16 * MIB)]

        def there():
            return {
                place.split(":")[0]: size // MIB
                for place, size in self.library.residency(self.data, 64 * MIB, 0).items()
            }

        self.library.prefetch(self.data, 64 * MIB, parse_location("host", 0), 0, 0)
        self.library.prefetch_batch(ranges, parse_location("device", 0), 0, stream)
        self.assertEqual(there(), {"device": 32, "host_numa": 32})
        self.library.discard_batch(ranges, abi.Location(0, 0), 0, stream)
        self.assertEqual(there(), {"none": 32, "host_numa": 32})
        self.library.discard_batch(ranges, parse_location("device", 0), 0, stream)
        self.assertEqual(there(), {"device": 32, "host_numa": 32})
        self.library.prefetch_batch([], parse_location("device", 0), 0, stream)
        self.assert_refused(["legacy"], self.library.discard_batch, ranges, abi.Location(0, 0), 0, 0)
        self.assert_refused(
            ["managed"], self.library.prefetch_batch, [*ranges, (4096, 64)], abi.Location(2, 0), 0, stream
        )

    def test_advice_is_given_and_taken_back(self):
        for what, where in ((0, "host"), (1, "device"), (2, "device")):
            for on in (True, False):
                self.library.advise(self.data, 64 * MIB, what, on, parse_location(where, 0), 0)

    def test_refuses_in_a_sentence(self):
        host = parse_location("host", 0)
        self.assert_refused(["simulated machine"], self.library.residency, 4096, 4096, 0)
        self.assert_refused(["advice"], self.library.advise, self.data, MIB, 7, True, host, 0)
        self.assert_refused(["location"], self.library.prefetch, self.data, MIB, abi.Location(9, 0), 0, 0)
        self.assert_refused(["managed"], self.library.prefetch, 4096, 4096, host, 0, 0)

    def test_locations_are_texts(self):
        self.assertEqual(parse_location("device", 3).id, 3)
        self.assertEqual(parse_location("host_numa:1", 0).kind, 3)
        for wrong in ("gpu", "device:", "device:-1", "host:0", "host_numa", "device:1 ", "", None, 0):
            self.assert_refused(["is not a location"], parse_location, wrong, 0)


class Compilers(AdapterTest):
    """Each compiler at hand."""

    def test_each_builds_a_library_that_works(self):
        code = "import sys; from cmm.library import Library; c = Library(sys.argv[1]).c; "
        code += (
            "data = c.cmm_torch_allocate(4096, 0, None); c.cmm_torch_free(data, 4096, 0, None); print(data)"
        )
        for compiler in filter(None, map(shutil.which, ("g++", "clang++"))):
            with self.subTest(compiler=compiler):
                self.environment(CXX=compiler)
                command = [sys.executable, "-Bc", code, str(simulated(LIMITED))]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertGreater(int(done.stdout), 0)


class Wrong(AdapterTest):
    """Each refusal names what is wrong; nothing of a foreign library runs."""

    def test_files_that_are_no_library(self):
        text = self.folder / "text.so"
        text.write_text("no library")
        self.assert_refused(["is not a file"], Library, self.folder / "none.so")
        self.assert_refused(["is not a file"], Library, self.folder)
        self.assert_refused(["is not a shared library"], Library, text)
        whole = simulated(LIMITED).read_bytes()
        for size in (20, 100, len(whole) // 2, len(whole) - 100):
            text.write_bytes(whole[:size])
            self.assert_refused(["shared library"], Library, text)

    def test_a_foreign_library(self):
        self.assert_refused(["is not an allocator of cmm"], Library, self.stub(left_out=abi.FUNCTIONS))
        self.assert_refused(
            ["is not an allocator of cmm", "notcmmso"], Library, self.stub("m.so", mark="notcmmso")
        )

    def test_a_library_without_some_functions_names_them(self):
        library = self.stub(left_out=("cmm_torch_discard", "cmm_torch_residency"))
        self.assert_refused(
            ["lacks cmm_torch_discard, cmm_torch_residency", "build it again"], Library, library
        )

    def test_a_library_of_another_version(self):
        self.assert_refused(["version 99 of the C interface"], Library, self.stub("a.so", abi_version=99))
        self.assert_refused(["built by cmm 9.9.9"], Library, self.stub("v.so", version="9.9.9"))

    def test_a_library_that_refuses_passes_its_sentence_on(self):
        library = Library(self.stub())
        self.assert_refused(["the stub refuses"], library.usage)

    def test_an_environment_that_cannot_be_read(self):
        code = f"from cmm.library import Library; Library({str(simulated(LIMITED))!r})"
        self.environment(CMM_LIMIT="plenty")
        done = subprocess.run([sys.executable, "-Bc", code], capture_output=True, text=True, check=False)
        self.assertIn('CMM_LIMIT is "plenty"', done.stderr.splitlines()[-1])


class Interface(AdapterTest):
    """The mirror of abi.hpp."""

    def test_has_its_functions_and_version(self):
        header = ABI_HEADER.read_text()
        declared = set(re.findall(r"^[\w:*\s]*?\*?(cmm_torch_\w+)\(", header, re.MULTILINE))
        self.assertEqual(declared, abi.FUNCTIONS.keys())
        self.assertIn(f"abi_version = {abi.ABI_VERSION};", header)

    def test_has_its_structures(self):
        declared = {}
        for name, body in re.findall(
            r"^struct cmm_torch_(\w+) \{\n(.*?)^\};", ABI_HEADER.read_text(), re.M | re.S
        ):
            statements = re.sub(r"///?.*", "", body).split(";")
            fields = [
                re.sub(r"\[\d+\]", "", part).split()[-1].strip("*")
                for part in ",".join(statements).split(",")
                if part.strip()
            ]
            declared[name] = fields
        mirrored = {
            "description": abi.Description,
            "usage": abi.Usage,
            "location": abi.Location,
            "place": abi.Place,
        }
        self.assertEqual(declared, {name: [f[0] for f in kind._fields_] for name, kind in mirrored.items()})

    def test_a_library_exports_it_and_nothing_else(self):
        image = elf.read(simulated(LIMITED))
        self.assertEqual(image.exports, abi.FUNCTIONS.keys())
        self.assertFalse([name for name in image.needed if "cuda" in name])


class Profiles(AdapterTest):
    """Libraries of a machine that a file describes."""

    def test_a_file_of_a_profile_means_the_same_in_every_folder(self):
        tools = {"cache": cache_folder(), "compiler": find_compiler(), "flags": ("-O0",)}
        (self.folder / "mine.json").write_text(PROFILE.read_text())
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.folder)
        made = plan("managed", platform="sim:mine.json", **tools)
        self.assertEqual(made.platform, f"sim:{Path.cwd() / 'mine.json'}")
        self.assertEqual(Library(made.cached()).about.platform, "sim:h100-pcie")
        self.assertEqual(plan("managed", platform="sim:gb10", **tools).platform, "sim:gb10")


if __name__ == "__main__":
    unittest.main()
