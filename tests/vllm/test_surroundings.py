"""What cmm serve looks at around the plan: free memory, device files, the probe, and the command `cmm`."""

import os
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from cmm.errors import Error
from cmm.vllm.arguments import Arguments
from cmm.vllm.checks import check_devices, check_port
from cmm.vllm.hbm_nodes import hbm_nodes
from cmm.vllm.host_memory import Now, available_host_memory, read_now
from cmm.vllm.probing import CHECKOUT, find_probe, gpu_users
from serving import MACHINES, ServeTest


class FreeMemory(ServeTest):
    """From /proc and /sys."""

    def file(self, name, text):
        """A file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def test_is_that_of_the_kernel_the_nodes_and_the_control_group(self):
        self.file("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:   7 kB\n")
        lines = "Node 1 MemFree: 5 kB\nNode 1 Active(file): 2 kB\nNode 1 Inactive(file): 1 kB\n"
        self.file("sys/devices/system/node/node1/meminfo", lines)
        self.file("sys/fs/cgroup/memory.max", "4096\n")
        self.file("sys/fs/cgroup/memory.current", "1000\n")
        self.file("sys/fs/cgroup/memory.stat", "anon 700\ninactive_file 300\n")
        self.assertEqual(read_now(self.folder), Now(7 << 10, {1: 3 << 10}, 4096, 700))

    def test_of_the_first_version_of_control_groups_is_read_too(self):
        self.file("sys/fs/cgroup/memory/memory.limit_in_bytes", "4096\n")
        self.file("sys/fs/cgroup/memory/memory.usage_in_bytes", "100\n")
        self.assertEqual(read_now(self.folder), Now(None, {}, 4096, 100))
        self.file("sys/fs/cgroup/memory/memory.limit_in_bytes", str((1 << 63) - 4096))
        self.assertIsNone(read_now(self.folder).limit)

    def test_that_nothing_tells_is_unknown(self):
        self.assertEqual(read_now(self.folder), Now(None, {}, None, None))
        self.file("sys/fs/cgroup/memory.max", "max\n")
        self.assertIsNone(read_now(self.folder).limit)

    def test_of_a_process_is_within_its_control_group(self):
        self.file("proc/meminfo", "MemTotal: 9 kB\nMemAvailable: 4096 kB\n")
        self.assertEqual(available_host_memory([], self.folder), 4 << 20)
        self.file("sys/fs/cgroup/memory.current", "1000\n")
        for limit, free in {"max": 4 << 20, "5000": 4000, "10": 0}.items():
            self.file("sys/fs/cgroup/memory.max", limit + "\n")
            self.assertEqual(available_host_memory([], self.folder), free)

    def test_of_a_process_is_what_its_page_cache_could_give_back_too(self):
        self.file("proc/meminfo", "MemAvailable: 4096 kB\n")
        self.file("sys/fs/cgroup/memory.max", "5000\n")
        self.file("sys/fs/cgroup/memory.current", "4900\n")
        self.file("sys/fs/cgroup/memory.stat", "inactive_file 4000\n")
        self.assertEqual(available_host_memory([], self.folder), 4100)

    def test_of_a_process_counts_no_hbm(self):
        machine = MACHINES / "gh200-480"
        hbm = 49807360 << 10
        self.assertEqual(available_host_memory([], machine) - available_host_memory([1], machine), hbm)

    def test_of_a_process_on_another_system_is_refused(self):
        self.assert_error(["cmm needs Linux"], available_host_memory, [], self.folder)


class HbmNodes(unittest.TestCase):
    """What the driver answers."""

    class Driver:
        """As libcuda, with the node of each GPU."""

        def __init__(self, nodes, answer=0):
            self.nodes, self.answer = nodes, answer

        def cuDeviceGet(self, device, ordinal):
            device._obj.value = ordinal + 5
            return 0

        def cuDeviceGetAttribute(self, value, attribute, device):
            assert attribute == 131
            value._obj.value = self.nodes[device.value - 5]
            return self.answer

    def test_are_those_of_gpus_that_are_nodes(self):
        self.assertEqual(hbm_nodes(3, self.Driver([1, -1, 9])), [1, 9])
        self.assertEqual(hbm_nodes(1, self.Driver([1, -1, 9])), [1])

    def test_a_driver_that_does_not_know(self):
        with self.assertRaisesRegex(Error, "cuDeviceGetAttribute answered 1.*needs a driver of CUDA 13"):
            hbm_nodes(1, self.Driver([0], answer=1))


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
        self.assert_error(["is missing", "CMM_PROBE_BINARY"], find_probe, {"PATH": ""}, nowhere)

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
