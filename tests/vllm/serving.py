"""What the tests of cmm serve share: recorded machines, and a probe and a vLLM that are made up."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/vllm_release"))

import small_vllm  # noqa: E402
from cmm.errors import Error  # noqa: E402
from cmm.vllm.machine.description import read_machine  # noqa: E402
from cmm.vllm.settings import VARIABLES  # noqa: E402

MACHINES = ROOT / "tests/machines"
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

if not os.environ.get("CMM_PROBE_BINARY"):
    print("left out: cmm serve, because CMM_PROBE_BINARY names no cmm_probe")
    sys.exit(77)

ENTRY = """
import json, sys
print("started", json.dumps(sys.argv[1:]))
"""


@cache
def _answer(name):
    asked = subprocess.run(
        [os.environ["CMM_PROBE_BINARY"], "--json", "--root", str(MACHINES / name)],
        capture_output=True,
        text=True,
        check=True,
    )
    return asked.stdout


def answer(name):
    """What the probe says of a recorded machine, as a new object."""
    return json.loads(_answer(name))


def machine(name, change=None):
    """A recorded machine; `change` may alter what the probe said."""
    told = answer(name)
    if change is not None:
        change(told)
    return read_machine(told)


def reach(told, source, tier):
    """The cell of a source and a tier whose name begins so."""
    return next(
        each for each in told["reachable"] if each["source"] == source and each["tier"].startswith(tier)
    )


class ServeTest(unittest.TestCase):
    """A test with a folder of its own, and a way to run the command."""

    def setUp(self):
        """Make the folder, and an environment with nothing of this machine's settings."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        foreign = (
            "CUDA_VISIBLE_DEVICES",
            "MANAGED_MEMORY_TOTAL_GB",
            "PYTORCH_ALLOC_CONF",
            "PYTORCH_CUDA_ALLOC_CONF",
            "COLUMNS",
        )
        foreign += tuple(VARIABLES.values())
        self.environment = {name: value for name, value in os.environ.items() if name not in foreign}

    def serve(self, *arguments, **variables):
        """Run the command in a process; returns it when it has ended."""
        return subprocess.run(
            [sys.executable, "-Bm", "cmm.vllm.serve", *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**self.environment, **{name: str(value) for name, value in variables.items()}},
            check=False,
        )

    def plan_of(self, name, *arguments, **variables):
        """What a dry run prints for a recorded machine."""
        done = self.serve("MODEL", "--dry-run", "--root", MACHINES / name, *arguments, **variables)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def assert_refused(self, words, done):
        """The command was refused in one sentence that has these words, and started nothing."""
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertTrue(done.stderr.startswith("tools/serve-vllm: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertNotIn("started", done.stdout)
        for word in words:
            self.assertIn(word, done.stderr)

    def assert_error(self, words, call, *arguments, **named):
        """The call is refused in one sentence that has these words."""
        with self.assertRaises(Error) as refused:
            call(*arguments, **named)
        for word in words:
            self.assertIn(word, str(refused.exception))
        self.assertNotIn("\n", str(refused.exception))

    def fake_probe(self, told, verified=None):
        """A program that answers so, and with --verify otherwise, or fails."""
        program = self.folder / "fake_probe"
        (self.folder / "plain.json").write_text(json.dumps(told))
        lines = ["#!/bin/sh", 'if [ "$2" = --verify ]; then']
        if verified is None:
            lines.append('  echo "no memory to try with" >&2; exit 1')
        else:
            (self.folder / "verified.json").write_text(json.dumps(verified))
            lines.append(f'  exec cat "{self.folder}/verified.json"')
        program.write_text("\n".join([*lines, "fi", f'exec cat "{self.folder}/plain.json"', ""]))
        program.chmod(0o755)
        return program

    def fake_vllm(self, version="0.23.0"):
        """A vLLM that can be checked, and prints its arguments when it is started; returns a PYTHONPATH."""
        site = self.folder / f"site-{version}"
        small_vllm.write({**small_vllm.OLD, "entrypoints/cli/main.py": ENTRY}, site)
        for package in ("entrypoints", "entrypoints/cli"):
            (site / "vllm" / package / "__init__.py").touch()
        info = site / f"vllm-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n")
        return os.pathsep.join([str(site), self.environment["PYTHONPATH"]])
