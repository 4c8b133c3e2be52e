"""The recommendation: recipes for weights, KV cache and scratch, each derived from rows that it names."""

from dataclasses import dataclass, field
from statistics import geometric_mean

from cmm.errors import Error
from cmm.kv_recipe import managed_recipe, pinned_recipe
from cmm.vllm.machine.description import read_machine
from cmm.vllm.planning.shares import preferred_host

from .. import units
from ..axes import by_number
from . import movers
from .findings import WAYS
from .spread import is_clear
from .threshold import gpu_bytes, threshold


@dataclass
class Advice:
    """A recipe for one use, or what is missing for one."""

    use: str
    recipe: str | None
    reasons: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    missing: str = ""


AS_GOOD = 1.01  # times as slow as the fastest way to reach the KV cache counts as equal
ENOUGH = 0.98  # of the speed of cudaMalloc memory, below which managed memory is not worth its comfort


def weights(result):
    """Managed memory, populated before use, unless resident managed memory is slower than cudaMalloc's."""
    pairs = []
    gemm = [row for row in result.family("gemm") if row.matches(call="steady")]
    for row in gemm:
        if row.matches(operands="managed_resident"):
            device = next((r for r in gemm if r.axes == {**row.axes, "operands": "device"}), None)
            if device:
                pairs.append((row, device))
    if not pairs:
        return missing(
            "weights", "gemm/.../operands:managed_resident and operands:device in the steady state", "gemm"
        )
    managed, device = max(pairs, key=lambda pair: units.number_of(pair[0].axes.get("n", "")) or 0)
    speed = geometric_mean(m.speed_against(d) for m, d in pairs)
    reason = (
        f"Resident managed memory runs matrix products at {units.percent_text(speed)} of the speed of "
        "cudaMalloc "
        f"memory (mean of {len(pairs)} pairs of rows)"
    )
    if speed < ENOUGH and not all(is_clear(m, d) is False for m, d in pairs):
        return Advice(
            "weights",
            "device | pool | stats",
            [reason + ", so weights are better off in device memory."],
            [managed, device],
        )
    found = threshold(result)
    if found.policy is None:
        return missing("weights", found.missing, "page_fault")
    rows = [managed, device, *found.rows]
    return Advice("weights", f"managed | {found.policy} | pool | stats", [reason + ".", *found.reasons], rows)


# How a KV cache beyond GPU memory must live for each way of reaching its blocks on the host: as the rows had
# it. Their pinned memory came from cudaMallocHost; egm is the pinned memory that the library gives out.
HOST_PART = {
    "fault": ("managed", "let the pages come by faults"),
    "remote": ("remote", "let kernels read host blocks where they are"),
    "prefetch": ("managed", "prefetch each block of a step before it"),
    "batched_prefetch": ("managed", "prefetch the blocks of a step before it, in one batch"),
    "copy": ("pinned", "keep them in pinned memory (egm) and copy each block before the step"),
    "batched_copy": ("pinned", "keep them in pinned memory (egm) and copy the blocks of a step in one batch"),
}
USED_BY_AN_ENGINE = 0.92  # of the GPU's memory, as vLLM takes where nothing else is said
NO_SIZE_KNOWN = 12 << 30  # bytes that an engine leaves of a GPU of 150 GB


def host_place(result):
    """Where `cmm serve` puts blocks on the machine that the result describes; the host where none is told."""
    try:
        machine = read_machine(result.context.get("platform"))
    except Error:  # of an older probe, or of a simulated machine
        return "host"
    return preferred_host(machine, machine.gpus)


def kv_recipe(memory, result):
    """The recipe that `cmm serve` gives for the same kind of memory."""
    if memory == "remote":
        return managed_recipe(host_place(result))
    if memory == "managed":
        return "managed | stats"
    size = gpu_bytes(result)
    return pinned_recipe(round(size * (1 - USED_BY_AN_ENGINE)) if size else NO_SIZE_KNOWN)


def kv_cache(result):
    """Memory beyond the GPU's, as the fastest way of reaching blocks on the host wants it."""
    groups = {}
    for row in result.family("kv_access"):
        if (units.number_of(row.axes.get("host", "")) or 0) > 0 and row.axes.get("access") in HOST_PART:
            groups.setdefault(row.without("access"), {})[row.axes["access"]] = row
    groups = {name: group for name, group in groups.items() if len(group) > 1}
    if not groups:
        return missing(
            "kv_cache", "kv_access/... of two ways of access or more with blocks on the host", "kv_access"
        )
    common = set.intersection(*(set(group) for group in groups.values()))
    if not common:
        return missing(
            "kv_cache", "kv_access/... with one way of access in all block sizes and shares", "kv_access"
        )

    def loss(access):
        """How many times slower than the fastest, in the geometric mean."""
        return geometric_mean(
            group[access].time / min(row.time for row in group.values()) for group in groups.values()
        )

    fastest = min(sorted(common), key=loss)
    # Where ways are as good as each other, memory that stays where it is asks least of the engine.
    access = "remote" if "remote" in common and loss("remote") < loss(fastest) * AS_GOOD else fastest
    wins = [
        group
        for group in groups.values()
        if group[access].time <= AS_GOOD * min(row.time for row in group.values())
    ]
    memory, how = HOST_PART[access]
    lost = loss(access) - 1
    behind = f", {units.percent_text(lost)} slower than the fastest in the mean" if lost > 0.001 else ""
    reasons = [
        f"Blocks on the host are best reached {WAYS[access]}: fastest or within 1 % of it in "
        f"{len(wins)} of {len(groups)} combinations of {axes_text(groups)}{behind}; {how}.",
        *by_block(groups, access),
    ]
    example = max(
        groups.values(), key=lambda group: max(row.time for row in group.values()) / group[access].time
    )
    worst = max(example.values(), key=lambda row: row.time)
    if worst is not example[access]:
        times = units.times_text(worst.time / example[access].time)
        reasons.append(
            f"The wrong way costs up to {times} as much ({worst.axes['access'].replace('_', ' ')})."
        )
    named = list({row.name: row for row in (example[access], worst)}.values())
    return Advice("kv_cache", kv_recipe(memory, result), reasons, named)


