"""What a plot shows, before it is drawn: panels of lines or of bars."""

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


def best(points, lower):
    """One y for each x: the lowest or the highest."""
    chosen = {}
    for x, y in points:
        if x not in chosen or (y < chosen[x]) == lower:
            chosen[x] = y
    return sorted(chosen.items())


def lines_of(rows, x_of, series_of, value, lower):
    """A line for each series, and one for each limit that the rows name."""
    series, limits = {}, {}
    for row in rows:
        x, y = x_of(row), value(row, row.time)
        if x is None or y is None:
            continue
        series.setdefault(series_of(row), []).append((x, y))
        if row.get("limit_ns"):
            limits.setdefault(row.texts.get("limit", "limit"), []).append(
                (x, value(row, row.values["limit_ns"]))
            )
    lines = [Line(label, best(points, lower)) for label, points in series.items()]
    return lines + [Line(label, best(points, lower), "limit") for label, points in limits.items()]
