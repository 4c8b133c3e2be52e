"""The Python of include/cmm/kv/README.md runs as it stands, on the machine under test."""

import re
import unittest
from pathlib import Path
from unittest import mock

import cmm.kv
import numpy as np
from kv_testing import KvTest, library

README = Path(__file__).resolve().parents[2] / "include/cmm/kv/README.md"


class Readme(KvTest):
    """What a reader types."""

    def test_its_example_runs(self):
        (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
        table = np.arange(24, dtype=np.int32).reshape(4, 6)
        names = {
            "given_back": None,
            "handed_out": np.arange(1, 2000, dtype=np.int32),
            "found": [1, 2, 3],
            "stream": 0,
            "block_table": table,
        }
        made = library()
        with mock.patch.object(cmm.kv, "build", lambda: made):
            exec(compile(code, str(README), "exec"), names)
        self.addCleanup(names["memory"].close)
        pages = names["pages"]
        self.assertEqual(table.tolist(), pages.slots[:24].reshape(4, 6).tolist())
        self.assertEqual(pages.counters()["live"], 1999)
        self.assertEqual(pages.counters()["remote"], 1999 - 1023)  # page 0 has a slot of HBM


if __name__ == "__main__":
    unittest.main()
