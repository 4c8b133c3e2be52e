#!/usr/bin/env python3
"""Check that the C++ in README.md is what a tested example says, up to line breaks."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def squeezed(text):
    """Fold white space, which formatters choose."""
    return " ".join(text.split())


def missing_blocks(readme, examples):
    """Return the C++ blocks of the text that no example contains."""
    blocks = re.findall(r"```cpp\n(.*?)```", readme, re.DOTALL)
    if not blocks:
        return ["(README.md has no C++ at all)"]
    return [block for block in blocks if not any(squeezed(block) in text for text in examples)]


def main():
    """Check the README, and that a changed one would be noticed."""
    sources = [path for path in (ROOT / "examples").iterdir() if path.suffix in (".cpp", ".cu")]
    examples = [squeezed(path.read_text()) for path in sources]
    readme = (ROOT / "README.md").read_text()
    if not missing_blocks(readme.replace("cmm::pool{}", "cmm::puddle{}"), examples):
        sys.exit("readme_code.py: a README with a wrong line was not noticed")
    for block in missing_blocks(readme, examples):
        sys.exit(f"readme_code.py: this code of README.md is in no example; copy it from one:\n{block}")


if __name__ == "__main__":
    main()
