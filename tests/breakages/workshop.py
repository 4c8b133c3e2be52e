"""Copies of the project, whole or with one mistake in them, and programs built from them."""

import os
import pathlib
import shutil
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CXX = os.environ.get("CXX") or ("clang++" if shutil.which("clang++") else "g++")  # the faster one
TIME_LIMIT = 300
PARTS = [
    "include",
    "tests",
    "tools",
    "bench",
    "examples",
    "docker",
    ".ci",
    "packaging",
    "README.md",
    "CMakeLists.txt",
]
KEPT = [".venv", "build/vllm-packages"]  # installed and downloaded once, for every copy
HEADERS = ["algorithm", "atomic", "boost/test/unit_test.hpp", "map", "mutex", "string", "thread", "vector"]


class NotBuiltError(Exception):
    """A program could not be built; the text is the compiler's."""


def run(command, **options):
    """The exit status, None for one that does not end, and what was printed."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=TIME_LIMIT, **options
        )
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return None, f"no end within {TIME_LIMIT} s"


def must(command):
    """Run a step of a build."""
    code, output = run(command)
    if code != 0:
        raise NotBuiltError(output)


class Workshop:
    """The project as it was at the start, with the objects that copies of it share."""

    def __init__(self, place):
        self.place = place
        self.tree = place / "tree"
        self.tree.mkdir()
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, self.tree / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif (ROOT / part).exists():
                shutil.copy(ROOT / part, self.tree / part)
        (self.tree / "build").mkdir()
        for kept in KEPT:
            (ROOT / kept).mkdir(parents=True, exist_ok=True)
            (self.tree / kept).symlink_to(ROOT / kept)
        self.installing = threading.Lock()
        self._locks = {}
        self._guard = threading.Lock()
        common = place / "common.hpp"
        common.write_text("".join(f"#include <{header}>\n" for header in HEADERS))
        self.flags = ["-std=c++20", "-O0", "-w", "-pthread"]
        self.common = ["-include", common]
        self.main = place / "main.o"
        source = place / "main.cpp"
        source.write_text("#define BOOST_TEST_MODULE cmm\n#include <boost/test/included/unit_test.hpp>\n")
        must([CXX, *self.flags, "-x", "c++-header", common])
        must([CXX, *self.flags, "-c", source, "-o", self.main])

    def copy(self, place, file, old, new):
        """A copy of the tree with a mistake in it, which shares all other files with the workshop."""
        shutil.copytree(self.tree, place, copy_function=os.link, symlinks=True)
        text = (place / file).read_text()
        mode = (place / file).stat().st_mode
        (place / file).unlink()
        (place / file).write_text(text.replace(old, new))
        (place / file).chmod(mode)

    def object(self, source, flags):
        """The object of a source of the whole tree, compiled once, and the files that it is made of."""
        name = "-".join(
            [source.replace("/", "_"), *(flag.replace("/", "_") for flag in flags if flag[:2] == "-D")]
        )
        made = self.place / f"{name}.o"
        with self._guard:
            lock = self._locks.setdefault(made, threading.Lock())
        with lock:
            if not made.exists():
                partial = made.with_suffix(".partial")
                self.compile(self.tree, source, flags, partial, "-MMD", "-MF", made.with_suffix(".d"))
                partial.rename(made)
        files = made.with_suffix(".d").read_text().replace("\\\n", " ").split()
        return made, {os.path.normpath(file) for file in files}

    def compile(self, tree, source, flags, into, *more):
        """Compile a source of a tree; Boost.Test and what its programs share is precompiled."""
        other = "bench" if source.startswith(("bench/", "tests/bench/")) else "tools/programs/probe"
        paths = [f"-I{tree / folder}" for folder in ("include", "tests", other)]
        paths.append(f'-DCMM_MACHINES="{tree}/tests/machines"')
        is_test = source.startswith("tests/") and not source.startswith("tests/python/")
        common = self.common if is_test else []
        must([CXX, *self.flags, *common, *paths, *flags, "-c", tree / source, *more, "-o", into])


class Copy:
    """One tree in which tests run, and where its programs are made."""

    def __init__(self, workshop, work, file=None, old="", new=""):
        self.workshop, self.work, self.file = workshop, work, file
        self.tree = workshop.tree
        if file:
            self.tree = work / "tree"
            workshop.copy(self.tree, file, old, new)

    def program(self, name, sources, flags=(), libraries=()):
        """A program from sources of this tree; what does not read the mistake is compiled once for all."""
        objects = []
        for source in sources:
            made, files = self.workshop.object(source, flags)
            if self.file and str(self.workshop.tree / self.file) in files:
                made = self.work / f"{source.replace('/', '_')}.o"
                self.workshop.compile(self.tree, source, flags, made)
            objects.append(made)
        must([CXX, "-pthread", *objects, *libraries, "-o", self.work / name])
        return self.work / name
