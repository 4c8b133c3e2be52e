"""The answer on top of the page: use it or not, for how much KV cache, at what price, on this machine."""

from cmm.errors import Error
from cmm.vllm.machine.description import read_machine

from .. import units
from ..units import percent_text, size_text, time_text, times_text
from .findings import WAYS, Sentence, resident_pair, size
from .threshold import gpu_bytes, listed

ENOUGH = 0.98  # of the speed of cudaMalloc memory
DEAR = 2  # times as long, from where on it matters which blocks are on the host


def answer(result):
    """One sentence or two; None where the rows do not allow one."""
    pair = resident_pair(result)
    if pair is None:
        return None
    speed, _, rows = pair
    use = speed >= ENOUGH
    text = (
        f"Managed memory that is on the GPU runs at {percent_text(speed)} of the speed of cudaMalloc memory. "
        + beyond(result)
    )
    price, priced = price_of_half(result) if host_bytes(result) not in (0, gpu_bytes(result)) else ("", [])
    if price:
        text += " " + price
    head = "Use it" if use else "Do not use it for what every step reads"
    return Sentence("good" if use else "bad", head, text, [*rows, *priced])


def beyond(result):
    """How much KV cache the machine has room for beyond the memory of its GPU."""
    own, host = gpu_bytes(result), host_bytes(result)
    if host is None:
        return "How much KV cache fits beyond the GPU's memory, cmm probe says on the machine itself."
    if host == own:
        return "CPU and GPU share one memory, so none lies beyond it for a KV cache."
    if host <= 0:
        return "The GPU reaches no memory beyond its own here, so a KV cache ends with it."
    than = f"the {size_text(own)} of the GPU" if own else "the GPU's memory"
    return f"Beyond {than}, up to {size_text(host)} of KV cache fit in host memory."


def host_bytes(result):
    """Of host memory that the GPU reaches, what was there for this process; None where nothing tells."""
    try:
        machine = read_machine(result.context.get("platform"))
    except Error:  # of an older probe, or of a simulated machine
        return simulated_host(result)
    if any(gpu.integrated for gpu in machine.gpus):
        return gpu_bytes(result)
    reached = sum(
        min(tier.total, max(machine.reach(source, tier).total for source in ("managed", "egm")))
        for tier in machine.host_tiers()
    )
    return min(
        each for each in (reached, machine.now.available, machine.now.left_in_group) if each is not None
    )


def simulated_host(result):
    """What a profile says that a machine has, or an older probe that managed memory reaches."""
    platform = result.context.get("platform")
    told = [
        each["bytes"].get("value")
        for each in listed(platform.get("reachable") if isinstance(platform, dict) else None)
        if isinstance(each, dict)
        and isinstance(each.get("bytes"), dict)
        and each.get("source") == "managed"
        and str(each.get("tier")).startswith("host memory")
    ]
    told += [
        each.get("value")
        for each in listed(result.context.get("profile"))
        if isinstance(each, dict) and each.get("name") == "host.capacity"
    ]
    sizes = [units.number_of(str(one)) or 0 for one in told]
    return sum(int(size) for size in sizes if 0 <= size <= 2**50) if sizes else None


def price_of_half(result):
    """What a decode step takes whose blocks are half on the host, against one with all on the GPU."""
    rows = result.family("kv_access")
    at_half = [row for row in rows if size(row, "host") == 50 and row.axes.get("access") in WAYS]
    if not at_half:
        return None, []
    wanted = min(at_half, key=lambda row: (abs(size(row, "block") - 65536), -size(row)))
    alike = [
        row
        for row in at_half
        if row.axes.get("block") == wanted.axes.get("block") and size(row) == size(wanted)
    ]
    best = min(alike, key=lambda row: row.time)
    whole = next(
        (
            row
            for row in rows
            if row.matches(access="resident", block=best.axes.get("block")) and size(row) == size(best)
        ),
        None,
    )
    if whole is None:
        return None, []
    times = best.time / whole.time
    text = (
        f"A decode step with half of its KV blocks there takes {times_text(times)} as long as one with all "
        f"of them on the GPU ({time_text(best.time)} {WAYS[best.axes['access']]}, {time_text(whole.time)})"
    )
    return text + (": keep there what few steps read." if times > DEAR else "."), [best, whole]


def lines(results):
    """For the terminal."""
    made = [(result, answer(result)) for result in results]
    return [f"{result.title}: {said.head}. {said.text}" for result, said in made if said]
