#!/usr/bin/env python3
"""Checks every command that a page shows: its program is there, and knows each option it is given. And every
row of the bench that a page names.

usage: page_commands.py

An option is known where a source of the program spells it. What belongs to others (docker, curl, pip) is
looked at no further than the paths of this project among its words.
"""

import json
import re
import shlex
import sys

from pages import FENCE, ROOT, pages

PROBE = ["tools/programs/probe"]
BENCH = ["bench/run"]
SERVE = ["tools/python/cmm/vllm"]
ADAPTER = ["tools/python/cmm/adapter.py"]
REPORT = ["tools/python/cmm_report/cli.py"]
PACKAGE = ["tools/python/cmm/cli.py", "tools/python/cmm/building/programs.py"]
# Where the options of a command are spelled, beside its own script.
SOURCES = {
    "tools/probe": PROBE,
    "tools/bench": BENCH,
    "tools/serve-vllm": SERVE,
    "tools/adapter": ADAPTER,
    "tools/report": REPORT,
    "cmm probe": PROBE + PACKAGE,
    "cmm bench": BENCH + PACKAGE,
    "cmm report": REPORT + PACKAGE,
    "cmm serve": SERVE,
    "cmm adapter": ADAPTER,
    "cmm": ["tools/python/cmm/cli.py"],
    "docker/build": ["docker/docker-bake.hcl"],
    "docker/try-bench": [],
    "tests/breakages/run": [],
    "tests/torch/run": [],
    "tests/layout/page_figures.py": [],
    "bench/torch/allocators.py": [],
    "bench/vllm/spill.py": [],
    "bench/kv/python_step.py": [],
    "example_engine": ["examples/engine/options/command_line.cpp"],
}
OWN = re.compile(r"^(tools|docker|tests|bench|examples|\.ci)/")
VARIABLE = re.compile(r"^[A-Z_]+=")


def programs_of(words):
    """The command of words, with its subcommand where it has one; None where it is another project's."""
    while words and VARIABLE.match(words[0]):
        words = words[1:]
    if not words:
        return None, []
    if words[0] == "cmm" and len(words) > 1 and not words[1].startswith("-"):
        return f"cmm {words[1]}", words[2:]
    if words[0] in SOURCES or OWN.match(words[0]):
        return words[0], words[1:]
    return None, words


def text_of(program):
    """All that spells the options of a program."""
    paths = [ROOT / name for name in SOURCES.get(program, [])]
    if (ROOT / program).is_file():
        paths.append(ROOT / program)
    files = [each for path in paths for each in ([path] if path.is_file() else sorted(path.rglob("*.*")))]
    return "\n".join(each.read_text() for each in files if each.suffix in ("", ".py", ".cpp", ".hpp", ".hcl"))


def faults_of(command):
    """What is wrong with one command."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError as error:
        return [f"{command!r} is no command of a shell: {error}"]
    for at, word in enumerate(words):
        if word in ("|", "&&", ";", "||"):
            return faults_of(shlex.join(words[:at])) + faults_of(shlex.join(words[at + 1 :]))
    program, arguments = programs_of(words)
    found = []
    if program is None:
        return [
            f"{word} of {command!r} is not there" for word in words if OWN.match(word) and not exists(word)
        ]
    if "/" in program and not exists(program):
        return [f"{program} is not there"]
    path = ROOT / program
    if "/" in program and path.is_file() and not path.suffix and not path.stat().st_mode & 0o100:
        found.append(f"{program} is no program")
    if program.startswith("cmm ") and program not in SOURCES:
        return [f"there is no command {program!r}"]
    known = text_of(program)
    for word in arguments:
        option = word.partition("=")[0]
        if re.fullmatch(r"--[a-z][a-z-]+", option) and option not in known and option.strip("-") not in known:
            found.append(f"{program} knows no {option}")
        if OWN.match(word) and not exists(word):
            found.append(f"{word} of {command!r} is not there")
    return found


def exists(path):
    return (ROOT / path).exists()


def commands(text):
    """Every command of a page: lines of sh examples, and spans of code that begin with a program."""
    found = []
    for fence in FENCE.finditer(text):
        if fence[1] in ("sh", "bash") or (not fence[1] and fence[2].startswith("example_engine")):
            joined = fence[2].replace("\\\n", " ")
            found += [
                line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")
            ]
    for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", text)):
        first = span.split()[0] if span.split() else ""
        if (
            (first in SOURCES or OWN.match(first) or span.startswith("cmm "))
            and "*" not in span
            and "…" not in span
        ):
            found.append(span)
    return found


def shown(command):
    """The command without what stands for a value of the reader's."""
    return re.sub(r"\.\.\.", "", re.sub(r"\b[A-Z]{3,}[A-Z_]*(\.json)?\b(?!=)", "x", command))


def is_named(path):
    """Whether a span names a place with a letter for what varies, such as bench/results/MACHINE."""
    return re.search(r"/[A-Z]{3,}(/|$|\.)", path.split()[0]) is not None


def faults(page, text):
    checked = [each for each in commands(text) if not is_named(each)]
    return [f"{page.relative_to(ROOT)}: {each}" for command in checked for each in faults_of(shown(command))]


ROW = re.compile(r"`((?:allocate|replay|page_fault|bandwidth|kv_access|kv_tier|gemm)/[\w:/+]+)`")


def rows():
    """The names of every row of every committed run."""
    files = (ROOT / "bench/results").rglob("*.json")
    return [row["name"] for file in files for row in json.loads(file.read_text()).get("benchmarks", [])]


def unknown_rows(text, names):
    """Rows that a page names and no run has."""
    return [each for each in ROW.findall(text) if not any(name.startswith(each) for name in names)]


def main():
    found = [each for page in pages() for each in faults(page, page.read_text())]
    names = rows()
    found += [
        f"{page.relative_to(ROOT)}: no run has a row {each}"
        for page in pages()
        for each in unknown_rows(page.read_text(), names)
    ]
    if not unknown_rows("`kv_access/access:telepathy`", names):
        found.append("a row that no run has was not noticed")
    page = ROOT / "README.md"
    for wrong in ("tools/tset", "tools/probe --recrod x", "cmm bemch", "pip install tools/pyhton"):
        if not faults(page, f"```sh\n{wrong}\n```\n"):
            found.append(f"the wrong command {wrong!r} was not noticed")
    count = sum(len(commands(each.read_text())) for each in pages())
    print("\n".join(found) if found else f"{count} commands hold")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
