"""The command cmm serve: what it prints, what it starts, and what it refuses."""

import json
import os
import resource
import shlex
import socket
import unittest

from serving import GIB, KIB, MACHINES, MIB, ServeTest, answer, reach

GH200 = """\
Plan for GPU 0: NVIDIA GH200 480GB
  recipe      managed | prefer{host} | accessed_by{device} | stats
  memory      handles of HBM and of the host node in one range; the recipe without them
  HBM         up to 86.9 GiB of each GPU for weights, activations and KV cache
              (--gpu-memory-utilization 0.92)
  beyond HBM  205 GiB of KV cache for each GPU, in host memory, node 0
  admits      as many requests as the whole KV cache holds

Why
  reported    94 GiB of 94.5 GiB of GPU memory are free now
  rule        vLLM may use 0.92 of it: vLLM's own default
  reported    managed reaches 478 GiB of host memory, node 0: managed pages move or stay there
              (cudaDevAttrConcurrentManagedAccess is 1)
  reported    NUMA node 1 is HBM: counted as HBM, and not again as host memory
  reported    239 GiB of the 478 GiB in host memory, node 0 are free now; 33.9 GiB are kept back
  reported    the kernel has 239 GiB of host memory available now; 33.9 GiB are kept back
  rule        Kept back: a 16th of the memory, at least 4 GiB, for the system, and 4 GiB for each of
              vLLM's workers
  reported    KV beyond HBM is read over C2C at up to 447 GB/s, HBM at up to 4023 GB/s: 9 times
              slower
  rule        Requests run while the KV cache holds them, since the link is fast; --admit fast keeps
              to HBM

Command
  vllm serve MODEL --max-model-len 4096 --worker-cls cmm.vllm.Worker --gpu-memory-utilization 0.92 \
--additional-config '{"cmm": {"recipe": "managed | prefer{host} | accessed_by{device} | stats", \
"memory": "tiered", "large_bytes": 220486172672}}'
"""
EGM = """\
Plan for GPU 0: NVIDIA GH200 480GB
  recipe      device | stats
  HBM         up to 86.9 GiB of each GPU for weights, activations and KV cache
              (--gpu-memory-utilization 0.92)
  beyond HBM  nothing: the KV cache stays in HBM

Why
  reported    94 GiB of 94.5 GiB of GPU memory are free now
  rule        vLLM may use 0.92 of it: vLLM's own default
  reported    managed reaches 8 GiB of host memory, node 0: managed pages move or stay there
              (cudaDevAttrConcurrentManagedAccess is 1)
  reported    NUMA node 2 is HBM: counted as HBM, and not again as host memory
  reported    4 GiB of the 8 GiB in host memory, node 0 are free now; 8 GiB are kept back
  reported    the kernel has 4 GiB of host memory available now; 8 GiB are kept back

Warnings
  - No host memory is left for a KV cache, so it stays in HBM: 4 GiB of the 8 GiB in host memory,
    node 0 are free now; 8 GiB are kept back
  - The firmware is in EGM mode and keeps about 439 GiB of LPDDR for virtual machines. This system
    does not see them and has 8 GiB of host memory; what /proc/iomem and free show beyond is HBM,
    listed as a NUMA node. A KV cache of 475 GiB, as sizes guessed from either suggest, was never
    there. Turn EGM mode off in the firmware, and the GPU reaches all of LPDDR; or run inside the
    virtual machine that owns it

Command
  vllm serve MODEL --worker-cls cmm.vllm.Worker --gpu-memory-utilization 0.92 --additional-config \
'{"cmm": {"recipe": "device | stats", "large_bytes": 0}}'
"""


