"""Which fields of a step may hold ids of blocks, and that a new one is not passed over."""

import tempfile
import unittest
from pathlib import Path

import small_vllm as small
from cmm.vllm.release.block_fields import KNOWN, READ, why_blocks_stay


class BlockFields(unittest.TestCase):
    def stay(self, old="", new=""):
        with tempfile.TemporaryDirectory() as folder:
            files = small.NEW | {small.STEP: small.NEW[small.STEP].replace(old, new)}
            return why_blocks_stay(small.write(files, Path(folder)))

    def test_blocks_follow_where_every_field_is_known(self):
        self.assertIsNone(self.stay())
        self.assertIsNone(self.stay("class SchedulerOutput:", "class SchedulerOutput:\n    other_ids: list"))

    def test_a_field_that_is_read_and_gone(self):
        for kind, fields in READ.items():
            for field in fields:
                text = small.NEW[small.STEP]
                at = text.index(f"class {kind}:")
                begin = text.index(f"    {field}:", at)
                gone = text[begin : text.index("\n", begin) + 1]
                with self.subTest(field=field):
                    changed = text[:begin] + "    pass\n" + text[begin + len(gone) :]
                    self.assertEqual(self.stay(text, changed), f"{kind} has no {field}")

    def test_a_field_with_block_in_its_name_that_is_new(self):
        for kind in KNOWN:
            for field in ("kv_block_moves", "BlockTable"):
                with self.subTest(kind=kind, field=field):
                    self.assertEqual(
                        self.stay(f"class {kind}:", f"class {kind}:\n    {field}: list"),
                        f"{kind} has {field}, which cmm does not know",
                    )

    def test_a_class_that_is_gone(self):
        self.assertEqual(self.stay("class NewRequestData", "class Other"), "NewRequestData has no req_id")


if __name__ == "__main__":
    unittest.main()
