"""The panels of each family that the suite has."""

from .. import units
from ..axes import values_of
from ..conclusions.movers import columns_of
from .bandwidth_panels import bandwidth
from .panels import Panel, gigabytes, lines_of, microseconds, teraflops
from .series import HIGHER, LOWER, bars_by, gigabytes_text, named, plainly, several, size_at

MAIN_ALLOCATORS = (
    "managed+threshold_prefetch+pool",
    "driver_managed_pool",
    "rmm_managed_prefetch_pool",
    "cudaMallocManaged",
    "cudaMalloc",
    "cudaMallocAsync",
    "device+pool",
    "predecessor",
)


def allocate(rows):
    """Time of a pair by size; allocators that are variations of others stay in the background."""
    lines = lines_of(rows, size_at("bytes"), named("allocator"), microseconds, lower=True)
    main = any(line.label in MAIN_ALLOCATORS for line in lines)
    for line in lines:
        if main and line.role != "limit":
            line.role = "series" if line.label in MAIN_ALLOCATORS else "other"
    order = {name: which for which, name in enumerate(MAIN_ALLOCATORS)}
    lines.sort(key=lambda line: order.get(line.label, len(order)))
    return [Panel("Allocate and free, warm", "µs", LOWER, "block size", "size", lines)]


def page_fault(rows):
    """The price of each policy by size; how fast pages come; what one touched page costs."""
    first = [row for row in rows if row.matches(what="first_use")]
    strides = [row for row in rows if "stride" in row.axes and row.get("ns_per_page")]
    densities = [row for row in rows if row.matches(what="density")]
    ways = [row for row in rows if row.get("bytes") and row not in first + strides + densities]
    lines = lines_of(first, size_at("bytes"), named("policy"), gigabytes, lower=False)
    per_page = lines_of(
        strides,
        size_at("stride"),
        named("what"),
        lambda row, ns: ns / row.time * row.values["ns_per_page"] / 1e3,
        lower=True,
    )
    touched = lines_of(
        densities,
        lambda row: units.number_of(row.axes.get("touched", "")),
        lambda row: row.without("what", "touched", "gpu") or "density",
        microseconds,
        lower=True,
    )
    bars = bars_by(ways, plainly("bytes", "gpu"), gigabytes, gigabytes_text)
    per_page = [line for line in per_page if line.role != "limit"]
    return [
        Panel(
            "From the request until a kernel wrote every byte", "GB/s", HIGHER, "block size", "size", lines
        ),
        Panel("How fast pages come", "GB/s", HIGHER, bars=bars),
        Panel(
            "What one touched page costs", "µs per page", LOWER, "distance between touches", "size", per_page
        ),
        Panel("Share of a block that is touched", "µs", LOWER, "touched, %", "percent", touched),
    ]


def gemm(rows):
    """Arithmetic rate by size, for each type; the first call by itself."""
    panels = []
    for call in values_of(rows, "call") or [None]:
        for kind in values_of(rows, "type") or [None]:
            here = [row for row in rows if row.axes.get("call") == call and row.axes.get("type") == kind]
            lines = lines_of(
                here,
                lambda row: units.number_of(row.axes.get("n", "")),
                named("operands"),
                teraflops,
                lower=False,
            )
            title = ", ".join(
                filter(None, (kind, {"first": "first call", "steady": "steady state"}.get(call, call)))
            )
            panels.append(
                Panel(title or "Matrix product", "TFLOP/s", HIGHER, "n, of n × n × n", "number", lines)
            )
    return sorted(panels, key=lambda panel: "first" in panel.title)


def kv_access(rows):
    """Time of a step by share of host-resident blocks, for each block size and, if they differ, bytes."""
    kinds = {}
    for row in rows:
        kinds.setdefault((row.axes.get("block", ""), row.axes.get("bytes", "")), []).append(row)
    differ = len({size for _, size in kinds}) > 1
    panels = []
    for block, size in sorted(kinds, key=lambda kind: [(units.number_of(text) or 0, text) for text in kind]):
        lines = lines_of(
            kinds[block, size],
            lambda row: units.number_of(row.axes.get("host", "")),
            named("access"),
            lambda _, ns: ns / 1e6,
            lower=True,
        )
        title = ", ".join(
            filter(None, (f"blocks of {units.axis_text(block)}", units.axis_text(size) if differ else ""))
        )
        panels.append(Panel(title, "ms per step", LOWER, "blocks in host memory, %", "percent", lines))
    return panels


def replay(rows):
    """The mean time of a call, for each allocator and trace."""
    lower = sorted(rows, key=lambda row: row.time)
    name = named(*several(rows, "trace"), "allocator")
    bars = bars_by(lower, name, microseconds, lambda value: units.time_text(value * 1e3))
    return [Panel("Mean time of one call", "µs", LOWER, bars=bars)]


def mover_name(row):
    """The mover of a row and its thread blocks."""
    ctas = row.axes.get("ctas")
    return row.axes.get("by", "?") + (f", {ctas} CTA{'s' if ctas != '1' else ''}" if ctas else "")


def kv_tier(rows):
    """Rates by page size for each direction, then what a mover gets and costs beside a product."""
    panels = []
    rows = sorted(rows, key=lambda row: not row.matches(by="engine"))  # the first lines are the named ones
    for way in values_of(rows, "way"):
        here = [row for row in rows if row.matches(way=way)]
        lines = lines_of(
            [row for row in here if row.matches(beside="nothing")],
            size_at("page"),
            mover_name,
            gigabytes,
            lower=False,
        )
        panels.append(Panel(f"{way}, nothing beside", "GB/s", HIGHER, "page size", "size", lines))
        moves = [r for r in here if columns_of(r) and "beside" in r.axes]
        slowed = [r for r in here if columns_of(r) and "product" in r.axes and r.get("speedup")]
        for page in values_of(moves, "page"):
            lines = lines_of(
                [r for r in moves if r.matches(page=page)], columns_of, mover_name, gigabytes, lower=False
            )
            title = f"{way}, pages of {page}, beside a product"
            panels.append(Panel(title, "GB/s", HIGHER, "columns of the product", "number", lines))
            lines = lines_of(
                [r for r in slowed if r.matches(page=page)],
                columns_of,
                mover_name,
                lambda row, _: 100 / row.values["speedup"],
                lower=True,
            )
            lines = [line for line in lines if line.role != "limit"]
            title = f"{way}, pages of {page}: time of the product beside"
            panels.append(Panel(title, "% of alone", LOWER, "columns of the product", "number", lines))
    steps = [row for row in rows if "cpu" in row.axes]
    bars = bars_by(steps, named("cpu"), microseconds, lambda value: units.time_text(value * 1e3))
    return [*panels, Panel("CPU time of a step", "µs", LOWER, bars=bars)]


PANELS = {
    "allocate": allocate,
    "page_fault": page_fault,
    "bandwidth": bandwidth,
    "gemm": gemm,
    "kv_access": kv_access,
    "kv_tier": kv_tier,
    "replay": replay,
}
