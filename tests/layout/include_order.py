#!/usr/bin/env python3
"""Checks that the headers of cmm include each other only in the order that DESIGN names.

usage: include_order.py [INCLUDE_CMM]      the folder to read; without it, the one of this checkout

    core <- source <- policy, core <- {layer, platform, sim, bridge}, recipes <- {text, kv}, sim <- profile,
    all <- cuda <- {torch, python}

Outside cuda/, torch/ and python/ nothing but the standard library and POSIX may be included from elsewhere.
"""

import re
import sys
from pathlib import Path

CORE = {"core"}
RECIPES = CORE | {"source", "policy", "layer"}
PORTABLE = RECIPES | {"text", "platform", "sim", "profile", "bridge", "kv"}

# What each folder may include beside itself.
MAY_INCLUDE = {
    "core": set(),
    "source": CORE,
    "policy": CORE | {"source"},
    "layer": CORE,
    "platform": CORE,
    "sim": CORE,
    "profile": CORE | {"sim"},
    "bridge": CORE,
    "text": RECIPES,
    "kv": RECIPES | {"platform"},
    "cuda": PORTABLE,
    "torch": PORTABLE | {"cuda"},
    "python": PORTABLE | {"cuda"},
}
# What the headers next to the folders open. Who may include all of that may include the header.
FRONT_DOORS = {
    "version": set(),
    "cmm": RECIPES,
    "recipe_text": RECIPES | {"text"},
    "sim": RECIPES | {"sim"},
    "kv": RECIPES | {"platform", "kv"},
    "platform": CORE | {"platform"},
    "cuda": PORTABLE | {"cuda"},
    "torch": PORTABLE | {"cuda", "torch"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
STANDARD = re.compile(r"[a-z0-9_]+")
POSIX = {"fcntl.h", "pthread.h", "sched.h", "unistd.h"}


def is_front_door(header: Path) -> bool:
    return len(header.parts) == 1


def opens(header: Path) -> set[str] | None:
    """The folders that a header may draw on; None for a header without a place in the order."""
    if is_front_door(header):
        return FRONT_DOORS.get(header.stem)
    folder = header.parts[0]
    return MAY_INCLUDE[folder] | {folder} if folder in MAY_INCLUDE else None


def may_include(header: Path, included: Path) -> bool:
    allowed, needed = opens(header), opens(included)
    if allowed is None or needed is None:
        return False
    return needed <= allowed if is_front_door(included) else included.parts[0] in allowed


def may_use_cuda(header: Path) -> bool:
    return header.parts[0] in ("cuda", "cuda.hpp", "torch", "torch.hpp", "python")


def is_standard(name: str) -> bool:
    return bool(STANDARD.fullmatch(name)) or name in POSIX or name.startswith("sys/")


def faults(root: Path) -> list[str]:
    found = []
    for path in sorted(root.rglob("*.hpp")):
        header = path.relative_to(root)
        if opens(header) is None:
            found.append(f"{header}: has no place in the include order")
            continue
        for quoted, angled in INCLUDE.findall(path.read_text()):
            if quoted or angled.startswith("cmm/"):
                target = ((path.parent / quoted) if quoted else root.parent / angled).resolve()
                if not target.is_file() or root.resolve() not in target.parents:
                    found.append(f"{header}: includes {quoted or angled}, which is no header of cmm")
                elif not may_include(header, target.relative_to(root.resolve())):
                    found.append(f"{header}: may not include {target.relative_to(root.resolve())}")
            elif not may_use_cuda(header) and not is_standard(angled):
                found.append(
                    f"{header}: includes <{angled}>; only cuda/, torch/ and python/ may include that"
                )
    return found


def main(arguments: list[str]) -> int:
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    if len(arguments) > 1:
        print(f"include_order.py takes one folder, not {len(arguments)}; see --help", file=sys.stderr)
        return 2
    root = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "include" / "cmm"
    headers = list(root.rglob("*.hpp"))
    if not headers:
        print(f"{root} holds no header; expected the folder include/cmm", file=sys.stderr)
        return 2
    found = faults(root)
    print("\n".join(found) if found else f"{len(headers)} headers in order")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
