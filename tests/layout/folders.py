#!/usr/bin/env python3
"""Checks that no folder has more than 15 files side by side, but those that hold one kind.

usage: folders.py [ROOT]
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 15
ONE_KIND = {
    "include/cmm/core": "the words of the library, each a file; what is built of them stands in folders",
    "include/cmm/kv": "the parts of a KV cache; placement and views stand apart",
    "include/cmm/layer": "layers, and the parts of the pool beside it",
    "include/cmm/platform": "facts of a machine, a file for each",
    "include/cmm/source": "sources, and the parts of the tiered range beside them",
    "include/cmm/torch": "the C functions behind PyTorch, a file for each group",
    "tests/compile_fail": "wrong programs, one a file",
    "tests/following": "one test of vLLM's scheduler over workers, and what drives it",
    "tests/layout": "checks of the tree, one a file",
    "tests/unit": "one file for each part of the library",
    "examples/engine/results": "runs of the engine on a GPU, one a file",
    "docker/steps": "the steps of the images, one a file",
}


def counted(root):
    """How many files of the repository each folder has beside one another."""
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True
    )
    if listed.returncode != 0:
        sys.exit(77)  # a tree that is no clone, which has other files too
    folders = {}
    for name in listed.stdout.splitlines():
        if (root / name).is_file():
            folder = str(Path(name).parent)
            folders[folder] = folders.get(folder, 0) + 1
    return folders


def faults(folders, excepted):
    """Folders with too many files, and exceptions that are none."""
    found = [
        f"{folder} has {count} files side by side; at most {MOST} are found by looking: put those of one "
        "kind into a folder, or name why they are one kind in tests/layout/folders.py"
        for folder, count in sorted(folders.items())
        if count > MOST and folder not in excepted
    ]
    found += [
        f"{folder} has {folders.get(folder, 0)} files and needs no exception in tests/layout/folders.py"
        for folder in excepted
        if folders.get(folder, 0) <= MOST
    ]
    return found


def main():
    folders = counted(ROOT)
    found = faults(folders, ONE_KIND)
    if not faults({"a": MOST + 1}, {}) or not faults({"a": MOST}, {"a": "why"}) or faults({"a": MOST}, {}):
        found.append("folders.py does not tell a full folder from one with room")
    print("\n".join(found) if found else f"{len(folders)} folders, {len(ONE_KIND)} of them full of one kind")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
