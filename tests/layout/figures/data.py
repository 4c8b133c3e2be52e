"""Committed results, and how a figure is written."""

import functools
import json
import math
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@functools.cache
def load(path):
    """A file of results, by its path from the root."""
    return json.loads((ROOT / path).read_text())


@functools.cache
def rows(path):
    """The rows of a run of cmm_bench, by name."""
    return {row["name"]: row for row in load(path)["benchmarks"]}


def median_ns(path, name):
    """The median of a row, in nanoseconds."""
    return rows(path)[name]["p50_ns"]


def link(words, path, page):
    """A link from the folder of a page to a file or folder of the project."""
    if not (ROOT / path).exists():
        raise FileNotFoundError(path)
    return f"[{words}]({os.path.relpath(ROOT / path, page)})"


def digits(value, count=3):
    """A number with so many digits, and no exponent."""
    places = count - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):.{max(0, places)}f}"


def time(nanoseconds):
    """Such as 2.63 ms."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{digits(nanoseconds / size)} {unit}"
    return f"{digits(nanoseconds)} ns"


def rate(bytes_per_second):
    """Such as 291 GB/s."""
    return f"{digits(bytes_per_second / 1e9)} GB/s"


def ratio(spread, places=2):
    """A median with its 95 % interval, such as 0.74 (0.69-0.85)."""
    low, high = spread["confidence"]
    return f"{spread['median']:.{places}f} ({low:.{places}f}-{high:.{places}f})"


def table(head, align, lines):
    """Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, *lines]).replace(
        "\n", f"\n|{'|'.join(align)}|\n", 1
    )


def number(value):
    """Such as 18,199."""
    return f"{value:,.0f}"
