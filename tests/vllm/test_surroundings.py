"""What cmm serve looks at around the plan: free memory, device files, the probe, and the command `cmm`."""

import os
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from cmm.printable import said_by
from cmm.vllm.asked.arguments import Arguments
from cmm.vllm.asked.checks import check_devices, check_port
from cmm.vllm.machine.host_memory import available_host_memory
from cmm.vllm.machine.probing import CHECKOUT, find_probe, gpu_users
from serving import MACHINES, ServeTest, answer


class HostMemory(ServeTest):
    """What the worker may use, by the reader of the probe."""

    def file(self, name, text):
        """A file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def test_is_what_the_probe_says_without_a_gpu(self):
        for name in (
            "gh200-144-cache-on-hbm",
            "gh200-4gpu-slurm-200g",
            "gh200-docker-v2-uses-150g",
            "gh200-480-cdmm",
        ):
            self.assertEqual(
                available_host_memory(MACHINES / name, "aarch64"),
                answer(name)["host_memory"]["usable_bytes"]["value"],
                name,
            )

    def test_counts_neither_hbm_nor_page_cache_on_it_nor_gpus_that_are_not_visible(self):
        self.assertEqual(
            available_host_memory(MACHINES / "gh200-144-cache-on-hbm", "aarch64"), 449_839_105 << 10
        )
        self.assertEqual(
            available_host_memory(MACHINES / "gh200-4gpu-one-visible", "aarch64"), 450_887_680 << 10
        )

    def test_is_within_the_control_group_whose_page_cache_is_given_back(self):
        self.file("proc/meminfo", "MemAvailable: 4096 kB\n")
        self.assertEqual(available_host_memory(self.folder), 4 << 20)
        self.file("sys/fs/cgroup/memory.max", "5000\n")
        self.file("sys/fs/cgroup/memory.current", "4900\n")
        self.file("sys/fs/cgroup/memory.stat", "anon 700\ninactive_file 4000\n")
        self.assertEqual(available_host_memory(self.folder), 4100)

    def test_on_another_system_is_refused(self):
        self.assert_error(["/proc/meminfo is missing", "cmm needs Linux"], available_host_memory, self.folder)


class Names(ServeTest):
    """What a message calls the commands."""

    def test_are_those_of_the_package_where_it_was_called(self):
        refused = "--root x is no folder; give one that tools/probe --record wrote"
        self.assertEqual(said_by("tools/serve-vllm", refused), f"tools/serve-vllm: {refused}")
        self.assertEqual(
            said_by("cmm serve", refused),
            "cmm serve: --root x is no folder; give one that cmm probe --record wrote",
        )
        self.assertEqual(said_by("cmm x", "/my/tools/probe\n"), "cmm x: /my/tools/probe\\n")
        done = subprocess.run(
            [sys.executable, "-Bm", "cmm.cli", "serve", "M", "--dry-run", "--root", "nowhere"],
            capture_output=True,
            text=True,
            env=self.environment,
            check=False,
        )
        self.assertIn("cmm probe --record", done.stderr)


class Permissions(ServeTest):
    """What this user may not do."""

    def test_device_files_that_may_not_be_opened_are_named(self):
        for name in ("nvidiactl", "nvidia0"):
            (self.folder / name).touch()
        check_devices(self.folder)
        with mock.patch("os.access", lambda path, mode: Path(path).name != "nvidia0"):
            self.assert_error(["may not open", "nvidia0", "group"], check_devices, self.folder)

    def test_a_port_that_needs_a_permission(self):
        with mock.patch("socket.socket.bind", side_effect=PermissionError):
            self.assert_error(["port 80 needs a permission"], check_port, Arguments(["m", "--port", "80"]))
        check_port(Arguments(["m", "--port", "80", "--uds", "/tmp/x"]))


class Probe(ServeTest):
    """Where the program is found."""

    def test_is_the_one_named_then_that_of_the_checkout_then_that_of_the_path(self):
        program = self.folder / "cmm_probe"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        nowhere = self.folder / "nowhere"
        self.assertEqual(find_probe({"CMM_PROBE_BINARY": str(program)}), program)
        self.assertEqual(find_probe({"PATH": str(self.folder)}), CHECKOUT)
        self.assertEqual(CHECKOUT, MACHINES.parents[1] / "tools/probe")
        self.assertEqual(find_probe({"PATH": str(self.folder)}, nowhere), program)
        with mock.patch.dict(os.environ, {"CXX": "no-such-compiler"}):
            self.assert_error(["no C++ compiler"], find_probe, {"PATH": ""}, nowhere)

    def test_users_of_gpus_are_told_apart(self):
        smi = self.folder / "nvidia-smi"
        lines = [
            "00000009:01:00.0, 1, a, 2 MiB",
            "00000009:01:00.0, 3, b, 4 MiB",
            "00000019:01:00.0, 5, c, 6 MiB",
        ]
        smi.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
        smi.chmod(0o755)
        with mock.patch.dict(os.environ, {"PATH": f"{self.folder}:{os.environ['PATH']}"}):
            both = "a with 2 MiB (process 1), b with 4 MiB (process 3)"
            self.assertEqual(gpu_users(), {"0009:01:00.0": both, "0019:01:00.0": "c with 6 MiB (process 5)"})
            smi.write_text("#!/bin/sh\nexit 9\n")
            self.assertEqual(gpu_users(), {})


class Command(ServeTest):
    """The command of an installed package."""

    def cmm(self, *arguments):
        """Run it."""
        return subprocess.run(
            [sys.executable, "-Bm", "cmm.cli", *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            check=False,
        )

    def test_has_subcommands(self):
        for name in ("serve", "adapter"):
            done = self.cmm(name, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"usage: cmm {name}", done.stdout)
        self.assertIn("cmm serve: ", self.cmm("serve", "m", "--worker-cls", "x").stderr)
        self.assertIn("cmm adapter: ", self.cmm("adapter", "--recipe", "x", "-o", str(self.folder)).stderr)

    def test_refuses_others(self):
        for arguments in ([], ["surf"]):
            self.assertEqual(self.cmm(*arguments).returncode, 2)
        self.assertIn("'surf'", self.cmm("surf").stderr)
        self.assertEqual(self.cmm("--help").returncode, 0)


if __name__ == "__main__":
    unittest.main()
