"""The families of rows: their titles, what they mean, and the panels that show them."""

from .. import units
from ..axes import numeric_axis
from .family_panels import PANELS
from .panels import Bar, Panel, lines_of, microseconds

INTRODUCTIONS = {
    "allocate": (
        "What one allocation costs",
        "The time of an allocate and free pair once everything is warm. A caching layer (pool) should cost "
        "about "
        "a microsecond at every size; the plain calls grow with the size or take tens of microseconds.",
    ),
    "replay": (
        "A recorded stream of allocations",
        "The mean time of one call when a recorded sequence of allocations and frees runs again.",
    ),
    "page_fault": (
        "How pages come to where they are used",
        "Managed memory has no pages until it is touched or prefetched. By faults they come one batch at a "
        "time; "
        "a prefetch brings them in one stream. The first plot is the real price of a policy: from the "
        "request "
        "until a kernel has written every byte.",
    ),
    "bandwidth": (
        "How fast the memories and links are",
        "Every other figure is bounded by these: the GPU's own memory, the link to the host, and how long "
        "one "
        "access takes when the next depends on it.",
    ),
    "gemm": (
        "Matrix products on managed memory",
        "The same cuBLAS product with its operands placed differently. Resident managed memory should match "
        "cudaMalloc; a cold first call pays for the pages, remote operands pay on every call.",
    ),
    "kv_access": (
        "One decode step over a paged KV cache",
        "A step reads its blocks in random order while a part of them lives in host memory. The way they are "
        "reached decides how much of the link the step gets.",
    ),
    "kv_tier": (
        "How pages of a KV cache move between the memories",
        "Pages that lie anywhere in host memory and HBM are moved by a kernel of a few thread blocks or by "
        "the copy engine. The limit is what the link gives a kernel. Beside a product two things count: how "
        "fast pages move, and how much longer the product takes.",
    ),
}


def introduction(family):
    """(title, what it means) of a family."""
    plain = family.replace("_", " ")
    return INTRODUCTIONS.get(
        family, (plain[:1].upper() + plain[1:], "A family this report has no words for yet.")
    )


def generic_panels(rows):
    """Panels for rows of any shape: lines along the axis with most numbers, else a bar for each."""
    axis = numeric_axis(rows, least=3)
    if axis:
        lines = lines_of(
            rows,
            lambda row: units.number_of(row.axes.get(axis, "")),
            lambda row: row.without(axis, "gpu") or row.family,
            microseconds,
            lower=True,
        )
        sizes = any(units.size_of(row.axes.get(axis, "")) for row in rows)
        title = f"Time by {axis}"
        return [Panel(title, "µs", "lower is better", axis, "size" if sizes else "number", lines)]
    slowest = sorted(rows, key=lambda row: -row.time)[:24]
    bars = [
        Bar(row.without() or row.family, row.time / 1e3, units.time_text(row.time), limit_of(row))
        for row in slowest
    ]
    title = "Time" if len(slowest) == len(rows) else f"Time, the {len(slowest)} longest of {len(rows)}"
    return [Panel(title, "µs", "lower is better", bars=bars)]


def limit_of(row):
    """The limit of a row in µs, or None."""
    return row.values["limit_ns"] / 1e3 if row.get("limit_ns") else None


def panels_of(result, family):
    """The panels of a family of a result; rows that no panel of its own shows go into a generic one."""
    rows = result.family(family)
    if not rows:
        return []
    shown = [
        panel
        for panel in PANELS.get(family, lambda rows: [])(rows)
        if panel.bars or any(line.role == "series" for line in panel.lines)
    ]
    shown = shown or generic_panels(rows)
    gpus = {row.axes.get("gpu") for row in rows}
    for panel in shown:
        if len(gpus) > 1 and panel.lines:
            panel.title += f", median of {len(gpus)} GPUs"
    return shown
