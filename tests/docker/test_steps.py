"""The steps that can be tried without a container: fetching sources, asking a server, installing wheels."""

import http.server
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

STEPS = pathlib.Path(__file__).resolve().parents[2] / "docker/steps"


def step(name, *arguments, **environment):
    """Runs a step."""
    return subprocess.run(
        [STEPS / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
    )


@unittest.skipUnless(shutil.which("git"), "git is not installed")
class Fetching(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.place = pathlib.Path(temporary.name)
        self.origin = self.place / "origin"
        self.origin.mkdir()
        self.git("init", "--quiet")
        self.commits = []
        for word in ("one", "two"):
            (self.origin / "file").write_text(word)
            self.git("add", "file")
            self.git("-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "--message", word)
            self.git("tag", f"v{word}")
            self.commits.append(self.git("rev-parse", "HEAD").strip())

    def git(self, *arguments):
        return subprocess.run(
            ["git", "-C", self.origin, *arguments], capture_output=True, text=True, check=True
        ).stdout

    def fetch(self, tag, commit):
        return step("fetch-source.sh", f"file://{self.origin}", tag, commit, self.place / "copy")

    def test_a_tag_that_is_its_commit_is_fetched(self):
        self.assertEqual(self.fetch("vone", self.commits[0]).returncode, 0)
        self.assertEqual((self.place / "copy/file").read_text(), "one")

    def test_a_tag_that_is_another_commit_is_refused(self):
        done = self.fetch("vone", self.commits[1])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("expects " + self.commits[1], done.stderr)

    def test_a_tag_without_a_commit_is_fetched_and_its_commit_said(self):
        done = self.fetch("vtwo", "")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(self.commits[1], done.stdout)

    def test_a_commit_without_a_tag_comes_with_the_tags_before_it(self):
        self.assertEqual(self.fetch("", self.commits[0]).returncode, 0)
        described = ["git", "-C", self.place / "copy", "describe", "--tags"]
        self.assertEqual(subprocess.run(described, capture_output=True, text=True).stdout, "vone\n")

    def test_bad_pins_are_refused(self):
        for tag, commit, word in (
            ("vthree", "", "no tag vthree"),
            ("", "", "neither tag nor commit"),
            ("vone", "main", "no commit"),
            ("", "f" * 40, "has no commit"),
        ):
            done = self.fetch(tag, commit)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(word, done.stderr)


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


class Health(unittest.TestCase):
    def test_a_server_is_healthy_only_if_it_answers_with_success(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        self.assertEqual(step("healthy-server.sh", f"{url}/health").returncode, 0)
        self.assertEqual(step("healthy-server.sh", f"{url}/starting").returncode, 1)
        server.shutdown()
        server.server_close()
        done = step("healthy-server.sh", f"{url}/health")
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not answer", done.stderr)

    def test_a_suite_that_does_not_run_is_unhealthy(self):
        done = step("healthy-bench.sh", CMM_BENCH_BINARY="/bin/false")
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not run", done.stderr)


class Needs(unittest.TestCase):
    def test_a_step_without_its_build_argument_says_which(self):
        for name, arguments, variable in (
            ("build-bench.sh", [], "BENCH_CUDA_ARCHITECTURES"),
            ("build-vllm.sh", ["/nowhere", "/nowhere"], "VLLM_VERSION"),
            ("build-triton.sh", ["/nowhere"], "MAX_JOBS"),
            ("install-cmm.sh", ["/nowhere"], "ALLOCATOR_RECIPE"),
            ("install-vllm-wheels.sh", [], "LMCACHE_VERSION"),
        ):
            given = {"MAX_JOBS": "1", "TORCH_CUDA_ARCH_LIST": "9.0a", "VLLM_VERSION": "1.0"} | {variable: ""}
            done = step(name, *arguments, **given)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{variable} is not set", done.stderr)


if __name__ == "__main__":
    unittest.main()
