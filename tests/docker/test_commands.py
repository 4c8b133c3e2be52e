"""docker/build and docker/pin-digests, with a docker and a git that write down what they are asked."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIGEST = "sha256:" + "5" * 64
COMMIT = "c" * 40
DOCKER = f"""#!/bin/sh
[ "$1 $2" != "buildx version" ] || exit 0
[ "$3" != inspect ] || {{ echo "${{TOLD:-{DIGEST}}}"; exit 0; }}
exec >"$RECORD"
printf '%s\\n' "$@"
printf '%s\\n' "VLLM_VERSION=${{VLLM_VERSION-unset}}"
printf '%s\\n' "VLLM_COMMIT=${{VLLM_COMMIT-unset}}" "REVISION=$REVISION"
"""
GIT = f"""#!/bin/sh
case "$*" in
  *v0.99.0*) printf '{"b" * 40}\\trefs/tags/v0.99.0\\n{COMMIT}\\trefs/tags/v0.99.0^{{}}\\n' ;;
  *rev-parse*) echo {"a" * 40} ;;
esac
"""


class Commands(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.place = pathlib.Path(temporary.name)
        self.record = self.place / "record"
        (self.place / "bin").mkdir()
        for name, text in (("docker", DOCKER), ("git", GIT)):
            (self.place / "bin" / name).write_text(text)
            (self.place / "bin" / name).chmod(0o755)
        shutil.copytree(ROOT / "docker", self.place / "docker")
        shutil.copytree(ROOT / "tools/support", self.place / "tools/support")

    def run_(self, command, *arguments, **environment):
        """Runs a command of the copy, with no variable of the environment but those that are given."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        paths = {"PATH": f"{self.place / 'bin'}:{os.environ['PATH']}", "RECORD": str(self.record)}
        return subprocess.run(
            [self.place / "docker" / command, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=kept | paths | environment,
        )

    def refuses(self, word, *arguments, **environment):
        """Not zero, one line on stderr that holds the word, and docker is not asked to build."""
        done = self.run_("build", *arguments, **environment)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(word, done.stderr)
        self.assertFalse(self.record.exists())

    def built(self, *arguments, **environment):
        done = self.run_("build", *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.record.read_text().splitlines()

    def test_both_files_and_the_target_reach_bake(self):
        asked = self.built("vllm", "--print")
        self.assertEqual(asked[:2], ["buildx", "bake"])
        self.assertEqual(asked[2:6], ["--file", "docker/versions.hcl", "--file", "docker/docker-bake.hcl"])
        self.assertEqual(asked[6:8], ["--print", "vllm"])
        self.assertIn("REVISION=" + "a" * 40, asked)

    def test_an_empty_parameter_is_as_none(self):
        asked = self.built("vllm", VLLM_VERSION="", VLLM_COMMIT="", IMAGE_SUFFIX="")
        self.assertIn("VLLM_VERSION=unset", asked)
        self.assertIn("VLLM_COMMIT=unset", asked)

    def test_the_commit_of_a_version_of_ones_own_is_looked_up(self):
        self.assertIn("VLLM_COMMIT=" + COMMIT, self.built("vllm", VLLM_VERSION="0.99.0"))

    def test_the_commit_of_the_pinned_version_is_the_pinned_one(self):
        self.assertIn("VLLM_COMMIT=unset", self.built("vllm", VLLM_VERSION="0.23.0"))

    def test_a_version_that_does_not_exist_is_refused(self):
        self.refuses("has no tag v0.98.0", "vllm", VLLM_VERSION="0.98.0")

    def test_what_could_be_a_command_is_refused(self):
        for value in ("0.23.0; id", "$(id)", "0.23", "0.23.0\n0", "main", "--push", "0.23.0 "):
            self.refuses("VLLM_VERSION", "vllm", VLLM_VERSION=value)
        for value in ("a b", "a;b", "$(id)", "`id`", "a/b", "a:b", "-a", "a\nb", "ä", "x" * 81):
            self.refuses("IMAGE_TAG", "bench", IMAGE_TAG=value)
            self.refuses("IMAGE_SUFFIX", "bench", IMAGE_SUFFIX=value)
        for value in ("a b", "https://a.org", "user:word@a.org", "a.org/", "A.org/$(id)"):
            self.refuses("REGISTRY", "bench", REGISTRY=value)

    def test_the_tag_latest_and_an_unknown_image_are_refused(self):
        self.refuses("latest", "bench", IMAGE_TAG="latest")
        self.refuses("neither an option nor", "bench; id")
        self.refuses("names no image")

    def test_pushing_needs_a_registry_and_a_tag(self):
        self.refuses("REGISTRY", "bench", "--push", IMAGE_TAG="1")
        self.refuses("IMAGE_TAG", "bench", "--push", REGISTRY="a.org")
        self.assertIn("--push", self.built("bench", "--push", REGISTRY="a.org:5000/team", IMAGE_TAG="1"))

    def test_digests_are_written_for_every_image_and_nothing_else_changes(self):
        file = self.place / "docker/versions.hcl"
        before = file.read_text().splitlines()
        done = self.run_("pin-digests")
        self.assertEqual(done.returncode, 0, done.stderr)
        changed = [line for line in file.read_text().splitlines() if line not in before]
        self.assertEqual(len(changed), 3)
        self.assertTrue(
            all(line.count("@") == 1 and line.endswith(f'@{DIGEST}"') for line in changed), changed
        )

    def test_what_is_no_digest_is_refused_and_the_file_stays(self):
        file = self.place / "docker/versions.hcl"
        before = file.read_text()
        done = self.run_("pin-digests", TOLD="<html>")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no digest", done.stderr)
        self.assertEqual(file.read_text(), before)
        self.assertEqual([path.name for path in file.parent.glob("*.partial")], [])


if __name__ == "__main__":
    unittest.main()
