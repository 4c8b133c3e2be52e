"""A row of the results: its name taken apart, its figures, and how far they can be trusted."""

import math
from dataclasses import dataclass, field

from . import units

LONGEST_NS = 1e18  # 30 years
SHORTEST_NS = 1e-6
POSITIVE = ("bytes_per_second", "flops_per_second", "limit_ratio", "pass_spread", "speedup", "samples")
SAMPLES_FOR = {"p95_ns": 20, "p99_ns": 100}  # fewer have none beyond the quantile


@dataclass(frozen=True)
class Row:
    """One row; `values` has the numbers of the file, `state` is "ok", "failed" or "skipped"."""

    name: str
    family: str
    axes: dict
    values: dict = field(repr=False)
    texts: dict = field(repr=False)
    state: str = "ok"
    reason: str = ""

    @property
    def ok(self):
        """Whether the row has a time."""
        return self.state == "ok"

    @property
    def time(self):
        """The median, in nanoseconds."""
        return self.values["p50_ns"]

    def get(self, key):
        """A number of the row, or None."""
        return self.values.get(key)

    @property
    def spread(self):
        """How far the row can move by chance, relative to its median; None where nothing tells."""
        known = []
        if "p25_ns" in self.values and "p75_ns" in self.values:
            known.append((self.values["p75_ns"] - self.values["p25_ns"]) / self.time)
        if "pass_spread" in self.values:
            known.append(self.values["pass_spread"])
        return max(known) if known else None

    def speed_against(self, base):
        """How fast the row is where `base` is 1; by samples taken in turn with it where the row has them."""
        return self.values.get("speedup") or base.time / self.time

    def quantile(self, key):
        """A late quantile of the times, or None where too few samples make it the slowest of them."""
        enough = self.values.get("samples", math.inf) >= SAMPLES_FOR[key]
        return self.values.get(key) if enough else None

    def rate(self):
        """(value, text) of the row's rate of bytes or arithmetic, or None."""
        for key, text in (("flops_per_second", units.flops_text), ("bytes_per_second", units.rate_text)):
            if self.values.get(key):
                return self.values[key], text(self.values[key])
        return None

    def without(self, *axes):
        """The axes but these, as one text."""
        return "/".join(f"{k}:{v}" if v else k for k, v in self.axes.items() if k not in axes)

    def matches(self, **wanted):
        """Whether each axis has the value, or one of the values, wanted."""
        return all(
            self.axes.get(axis) in (value if isinstance(value, tuple | set | list) else (value,))
            for axis, value in wanted.items()
        )

    def doubt(self):
        """Why the row should be read with care, or nothing."""
        if not self.ok:
            return ""
        if self.values.get("pass_spread", 0) > 0.1:
            return f"repetitions differ by {units.percent_text(self.values['pass_spread'])}"
        beaten = max(self.values.get("limit_ratio", 0), self.values.get("limit_beaten", 0))
        if beaten > 1.05:
            share = units.percent_text(beaten)
            return f"at {share} of its limit, so the limit or the row is wrong"
        if (late := self.quantile("p99_ns") or 0) > 5 * self.time:
            times = units.times_text(late / self.time)
            return f"one sample in a hundred took {times} the median"
        if (self.spread or 0) > 0.25:
            return f"the middle half of its samples spreads over {units.percent_text(self.spread)}"
        return ""


def axes_of(name):
    """Take "family/axis:value/..." apart; a part without a value is kept with an empty one."""
    family, *parts = name.split("/")
    pairs = (part.partition(":") for part in parts)
    return family, {axis: value for axis, _, value in pairs}


def row_of(entry):
    """Make a row of an entry of the file; raises ValueError with what is wrong with it."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
        raise ValueError("a row has no name")
    name = entry["name"]
    family, axes = axes_of(name)
    numbers = {
        k: float(v) for k, v in entry.items() if isinstance(v, int | float) and not isinstance(v, bool)
    }
    texts = {k: v for k, v in entry.items() if isinstance(v, str)}
    if entry.get("skipped"):
        return Row(name, family, axes, {}, texts, "skipped", str(entry["skipped"]))
    if entry.get("error_occurred"):
        reason = str(entry.get("error_message") or "no reason given")
        return Row(name, family, axes, {}, texts, "failed", reason)
    if "p50_ns" not in numbers:
        raise ValueError(f"the row {name} has neither a time (p50_ns) nor a reason why it has none")
    for key, value in numbers.items():
        if key.endswith("_ns") and not 0 <= value < LONGEST_NS:
            raise ValueError(f"the row {name} has {key} = {value:g}, which is no time")
        if key in POSITIVE and value < 0:
            raise ValueError(f"the row {name} has {key} = {value:g}, which is below 0")
    if numbers["p50_ns"] < SHORTEST_NS:
        raise ValueError(f"the row {name} took no time at all (p50_ns = {numbers['p50_ns']:g})")
    return Row(name, family, axes, numbers, texts)
