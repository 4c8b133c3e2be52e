"""Asks tools/probe, or a file of its answers, what this machine is."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...building.programs import PROBE, provided
from ...errors import Error
from ...text_file import read_text

CHECKOUT = Path(__file__).resolve().parents[4] / "probe"
"""The command of a checkout; not there in an installed package."""


def find_probe(environment: Mapping[str, str] = os.environ, checkout: Path = CHECKOUT) -> Path:
    """CMM_PROBE_BINARY, else tools/probe of a checkout, else cmm_probe on the PATH, else one compiled now."""
    if not environment.get(PROBE.variable) and os.access(checkout, os.X_OK):
        return checkout
    return provided(PROBE, environment)


def ask(probe: Path, *options: str) -> Any:
    """The answer of `probe --json`. Refuses what is no JSON, with the probe's own words where it failed."""
    command = [str(probe), "--json", *options]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise Error(
            f"{probe} cannot be started ({error.strerror}); it must be a cmm_probe of this machine"
        ) from error
    if asked.returncode != 0:
        said = " ".join(asked.stderr.split()) or f"it ended with status {asked.returncode}"
        raise Error(f"{probe} could not look at this machine: {said}")
    return _parsed(asked.stdout, str(probe))


def ask_verified(probe: Path, verify: bool) -> tuple[Any, list[str]]:
    """What this machine is, tried out where it has a GPU and that is wanted; and what to warn of."""
    told = ask(probe)
    if not verify or not told.get("gpus"):
        return told, []
    print("cmm serve: trying out each memory with up to 256 MiB ...", file=sys.stderr, flush=True)
    try:
        return ask(probe, "--verify"), []
    except Error as error:
        return told, [f"Nothing was verified, so the plan rests on what was reported: {error}"]


def read_answer(path: Path) -> Any:
    """An answer of `tools/probe --json` that was kept in a file."""
    return _parsed(read_text(path, "give what tools/probe --json printed"), str(path))


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Error(f"{where} gave no JSON ({error}); give a probe of this version of cmm") from error
    except RecursionError as error:
        raise Error(f"{where} is nested too deeply for an answer of a probe; give one of cmm") from error


def gpu_users() -> dict[str, str]:
    """Of each GPU, by its PCI address, which processes hold its memory; empty where nobody can say."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return {}
    fields = "gpu_bus_id,pid,process_name,used_memory"
    command = [program, f"--query-compute-apps={fields}", "--format=csv,noheader"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in asked.stdout.splitlines() if asked.returncode == 0 else []:
        bus, *rest = (part.strip() for part in line.split(","))
        if len(rest) >= 3:
            address = bus.lower()[-len("0000:00:00.0") :]  # the program writes four zeros more than CUDA
            user = f"{rest[1]} with {rest[-1]} (process {rest[0]})"
            found[address] = f"{found[address]}, {user}" if address in found else user
    return found
