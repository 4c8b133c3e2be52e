"""The writer of whole files, and the command that uses it."""

import os
import resource
import signal
import stat
import subprocess
import sys
import unittest
from pathlib import Path

from adapting import AdapterTest
from cmm.whole_file import whole_file


class WholeFile(AdapterTest):
    """What takes the place of a file."""

    def write(self, path, text="new"):
        """Write a text."""
        with whole_file(path) as partial:
            partial.write_text(text)

    def irregular(self):
        """(word of the refusal, path) of each kind of thing that is no regular file."""
        (self.folder / "kept").write_text("kept")
        for name, make in (
            ("link", lambda path: path.symlink_to(self.folder / "kept")),
            ("dangling", lambda path: path.symlink_to(self.folder / "nowhere")),
            ("fifo", os.mkfifo),
            ("folder", Path.mkdir),
        ):
            make(self.folder / name)
            yield {"folder": "folder", "fifo": "no regular"}.get(name, "symbolic link"), self.folder / name
        node = self.folder / "null"  # a stand-in: the node of the null device, in this folder
        try:
            os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(1, 3))
        except PermissionError:
            return
        yield "no regular", node

    def test_takes_the_place_of_a_file_and_keeps_its_permissions(self):
        path = self.folder / "file"
        self.write(path, "old")
        path.chmod(0o640)
        self.write(path)
        self.assertEqual((path.read_text(), stat.S_IMODE(path.stat().st_mode)), ("new", 0o640))
        self.assertEqual([each.name for each in self.folder.iterdir()], ["file"])

    def test_what_is_no_regular_file_stays(self):
        for word, path in self.irregular():
            before = os.lstat(path)
            with self.subTest(path=path.name):
                self.assert_refused([word, "stays as it is"], self.write, path)
                self.assert_refused(
                    [word], self.adapter, "--recipe", "managed", "--platform", "sim:gb10", "-o", path
                )
                after = os.lstat(path)
                self.assertEqual((before.st_mode, before.st_ino), (after.st_mode, after.st_ino))
        self.assertEqual((self.folder / "kept").read_text(), "kept")
        self.assertFalse((self.folder / "nowhere").exists())

    def test_what_fails_leaves_the_file_of_before_and_nothing_beside_it(self):
        path = self.folder / "file"
        self.write(path, "old")
        with self.assertRaises(ZeroDivisionError), whole_file(path) as partial:
            partial.write_text("half")
            raise ZeroDivisionError
        script = (
            "import sys, pathlib, cmm.whole_file as w\n"
            "with w.whole_file(pathlib.Path(sys.argv[1])) as p: p.write_text('x' * 9000)"
        )

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

        command = [sys.executable, "-Bc", script, str(path)]
        done = subprocess.run(command, preexec_fn=limit, capture_output=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(path.read_text(), "old")
        self.assertEqual([each.name for each in self.folder.iterdir()], ["file"])


if __name__ == "__main__":
    unittest.main()
