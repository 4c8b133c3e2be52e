"""How much host memory a process may use now, by the reader that tools/probe has."""

import json
import subprocess
from pathlib import Path

from ...building.cache import cache_folder
from ...building.compiler import find_compiler
from ...building.program import compiled_program
from ...errors import Error

_READER = """\
#include <cmm/platform/describe.hpp>
#include <cmm/platform/json.hpp>
#include <cstdio>

int main(int, char** arguments) {
  auto without = cmm::platform::answers_without_cuda("only host memory is asked for");
  if (*arguments[2] != 0) without.architecture = arguments[2];
  const auto known = cmm::platform::describe(arguments[1], without);
  return std::fputs(cmm::platform::to_json(known).c_str(), stdout) < 0 ? 1 : 0;
}
"""


def reader(cache: Path) -> Path:
    """The program that reads it, in a cache folder, compiled where it is not there yet."""
    return compiled_program("host-memory", _READER, "the reader of host memory", cache, find_compiler())


def available_host_memory(root: Path = Path("/"), architecture: str = "") -> int:
    """Bytes that the kernel gives without swapping, within the limits of the control groups, without HBM.

    The reader starts no CUDA, so a worker may ask it beside the others. It is compiled at first use, as
    recipes are: an installed package has no cmm_probe. A recorded machine has its own architecture. Refuses a
    system that does not tell.
    """
    program = reader(cache_folder())
    asked = subprocess.run(
        [str(program), str(root), architecture], capture_output=True, text=True, errors="replace", check=False
    )
    if asked.returncode != 0:
        raise Error(
            f"{program} ended with status {asked.returncode}; remove it, so that it is compiled again"
        )
    usable = json.loads(asked.stdout)["host_memory"]["usable_bytes"]
    if usable["value"] is None:
        raise Error(
            f"this system does not say how much host memory is available ({usable['evidence']}); cmm needs "
            "Linux"
        )
    return int(usable["value"])
