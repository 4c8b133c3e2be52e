"""The programs that look at a machine, cmm_probe and cmm_bench: built elsewhere, or by this package."""

import concurrent.futures
import dataclasses
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import Error
from . import headers
from .cache import cache_folder, key_of, made_once
from .compiler import Compiler, find_compiler
from .toolkit import Toolkit, find_toolkit

PACKAGE = Path(__file__).resolve().parents[1]
OPTIONS = ("-std=c++20", "-DNDEBUG", "-pthread", "-w")


@dataclasses.dataclass(frozen=True)
class Program:
    """How a program is made from the sources of the tree."""

    name: str
    """Such as "cmm_probe"; the variable that names one built elsewhere is CMM_PROBE_BINARY."""
    command: str
    """The script of a checkout that builds it, and the subcommand of cmm."""
    purpose: str
    """What it does, in a sentence."""
    folders: tuple[str, ...]
    """Whose sources are compiled, from the root of the tree."""
    needs: Mapping[str, str]
    """Of each header of others, the Debian package that brings it."""
    level: str
    """How far it is optimized: the bench is timed, the probe is waited for."""
    without_cuda: str
    """What is left of it without a toolkit."""
    libraries: tuple[str, ...] = ()
    kernels: str = ""
    """The folder of the .cu files, without which there is no GPU part."""

    @property
    def variable(self) -> str:
        """The variable of the environment that names one built elsewhere."""
        return f"{self.name.upper()}_BINARY"


PARSERS = {"CLI/CLI.hpp": "libcli11-dev", "nlohmann/json.hpp": "nlohmann-json3-dev"}
PROBE = Program(
    "cmm_probe",
    "probe",
    "Tells what memory this machine has, what reaches it, and how that is known.",
    ("tools/programs/probe",),
    PARSERS,
    "-O0",
    "that it sees no GPU",
)
BENCH = Program(
    "cmm_bench",
    "bench",
    "Measures what memory costs an inference engine, on the GPUs of this machine or on a simulated one.",
    tuple(
        f"bench/{room}"
        for room in ("machine", "workload", "measure", "record", "profile", "calibrate", "run")
    ),
    {**PARSERS, "benchmark/benchmark.h": "libbenchmark-dev"},
    "-O2",
    "for simulated machines",
    ("-lbenchmark",),
    "bench/workload/kernels",
)


def source_folder() -> Path:
    """The tree with the sources of the programs: that of the installed package, or the checkout."""
    for folder in (PACKAGE / "source", PACKAGE.parents[2]):
        if (folder / "tools/programs/probe/main.cpp").is_file():
            return folder
    raise Error(
        f"the sources of the programs are missing beside {PACKAGE}; install the package again, with pip "
        "install tools/python from a checkout"
    )


def recorded_machine(name: str) -> Path | None:
    """The folder of a recorded machine that comes with cmm; None where there is none of that name."""
    if Path(name).name != name or len(name) > 100:
        return None
    folder = source_folder() / "tests/machines" / name
    return folder if folder.is_dir() else None


def found(program: Program, environment: Mapping[str, str] = os.environ) -> Path | None:
    """One that was built elsewhere: by the variable, or on the PATH. Refuses a variable that names none."""
    named = environment.get(program.variable)
    if named:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise Error(
                f"{program.variable} names {named!r}, which is no program that this user may run; name a "
                f"{program.name}"
            )
        return Path(named)
    on_path = shutil.which(program.name, path=environment.get("PATH", ""))
    return Path(on_path) if on_path else None


def provided(program: Program, environment: Mapping[str, str] = os.environ) -> Path:
    """One that was built elsewhere, else the one of this package, compiled when it is first needed."""
    return found(program, environment) or built(program)


def _kept_name(program: Program, compiler: Compiler, toolkit: Toolkit | None, nvcc: Path | None) -> str:
    """What it is called in the cache: one name for each version of its sources, the compiler and CUDA."""
    folder = source_folder()
    parts = [
        each.read_text() for part in program.folders for each in sorted((folder / part).rglob("*.[hc]*"))
    ]
    cuda = str(toolkit.version) if toolkit else ""
    key = key_of(
        *parts, headers.digest(), *compiler.command, compiler.version, cuda, str(nvcc or ""), *OPTIONS
    )
    return f"{program.name}-{key}"


