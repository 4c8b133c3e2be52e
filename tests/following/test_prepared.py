"""What is compiled ahead of a server is what its worker looks for."""

import io
import sys
import unittest
from contextlib import redirect_stderr
from pathlib import Path
from unittest import mock

import cmm.kv
from cmm.building.cache import cache_folder
from cmm.vllm import prepared
from cmm.vllm.machine import host_memory

PLATFORM = "sim:gh200-480"


class Prepared(unittest.TestCase):
    def test_a_worker_compiles_nothing_then(self):
        library, reader = prepared.prepare(cache_folder(), PLATFORM)
        with mock.patch("cmm.building.compiler.Compiler.run", side_effect=AssertionError("compiled again")):
            self.assertEqual(cmm.kv.build(PLATFORM).path, library)
            self.assertGreater(host_memory.available_host_memory(), 0)
        self.assertIn("libcmmkv-", library.name)
        self.assertIn("host-memory", reader.name)

    def test_a_folder_that_cannot_be(self):
        said = io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["prepared", str(Path(__file__))]),
            redirect_stderr(said),
        ):
            self.assertEqual(prepared.main(), 1)
        self.assertIn("cmm.vllm.prepared: the cache folder", said.getvalue())

    def test_its_usage(self):
        with mock.patch.object(sys, "argv", ["prepared"]), redirect_stderr(io.StringIO()) as said:
            self.assertEqual(prepared.main(), 2)
        self.assertIn("usage: python3 -m cmm.vllm.prepared FOLDER", said.getvalue())


if __name__ == "__main__":
    unittest.main()
