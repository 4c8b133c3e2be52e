"""Names of series and bars, and bars from rows."""

import statistics

from .. import units
from ..axes import values_of
from .panels import Bar

LOWER, HIGHER = "lower is better", "higher is better"


def size_at(axis):
    """A function that reads a size from an axis of a row."""
    return lambda row: units.size_of(row.axes.get(axis, ""))


def named(*axes):
    """A function that names a row by the values of some of its axes."""

    def name(row):
        return ", ".join(units.axis_text(row.axes[a]) for a in axes if row.axes.get(a)) or row.without()

    return name


WITHOUT_NAME = ("what", "engine", "op", "memory", "by", "policy", "access", "operands")


def plainly(*left_out):
    """A function that names a row by all its axes but some, the well-known ones by their value alone."""

    def name(row):
        pairs = [(axis, value) for axis, value in row.axes.items() if axis not in left_out]
        return " ".join(value if axis in WITHOUT_NAME else f"{axis} {value}".strip() for axis, value in pairs)

    return name


def several(rows, axis):
    """The axis, where the rows differ in it."""
    return (axis,) if len(values_of(rows, axis)) > 1 else ()


def bars_by(rows, name_of, value, text):
    """A bar for each name: the middle one of its rows over GPUs, each of them the best over sizes."""
    groups = {}
    for row in rows:
        if value(row, row.time) is not None:
            groups.setdefault(name_of(row), {}).setdefault(row.axes.get("gpu"), []).append(row)
    bars = []
    for label, by_gpu in groups.items():
        chosen = [
            min(of_gpu, key=lambda row: row.time / (row.get("bytes") or 1)) for of_gpu in by_gpu.values()
        ]
        figures = [value(row, row.time) for row in chosen]
        limits = [value(row, row.values["limit_ns"]) for row in chosen if row.get("limit_ns")]
        middle = statistics.median(figures)
        each = figures if len(figures) > 1 else []
        bars.append(Bar(label, middle, text(middle), max(limits, default=None), each))
    return bars


def gigabytes_text(value):
    """Write GB/s with the unit that fits."""
    return units.rate_text(value * 1e9)
