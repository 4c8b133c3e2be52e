"""The cache folder: where it is, and that processes that need one file make it once."""

import subprocess
import sys
import unittest
from pathlib import Path

from adapting import AdapterTest
from cmm.cache import cache_folder, key_of, made_once
from cmm.errors import Error

MAKER = """
import sys, time, pathlib
from cmm.cache import made_once
folder = pathlib.Path(sys.argv[1])
def make(path):
    with (folder / "made").open("a") as log:
        log.write("x")
    path.write_text("half")
    time.sleep(0.5)
    path.write_text("whole")
print(made_once(folder, "thing", make).read_text(), end="")
"""


class Cache(AdapterTest):
    """What keeps compiled files."""

    def test_is_where_the_environment_says(self):
        self.environment(CMM_CACHE_DIR=str(self.folder / "a"), XDG_CACHE_HOME=str(self.folder / "b"))
        self.assertEqual(cache_folder(), self.folder / "a")
        self.assertEqual(cache_folder(self.folder / "c"), self.folder / "c")
        self.environment(CMM_CACHE_DIR="")
        self.assertEqual(cache_folder(), self.folder / "b" / "cmm")
        self.environment(XDG_CACHE_HOME="", HOME=str(self.folder))
        self.assertEqual(cache_folder(), self.folder / ".cache" / "cmm")

    def test_refuses_a_folder_it_cannot_make(self):
        (self.folder / "file").touch()
        self.assert_refused(["cannot be used", "CMM_CACHE_DIR"], cache_folder, self.folder / "file" / "x")
        self.assert_refused(["cannot be used"], cache_folder, self.folder / "file")

    def test_a_file_is_made_by_one_process_and_seen_whole(self):
        command = [sys.executable, "-Bc", MAKER, str(self.folder)]
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        self.assertEqual([process.communicate()[0] for process in started], ["whole"] * 4)
        self.assertEqual((self.folder / "made").read_text(), "x")

    def test_what_fails_leaves_nothing_and_is_tried_again(self):
        def fail(path: Path):
            path.write_text("half")
            raise Error("no")

        self.assert_refused(["no"], made_once, self.folder, "thing", fail)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["thing.lock"])
        self.assertEqual(made_once(self.folder, "thing", lambda path: path.write_text("x")).read_text(), "x")

    def test_keys_tell_texts_apart(self):
        self.assertNotEqual(key_of("ab", "c"), key_of("a", "bc"))
        self.assertEqual(key_of("a", "b"), key_of("a", "b"))


if __name__ == "__main__":
    unittest.main()
