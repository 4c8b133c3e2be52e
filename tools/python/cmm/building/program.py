"""Small programs over the library's headers, which need no CUDA and are compiled when they are first used."""

from pathlib import Path

from . import headers
from .cache import key_of, made_once
from .compiler import Compiler


def compiled_program(name: str, code: str, making: str, cache: Path, compiler: Compiler) -> Path:
    """The program, compiled once for each version of the headers and the compiler.

    `making` names it in the message of a compiler that fails.
    """

    def compile_it(program: Path) -> None:
        source = program.with_suffix(".cpp")
        try:
            source.write_text(code)
            options = ["-std=c++20", "-O0", "-I", str(headers.include_folder())]
            compiler.run([*options, str(source), "-o", str(program)], making)
        finally:
            source.unlink(missing_ok=True)

    key = key_of(code, headers.digest(), *compiler.command, compiler.version)
    return made_once(cache, f"{name}-{key}", compile_it)
