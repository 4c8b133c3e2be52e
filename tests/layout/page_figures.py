#!/usr/bin/env python3
"""Checks that what pages say in figures follows from committed results, all runs of a kind.

usage: page_figures.py [--write]      --write puts into the pages what follows
"""

import re
import sys

from figures import BLOCKS
from pages import ROOT, pages, without_code

BLOCK = re.compile(r"<!-- figures (.+?) -->\n(.*?)<!-- end of figures -->", re.DOTALL)
MEASURED = re.compile(
    r"\d[\d.,]* ?(?:[mµ]s|ns|GB/s|TB/s|tokens/s)\b"
    r"|\b\d\.\d+ \(\d\.\d+-\d\.\d+\)|\b\d[\d.]* times (?:as|faster|slower)"
)


def written(text, page):
    """The page with every block as it follows from the data."""

    def block(found):
        if found[1] not in BLOCKS:
            raise SystemExit(f"{page}: there are no figures {found[1]!r}; those are {', '.join(BLOCKS)}")
        return f"<!-- figures {found[1]} -->\n{BLOCKS[found[1]](page.parent)}\n<!-- end of figures -->"

    return BLOCK.sub(block, text)


def loose(text):
    """Results that a page states outside of its blocks, examples and links."""
    return [found[0] for found in MEASURED.finditer(without_code(BLOCK.sub("", text)))]


def faults(page, text):
    """What is wrong with the figures of a page."""
    found = []
    if written(text, page) != text:
        found.append(
            "a block of figures is not what the data says; tests/layout/page_figures.py --write writes it"
        )
    found += [f"{each!r} is a result outside of a block of figures" for each in loose(text)]
    return [f"{page.relative_to(ROOT)}: {each}" for each in found]


def can_fail():
    """Whether a changed figure and a loose one are noticed."""
    page = ROOT / "README.md"
    text = page.read_text()
    changed = re.sub(r"(\*\*\d)", r"\g<1>9", text, count=1)
    return changed != text and faults(page, changed) and faults(page, text + "\nIt takes 3.1 ms.\n")


def main():
    if sys.argv[1:] == ["--write"]:
        for page in pages():
            page.write_text(written(page.read_text(), page))
    found = [each for page in pages() for each in faults(page, page.read_text())]
    if not can_fail():
        found.append("a README with a wrong figure was not noticed")
    shown = {name for page in pages() for name, _ in BLOCK.findall(page.read_text())}
    found += [f"no page shows the figures {name!r}" for name in BLOCKS.keys() - shown]
    print("\n".join(found) if found else f"{len(shown)} blocks of figures follow from the data")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
