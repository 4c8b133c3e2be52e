"""Up to which size a prefetch pays, from the price of first use."""

from dataclasses import dataclass, field

from .. import units
from .spread import is_clear

LAZY = ("none", "advise_only")


@dataclass
class Threshold:
    """The policy to write into a recipe, None where rows are missing."""

    policy: str | None
    reasons: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    missing: str = ""


def literal(size):
    """Write a size as a recipe does: 2_GiB."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size % units.SIZES[unit] == 0:
            return f"{size // units.SIZES[unit]}_{unit}"
    return str(size)


def gpu_bytes(result):
    """The smallest GPU's memory in bytes, or None where the result does not tell."""
    platform = result.context.get("platform")
    gpus = platform.get("gpus") if isinstance(platform, dict) else None
    known = [gpu.get("memory_bytes") for gpu in listed(gpus) if isinstance(gpu, dict)]
    told = [fact.get("value") for fact in known if isinstance(fact, dict)]
    told.append(result.machine.get("gpu_memory_bytes"))
    profile = [entry for entry in listed(result.context.get("profile")) if isinstance(entry, dict)]
    told += [entry.get("value") for entry in profile if entry.get("name") == "hbm.capacity"]
    sizes = [units.number_of(str(one)) or 0 for one in told]
    return min((int(size) for size in sizes if 2**20 <= size <= 2**50), default=None)


def listed(value):
    """The value where it is a list, else nothing."""
    return value if isinstance(value, list) else []


def half_of_gpu_memory(result):
    """The largest power of two within half of the smallest GPU's memory, in bytes, or None."""
    size = gpu_bytes(result)
    return 2 ** ((size // 2).bit_length() - 1) if size else None


def threshold(result):
    """Compare prefetch with first touch at each size, the best row of each."""
    sizes = {}
    for row in result.family("page_fault"):
        if row.matches(what="first_use") and (bytes_ := units.size_of(row.axes.get("bytes", ""))):
            sizes.setdefault(int(bytes_), {}).setdefault(row.axes.get("policy"), []).append(row)
    pairs = []
    for bytes_, by_policy in sorted(sizes.items()):
        # Above its own threshold, threshold_prefetch is first touch.
        eager = by_policy.get("always_prefetch")
        lazy = [row for policy in LAZY for row in by_policy.get(policy, [])]
        if eager and lazy:
            pairs.append((bytes_, min(eager, key=lambda row: row.time), min(lazy, key=lambda row: row.time)))
    if not pairs:
        needed = "page_fault/what:first_use/policy:always_prefetch and policy:advise_only or none"
        return Threshold(None, missing=needed)
    pays = [eager.time < lazy.time and is_clear(eager, lazy) is not False for _, eager, lazy in pairs]
    least, most = units.size_text(pairs[0][0]), units.size_text(pairs[-1][0])
    if not any(pays):
        _, eager, lazy = pairs[-1]
        reason = f"A prefetch was faster than first touch at no size from {least} to {most}."
        return Threshold("advise_only", [reason], [eager, lazy])
    last = len(pays) - 1 - pays[::-1].index(True)
    _, eager, lazy = pairs[last]
    gain = units.times_text(lazy.time / eager.time)
    reasons, rows = [], [eager, lazy]
    half = half_of_gpu_memory(result)
    if last == len(pairs) - 1 and half:
        policy = f"threshold_prefetch{{.below = {literal(half)}}}"
        reasons.append(
            f"A prefetch pays up to the largest size measured, {most}, where it is {gain} faster than "
            "first touch; "
            "no row limits it, so the threshold is what half of the GPU's memory holds, "
            f"{units.size_text(half)}: "
            "one block must not push out all others."
        )
    elif last == len(pairs) - 1:
        policy = "always_prefetch"
        reasons.append(
            f"A prefetch pays up to the largest size measured, {most}, where it is {gain} faster than "
            "first touch; "
            "no threshold was found, so every block is populated."
        )
    else:
        size, above_eager, above_lazy = pairs[last + 1]
        policy = f"threshold_prefetch{{.below = {literal(size)}}}"
        reasons.append(
            f"A prefetch pays up to {units.size_text(pairs[last][0])}, where it is {gain} faster than "
            "first touch, "
            f"and no longer at {units.size_text(size)}."
        )
        rows += [above_eager, above_lazy]
    losses = [
        units.size_text(bytes_)
        for (bytes_, _, _), good in zip(pairs[:last], pays[:last], strict=True)
        if not good
    ]
    if losses:
        reasons.append(
            f"It does not pay at {', '.join(losses)}; a pool cuts small blocks from segments and hides that."
        )
    return Threshold(policy, reasons, rows)