def axes_text(groups):
    """What the combinations differ in, in words."""
    caches = {row.axes.get("bytes") for group in groups.values() for row in group.values()}
    return "block size, host share and bytes" if len(caches) > 1 else "block size and host share"


def by_block(groups, chosen):
    """For which block sizes another way wins clearly."""
    winners = {}
    for group in groups.values():
        fastest = min(group.values(), key=lambda row: row.time)
        if fastest is not group[chosen] and is_clear(group[chosen], fastest):
            winners.setdefault(fastest.axes["access"], set()).add(fastest.axes.get("block", "?"))
    sentences = []
    for access, blocks in winners.items():
        sizes = ", ".join(units.axis_text(block) for block in by_number(blocks))
        way = access.replace("_", " ")
        sentences.append(f"At some host shares of blocks of {sizes}, {way} is faster.")
    return sentences


SCRATCH = {
    "device+pool": "device | pool",
    "device_pool": "device_pool",
    "managed+threshold_prefetch+pool": None,
}


def scratch(result):
    """The fastest allocator whose memory is resident; cudaMalloc memory where the difference is unclear."""
    groups = {}
    for row in result.family("allocate"):
        if row.axes.get("allocator") in SCRATCH:
            groups.setdefault(row.axes["allocator"], {})[row.without("allocator")] = row
    if "device+pool" not in groups or len(groups) < 2:
        return missing(
            "scratch", "allocate/allocator:device+pool and one more recipe to compare it with", "allocate"
        )
    common = set.intersection(*(set(group) for group in groups.values()))
    if not common:
        return missing("scratch", "allocate/... with the sizes that its recipes have in common", "allocate")

    def mean(name):
        """The geometric mean over the sizes, in nanoseconds."""
        return geometric_mean(groups[name][key].time for key in common)

    ranked = sorted(groups, key=mean)
    best, base = ranked[0], "device+pool"
    unclear = best != base and not all(is_clear(groups[best][key], groups[base][key]) for key in common)
    chosen = base if unclear else best
    policy = threshold(result).policy
    if SCRATCH[chosen] is None and policy is None:
        chosen = min((name for name in groups if SCRATCH[name]), key=mean)
    recipe = f"{SCRATCH[chosen] or f'managed | {policy} | pool'} | stats"
    figures = ", ".join(f"{name.replace('+', ' | ')} {units.time_text(mean(name))}" for name in ranked)
    reasons = [f"An allocate and free pair takes, in the mean of {len(common)} sizes: {figures}."]
    if unclear:
        reasons.append("The difference is unclear, and device memory can neither fault nor migrate.")
    key = sorted(common)[0]
    return Advice("scratch", recipe, reasons, [groups[name][key] for name in ranked])


def missing(use, rows, family):
    """Say which rows are needed instead of guessing."""
    return Advice(
        use, None, missing=f"The rows {rows} are missing; run tools/bench --filter {family} to get them."
    )


def recommend(result):
    """Advice for every use."""
    return [weights(result), kv_cache(result), scratch(result)]


def as_json(result, advice):
    """The recommendation for programs."""
    return {
        "schema": "cmm-recommendation 1",
        "machine": result.name,
        "simulated": result.simulated,
        "date": result.context.get("date"),
        "recipes": [
            {
                "use": a.use,
                "recipe": a.recipe,
                "reasons": a.reasons,
                "rows": [row.name for row in a.rows],
                **({"missing": a.missing} if a.missing else {}),
            }
            for a in advice
        ],
        "kv_movers": movers.as_json(movers.movers(result)),
    }


def as_text(result, advice):
    """The recommendation as lines "USE: RECIPE", with reasons in comments."""
    lines = [f"# Recipes for {result.title}. Lines are USE: RECIPE; # begins a comment."]
    for a in advice:
        lines.append("")
        lines += [f"# {reason}" for reason in a.reasons]
        lines += [f"# row: {row.name}" for row in a.rows]
        lines.append(f"{a.use}: {a.recipe}" if a.recipe else f"# {a.use}: no recipe. {a.missing}")
    return "\n".join(lines) + "\n"
