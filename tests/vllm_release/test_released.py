"""The vLLM packages themselves: the oldest release that is supported and the newest have what we rely on.

Without a network and with nothing kept from an earlier run the tests are left out; with CI=true they fail.
"""

import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

import packages
import small_vllm as small
from cmm.vllm.release import interface
from cmm.vllm.release.block_fields import why_blocks_stay

IN_CI = os.environ.get("CI") == "true"

try:
    packages.sources(packages.OLDEST)
except packages.UnreachableError as error:
    print(f"left out: the tests on vLLM's packages, because {error}")
    sys.exit(1 if IN_CI else 77)


class Released(unittest.TestCase):
    """The check, on what was released."""

    def test_the_oldest_release_has_all(self):
        interface.require(packages.OLDEST, packages.sources(packages.OLDEST))

    def newest(self):
        """The version of the newest release, and its sources."""
        try:
            version = packages.newest()
            return version, packages.sources(version)
        except packages.UnreachableError as error:
            if IN_CI:
                self.fail(str(error))
            self.skipTest(str(error))

    def both(self):
        """The sources of the oldest and of the newest release."""
        return packages.sources(packages.OLDEST), self.newest()[1]

    def test_the_newest_release_has_all(self):
        version, source = self.newest()
        print(f"the newest vLLM is {version}")
        interface.require(version, source)

    def test_prompts_can_be_staged_in_both(self):
        for source in self.both():
            self.assertEqual(interface.differences(source, interface.STAGING), [])

    def test_blocks_follow_in_both_and_a_field_with_block_ids_that_is_new_is_noticed(self):
        for source in self.both():
            self.assertIsNone(why_blocks_stay(source))
            with tempfile.TemporaryDirectory() as folder:
                changed = Path(shutil.copytree(source, Path(folder) / "vllm")) / small.STEP
                old = "    new_block_ids_to_zero:"
                self.assertIn(old, changed.read_text())
                changed.write_text(changed.read_text().replace(old, f"    swapped_blocks: list[int]\n{old}"))
                self.assertEqual(
                    why_blocks_stay(changed.parents[3]),
                    "SchedulerOutput has swapped_blocks, which cmm does not know",
                )

    def test_a_change_of_a_released_file_is_noticed(self):
        for file, old, new, words in (
            (
                small.WORKER,
                "tag: str",
                "tag: str, size: int",
                "takes (self, tag), this vLLM has (self, tag, size)",
            ),
            (small.RUNNER, "dtype=torch.int8", "dtype=torch.int16", "dtype=torch.int16"),
            (small.ATTENTION, "torch.zeros(kv_cache_tensor.size", "torch.zeros(1", "torch.zeros(1, "),
        ):
            with self.subTest(file), tempfile.TemporaryDirectory() as folder:
                source = Path(shutil.copytree(packages.sources(packages.OLDEST), Path(folder) / "vllm"))
                text = (source / file).read_text()
                self.assertIn(old, text)
                (source / file).write_text(text.replace(old, new))
                self.assertIn(words, "; ".join(interface.differences(source)))


if __name__ == "__main__":
    unittest.main()
