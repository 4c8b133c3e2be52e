#!/usr/bin/env python3
"""Compiles page_mover.cu to PTX and writes the header that carries it.

usage: write.py [--check]      with --check nothing is written; 1 if the header is not what would be

The header is what builds without nvcc have, so it is part of the tree. It names the release of nvcc that made
it: other ones write other PTX for the same source, and are not held against it.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tools/ptx/page_mover.cu"
CALLED_WITH = ROOT / "include/cmm/core/page_moves.hpp"
HEADER = ROOT / "include/cmm/cuda/page_mover_ptx.hpp"
NO_NVCC = 77

# The name in the header, the oldest GPU it runs on, and what it is.
KERNELS = (
    ("page_mover_by_registers", 80, "Threads load and store; any GPU of compute capability 8.0 or newer."),
    ("page_mover_by_ring", 90, "One thread issues bulk copies through shared memory; from 9.0 on."),
)


def digest() -> str:
    """What tells that the kernels, or what they are called with, have changed."""
    return hashlib.sha256(SOURCE.read_bytes() + CALLED_WITH.read_bytes()).hexdigest()[:16]


def nvcc() -> str | None:
    asked = os.environ.get("CUDACXX") or shutil.which("nvcc")
    return asked if asked and shutil.which(asked) else None


def release(compiler: str) -> str:
    said = subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"release ([\d.]+)", said).group(1)


def ptx(compiler: str, capability: int) -> str:
    """PTX without comments, its lines filled: they mean nothing in this language."""
    command = [compiler, "-std=c++20", "-I", str(ROOT / "include"), f"-arch=compute_{capability}"]
    made = subprocess.run(
        [*command, "-ptx", "-o", "-", str(SOURCE)], check=True, capture_output=True, text=True
    )
    lines = [re.sub(r"\s+", " ", line.split("//")[0]).strip() for line in made.stdout.splitlines()]
    head = [line for line in lines if line.startswith((".version", ".target", ".address_size"))]
    rest = [line for line in lines if line and line not in head]
    return "\n".join(
        [*head, textwrap.fill(" ".join(rest), 108, break_long_words=False, break_on_hyphens=False)]
    )


def header(compiler: str) -> str:
    origin = f"with nvcc {release(compiler)} from tools/ptx/page_mover.cu, {digest()}"
    text = [
        "#pragma once",
        "",
        f"// Written by tools/ptx/write.py {origin}.",
        "",
        "namespace cmm::cuda::ptx {",
        "",
    ]
    for name, capability, what in KERNELS:
        text += [
            f"/// {what}",
            f'inline constexpr const char* {name} = R"(',
            ptx(compiler, capability),
            ')";',
            "",
        ]
    return "\n".join([*text, "}  // namespace cmm::cuda::ptx", ""])


def check() -> int:
    stands = HEADER.read_text() if HEADER.is_file() else ""
    remedy = "run tools/ptx/write.py where nvcc is"
    if digest() not in stands:
        print(
            f"{HEADER.name} was made from another page_mover.cu or page_moves.hpp; {remedy}", file=sys.stderr
        )
        return 1
    compiler = nvcc()
    made_by = re.search(r"with nvcc ([\d.]+)", stands).group(1)
    if compiler is None or release(compiler) != made_by:
        print(f"the header was not compared with its source anew: that takes nvcc {made_by}")
        return NO_NVCC
    if header(compiler) != stands:
        print(f"{HEADER.name} is not what nvcc makes of page_mover.cu; {remedy}", file=sys.stderr)
        return 1
    return 0


def main(arguments: list[str]) -> int:
    if arguments in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if arguments == ["--check"]:
        return check()
    if arguments:
        print(f"write.py does not know {' '.join(arguments)}; see --help", file=sys.stderr)
        return 2
    compiler = nvcc()
    if compiler is None:
        print("write.py needs nvcc on the path or in CUDACXX", file=sys.stderr)
        return 2
    HEADER.write_text(header(compiler))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