class DryRun(ServeTest):
    """What is printed, and the command in it."""

    def command(self, *arguments, name="gh200-480", **variables):
        """The command of a dry run, as words."""
        return shlex.split(self.plan_of(name, *arguments, **variables).splitlines()[-1])

    def option(self, name, *arguments, **variables):
        """The value of an option in the command; it is there once."""
        command = self.command(*arguments, **variables)
        self.assertEqual(command.count(name), 1, command)
        return command[command.index(name) + 1]

    def test_prints_the_plan_of_two_machines_as_expected(self):
        self.assertEqual(self.plan_of("gh200-480", "--max-model-len", "4096"), GH200)
        self.assertEqual(self.plan_of("gh200-480-egm"), EGM)

    def test_fits_100_columns_but_for_the_command(self):
        for folder in sorted(MACHINES.iterdir()):
            if not folder.is_dir():
                continue
            done = self.serve("MODEL", "--dry-run", "--root", folder)
            if done.returncode == 1:  # as test_situations.py says
                continue
            *lines, command = done.stdout.splitlines()
            self.assertEqual([line for line in lines if len(line) > 100], [])
            self.assertTrue(command.startswith("  vllm serve MODEL "))

    def test_passes_everything_else_on_in_order(self):
        given = ["--max-model-len", "4096", "--enable-prefix-caching", "-O3", "--override", '{"a": "b c"}']
        self.assertEqual(self.command(*given)[:9], ["vllm", "serve", "MODEL", *given])

    def test_obeys_the_official_sizes(self):
        self.assertEqual(
            self.option("--gpu-memory-utilization", "--gpu_memory_utilization=0.5", "--kv-bytes", "1GiB"),
            "0.5",
        )
        self.assertEqual(self.option("--kv-cache-memory-bytes", "--kv-bytes", "1.5GiB"), str(3 * GIB // 2))
        for text, size in (("7", 7), ("2k", 2000), ("2K", 2048), ("1.5g", 1_500_000_000), ("3G", 3 * GIB)):
            self.assertEqual(
                self.option("--kv-cache-memory-bytes", f"--kv-cache-memory-bytes={text}"), str(size)
            )

    def test_joins_additional_config(self):
        given = {"other": [1], "cmm": {"report_seconds": 5, "large_bytes": 210272 * MIB}}
        joined = json.loads(self.option("--additional-config", "--additional-config", json.dumps(given)))
        self.assertEqual((joined["other"], joined["cmm"]["report_seconds"]), ([1], 5))
        self.assertEqual(joined["cmm"]["large_bytes"], 210272 * MIB)
        self.assertIn("managed", joined["cmm"]["recipe"])
        headroom = json.loads(self.option("--additional-config", "--hbm-headroom", "2GiB"))["cmm"]
        self.assertEqual(headroom["hbm_headroom"], 2 * GIB)

    def test_with_a_given_size_nothing_that_differs_from_start_to_start_is_said(self):
        told = json.loads(self.option("--additional-config", "--kv-bytes", "120GiB"))["cmm"]
        self.assertEqual(list(told), ["recipe", "memory"])

    def test_counts_gpus_of_all_kinds_of_parallelism(self):
        for given in (["-tp", "2"], ["--pipeline-parallel-size=2"], ["-dp=2"], ["-tp", "4", "--nnodes", "2"]):
            self.assertIn("GPUs 0, 1", self.plan_of("gh200-two-socket", *given))
        self.assertIn("GPU 1:", self.plan_of("gh200-two-socket", CUDA_VISIBLE_DEVICES="1"))

    def test_takes_a_recipe_or_a_recommendation(self):
        recommended = MACHINES.parents[1] / "bench/results/h200-pcie/recommendation.txt"
        text = "managed | prefer{host_numa:0} | accessed_by{device} | stats"
        for given, recipe in (
            (text, text),
            (recommended, "managed | prefer{host} | accessed_by{device} | stats"),
        ):
            told = json.loads(self.option("--additional-config", "--recipe", given))["cmm"]
            self.assertEqual(told, {"recipe": recipe, "large_bytes": 210272 * MIB})

    def test_obeys_the_variables_of_the_worker(self):
        given = {"CMM_RECIPE": "device | stats", "CMM_HBM_HEADROOM": "3GiB", "CMM_LARGE_BYTES": "1GiB"}
        told = json.loads(self.option("--additional-config", **given))["cmm"]
        self.assertEqual(told, {"recipe": "device | stats", "large_bytes": 0, "hbm_headroom": 3 * GIB})
        self.assertIn("CMM_LARGE_BYTES is set, and the plan replaces it", self.plan_of("gh200-480", **given))

    def test_a_kept_answer_of_the_probe_does_as_well(self):
        kept = self.folder / "answer.json"
        kept.write_text(json.dumps(answer("gh200-480")))
        done = self.serve("MODEL", "--dry-run", "--probe", kept)
        self.assertIn("205 GiB of KV cache", done.stdout, done.stderr)

    def test_help_names_its_options(self):
        done = self.serve("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in (
            "--dry-run",
            "--kv-bytes",
            "--recipe",
            "--hbm-headroom",
            "--no-verify",
            "--root",
            "--probe",
        ):
            self.assertIn(word, done.stdout)


class Start(ServeTest):
    """With a probe and a vLLM that are made up: what is started, and what stops it."""

    def setUp(self):
        """A probe of this machine that says it is a GH200."""
        super().setUp()
        verified = answer("gh200-480")
        reach(verified, "managed", "host memory")["verified_bytes"] = 256 * MIB
        self.probe = self.fake_probe(answer("gh200-480"), verified)
        with socket.socket() as free:
            free.bind(("", 0))
            self.port = free.getsockname()[1]

    def start(self, *arguments, version="0.23.0", **variables):
        """Run the command as on a machine with a GPU."""
        path = variables.pop("PYTHONPATH", None) or self.fake_vllm(version)
        given = {"CMM_PROBE_BINARY": self.probe, "PYTHONPATH": path, **variables}
        return self.serve("MODEL", "--port", self.port, *arguments, **given)

    def test_becomes_stock_vllm_with_what_was_printed(self):
        done = self.start("--max-model-len", "64")
        self.assertEqual(done.returncode, 0, done.stderr)
        *_, printed, started = done.stdout.splitlines()
        self.assertTrue(started.startswith("started "), started)
        arguments = json.loads(started.removeprefix("started "))
        self.assertEqual(arguments[:6], ["serve", "MODEL", "--port", str(self.port), "--max-model-len", "64"])
        self.assertEqual(shlex.split(printed)[3:], arguments)

    def test_says_what_was_verified_and_what_only_reported(self):
        self.assertIn("  verified    managed reaches", self.start().stdout)
        quiet = self.start("--no-verify", version="0.24.0")
        self.assertIn("  reported    managed reaches", quiet.stdout)
        self.assertNotIn("Nothing was verified", quiet.stdout)
        self.probe = self.fake_probe(answer("gh200-480"))
        failed = self.start(version="0.25.0")
        self.assertIn("Nothing was verified", failed.stdout)
        self.assertIn("no memory to try with", failed.stdout)

    def test_a_low_limit_of_locked_memory_is_told_and_refuses_nothing(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_MEMLOCK, (soft, hard))
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (64 * KIB, hard))
        done = self.start()
        self.assertIn("started [", done.stdout, done.stderr)
        why = " ".join(done.stdout.split("Why\n")[1].split())
        self.assertIn(
            "reported this process may lock 64 KiB of memory (ulimit -l), less than the 205 GiB that are "
            "pinned; NVIDIA's driver is not known to count them against it",
            why,
        )
        managed = self.start("--recipe", "managed | stats", version="0.24.0")
        self.assertNotIn("ulimit", managed.stdout, "nothing is pinned")
        self.assertNotIn("ulimit", self.plan_of("gh200-480"), "another machine has a limit of its own")

    def test_without_vllm_or_with_an_old_or_changed_one_is_refused(self):
        none = self.environment["PYTHONPATH"]
        self.assert_refused(["no vLLM", "pip install vllm"], self.start(PYTHONPATH=none))
        self.assert_refused(["0.23 or newer", "0.22.1"], self.start(version="0.22.1"))
        path = self.fake_vllm("0.26.0")
        worker = self.folder / "site-0.26.0/vllm/v1/worker/gpu_worker.py"
        worker.write_text(worker.read_text().replace("_maybe_get_memory_pool_context", "_renamed"))
        self.assert_refused(["_maybe_get_memory_pool_context"], self.start(PYTHONPATH=path))

    def test_a_dry_run_without_vllm_says_so_and_goes_on(self):
        done = self.start("--dry-run", PYTHONPATH=self.environment["PYTHONPATH"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("cannot be started yet", done.stdout)
        self.assertNotIn("started [", done.stdout)

    def test_a_newer_vllm_than_tested_is_warned_of(self):
        done = self.start(version="9.1.0")
        self.assertIn("9.1.0 is newer than", done.stdout, done.stderr)
        self.assertIn("started [", done.stdout)

    def test_a_port_in_use_is_refused(self):
        with socket.socket() as taken:
            taken.bind(("", 0))
            taken.listen()
            self.port = taken.getsockname()[1]
            self.assert_refused([f"port {self.port} is in use", "--port"], self.start())
            self.assertEqual(self.start("--dry-run", version="0.24.0").returncode, 0)
        self.port = 70000
        self.assert_refused(["1 to 65535"], self.start(version="0.25.0"))

    def test_a_busy_gpu_names_who_uses_it(self):
        told = answer("gh200-480")
        told["gpus"][0]["free_bytes"]["value"] = 40 * GIB
        self.probe = self.fake_probe(told, told)
        smi = self.folder / "nvidia-smi"
        smi.write_text("#!/bin/sh\necho '00000009:01:00.0, 4711, /usr/bin/train, 50000 MiB'\n")
        smi.chmod(0o755)
        done = self.start("--no-verify", PATH=f"{self.folder}{os.pathsep}{os.environ['PATH']}")
        self.assert_refused(["busy", "/usr/bin/train with 50000 MiB (process 4711)"], done)


if __name__ == "__main__":
    unittest.main()
