"""The options of cmm serve itself: one that is misspelt, given twice or empty never goes through to vLLM."""

import unittest

from cmm.vllm.asked.own_options import read_options
from serving import ServeTest

VALUED = ("--kv-bytes", "--recipe", "--hbm-headroom", "--admit", "--root", "--probe")
FLAGS = ("--dry-run", "--no-verify")


class Options(ServeTest):
    """Read without a machine."""

    def refused(self, words, *arguments):
        """These arguments are refused in one sentence with these words."""
        self.assert_error(words, read_options, ["MODEL", *arguments], "cmm serve")

    def test_given_twice(self):
        for name in VALUED:
            self.refused([f"{name} is given more than once"], name, "a", name, "b")
            self.refused([f"{name} is given more than once"], f"{name}=a", name, "a")

    def test_empty(self):
        for name in VALUED:
            self.refused([f"{name} is empty"], name, "")
            self.refused([f"{name} is empty"], f"{name}=")

    def test_misspelt(self):
        for name in (*VALUED, *FLAGS):
            letters = name[2:]
            wrong = {
                f"--{letters[:-1]}",
                f"--{letters}s",
                f"--{letters[0]}{letters}",
                f"--{letters[1]}{letters[0]}{letters[2:]}",
                f"--{letters.replace('-', '_')}",
                f"--{letters}x=1",
            } - {name}
            for each in wrong:
                self.refused([each.partition("=")[0], f"write {name}"], each)
        for begun, name in (("--kv-", "--kv-bytes"), ("--hbm", "--hbm-headroom"), ("--dry", "--dry-run")):
            self.refused([f"{begun} is no option; write {name}"], begun)
        self.refused(["--dry-run", "'yes'"], "--dry-run=yes")
        self.refused(["--kv-bytes", "expected one argument"], "--kv-bytes")

    def test_of_vllm_go_through(self):
        theirs = [
            "--port=8000",
            "--host",
            "--root-path",
            "--revision",
            "--kv-cache-dtype",
            "--kv-cache-memory-bytes",
            "--kv-transfer-config",
            "--kv-sharing-fast-prefill",
            "--no-enable-prefix-caching",
            "--seed",
            "-tp",
            "-q",
            "--hf-overrides",
            "--profile",
        ]
        options, rest = read_options(["MODEL", *theirs, "--kv-bytes", "1GiB"], "cmm serve")
        self.assertEqual((rest, options.kv_bytes), (["MODEL", *theirs], "1GiB"))

    def test_the_command_says_so_in_one_sentence(self):
        done = self.serve("MODEL", "--dry-run", "--kv-byte", "1GiB")
        self.assert_refused(["--kv-byte is no option; write --kv-bytes"], done)


if __name__ == "__main__":
    unittest.main()
