"""The CUDA toolkit of this machine: headers and the shared runtime library."""

import dataclasses
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import Error

OLDEST = 13


@dataclasses.dataclass(frozen=True)
class Toolkit:
    """A toolkit that an allocator can be compiled with."""

    include: Path
    runtime: Path
    """libcudart.so.N, the shared one: an allocator must use the runtime of PyTorch's process."""
    version: int
    """CUDART_VERSION, such as 13000."""

    @property
    def compile_options(self) -> list[str]:
        """Its headers, and CCCL's below it after all others, so that a newer CCCL goes first."""
        return ["-isystem", str(self.include), "-idirafter", str(self.include / "cccl")]


def _candidates() -> Iterator[tuple[str, Path]]:
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        if os.environ.get(variable):
            yield variable, Path(os.environ[variable])
    nvcc = shutil.which("nvcc")
    if nvcc:
        yield "nvcc on PATH", Path(nvcc).resolve().parents[1]
    yield "the usual place", Path("/usr/local/cuda")
    packages = importlib.util.find_spec("nvidia")
    for folder in (packages and packages.submodule_search_locations) or []:
        yield "the packages of pip", Path(folder) / "cu13"


def _toolkit_at(root: Path) -> Toolkit | str:
    """The toolkit at a folder, or what is wrong with it."""
    headers = [root / "include", *sorted(root.glob("targets/*/include"))]
    include = next((folder for folder in headers if (folder / "cuda_runtime_api.h").is_file()), None)
    if not include:
        return "has no include/cuda_runtime_api.h"
    if not (include / "crt" / "host_defines.h").is_file():
        return "has no include/crt, which pip install nvidia-cuda-crt brings"
    text = (include / "cuda_runtime_api.h").read_text(errors="replace")
    found = re.search(r"#define\s+CUDART_VERSION\s+(\d+)", text)
    version = int(found[1]) if found else 0
    major = version // 1000
    if major < OLDEST:
        return f"is CUDA {major}.{version % 1000 // 10}"
    name = f"libcudart.so.{major}"
    libraries = [root / "lib64", root / "lib", *sorted(root.glob("targets/*/lib"))]
    runtime = next((folder / name for folder in libraries if (folder / name).exists()), None)
    return Toolkit(include, runtime, version) if runtime else f"has no {name}"


def find_toolkit() -> Toolkit:
    """The toolkit of CUDA_HOME or CUDA_PATH, of nvcc, in /usr/local/cuda, or of PyTorch's pip packages.

    A variable that is set must hold one; otherwise the first place that does is taken. Refuses if none does.
    """
    refused = []
    for origin, root in _candidates():
        found = _toolkit_at(root)
        if isinstance(found, Toolkit):
            return found
        refused.append(f"{root} ({origin}) {found}")
        if origin.startswith("CUDA_"):
            break
    raise Error(
        f"there is no CUDA toolkit of version {OLDEST} or newer: {', '.join(refused)}; install one, or set "
        "CUDA_HOME to its folder"
    )
