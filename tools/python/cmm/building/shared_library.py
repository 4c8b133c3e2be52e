"""Compiles a shared library from one source over the headers, and checks what came out."""

import tempfile
from collections.abc import Collection
from pathlib import Path

from ..errors import Error
from . import elf, headers
from .cache import key_of
from .compiler import Compiler
from .toolkit import Toolkit

_OPTIONS = ("-std=c++20", "-O2", "-DNDEBUG", "-fPIC", "-shared", "-fvisibility=hidden")


def compile_library(
    source: str,
    output: Path,
    *,
    exports: str,
    toolkit: Toolkit | None,
    compiler: Compiler,
    flags: tuple[str, ...],
    making: str,
) -> None:
    """Write the library to this path. `exports` is a pattern of its functions; all else stays hidden.

    `making` names it in the message of a compiler that fails.
    """
    with tempfile.TemporaryDirectory(prefix="cmm-") as folder:
        text, names = Path(folder) / "library.cpp", Path(folder) / "exports.map"
        text.write_text(source, encoding="utf-8")
        names.write_text(f"{{ global: {exports}; local: *; }};\n")
        options = [*_OPTIONS, "-I", str(headers.include_folder()), f"-Wl,--version-script={names}"]
        runtime = []
        if toolkit:
            options += toolkit.compile_options
            runtime = [str(toolkit.runtime)]
        arguments = [*options, *flags, str(text), "-o", str(output), *runtime, "-lpthread", "-ldl"]
        compiler.run(arguments, making)


def library_key(
    made_from: Collection[str], toolkit: Toolkit | None, compiler: Compiler, flags: tuple[str, ...]
) -> str:
    """What changes whenever the compiled library would."""
    tools = f"{toolkit.version} {toolkit.runtime}" if toolkit else ""
    made = [*made_from, headers.version(), headers.digest(), tools]
    return key_of(*made, *compiler.command, compiler.version, *_OPTIONS, *flags)


def check_made(path: Path, toolkit: Toolkit | None, functions: Collection[str], listed_in: str) -> None:
    """Refuse a library with other functions than those of a header, or with a CUDA runtime of its own."""
    image = elf.read(path)
    missing, extra = set(functions) - image.exports, image.exports - set(functions)
    if missing or extra:
        what = [f"lacks {', '.join(sorted(missing))}"] if missing else []
        what += [f"also exports {', '.join(sorted(extra))}"] if extra else []
        raise Error(f"the compiled library {' and '.join(what)}; {listed_in} lists what it must export")
    wanted = {toolkit.runtime.name} if toolkit else set()
    cuda = {name for name in image.needed if name.startswith(("libcuda", "libcudart"))}
    if cuda != wanted:
        raise Error(
            f"the compiled library needs {', '.join(sorted(cuda)) or 'no CUDA library'} and must need "
            f"{', '.join(sorted(wanted)) or 'none'}; a second CUDA runtime would have a state of its own"
        )
    if image.search_path:
        raise Error(
            f"the compiled library searches {image.search_path}; leave -rpath out of the compiler's options, "
            "because PyTorch's process has loaded the runtime already"
        )
