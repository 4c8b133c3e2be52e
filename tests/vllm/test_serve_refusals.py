"""What cmm serve refuses before anything is started."""

import json
import os
import unittest

from serving import GIB, MACHINES, ServeTest, answer


class Refused(ServeTest):
    """What is refused, with no process of vLLM started."""

    def refuse(self, words, *arguments, **variables):
        """A dry run for a GH200 is refused."""
        root = [] if "--probe" in arguments else ["--root", MACHINES / "gh200-480"]
        self.assert_refused(words, self.serve("MODEL", "--dry-run", *root, *arguments, **variables))

    def test_a_worker_class_once_and_twice(self):
        self.refuse(["--worker-cls is given, and"], "--worker-cls", "mine.Worker")
        self.refuse(["--worker-cls is given 2 times"], "--worker-cls=a.B", "--worker_cls", "c.D")
        self.refuse(["--worker abbreviates --worker-cls"], "--worker", "mine.Worker")

    def test_combinations_that_cannot_work(self):
        self.refuse(["--enable-sleep-mode", "pool"], "--enable-sleep-mode")
        self.refuse(
            ["NixlConnector", "network card"], "--kv-transfer-config", '{"kv_connector": "NixlConnector"}'
        )
        offloaded = ["--kv-offloading-size", "4", "--kv-offloading-backend", "lmcache"]
        self.refuse(["LMCacheMPConnector", "CUDA IPC"], *offloaded)
        for name in ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"):
            self.refuse([name, "expandable_segments"], **{name: "a:1,expandable_segments:True"})

    def test_sizes_that_are_none_or_too_large(self):
        self.refuse(["CMM_LIBRARY is set"], CMM_LIBRARY="x.so")
        self.refuse(["--kv-bytes is '12 apples'"], "--kv-bytes", "12 apples")
        self.refuse(["0 bytes"], "--kv-bytes", "0")
        self.refuse(["host memory, node 0 runs out at 205 GiB"], "--kv-bytes", "475GiB")
        self.refuse(["are the same"], "--kv-bytes", "1GiB", "--kv-cache-memory-bytes", "1")
        self.refuse(["'1.5G'"], "--kv-cache-memory-bytes", "1.5G")
        self.refuse(["--gpu-memory-utilization is '92'"], "--gpu-memory-utilization", "92")
        self.refuse(["asks for 94.5 GiB", "94 GiB are free"], "--gpu-memory-utilization", "1.0")
        self.refuse(["given 2 times"], "--gpu-memory-utilization=0.9", "--gpu-memory-utilization", "0.8")
        self.refuse(["has no value"], "--gpu-memory-utilization")
        self.refuse(["--tensor-parallel-size is 'two'"], "-tp", "two")

    def test_settings_of_ours_that_differ_from_the_plan(self):
        for given, words in (
            ('{"cmm": {"large_bytes": 1}}', ['"large_bytes": 1', "--kv-bytes"]),
            ('{"cmm": {"library": "x.so"}}', ["library"]),
            ('{"cmm": 3}', ["write an object"]),
            ('{"cmm": {"colour": "red"}}', ["no setting 'colour'"]),
            ("[1]", ["no JSON object"]),
            ("{", ["no JSON"]),
        ):
            self.refuse(words, "--additional-config", given)
        both = ("--kv-bytes", "1GiB", "--additional-config", '{"cmm": {"large_bytes": 1}}')
        self.refuse(['"large_bytes": 1', "--kv-bytes gives the whole", "leave one"], *both)
        self.refuse(["as one object"], "--additional-config.cmm.large_bytes", "1")

    def test_the_total_of_the_predecessor_if_it_is_nonsense(self):
        for nonsense in ("lots", "-4", "nan", "1e30", ""):
            self.refuse(["MANAGED_MEMORY_TOTAL_GB", "--kv-bytes"], MANAGED_MEMORY_TOTAL_GB=nonsense)
        said = self.plan_of("gh200-480", MANAGED_MEMORY_TOTAL_GB="475", MANAGED_MEMORY_X="1")
        self.assertIn("MANAGED_MEMORY_TOTAL_GB=475 does nothing here", said)
        self.assertIn("MANAGED_MEMORY_X is a variable of the predecessor", said)

    def test_a_model_that_does_not_fit_or_cannot_be_read(self):
        model = self.folder / "model"
        model.mkdir()
        for number in (1, 2):
            with (model / f"model-{number}.safetensors").open("wb") as file:
                file.truncate(60 * GIB)
        root = ["--dry-run", "--root", MACHINES / "gh200-two-socket"]
        self.assert_refused(["does not fit", "120 GiB", "86.9 GiB"], self.serve(model, *root))
        self.assertEqual(self.serve("--model", model, "-tp", "2", *root).returncode, 0)
        self.assertEqual(self.serve(model, "--quantization", "fp8", *root).returncode, 0)
        if os.geteuid() != 0:  # root may read everything
            model.chmod(0)
            self.addCleanup(model.chmod, 0o700)
            self.assert_refused(["may not read the model"], self.serve(model, *root))

    def test_recipes_that_are_none(self):
        self.refuse(["column 11", "there is no such part"], "--recipe", "managed | nonsense")
        self.refuse(["there is no such file"], "--recipe", "./recommendation.txt")
        self.refuse(["no source"], "--recipe", "null | stats")
        (self.folder / "empty.txt").touch()
        self.refuse(["no line USE: RECIPE"], "--recipe", self.folder / "empty.txt")

    def test_machines_that_are_none(self):
        for root, words in (("nowhere", ["is no folder"]), (self.folder, ["probe"])):
            done = self.serve("MODEL", "--dry-run", "--root", root)
            if root == "nowhere":
                self.assert_refused(words, done)
            else:
                self.assertEqual(done.returncode, 1)
        for name in ("unit/../gh200-480", "r" * 300):
            self.assertEqual(self.serve("MODEL", "--dry-run", "--root", name).returncode, 1)
        named, by_folder = (
            self.serve("MODEL", "--dry-run", "--root", root) for root in ("gh200-480", MACHINES / "gh200-480")
        )
        self.assertEqual((named.returncode, named.stdout), (0, by_folder.stdout))
        self.assert_refused(["add --dry-run"], self.serve("MODEL", "--root", MACHINES / "gh200-480"))
        no_gpu = self.serve("MODEL", "--dry-run", "--root", MACHINES / "no-gpu")
        self.assert_refused(["no GPU answered"], no_gpu)
        other = self.folder / "other.json"
        for text, words in (("{}", ['no "schema"']), ("no", ["no JSON"])):
            other.write_text(text)
            self.refuse(words, "--probe", other)
        told = answer("gh200-480")
        del told["gpus"][0]["free_bytes"]
        other.write_text(json.dumps(told))
        self.refuse(["lacks something", "free_bytes"], "--probe", other)

    def test_a_missing_or_failing_probe(self):
        arguments = ["MODEL", "--dry-run", "--root", MACHINES / "gh200-480"]
        named = self.serve(*arguments, CMM_PROBE_BINARY=self.folder)
        self.assert_refused(["CMM_PROBE_BINARY", "no program"], named)
        failing = self.serve(*arguments, CMM_PROBE_BINARY="/bin/false")
        self.assert_refused(["could not look at this machine", "status 1"], failing)


if __name__ == "__main__":
    unittest.main()
