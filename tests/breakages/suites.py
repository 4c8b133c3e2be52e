"""How a test of each kind is built and run in a copy of the project."""

import os
import sys

from workshop import CXX, run

CONTRACT = {
    "contract_blocks": "blocks",
    "contract_bad_input": "blocks",
    "contract_streams": "streams",
    "contract_per_thread": "streams",
    "contract_captures": "streams",
    "contract_fork": "streams",
    "contract_faults": "faults",
}
PROBE_PARTS = ["tools/programs/probe/attributes.cpp", "tools/programs/probe/record.cpp"]
BENCH_PARTS = [f"bench/{name}.cpp" for name in ("record/record", "record/run_files", "measure/statistics")]
PROBE = [f"tools/programs/probe/{name}.cpp" for name in ("main", "on_cuda", "without_cuda")] + PROBE_PARTS
SKIPPED = 77


def attempt(test, copy):
    """green, red or left out, and what was printed. Raises NotBuiltError."""
    kind, _, name = test.partition("/")
    code, output = KINDS[kind](name, copy)
    if "_FailedTest" in output:  # unittest could not import the test
        return "broken", output
    left_out = code == SKIPPED or ("OK (skipped=" in output and "Ran 0 tests" in output)
    return ("left out" if left_out else "green" if code == 0 else "red"), output


def boost(copy, sources, arguments=(), **build):
    """A Boost.Test program."""
    program = copy.program(
        "program", sources, libraries=[copy.workshop.main, *build.pop("libraries", [])], **build
    )
    return run([program, "--color_output=no", *arguments])


def unit(name, copy):
    """A file of tests/unit."""
    return boost(copy, [f"tests/unit/{name}.cpp"])


def contract(name, copy):
    """A suite of tests/contract."""
    sources = [f"tests/contract/{source}.cpp" for source in ("configurations", CONTRACT[name])]
    return boost(copy, sources, [f"--run_test={name}"])


def model(name, copy):
    """A file of tests/model, in short; without a name, that of the allocators."""
    source = f"tests/model/{name or 'random_operations'}.cpp"
    return boost(copy, [source], ["--", "--operations=40000", "--seed=1"])


def platform(name, copy):
    """A file of tests/platform."""
    return boost(copy, [f"tests/platform/{name}.cpp", *PROBE_PARTS])


def compile_fail(name, copy):
    """A program that must not compile."""
    script = copy.tree / "tests/support/compile_fail.sh"
    source = copy.tree / f"tests/compile_fail/{name}.cpp"
    return run(["bash", script, CXX, source, copy.work / "passed", copy.tree / "include"])


def python(name, copy):
    """A test of the report, with the packages of .venv."""
    reader = copy.program("read_recommendation", ["tests/python/read_recommendation.cpp"])
    command = ["bash", copy.tree / "tests/python/run", name, reader]
    if copy.file:
        return run(command)
    with copy.workshop.installing:  # the first of all installs the packages
        return run(command)


def vllm(name, copy):
    """A test of cmm serve and of its worker."""
    return unittest("vllm", name, copy, CMM_PROBE_BINARY=copy.program("cmm_probe", PROBE))


def vllm_release(name, copy):
    """A test of what vLLM is relied on for."""
    return unittest("vllm_release", name, copy)


def vllm_bench(name, copy):
    """A test of the bench of vLLM."""
    return unittest("vllm_bench", name, copy)


def adapter(name, copy):
    """A test of the package cmm."""
    return unittest("adapter", name, copy)


def following(name, copy):
    """A test of vLLM's blocks that follow, by the Python of .venv."""
    return _of_venv("following", name, copy)


def packages(name, copy):
    """A test of what is carried elsewhere."""
    return unittest("packages", name, copy)


def kv_python(name, copy):
    """A test of cmm.kv, with the numpy of .venv."""
    return _of_venv("kv_python", name, copy)


def _of_venv(kind, name, copy):
    # Libraries are kept by the text that they are made of, so that copies share them.
    cache = copy.workshop.place / "cache"
    variables = {"CXX": CXX, "CMM_CACHE_DIR": cache, "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**os.environ, **{key: str(value) for key, value in variables.items()}}
    folder = copy.tree / "tests" / kind
    command = ["bash", folder / "run", name]
    if copy.file:
        return run(command, cwd=folder, env=environment)
    with copy.workshop.installing:
        return run(command, cwd=folder, env=environment)


def bench(name, copy):
    """A test of cmm_bench by its users, or of a part of it."""
    if (copy.tree / f"tests/bench/{name}.cpp").exists():
        rooms = [
            path for room in ("profile", "calibrate") for path in (copy.tree / "bench" / room).glob("*.cpp")
        ]
        parts = [*BENCH_PARTS, *sorted(str(path.relative_to(copy.tree)) for path in rooms)]
        return boost(copy, used_by(f"tests/bench/{name}.cpp", parts, copy.workshop))
    rooms = ("calibrate", "machine", "measure", "profile", "record", "run", "workload")
    parts = [path for room in rooms for path in sorted((copy.tree / "bench" / room).glob("*.cpp"))]
    sources = [str(path.relative_to(copy.tree)) for path in parts]
    program = copy.program("cmm_bench", sources, flags=["-O1"], libraries=["-lbenchmark"])
    return unittest("bench", name, copy, CMM_BENCH=program)


def used_by(source, parts, workshop):
    """A source and the parts whose header, or for want of one whose folder, it or one of them reads."""
    found = [source]
    for each in found:
        _, files = workshop.object(each, [])
        folders = {os.path.dirname(file) for file in files}
        for part in parts:
            header = (workshop.tree / part).with_suffix(".hpp")
            reads = str(header) in files if header.exists() else str(header.parent) in folders
            if reads and part not in found:
                found.append(part)
    return found


def unittest(folder, name, copy, **variables):
    """A module of unittest, or a class or a case in one."""
    environment = {
        **os.environ,
        "PYTHONPATH": copy.tree / "tools/python",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CXX": CXX,
        "CMM_CACHE_DIR": copy.work / "cache",
        **variables,
    }
    environment = {key: str(value) for key, value in environment.items()}
    command = [sys.executable, "-B", "-m", "unittest", name]
    return run(command, cwd=copy.tree / "tests" / folder, env=environment)


KINDS = {
    each.__name__: each
    for each in (
        unit,
        contract,
        model,
        platform,
        compile_fail,
        python,
        vllm,
        vllm_release,
        vllm_bench,
        adapter,
        packages,
        kv_python,
        following,
        bench,
    )
}
