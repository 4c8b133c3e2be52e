"""The mirror of include/cmm/python/abi.hpp, and libraries with something wrong."""

import ctypes
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import cmm.kv
from cmm import Error
from cmm.building import elf, headers
from cmm.kv import abi, building
from kv_testing import KvTest, library

HEADER = (headers.include_folder() / "cmm/python/abi.hpp").read_text()
WIDTHS = {
    "int": ctypes.c_int,
    "std::int32_t": ctypes.c_int32,
    "std::int64_t": ctypes.c_int64,
    "std::uint64_t": ctypes.c_uint64,
    "unsigned": ctypes.c_uint,
    "double": ctypes.c_double,
    "cmm_kv_list": abi.List,
    "cmm_kv_pairs": abi.Pairs,
}


class Interface(KvTest):
    """ctypes believes what it is told, so that each field and function is compared."""

    def test_has_its_functions_and_version(self):
        declared = set(re.findall(r"^[\w:*\s]*?\*?(cmm_kv_\w+)\(", HEADER, re.MULTILINE))
        self.assertEqual(declared, abi.FUNCTIONS.keys())
        self.assertIn(f"abi_version = {abi.ABI_VERSION};", HEADER)

    def test_each_function_has_its_arguments(self):
        for result, name, arguments in re.findall(
            r"^([\w \*]+?\*? ?)(cmm_kv_\w+)\(([^)]*)\) noexcept", HEADER, re.MULTILINE
        ):
            returns, given = abi.FUNCTIONS[name]
            self.assertEqual(returns is None, result.strip() == "void", name)
            declared = [each.strip() for each in arguments.split(",") if each.strip()]
            self.assertEqual(len(declared), len(given), name)
            for text, kind in zip(declared, given, strict=True):
                if "*" in text:
                    self.assertEqual(ctypes.sizeof(kind), 8, f"{name}: {text}")
                    self.assertIsNot(kind, ctypes.c_uint64, f"{name}: {text}")
                else:
                    self.assertIs(kind, WIDTHS[text.split()[0]], f"{name}: {text}")

    def test_has_its_structures(self):
        mirrored = {
            re.search(r"`cmm_kv_(\w+)`", kind.__doc__)[1]: kind
            for kind in vars(abi).values()
            if isinstance(kind, type) and issubclass(kind, ctypes.Structure)
        }
        declared = re.findall(r"^struct cmm_kv_(\w+) \{\n(.*?)^\};", HEADER, re.M | re.S)
        self.assertEqual({name for name, _ in declared}, mirrored.keys())
        for name, body in declared:
            fields = []
            for statement in re.sub(r"///?.*", "", body).split(";"):
                words = statement.split(",")
                if not statement.strip():
                    continue
                kind = words[0].split()[-2] if "*" not in words[0] else "pointer"
                fields += [(re.sub(r"[*]|\[\d+\]", "", each).split()[-1], kind) for each in words]
            mirror = mirrored[name]._fields_
            self.assertEqual([field for field, _ in fields], [field for field, _ in mirror], name)
            for (field, kind), (_, mirror_kind) in zip(fields, mirror, strict=True):
                if kind == "pointer":
                    self.assertEqual(ctypes.sizeof(mirror_kind), 8, f"{name}.{field}")
                elif field != "magic":
                    self.assertIs(mirror_kind, WIDTHS[kind], f"{name}.{field}")

    def test_a_library_exports_it_and_nothing_else(self):
        image = elf.read(library().path)
        self.assertEqual(image.exports, abi.FUNCTIONS.keys())
        self.assertFalse(image.search_path)
        cuda = [name for name in image.needed if "cuda" in name]
        self.assertEqual(len(cuda), int(library().platform == "cuda"), cuda)

    def test_is_compiled_once(self):
        again = cmm.kv.build(library().platform)
        self.assertEqual(again.path.stat().st_mtime_ns, library().path.stat().st_mtime_ns)


class Wrong(KvTest):
    """Each refusal names what is wrong."""

    def test_files_that_are_no_library(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "none.so"
            self.assert_refused(["is not a file"], cmm.kv.load, path, kind=Error)
            path.write_text("text")
            self.assert_refused(["is not a shared library"], cmm.kv.load, path, kind=Error)
        import _ctypes

        if getattr(_ctypes, "__file__", None):
            self.assert_refused(["lacks cmm_kv_", "cmm.kv.build"], cmm.kv.load, _ctypes.__file__, kind=Error)

    def test_a_file_of_a_profile_is_a_platform_and_named_from_the_root(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "mine.json"
            self.assert_refused([str(file), "there is no file"], cmm.kv.build, f"sim:{file}")
            file.write_text("{}")
            self.addCleanup(os.chdir, Path.cwd())
            os.chdir(folder)
            source = building.source_text("sim:mine.json")
        self.assertIn(f'cmm::python::on_sim{{"{file}"}}', source)

    def test_platforms_that_are_none(self):
        for platform in ("cpu", "sim:", "sim:tpu", "gb10", None):
            words = [repr(platform), "cuda", "gb10", "gh200-480", "h100-x2"]
            self.assert_refused(words, cmm.kv.build, platform)

    def test_numpy_that_is_missing_is_said(self):
        code = "import sys; sys.modules['numpy'] = None\ntry: import cmm.kv\nexcept Exception as e: print(e)"
        done = subprocess.run(
            [sys.executable, "-Bc", code], capture_output=True, text=True, check=True, env=os.environ
        )
        self.assertIn("cmm.kv needs numpy", done.stdout)


if __name__ == "__main__":
    unittest.main()
