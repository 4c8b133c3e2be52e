"""Sizes, times, rates and ratios: text to number and number to text."""

import math
import re

from cmm.size import format_size

SIZES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def size_of(text):
    """Read "64KiB" as bytes; None where the text is no size."""
    found = re.fullmatch(r"([0-9.]+)\s?([KMGT]i)?B", text)
    try:
        size = float(found[1]) * SIZES[f"{found[2] or ''}B"] if found else None
    except ValueError:
        return None
    return size if size is not None and size < 1e30 else None


def number_of(text):
    """Read a size, a percentage such as "50pct" or a plain number; None where the text is none of them."""
    size = size_of(text)
    if size is not None:
        return size
    try:
        value = float(text.removesuffix("pct"))
    except ValueError:
        return None
    return value if abs(value) < 1e30 else None


def significant(value, digits=3):
    """Write a number with this many significant digits and no exponent."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{round(value, digits - 1 - math.floor(math.log10(abs(value)))):.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def scaled(value, steps, digits=3):
    """Write a value with the largest unit of `steps`, (factor, unit) from large to small, that it reaches."""
    for factor, unit in steps:
        if abs(value) >= factor * 0.9995:
            return f"{significant(value / factor, digits)} {unit}"
    return f"{significant(value / steps[-1][0], digits)} {steps[-1][1]}"


def time_text(nanoseconds):
    """Write a time: "1.08 µs"."""
    return scaled(nanoseconds, [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")])


def rate_text(bytes_per_second):
    """Write a rate: "55.4 GB/s"."""
    return scaled(bytes_per_second, [(1e12, "TB/s"), (1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s")])


def flops_text(flops_per_second):
    """Write an arithmetic rate: "856 TFLOP/s"."""
    return scaled(
        flops_per_second, [(1e15, "PFLOP/s"), (1e12, "TFLOP/s"), (1e9, "GFLOP/s"), (1e6, "MFLOP/s")]
    )


def size_text(size):
    """Write a size: "64 KiB"; as the library and its programs do."""
    return format_size(round(size))


def axis_text(text):
    """Write the value of an axis for people: "64 KiB" for "64KiB", and what is no size as it is."""
    size = size_of(text)
    return text if size is None else size_text(size)


def percent_text(share):
    """Write a share: "98 %"; one place more where it is small."""
    return f"{significant(share * 100, 3 if share >= 0.995 else 2)} %"


def times_text(ratio):
    """Write a ratio as people say it: "12 times"."""
    return f"{significant(ratio, 2)} times"
