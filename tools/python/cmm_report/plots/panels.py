"""What a plot shows, before it is drawn: panels of lines or of bars."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Line:
    """Points (x, y) under one name; a limit is drawn as a limit, an other one in the background."""

    label: str
    points: list
    role: str = "series"


@dataclass
class Bar:
    """One bar, the limit it should reach, and single values where several are behind it."""

    label: str
    value: float
    text: str
    limit: float | None = None
    each: list = field(default_factory=list)


@dataclass
class Panel:
    """One set of axes. `ticks` is "size", "percent" or "number"; `better` says in words which way is good."""

    title: str
    unit: str
    better: str
    x_label: str = ""
    ticks: str = "number"
    lines: list = field(default_factory=list)
    bars: list = field(default_factory=list)
    log: bool = True
    each: str = "GPU"  # of what the single values behind a bar are

    def labels(self):
        """Names of what is drawn, limits last."""
        names = [line.label for line in self.lines if line.role == "series"] + [
            bar.label for bar in self.bars
        ]
        return names + [f"limit: {line.label}" for line in self.lines if line.role == "limit"]


def microseconds(row, nanoseconds):
    """A time in µs."""
    return nanoseconds / 1e3


def gigabytes(row, nanoseconds):
    """The row's bytes over a time, in GB/s; None where it moves none."""
    return row.values["bytes"] / nanoseconds if row.get("bytes") else None


def teraflops(row, nanoseconds):
    """The row's arithmetic over a time, in TFLOP/s; None where it does none."""
    return row.values["flops"] / nanoseconds / 1e3 if row.get("flops") else None


MOST_LINES = 10


def middle(values, lower):
    """The middle one over the GPUs of each GPU's best."""
    by_gpu = {}
    for gpu, y in values:
        by_gpu.setdefault(gpu, []).append(y)
    return statistics.median(min(ys) if lower else max(ys) for ys in by_gpu.values())


def line(label, points, lower, role):
    """A line with one y for each x of (x, gpu, y)."""
    at = {}
    for x, gpu, y in points:
        at.setdefault(x, []).append((gpu, y))
    return Line(label, [(x, middle(at[x], lower)) for x in sorted(at)], role)


def lines_of(rows, x_of, series_of, value, lower):
    """A line for each series and for each limit that rows name; too many series go into the background."""
    series, limits = {}, {}
    for row in rows:
        x, y, gpu = x_of(row), value(row, row.time), row.axes.get("gpu")
        if x is None or y is None:
            continue
        series.setdefault(series_of(row), []).append((x, gpu, y))
        if row.get("limit_ns"):
            name = row.texts.get("limit", "limit")
            limits.setdefault(name, []).append((x, gpu, value(row, row.values["limit_ns"])))
    lines = [
        line(label, points, lower, "series" if which < MOST_LINES else "other")
        for which, (label, points) in enumerate(series.items())
    ]
    return lines + [line(label, points, lower, "limit") for label, points in limits.items()]
