#!/usr/bin/env python3
"""Checks that the rooms of the bench include each other in one order, and that its page names each of them.

usage: bench_rooms.py
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
ORDER = ["machine", "profile", "workload", "measure", "baselines", "cases", "record", "calibrate", "run"]
MAY_INCLUDE = {
    "machine": set(),
    "profile": set(),
    "workload": {"machine", "profile"},
    "measure": {"machine", "workload"},
    "baselines": set(),
    "cases": {"workload", "measure", "baselines"},
    "record": {"machine", "measure"},
    "calibrate": set(ORDER) - {"run"},
    "run": set(ORDER),
}
PROGRAMS = {"torch", "vllm", "kv", "results"}
QUOTED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def wrong_includes(file, text):
    """What a file of a room includes and may not."""
    room = file.relative_to(BENCH).parts[0]
    found = []
    for name in QUOTED.findall(text):
        target = (file.parent / name).resolve()
        if BENCH not in target.parents:
            continue
        if not target.is_file():
            found.append(f"{file.relative_to(ROOT)} includes {name}, which is not there")
            continue
        other = target.relative_to(BENCH).parts[0]
        if other != room and other not in MAY_INCLUDE[room]:
            found.append(f"{file.relative_to(ROOT)} includes {name}; the room {room} may not include {other}")
    return found


def main():
    rooms = {path.name for path in BENCH.iterdir() if path.is_dir()} - {"__pycache__"}
    found = [f"bench/{room} has no place in the order of rooms" for room in rooms - set(ORDER) - PROGRAMS]
    files = [file for room in ORDER for file in (BENCH / room).rglob("*.[ch]*") if file.is_file()]
    for file in files:
        found += wrong_includes(file, file.read_text())
    page = (BENCH / "README.md").read_text()
    found += [
        f"bench/README.md does not tell of the room {room}"
        for room in rooms - {"results"}
        if f"]({room})" not in page
    ]
    if not wrong_includes(BENCH / "machine/peaks.hpp", '#include "../run/run.hpp"\n'):
        found.append("bench_rooms.py does not notice that machine includes run")
    print("\n".join(found) if found else f"{len(files)} files in {len(ORDER)} rooms in order")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
