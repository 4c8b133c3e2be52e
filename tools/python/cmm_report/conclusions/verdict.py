"""The verdict: what is fast, what is slow and by how much, in sentences that name their rows."""

from .. import units
from ..units import axis_text, rate_text, significant, size_text, time_text, times_text
from .findings import NEARLY_ONE, WAYS, Sentence, find, largest_pair, resident_pair, size, versus
from .spread import is_clear, ratio


def resident(result):
    """Whether managed memory that is resident costs anything."""
    pair = resident_pair(result)
    if not pair:
        return None
    speed, what, rows = pair
    return resident_sentence(speed, f"{what} on resident managed memory runs at", rows)


def resident_sentence(speed, start, rows):
    """Say at which share of the speed of cudaMalloc memory it runs."""
    good = speed >= 0.98
    head = "Managed memory that is on the GPU is free" if good else "Managed memory costs even on the GPU"
    text = f"{start} {units.percent_text(speed)} of the speed of cudaMalloc memory."
    return Sentence("good" if good else "bad", head, text, rows)


def faults(result):
    """What first touch by faults costs against a prefetch."""
    rows = result.family("page_fault")
    pair = largest_pair(rows, {"what": "first_use", "policy": "none"}, {"policy": "always_prefetch"})
    if pair:
        slow, fast = pair
        text = (
            f"The first use of {size_text(size(slow))} by a kernel takes {time_text(slow.time)} by page "
            "faults "
            f"and {time_text(fast.time)} with a prefetch: {versus(slow, fast)}. Prefetch what the GPU will "
            "need."
        )
    else:
        pair = largest_pair(rows, {"what": "to_gpu_by_fault"}, {"what": "to_gpu_by_prefetch"})
        if not pair:
            return None
        slow, fast = pair
        text = (
            f"Moving {size_text(size(slow))} from the host to the GPU takes {time_text(slow.time)} by page "
            "faults "
            f"and {time_text(fast.time)} by one prefetch: {versus(slow, fast)}."
        )
    better = ratio(slow, fast) > 1.1 and is_clear(slow, fast) is not False
    head = "Getting pages there by faults is slow" if better else "A prefetch does not pay here"
    return Sentence("bad" if better else "note", head, text, [slow, fast])


