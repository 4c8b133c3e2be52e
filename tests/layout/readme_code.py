#!/usr/bin/env python3
"""Check that the C++ in each README is what a tested source says, up to line breaks."""

import re
import sys
from pathlib import Path

from pages import blocks, pages

ROOT = Path(__file__).resolve().parents[2]


def squeezed(text):
    """Fold white space, which formatters choose."""
    return " ".join(text.split())


def missing_blocks(readme, examples):
    """Return the C++ blocks of the text that no example contains."""
    blocks = re.findall(r"```cpp\n(.*?)```", readme, re.DOTALL)
    if not blocks:
        return ["(it has no C++ at all)"]
    return [block for block in blocks if not any(squeezed(block) in text for text in examples)]


def sources_of(folder, pattern):
    """Return the text of sources, squeezed."""
    return [
        squeezed(path.read_text()) for path in (ROOT / folder).glob(pattern) if path.suffix in (".cpp", ".cu")
    ]


def main():
    """Check them, and that a changed one would be noticed."""
    examples = sources_of("examples", "*")
    readme = (ROOT / "README.md").read_text()
    if not missing_blocks(readme.replace("cmm::pool{}", "cmm::puddle{}"), examples):
        sys.exit("readme_code.py: a README with a wrong line was not noticed")
    tested = {
        "README.md": examples,
        "include/cmm/README.md": examples + sources_of("tests", "*/page_examples.*"),
        "include/cmm/kv/README.md": sources_of("tests/unit", "kv_readme.*"),
        "tools/programs/probe/README.md": sources_of("tests/gpu", "page_examples.*"),
    }
    with_code = {str(page.relative_to(ROOT)) for page in pages() if blocks(page.read_text(), "cpp")}
    for name in sorted(with_code - tested.keys()):
        sys.exit(f"readme_code.py: {name} shows C++ and no source here is named that tests it")
    for name, sources in tested.items():
        for block in missing_blocks((ROOT / name).read_text(), sources):
            sys.exit(
                f"readme_code.py: this code of {name} is in no tested source; copy it from one:\n{block}"
            )


if __name__ == "__main__":
    main()
