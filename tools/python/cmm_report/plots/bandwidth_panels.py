"""The panels of the family bandwidth."""

from .. import units
from ..axes import values_of
from .panels import Panel, gigabytes, lines_of
from .series import HIGHER, LOWER, bars_by, gigabytes_text, named, size_at

DIRECTIONS = {
    "h2d": "Host to GPU",
    "d2h": "GPU to host",
    "both": "Both directions at once",
    "device": "The GPU's own memory",
    "peer_from": "From another GPU",
    "peer_to": "To another GPU",
    "peer_both": "Between two GPUs, both directions at once",
}
ENGINES = {"copy": "copy engine", "copy_batch": "copy engine, batched", "sm": "SM"}


def engine_and_memory(row):
    """Name a way of moving bytes by what moves them and where they are: "SM read, pinned"."""
    engine = row.axes.get("engine", "")
    words = ENGINES.get(engine, engine)
    if row.axes.get("op") and not engine.startswith("copy"):
        words += f" {row.axes['op']}"
    rest = row.without("what", "engine", "op", "memory", "bytes", "block", "gpu", "peer")
    return ", ".join(filter(None, (words, row.axes.get("memory", ""), rest.replace(":", " "))))


def bandwidth(rows):
    """The best rate of each way; the rate by size of the pieces; the time of one dependent access."""
    latency = [row for row in rows if row.matches(what="latency")]
    rates = [row for row in rows if row not in latency]
    panels = []
    for what in values_of(rates, "what"):
        here = [row for row in rates if row.matches(what=what)]
        bars = bars_by(here, engine_and_memory, gigabytes, gigabytes_text)
        panels.append(Panel(DIRECTIONS.get(what, what), "GB/s", HIGHER, bars=bars, log=False))
    for axis, words in (("block", "by size of scattered pieces"), ("bytes", "by size of one transfer")):
        other = "bytes" if axis == "block" else "block"
        sized = [row for row in rates if axis in row.axes and not (axis == "bytes" and other in row.axes)]
        name = lambda row: f"{row.axes.get('what', '')}, {engine_and_memory(row)}"  # noqa: E731
        lines = lines_of(sized, size_at(axis), name, gigabytes, lower=False)
        lines = [line for line in lines if len(line.points) > 1]
        if any(line.role == "series" for line in lines):
            panels.append(Panel(f"The rate {words}", "GB/s", HIGHER, "size", "size", lines))
    chase = lines_of(latency, size_at("bytes"), named("memory"), lambda _, ns: ns, lower=True)
    chase = [line for line in chase if len(line.points) > 1]
    panels.append(Panel("One access that waits for the one before", "ns", LOWER, "footprint", "size", chase))
    largest = [row for row in latency if size_at("bytes")(row) == largest_size(latency, row)]
    name = named("memory", "bytes")
    bars = bars_by(largest, name, lambda _, ns: ns, units.time_text)
    panels.append(
        Panel("One access, at the largest footprint of each memory", "ns", LOWER, bars=bars, log=False)
    )
    return panels


def largest_size(rows, like):
    """The largest footprint of the rows on the same memory as one of them."""
    same = [row for row in rows if row.axes.get("memory") == like.axes.get("memory")]
    return max(size_at("bytes")(row) or 0 for row in same)
