#!/usr/bin/env python3
"""Checks cmm_probe as a command: output, recording, and one clear sentence for each wrong input.

usage: command.py PROGRAM [UNITTEST OPTIONS]      PROGRAM is a built cmm_probe
"""

import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

MACHINES = pathlib.Path(__file__).resolve().parents[1] / "machines"
PROGRAM = ""


def probe(*arguments, **options):
    """Runs the command and returns what it printed and how it ended."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options
    )


def facts(part):
    """Every fact in a JSON description: an object with value, how and evidence."""
    if isinstance(part, dict):
        if "how" in part:
            yield part
        for value in part.values():
            yield from facts(value)
    elif isinstance(part, list):
        for value in part:
            yield from facts(value)


class Command(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.place = pathlib.Path(temporary.name)

    def refuses(self, words, *arguments):
        """Exit 2, nothing on stdout, and one line on stderr that holds the words."""
        done = probe(*arguments)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(words, done.stderr)

    def copied(self, machine):
        return pathlib.Path(shutil.copytree(MACHINES / machine, self.place / machine))

    def test_every_recorded_machine_is_described_with_evidence(self):
        machines = sorted(path.parent.name for path in MACHINES.glob("*/attributes.json"))
        self.assertGreaterEqual(len(machines), 10)
        for machine in machines:
            with self.subTest(machine):
                text = probe("--root", MACHINES / machine)
                self.assertEqual((text.returncode, text.stderr), (0, ""))
                self.assertIn("What that means", text.stdout)
                known = json.loads(probe("--root", MACHINES / machine, "--json").stdout)
                self.assertEqual(known["schema"], "cmm-platform 1")
                self.assertGreater(len(list(facts(known))), 20)
                for fact in facts(known):
                    self.assertIn(fact["how"], ("verified", "reported", "inferred", "unknown"))
                    self.assertEqual(fact["value"] is None, fact["how"] == "unknown", fact)

    def test_the_readme_shows_what_the_command_prints(self):
        shown = probe("--root", MACHINES / "gh200-480-egm").stdout.partition("\nSource by source")[0]
        self.assertIn(shown, (MACHINES.parents[1] / "tools/programs/probe/README.md").read_text())

    def test_a_recorded_machine_is_recorded_again_without_loss(self):
        for machine in sorted(path.parent.name for path in MACHINES.glob("*/attributes.json")):
            with self.subTest(machine):
                first = probe("--root", MACHINES / machine, "--json", "--record", self.place / machine)
                self.assertEqual((first.returncode, first.stderr), (0, ""))
                again = probe("--root", self.place / machine, "--json")
                self.assertEqual(first.stdout, again.stdout)

    def test_this_machine_is_recorded_without_loss_and_without_its_name(self):
        first = probe("--json", "--record", self.place / "mine")
        self.assertEqual((first.returncode, first.stderr), (0, ""))
        self.assertEqual(first.stdout, probe("--json", "--root", self.place / "mine").stdout)
        self.assertEqual([path.name for path in self.place.iterdir()], ["mine"])
        for path in (self.place / "mine").rglob("*"):
            if path.is_file() and len(socket.gethostname()) > 4:
                self.assertNotIn(socket.gethostname(), path.read_text(errors="replace"), path)

    def test_names_of_people_and_machines_are_left_out(self):
        root = self.copied("no-gpu")
        version = root / "proc/driver/nvidia/version"
        version.parent.mkdir(parents=True)
        version.write_text(
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.1.2  Release Build  (me@host7)\n"
        )
        (root / "proc/iomem").write_text("0-fff : GPU-2175d97d-0fa8-5fb7-b067-2737ee7c9565\n")
        (root / "run").mkdir()
        (root / "run/.containerenv").write_text('name="secret"\n')
        self.assertEqual(probe("--root", root, "--record", self.place / "out").returncode, 0)
        everything = "".join(path.read_text() for path in (self.place / "out").rglob("*") if path.is_file())
        for secret in ("me@", "host7", "2175d97d", "secret"):
            self.assertNotIn(secret, everything)
        self.assertIn("580.1.2", everything)

    def test_a_file_that_cannot_be_read_is_said_and_recorded(self):
        root = self.copied("gh200-480")
        (root / "proc/iomem").unlink()
        (root / "proc/iomem").mkdir()
        first = probe("--root", root, "--json", "--record", self.place / "out")
        self.assertIn("/proc/iomem cannot be read (Invalid argument)", first.stdout)
        self.assertEqual(first.stdout, probe("--root", self.place / "out", "--json").stdout)

    def test_an_empty_folder_is_a_machine_of_which_nothing_is_known(self):
        done = probe("--root", self.place)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("the folder has no attributes.json", done.stdout)

    def test_a_folder_that_is_none_is_refused(self):
        self.refuses("which is no folder", "--root", self.place / "nowhere")
        (self.place / "file").write_text("")
        self.refuses("which is no folder", "--root", self.place / "file")

    def test_wrong_attributes_are_refused(self):
        root = self.copied("gh200-480")
        path = root / "attributes.json"
        right = path.read_text()
        for text, words in {
            right[: len(right) // 2]: "is no JSON, or was cut short",
            "": "is no JSON, or was cut short",
            "GIF89a\0\xff": "is no JSON, or was cut short",
            "null": "must be an object, and is null",
            right.replace("cmm-attributes 1", "cmm-attributes 9"): 'has the schema "cmm-attributes 9"',
            right.replace(
                '"cudaDevAttrNumaId": 1', '"cudaDevAttrNumaId": "one"'
            ): "must be a whole number, and is string",
            right.replace('"bus": "0009:01:00.0"', '"bus": 9'): '"bus" must be text, and is number',
            right.replace('"gpus": [', '"gpu": ['): 'lacks "gpus"',
        }.items():
            with self.subTest(words):
                path.write_text(text, encoding="latin-1")
                self.refuses(words, "--root", root)

    def test_attributes_that_are_no_file_are_refused(self):
        (self.place / "attributes.json").mkdir()
        self.refuses("cannot be read as a file", "--root", self.place)

    def test_a_pipe_in_the_place_of_attributes_is_refused_and_not_waited_for(self):
        os.mkfifo(self.place / "attributes.json")
        self.refuses("cannot be read as a file", "--root", self.place)

    def test_an_empty_root_or_record_is_refused(self):
        self.refuses("--root is empty", "--root", "")
        self.refuses("--record is empty", "--root", MACHINES / "gb10", "--record", "")

    def test_links_of_strangers_out_of_the_folder_are_not_followed(self):
        root = self.copied("no-gpu")
        (self.place / "secret").write_text("Linux secret\n")
        (self.place / "node0").mkdir()
        (self.place / "node0/meminfo").write_text("Node 0 MemTotal: 7 kB secret\n")
        for name, target in {
            "proc/iomem": "../../secret",
            "sys/devices/system/node/node7": "../../../../../node0",
            "proc/sys/kernel/osrelease": self.place / "secret",
        }.items():
            (root / name).unlink(missing_ok=True)
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).symlink_to(target)
        done = probe("--root", root, "--json", "--record", self.place / "out")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("leads out of the folder", done.stdout)
        kept = "".join(path.read_text() for path in (self.place / "out").rglob("*") if path.is_file())
        self.assertNotIn("secret", kept + done.stdout)
        (root / "attributes.json").unlink()
        (root / "attributes.json").symlink_to(MACHINES / "gb10/attributes.json")
        self.refuses("cannot be read as a file", "--root", root)

    def test_odd_files_are_unknown_or_refused_in_one_sentence(self):
        root = self.copied("gh200-480")
        node = root / "sys/devices/system/node"
        (node / "node1abc").mkdir()
        (node / "node1abc/meminfo").write_text("Node 1 MemTotal: 5 kB\n")
        (root / "sys/fs/cgroup").mkdir(parents=True)
        (root / "sys/fs/cgroup/memory.max").write_text("9" * 5000 + "\n")
        (node / "node0/meminfo").write_bytes("Node 0 MemTotal: ² kB\n".encode("latin-1"))
        (root / "proc/self").mkdir(exist_ok=True)
        (root / "proc/self/cgroup").write_text("0::/../../../../etc\n")
        done = probe("--root", root, "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIsNone(json.loads(done.stdout)["facts"]["memory_limit_bytes"]["value"])
        (root / "attributes.json").write_text("[" * 200_000)
        self.refuses("is no JSON", "--root", root)

    def test_names_of_strangers_do_not_steer_the_terminal(self):
        root = self.copied("gh200-480")
        path = root / "attributes.json"
        right = path.read_text()
        path.write_text(right.replace('"name": "', '"name": "\\u001b]0;x\\u0007\\nGPU 9: '))
        done = probe("--root", root)
        self.assertEqual(done.returncode, 0)
        self.assertIn(r"\x1b]0;x\x07\x0aGPU 9: ", done.stdout)
        path.write_text(right.replace("cmm-attributes 1", "\\u001b[2J\\n"))
        self.refuses(r'schema "\x1b[2J\x0a"', "--root", root)

    def test_groups_with_names_of_people_are_recorded_without_them_and_found_again(self):
        root = self.copied("no-gpu")
        (root / "proc/self").mkdir(exist_ok=True)
        own = "user.slice/user-7.slice/user@7.service"
        (root / "proc/self/cgroup").write_text(f"0::/{own}/app\n")
        (root / "sys/fs/cgroup" / own / "app").mkdir(parents=True)
        (root / "sys/fs/cgroup" / own / "memory.max").write_text("1073741824\n")
        (root / "proc/self/mountinfo").write_text(
            "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
            "40 23 0:50 / /home rw - nfs server7:/home rw\n"
        )
        first = probe("--root", root, "--json", "--record", self.place / "out")
        self.assertEqual(json.loads(first.stdout)["facts"]["memory_limit_bytes"]["value"], 1 << 30)
        self.assertEqual(first.stdout, probe("--root", self.place / "out", "--json").stdout)
        kept = "".join(
            str(path) + (path.read_text() if path.is_file() else "")
            for path in (self.place / "out").rglob("*")
        )
        for secret in ("user@7", "server7"):
            self.assertNotIn(secret, kept)

    def test_a_slurm_job_whose_group_is_not_seen_is_warned_of(self):
        for variable in ({}, {"SLURM_JOB_ID": "47", "SLURM_MEM_PER_NODE": "204800"}):
            done = probe("--root", MACHINES / "gh200-container", env={**os.environ, **variable})
            self.assertEqual("Slurm gives job 47 200 GiB" in " ".join(done.stdout.split()), bool(variable))

    def test_a_record_that_cannot_be_written_is_refused_and_leaves_nothing(self):
        root = MACHINES / "no-gpu"
        self.refuses("which exists", "--root", root, "--record", self.place)
        self.refuses("cannot be written", "--root", root, "--record", "/proc/cmm")
        self.refuses("cannot be written", "--root", root, "--record", self.place / "no/such")
        (self.place / "out.partial").mkdir()
        self.refuses("cannot be written", "--root", root, "--record", self.place / "out")
        self.assertEqual([path.name for path in self.place.iterdir()], ["out.partial"])

    def test_a_record_that_has_no_room_is_refused_and_leaves_nothing(self):
        def no_room():
            resource.setrlimit(resource.RLIMIT_FSIZE, (256, 256))

        root = MACHINES / "gh200-480"
        done = probe("--root", root, "--record", self.place / "out", preexec_fn=no_room)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("cannot be written (File too large)", done.stderr)
        self.assertEqual(list(self.place.iterdir()), [])

    def test_wrong_options_are_refused(self):
        self.refuses("leave one of them out", "--verify", "--root", MACHINES / "no-gpu")
        for size, words in {
            "0": "from 2MiB to 8GiB",
            "1KiB": "from 2MiB to 8GiB",
            "9GiB": "from 2MiB to 8GiB",
            "many": "does not start with a number",
        }.items():
            self.refuses(words, "--max-managed", size)
        self.refuses(r"\x1b[31m", "--verify=\x1b[31m")
        self.refuses("see --help", "--nonsense")
        self.assertEqual(probe("--root").returncode, 2)
        self.assertEqual(probe("--help").returncode, 0)

    def test_verify_needs_a_gpu_and_says_so(self):
        done = probe("--verify", "--max-managed", "8MiB")
        if done.returncode == 0:
            self.assertIn("verified", done.stdout)
        else:
            self.refuses("--verify needs", "--verify")

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full")
    def test_a_full_disk_is_no_success(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [PROGRAM, "--root", MACHINES / "gb10"], stdout=full, stderr=subprocess.PIPE, text=True
            )
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not be written", done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
