#!/usr/bin/env python3
"""Checks that messages write sizes for people: format_size, which parse_size reads back, stands only where
text is read again, in recipes, names of rows and files.

usage: sizes.py
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ["include/cmm", "bench", "tools/programs", "examples"]
READ_AGAIN = {
    "include/cmm/core/units.hpp": "where it is made",
    "include/cmm/core/fields.hpp": "settings of a recipe",
    "include/cmm/text/cpp.hpp": "a recipe as C++",
    "include/cmm/kv/mover_text.hpp": "rows of a recommendation",
    "include/cmm/kv/placement/text.hpp": "settings of a placement",
}
ROW_NAME = re.compile(r'\{"\w+", format_size\(|"/page:" \+ format_size\(|std::string name = format_size\(')


def faults(name, text):
    """Uses of format_size outside of what is read again."""
    if name in READ_AGAIN:
        return []
    lines = text.splitlines()
    return [
        f"{name}:{at + 1}: a message writes a size by size_in_full or size_text, not by format_size"
        for at, line in enumerate(lines)
        if "format_size(" in line and not ROW_NAME.search(line)
    ]


def main():
    files = [
        path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.[hc]*")) if path.is_file()
    ]
    found = [each for path in files for each in faults(str(path.relative_to(ROOT)), path.read_text())]
    if not faults("a.hpp", 'throw bad_request{"a block of " + format_size(bytes)};'):
        found.append("sizes.py does not notice a message with format_size")
    print("\n".join(found) if found else f"{len(files)} files write sizes by one law")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
