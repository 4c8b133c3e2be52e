"""The C++ compiler of this machine."""

import dataclasses
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence

from ..errors import Error


@dataclasses.dataclass(frozen=True)
class Compiler:
    """A compiler that answered when it was asked for its version."""

    command: tuple[str, ...]
    version: str
    """The first line of what it prints for --version."""

    def run(self, arguments: Sequence[str], making: str) -> None:
        """Compile; where that fails, the error has the compiler's first complaint and not the page of it."""
        done = subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, errors="replace", check=False
        )
        if done.returncode != 0:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            first = next((line for line in lines if "error" in line or "undefined" in line), "")
            raise Error(
                f"{self.command[0]} ({self.version}) could not compile {making}: "
                f"{first or ' '.join(lines[:1]) or f'exit status {done.returncode}'}"
            )


def words(text: str, what: str, example: str) -> list[str]:
    """A text as words of a shell. Refuses a quote that does not end."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Error(f"{what} {text!r} cannot be read: {error}; write words, such as {example}") from error


def find_compiler(wanted: str | None = None) -> Compiler:
    """The compiler given, else that of CXX, else c++, g++ or clang++ of PATH. Refuses if there is none."""
    wanted = wanted or os.environ.get("CXX") or None
    names = [wanted] if wanted else ["c++", "g++", "clang++"]
    for name in names:
        command = words(name, "the compiler", "'ccache g++'")
        if not command or not shutil.which(command[0]):
            continue
        try:
            asked = subprocess.run(
                [*command, "--version"], capture_output=True, text=True, errors="replace", check=False
            )
        except OSError:
            continue
        if asked.returncode == 0 and asked.stdout.strip():
            return Compiler(tuple(command), asked.stdout.splitlines()[0].strip())
    raise Error(
        f"there is no C++ compiler: PATH has no {' or '.join(names)} that runs; install g++ 12 or "
        "newer, or set CXX to one"
    )
