"""Loads an allocator library into PyTorch's process."""

import ctypes
import os
import threading
from pathlib import Path

import torch

from ..errors import Error
from ..library import Library, check_exports
from .allocator import Allocator, state

_lock = threading.Lock()
_identities: dict[Path, tuple[int, ...]] = {}


def load(path: str | os.PathLike[str]) -> Allocator:
    """Load an allocator that tools/adapter built. No CUDA call is made, so this is safe before a fork.

    The same file gives the same allocator again. Refuses a file that is not an allocator of cmm, one of
    another version or for another CUDA runtime than PyTorch's, one that changed since it was loaded, and an
    environment whose CMM_* settings cannot be read.
    """
    file = Path(path).resolve()
    with _lock:
        known = next((each for each in state.loaded if each.path == file), None)
        if known:
            if _identities[file] != _identity(file):
                raise Error(f"{file} has changed since it was loaded; start a new process to use it")
            return known
        _check_runtime(file, check_exports(file).needed)
        library = Library(file)
        about = library.about
        alloc = Allocator(library, file, about.recipe, about.platform, about.overrides, about.caches)
        _identities[file] = _identity(file)
        state.loaded.append(alloc)
        return alloc


def _identity(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _check_runtime(file: Path, needed: tuple[str, ...]) -> None:
    """Refuse a library whose CUDA runtime is not the one that PyTorch has loaded."""
    runtime = next((name for name in needed if name.startswith("libcudart.so")), None)
    if runtime is None:
        return
    major = runtime.removeprefix("libcudart.so.")
    if torch.version.cuda is None:
        raise Error(
            f"{file} needs CUDA {major} and this PyTorch is built without CUDA; install a CUDA build of torch"
        )
    if torch.version.cuda.split(".")[0] != major:
        raise Error(
            f"{file} is built for CUDA {major} and this PyTorch for {torch.version.cuda}; build it with the "
            "toolkit of PyTorch's major version"
        )
    try:
        ctypes.CDLL(runtime, mode=os.RTLD_NOLOAD | os.RTLD_NOW)
    except OSError as error:
        raise Error(
            f"this PyTorch has no {runtime} of its own in the process, so {file} would bring a second CUDA "
            "runtime; use a build of torch that links the shared runtime, as those of PyPI do"
        ) from error
