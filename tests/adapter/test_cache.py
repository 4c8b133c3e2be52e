"""The cache folder: where it is, whom it trusts, and that processes that need one file make it once."""

import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import cmm
from adapting import AdapterTest
from cmm.building.cache import cache_folder, key_of, made_once
from cmm.errors import Error

ROOT = Path(__file__).parents[2]

MAKER = """
import sys, time, pathlib
from cmm.building.cache import made_once
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

    def mode(self, path):
        """Permission bits."""
        return stat.S_IMODE(path.stat().st_mode)

    def test_what_it_makes_is_of_this_user_alone_whatever_the_umask(self):
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        folder = cache_folder(self.folder / "a" / "b" / "c")
        for made in (folder, folder.parent, folder.parent.parent):
            self.assertEqual(self.mode(made), 0o700)
        path = made_once(folder, "thing", lambda path: path.write_text("x"))
        self.assertEqual([self.mode(path), self.mode(folder / "thing.lock")], [0o700, 0o600])
        self.assertEqual(made_once(folder, "thing", self.fail), path)

    def test_a_folder_that_others_can_write_is_refused(self):
        folder = cache_folder(self.folder / "a")
        for mode in (0o777, 0o770, 0o1777, 0o702):
            folder.chmod(mode)
            self.assert_refused(["can be written by other users", "chmod 700"], cache_folder, folder)
        folder.chmod(0o755)
        self.assertEqual(cache_folder(folder), folder)

    def test_a_file_that_another_could_have_put_there_is_not_used(self):
        (self.folder / "target").write_text("kept")
        for plant in (
            lambda path: (path.write_text("planted"), path.chmod(0o777)),
            lambda path: (path.write_text("planted"), path.chmod(0o720)),
            lambda path: path.symlink_to(self.folder / "target"),
            os.mkfifo,
            Path.mkdir,
        ):
            for name in ("thing", "other.lock"):
                folder = Path(tempfile.mkdtemp(dir=self.folder))
                plant(folder / name)
                with self.subTest(name=name, mode=oct(os.lstat(folder / name).st_mode)):
                    make = lambda path: path.write_text("x")  # noqa: E731
                    self.assert_refused([name, "remove it"], made_once, folder, name.split(".")[0], make)
                    self.assertEqual((self.folder / "target").read_text(), "kept")

    @unittest.skipIf(os.geteuid(), "only root can give files away")
    def test_what_is_of_another_user_is_refused(self):
        folder = cache_folder(self.folder / "a")
        path = made_once(folder, "thing", lambda path: path.write_text("x"))
        os.chown(path, 1234, 1234)
        self.assert_refused(["belongs to user 1234"], made_once, folder, "thing", self.fail)
        os.unlink(path)
        os.chown(folder / "thing.lock", 1234, 1234)
        self.assert_refused(["belongs to user 1234"], made_once, folder, "thing", self.fail)
        os.chown(folder, 1234, 1234)
        self.assert_refused(["belongs to user 1234", "CMM_CACHE_DIR"], cache_folder, folder)
        (self.folder / "link").symlink_to(folder)
        self.assert_refused(["belongs to user 1234"], cache_folder, self.folder / "link")

    @unittest.skipIf(os.geteuid(), "only root can become another user")
    def test_a_user_without_a_home_is_told_of_the_variable(self):
        package = Path(cmm.__file__).parents[1]
        ask = f"import sys; sys.path.insert(0, {str(package)!r}); "
        ask += "from cmm.building.cache import cache_folder; cache_folder()"
        command = ["setpriv", "--reuid", "1000650000", "--clear-groups", sys.executable, "-BIc", ask]
        for variables in ({}, {"HOME": "/nowhere"}, {"HOME": ""}):
            told = subprocess.run(command, env=variables, capture_output=True, text=True, check=False).stderr
            self.assertRegex(told.splitlines()[-1], "^cmm.errors.Error: .*set CMM_CACHE_DIR to")

    @unittest.skipIf(os.geteuid(), "only root can become another user")
    def test_the_command_of_another_user_trusts_its_own_closed_folder_alone(self):
        other = 12345
        self.folder.chmod(0o711)
        for name, owner, mode in (("open", other, 0o777), ("of_root", 0, 0o755), ("own", other, 0o700)):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, owner, other)
            (self.folder / name).chmod(mode)
        command = ["setpriv", "--reuid", str(other), "--regid", str(other), "--clear-groups"]
        command += [str(ROOT / "tools/adapter"), "--no-install", "--recipe", "managed | pool"]
        command += ["--platform", "sim:gh200-480", "--flags=-O0"]
        command += ["-o", str(self.folder / "own" / "libcmm.so")]
        for name, words in (
            ("open", "can be written by other users"),
            ("of_root", "belongs to user 0"),
            ("own", ""),
        ):
            variables = {"PATH": os.defpath, "CMM_CACHE_DIR": str(self.folder / name)}
            done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
            with self.subTest(name):
                self.assertEqual(done.returncode, 1 if words else 0, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1 if words else 0, done.stderr)
                self.assertEqual((self.folder / "own" / "libcmm.so").exists(), not words)

    def test_keys_tell_texts_apart(self):
        self.assertNotEqual(key_of("ab", "c"), key_of("a", "bc"))
        self.assertEqual(key_of("a", "b"), key_of("a", "b"))


if __name__ == "__main__":
    unittest.main()
