#!/usr/bin/env python3
"""Runs PyTorch's own tests of pluggable allocators and MemPool over an allocator library of ours.

usage: tests/torch/upstream/run.py TEST_CUDA ALLOCATOR.so [TEST...]
  TEST_CUDA       test/test_cuda.py of a PyTorch checkout that fits the installed version
  ALLOCATOR.so    built for pool mode, such as pool.so of libraries.py
  TEST            only these of the tests below

Each test runs in a process of its own, with the library where the test compiles an allocator for itself, or
under a MemPool that the test makes without one.
"""

import ctypes
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from world import why_not  # noqa: E402

# These compile an allocator of cudaMallocManaged and hand it to a MemPool: ours takes its place.
EXTERNAL = (
    "test_mempool_with_allocator",
    "test_mempool_empty_cache_inactive",
    "test_tensor_delete_after_allocator_delete",
    "test_mempool_limited_memory_with_allocator",
    "test_deleted_mempool_not_used_on_oom",
    "test_mempool_expandable",
)
# These make a MemPool without an allocator: they get one with ours.
OVER_OURS = (
    "test_mempool_id",
    "test_mempool_empty_cache",
    "test_mempool_no_split",
    "test_mempool_multithread",
    "test_mempool_emptycache_multithread",
    "test_nested_mempool",
    "test_mempool_ctx_multithread",
)
# What a test needs of a newer PyTorch than 2.11, where it is left out.
NEEDS = {"test_mempool_with_allocator": "allocator"}
# Left out: graph_capture_reclaim_*, which use no MemPool, and in test_cpp_extensions_jit.py the test
# of pluggable allocators, which compiles against a header and no more.


def build_counting(library: Path, folder: Path) -> Path:
    """Our allocator under the names that the tests look for."""
    made = folder / "counting.so"
    command = ["g++", "-std=c++20", "-shared", "-fPIC", f'-DCMM_LIBRARY="{library}"']
    subprocess.run([*command, HERE / "counting.cpp", "-o", made, "-ldl"], check=True)
    return made


def perform(source: Path, counting: Path, name: str) -> bool:
    """Runs one test in this process."""
    import torch

    ours = torch.cuda.memory.CUDAPluggableAllocator(str(counting), "dummy_alloc", "dummy_free")

    def allocator_of_ours(test, check_vars=False):
        for counter in ("called_dummy_alloc", "called_dummy_free"):
            ctypes.c_int.in_dll(ctypes.CDLL(str(counting)), counter).value = 0
        # A new one each time: the tests watch what becomes of it once they let go of it.
        names = ("dummy_alloc", "dummy_free")
        return torch.cuda.memory.CUDAPluggableAllocator(str(counting), *names), str(counting)

    sys.path.insert(0, str(source.parent))
    spec = importlib.util.spec_from_file_location("test_cuda", source)
    module = importlib.util.module_from_spec(spec)
    sys.modules["test_cuda"] = module
    spec.loader.exec_module(module)
    module.TestMemPool.get_dummy_allocator = allocator_of_ours
    if name in OVER_OURS:
        plain = torch.cuda.MemPool
        torch.cuda.MemPool = lambda allocator=None, **options: plain(allocator or ours.allocator(), **options)
    result = unittest.TextTestRunner(verbosity=0).run(unittest.TestSuite([module.TestMemPool(name)]))
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    touched = ctypes.c_int.in_dll(ctypes.CDLL(str(counting)), "called_dummy_alloc").value == 123
    allocates = name not in ("test_mempool_id", "test_mempool_multithread")
    if result.wasSuccessful() and allocates and not touched:
        print("the test passed without a call of our allocator, which proves nothing")
        return False
    return result.wasSuccessful() and not result.skipped


def main() -> int:
    if sys.argv[1:2] == ["--one"]:
        return 0 if perform(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]) else 1
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        print(__doc__.strip(), file=sys.stdout if sys.argv[1:] == ["--help"] else sys.stderr)
        return 0 if sys.argv[1:] == ["--help"] else 2
    source, library = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    names = sys.argv[3:] or [*EXTERNAL, *OVER_OURS]
    wrong = [name for name in names if name not in EXTERNAL + OVER_OURS]
    if wrong or not source.is_file() or not library.is_file():
        missing = wrong or [str(path) for path in (source, library) if not path.is_file()]
        print(f"upstream: there is no {', '.join(missing)}", file=sys.stderr)
        return 2
    if reason := why_not():
        print(f"cmm: left out: PyTorch's own tests, because {reason}")
        return 77
    import torch

    for name in [name for name in names if not hasattr(torch.cuda.MemPool, NEEDS.get(name, "id"))]:
        names.remove(name)
        print(f"left out: {name}, which needs MemPool.{NEEDS[name]} of a newer PyTorch")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as threads:
        counting = build_counting(library, Path(folder))

        def run(name: str) -> subprocess.CompletedProcess:
            command = [sys.executable, __file__, "--one", source, counting, name]
            # PyTorch's tests read their options from the command line of the process.
            return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CI": ""})

        failed = []
        for name, done in zip(names, threads.map(run, names), strict=True):
            print(f"{'ok' if done.returncode == 0 else 'FAILED'}: {name}", flush=True)
            if done.returncode != 0:
                failed.append(name)
                print(done.stdout + done.stderr)
    print(f"{len(names) - len(failed)} of {len(names)} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