def is_made(program: Program, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether it can be run at once."""
    if found(program, environment):
        return True
    try:
        compiler = find_compiler()
    except Error:  # told by the run that needs one
        return False
    return (cache_folder() / _kept_name(program, compiler, *_toolkit(program))).exists()


def built(program: Program) -> Path:
    """The program of this package's sources, compiled where the cache does not keep it yet."""
    compiler = find_compiler()
    folder = source_folder()
    _check_headers(program, compiler)
    toolkit, nvcc = _toolkit(program)

    def make(path: Path) -> None:
        what = (
            f"with CUDA {toolkit.version // 1000}" if toolkit else f"without CUDA, so {program.without_cuda}"
        )
        print(
            f"cmm: compiling {program.name} {what}, which takes minutes; it is kept for the next time",
            file=sys.stderr,
            flush=True,
        )
        with tempfile.TemporaryDirectory(prefix="cmm-") as scratch:
            _compile(program, folder, compiler, toolkit, nvcc, Path(scratch), path)

    return made_once(cache_folder(), _kept_name(program, compiler, toolkit, nvcc), make)


def _check_headers(program: Program, compiler: Compiler) -> None:
    """Refuses at once where the headers of others are not there."""
    text = "".join(f"#if !__has_include(<{header}>)\nmissing {header}\n#endif\n" for header in program.needs)
    asked = subprocess.run(
        [*compiler.command, "-std=c++20", "-E", "-P", "-x", "c++", "-"],
        input=text, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    missing = [line.split()[1] for line in asked.stdout.splitlines() if line.startswith("missing ")]
    if missing:
        packages = " ".join(program.needs[header] for header in missing)
        raise Error(
            f"{program.name} is compiled from this package and needs {', '.join(missing)}, which "
            f"{compiler.command[0]} does not find; install them (apt-get install {packages}), or name one "
            f"that was built elsewhere in {program.variable}"
        )


def _toolkit(program: Program) -> tuple[Toolkit | None, Path | None]:
    """The toolkit to compile with, and nvcc where there are kernels; neither where something is missing."""
    try:
        toolkit = find_toolkit()
    except Error:
        return None, None
    if not program.kernels:
        return toolkit, None
    nvcc = toolkit.include.parent / "bin" / "nvcc"
    for candidate in (str(nvcc), shutil.which("nvcc")):
        if candidate and os.access(candidate, os.X_OK):
            return toolkit, Path(candidate)
    return None, None


def _compile(
    program: Program,
    folder: Path,
    compiler: Compiler,
    toolkit: Toolkit | None,
    nvcc: Path | None,
    scratch: Path,
    into: Path,
) -> None:
    include = ["-I", str(headers.include_folder()), "-I", str(folder / program.folders[0])]
    options = [*OPTIONS, program.level, *include]
    linked = list(program.libraries)
    if toolkit:
        options += [*toolkit.compile_options, "-DCMM_PROBE_CUDA=1", "-DCMM_BENCH_CUDA=1"]
        linked += [str(toolkit.runtime), f"-Wl,-rpath,{toolkit.runtime.parent}", "-ldl"]

    def compiled(source: Path) -> Path:
        made = scratch / f"{source.parent.name}-{source.stem}.o"
        if source.suffix == ".cu":
            _run_nvcc(nvcc, source, include, made)
        else:
            compiler.run([*options, "-c", str(source), "-o", str(made)], f"{source.name} of {program.name}")
        return made

    sources = [source for part in program.folders for source in sorted((folder / part).glob("*.cpp"))]
    sources += sorted((folder / program.kernels).glob("*.cu")) if nvcc else []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compiled, sources))
    whole = ["-pthread", *map(str, objects), *linked, "-o", str(into)]
    compiler.run(whole, f"{program.name}, which could not be linked")


def _run_nvcc(nvcc: Path | None, source: Path, include: Sequence[str], into: Path) -> None:
    """Code for Hopper, and PTX for what comes after it."""
    architecture = [f"-gencode=arch=compute_90,code={code}" for code in ("sm_90", "compute_90")]
    command = [str(nvcc), "-std=c++20", "-O3", *architecture, *include, "-c", str(source), "-o", str(into)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        first = next(
            (line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:200]
        )
        raise Error(f"nvcc could not compile {source.name}: {first}; {shlex.join(command)}")


def run(program: Program, arguments: Sequence[str]) -> int:
    """Becomes the program, which lists its options itself; help does not wait until it is compiled."""
    if {"--help", "-h"}.intersection(arguments) and not is_made(program):
        print(
            f"usage: cmm {program.command} [OPTION]...\n\n{program.purpose}\n\nIt is not compiled yet, which "
            f"its first run does and takes minutes; then cmm {program.command} --help lists its options."
        )
        return 0
    path = provided(program)
    sys.stdout.flush()
    try:
        os.execv(path, [program.name, *arguments])
    except OSError as error:
        raise Error(
            f"{path} cannot be started ({error.strerror}); name another in {program.variable}"
        ) from error
