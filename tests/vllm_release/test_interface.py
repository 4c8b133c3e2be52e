"""The check of vLLM's interface: what it accepts, and that it notices each change of what we rely on."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import small_vllm as small
from changes import CHANGES, WORKER
from cmm.errors import Error
from cmm.vllm.release import interface


class Interface(unittest.TestCase):
    """The check, on small source trees."""

    def setUp(self):
        """Make a folder."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def changed(self, way, file, old, new):
        """A tree with one change."""
        files = dict(way)
        if old is None:
            del files[file]
        else:
            self.assertIn(old, files[file])
            files[file] = files[file].replace(old, new, 1)
        return small.write(files, self.folder)

    def test_both_ways_of_making_a_kv_cache_are_accepted(self):
        for name, way in (("old", small.OLD), ("new", small.NEW)):
            self.assertEqual(interface.differences(small.write(way, self.folder / name)), [])

    def test_each_change_is_one_difference_that_names_it(self):
        for number, (name, (way, file, old, new, words)) in enumerate(CHANGES.items()):
            with self.subTest(name):
                self.folder = self.folder.parent / self.folder.name / str(number)
                found = interface.differences(self.changed(way, file, old, new))
                self.assertTrue(found, "no difference was found")
                for word in words:
                    self.assertIn(word, "; ".join(found))
                self.assertEqual(len(found), 1, found)

    def test_every_need_is_missed_somewhere(self):
        kinds = {type(need).__name__ for need in interface.NEEDS}
        self.assertEqual(
            kinds, {"Method", "Attributes", "KvAllocation", "Fields", "Options", "Calls", "Property"}
        )
        folders = {name: "" for name in small.OLD if name.endswith("__init__.py")}
        empty = small.write(folders | {"utils/__init__.py": "", "engine/__init__.py": ""}, self.folder)
        named = "; ".join(interface.differences(empty))
        for need in interface.NEEDS:
            name = getattr(need, "name", getattr(need, "module", WORKER))
            self.assertIn(".".join(name.split(".")[:3]), named)

    def test_a_folder_that_is_no_package_is_refused(self):
        with self.assertRaisesRegex(Error, "is not the folder of a Python package"):
            interface.differences(self.folder)
        source = self.changed(small.OLD, small.KV_CACHE, "class KVCacheTensor:", "class KVCacheTensor(:")
        with self.assertRaisesRegex(Error, r"kv_cache_interface\.py cannot be read as Python"):
            interface.differences(source)

    def test_imports_in_a_circle_end(self):
        files = small.OLD | {
            "config/__init__.py": "from .everything import *\nfrom .more import VllmConfig\n"
        }
        source = small.write(files | {"config/more.py": "from . import VllmConfig\n"}, self.folder)
        self.assertIn("VllmConfig is not in this vLLM", "; ".join(interface.differences(source)))

    def test_a_definition_is_found_in_if_and_try(self):
        guarded = "try:\n    import fast\nexcept ImportError:\n    fast = None\nelse:\n    if fast:\n        "
        text = guarded + small.OLD[small.IMPORTS]
        self.assertEqual(
            interface.differences(self.changed(small.OLD | {small.IMPORTS: text}, small.BASE, "", "")), []
        )


class Require(unittest.TestCase):
    """What is refused before anything is changed."""

    def setUp(self):
        """Make a tree that differs in nothing."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.source = small.write(small.OLD, Path(holder.name))

    def refused(self, version):
        """The message of a refusal, one line."""
        with self.assertRaises(Error) as refused:
            interface.require(version, self.source)
        self.assertNotIn("\n", str(refused.exception))
        return str(refused.exception)

    def test_versions_from_the_oldest_on_are_accepted(self):
        for version in ("0.23.0", "0.23.1rc1.dev4+g0123456.cu130", "0.40", "1.0.0"):
            interface.require(version, self.source)

    def test_an_older_or_unknown_version_is_refused(self):
        self.assertIn("needs vLLM 0.23 or newer and this one is 0.22.1", self.refused("0.22.1"))
        self.assertNotIn("VLLM_VERSION_OVERRIDE", self.refused("0.22.1"))
        self.assertIn("VLLM_VERSION_OVERRIDE", self.refused("0.1.dev1+g0123456"))
        self.assertIn("the version of vLLM in", self.refused("dev"))

    def test_one_message_has_all_differences(self):
        worker = self.source / small.WORKER
        worker.write_text(worker.read_text().replace("self, tag: str", "self, tag, device"))
        (self.source / small.IMPORTS).unlink()
        message = self.refused("0.99.0")
        for words in (
            "vLLM 0.99.0 is not made as cmm",
            "(self, tag, device)",
            "vllm.utils is not",
            "nothing was changed",
        ):
            self.assertIn(words, message)


class Package(unittest.TestCase):
    """cmm.vllm as a package."""

    def test_importing_it_imports_neither_vllm_nor_torch(self):
        code = "import sys, cmm.vllm, cmm.vllm.release.interface as it; "
        code += "print(sorted({'vllm', 'torch'} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-Bc", code], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout.strip(), "[]")

    def test_it_has_no_other_names(self):
        import cmm.vllm

        with self.assertRaisesRegex(AttributeError, "no attribute 'Wroker'"):
            _ = cmm.vllm.Wroker


if __name__ == "__main__":
    unittest.main()
