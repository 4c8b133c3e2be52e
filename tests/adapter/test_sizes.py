"""The rule of sizes is the library's: the same texts are sizes, of the same bytes."""

import json
import unittest
from pathlib import Path

from cmm.errors import Error
from cmm.size import format_size, parse_size, size_in_full
from cmm_report import units

TABLE = Path(__file__).parents[1] / "support/sizes.inc"


def rows(kind):
    """The rows of one kind: a text, and what becomes of it."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [json.loads(f"[{line[len(kind) + 1 : -1]}]") for line in lines if line.startswith(f"{kind}(")]


class Sizes(unittest.TestCase):
    """The table that the library's own test reads, too."""

    def test_the_same_texts_are_the_same_sizes(self):
        self.assertGreater(len(rows("SIZE")), 20)
        for text, size in rows("SIZE"):
            self.assertEqual(parse_size(text, "--kv-bytes"), int(size), text)

    def test_the_same_texts_are_refused_for_the_same_reason(self):
        self.assertGreater(len(rows("REFUSED")), 20)
        for text, why in [*rows("REFUSED"), ("9" * 5000, "is larger than the address space")]:
            with self.assertRaises(Error) as refused:
                parse_size(text, "--kv-bytes")
            said = str(refused.exception)
            self.assertIn(f"which {why}; write a size", said)
            if len(text) < 100:  # a longer one is shown in part
                self.assertIn(f"--kv-bytes is {text!r}, which", said)

    def test_the_same_bytes_are_written_with_the_same_text(self):
        """In messages of the package and of the report, and in errors, which hide nothing by rounding."""
        self.assertGreater(len(rows("WRITTEN")), 20)
        for size, text, in_full in rows("WRITTEN"):
            self.assertEqual(format_size(int(size)), text)
            self.assertEqual(size_in_full(int(size)), in_full)
            self.assertEqual(units.size_text(int(size)), text)

    def test_what_is_no_text_is_no_size(self):
        for value in (None, 1.5, True, ["64GiB"]):
            with self.assertRaises(Error):
                parse_size(value, "here")


if __name__ == "__main__":
    unittest.main()