def allocation(result):
    """What the pool saves against the plain calls."""
    rows = [row for row in result.family("allocate") if "bytes" in row.axes]
    plain = {row.axes.get("bytes"): row for row in rows if row.matches(allocator="cudaMallocManaged")}
    mine = [
        row
        for row in rows
        if row.matches(allocator="managed+threshold_prefetch+pool") and row.axes.get("bytes") in plain
    ]
    if not mine:
        return None
    middle = sorted(mine, key=size)[len(mine) // 2]
    base = plain[middle.axes["bytes"]]
    text = (
        f"Allocating and freeing {size_text(size(middle))} takes {time_text(middle.time)} with cmm's pool "
        f"and {time_text(base.time)} with cudaMallocManaged: {versus(base, middle)}."
    )
    used = [middle, base]
    for name, words in (
        ("driver_managed_pool", "the driver's managed pool"),
        ("predecessor", "the predecessor's recipe"),
    ):
        other = find(rows, allocator=name, bytes=middle.axes["bytes"])
        if other:
            text += f" {words[0].upper()}{words[1:]} takes {time_text(other.time)} ({versus(other, middle)})."
            used.append(other)
    good = ratio(base, middle) > 1
    head = "Allocate from a pool" if good else "The pool does not pay here"
    return Sentence("good" if good else "bad", head, text, used)


def tiers(result):
    """How far apart the GPU's memory and the link to the host are."""
    rows = [row for row in result.family("bandwidth") if row.get("bytes_per_second")]
    device = [row for row in rows if row.matches(what="device", op="read")]
    links = [row for row in rows if row.matches(what="h2d")]
    if not device or not links:
        return None
    hbm = max(device, key=lambda row: row.values["bytes_per_second"])
    link = max(links, key=lambda row: row.values["bytes_per_second"])
    times = hbm.values["bytes_per_second"] / link.values["bytes_per_second"]
    text = (
        f"The GPU reads its own memory at {rate_text(hbm.values['bytes_per_second'])}; from the host comes "
        f"{rate_text(link.values['bytes_per_second'])} at best"
    )
    if link.get("limit_ratio"):
        text += f" ({units.percent_text(link.values['limit_ratio'])} of its limit)"
    if times < NEARLY_ONE:
        text += ": the same memory, or one as fast."
        return Sentence("good", "Host memory is as fast as GPU memory", text, [hbm, link])
    text += f", {times_text(times)} less. Keep on the GPU what every step reads."
    return Sentence("note", f"Host memory is {times_text(times)} slower than GPU memory", text, [hbm, link])


def peers(result):
    """How fast one GPU reaches the memory of another, and by what."""
    rows = [row for row in result.family("bandwidth") if row.matches(what=("peer_from", "peer_to"))]
    rows = [row for row in rows if row.get("bytes_per_second")]
    if not rows:
        return None
    best = max(rows, key=lambda row: row.values["bytes_per_second"])
    text = (
        f"Between two GPUs memory is copied or used at {rate_text(best.values['bytes_per_second'])} one way"
    )
    if best.get("limit_ratio"):
        share = units.percent_text(best.values["limit_ratio"])
        text += f", {share} of {best.texts.get('limit', 'its limit')}"
    used = [best]
    both = [row for row in result.family("bandwidth") if row.matches(what="peer_both")]
    both = [row for row in both if row.get("bytes_per_second")]
    if both:
        most = max(both, key=lambda row: row.values["bytes_per_second"])
        text += f", and at {rate_text(most.values['bytes_per_second'])} both ways at once"
        used.append(most)
    return Sentence("note", "What joins the GPUs", text + ".", used)


def copies(result):
    """Whether the copy engine reaches managed memory that stays on the host as kernels do."""
    rows = [row for row in result.family("bandwidth") if row.matches(what="h2d", op="copy", memory="managed")]
    rows = [row for row in rows if row.get("bytes_per_second")]
    engine, kernel = find(rows, engine="copy"), find(rows, engine="sm")
    if not engine or not kernel or ratio(engine, kernel) < 1.5 or is_clear(engine, kernel) is False:
        return None
    text = (
        "From managed memory that prefers the host, cudaMemcpyAsync brings "
        f"{rate_text(engine.values['bytes_per_second'])} and a kernel "
        f"{rate_text(kernel.values['bytes_per_second'])}: {versus(engine, kernel, 'as fast')}. "
        "Read it with kernels, or keep what is copied in pinned memory."
    )
    return Sentence("bad", "Do not copy managed host memory with the copy engine", text, [engine, kernel])


def cache(result):
    """Which way of reaching host-resident KV blocks is fastest, and what faulting costs."""
    rows = [row for row in result.family("kv_access") if size(row, "host") > 0]
    groups = {}
    for row in rows:
        groups.setdefault(row.without("access"), {})[row.axes.get("access")] = row
    full = [group for group in groups.values() if "fault" in group and len(group) > 1]
    if not full:
        return None

    def distance(group):
        """How far from blocks of 64 KiB, half of them on the host; of equals the most bytes."""
        row = group["fault"]
        return abs(size(row, "host") - 50), abs(size(row, "block") - 65536), -size(row)

    group = min(full, key=distance)
    fault = group["fault"]
    fastest = min(
        (row for name, row in group.items() if name not in ("fault", "resident")), key=lambda row: row.time
    )
    way = WAYS.get(fastest.axes["access"], f"by {fastest.axes['access']}")
    block, share = axis_text(fault.axes.get("block", "?")), significant(size(fault, "host"))
    where = f"blocks of {block}, {share} % of them on the host"
    text = (
        f"A decode step over {where} takes {time_text(fastest.time)} {way} and "
        f"{time_text(fault.time)} by faults: {versus(fault, fastest)}."
    )
    bad = ratio(fault, fastest) > 1.1 and is_clear(fault, fastest) is not False
    head = "Do not let the KV cache fault" if bad else "The KV cache may fault"
    return Sentence("bad" if bad else "note", head, text, [fastest, fault])


def cold(result):
    """What a first call on cold managed operands costs."""
    pair = largest_pair(
        result.family("gemm"),
        {"operands": "managed_cold", "call": "first"},
        {"operands": "managed_resident", "call": "steady"},
        "n",
    )
    if not pair:
        return None
    slow, fast = pair
    product = f"{slow.axes.get('type', '')} product of size {slow.axes.get('n')}"
    if ratio(slow, fast) < NEARLY_ONE or is_clear(slow, fast) is False:
        took = time_text(slow.time)
        text = f"The first {product} on cold managed operands takes {took}, as long as a later one."
        return Sentence("good", "A cold first call costs nothing here", text, [slow, fast])
    text = (
        f"The first {product} on cold managed operands takes {time_text(slow.time)}, a later one on "
        "resident operands "
        f"{time_text(fast.time)}: {versus(slow, fast)}. Use operands once, or prefetch them, before time "
        "matters."
    )
    return Sentence("note", "A cold first call is slow once", text, [slow, fast])


def bad_rows(result):
    """How many rows failed or were skipped."""
    failed = [row for row in result.rows if row.state == "failed"]
    if not failed:
        return None
    text = f"{len(failed)} of {len(result.rows)} rows failed; each says why in its section."
    return Sentence("bad", "Some rows failed", text, failed[:6])


def verdict(result):
    """Every sentence that the rows of a result allow."""
    made = (
        finding(result)
        for finding in (resident, faults, tiers, peers, cache, copies, allocation, cold, bad_rows)
    )
    return [sentence for sentence in made if sentence]
