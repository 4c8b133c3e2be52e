"""How much host memory each GPU may take for its KV cache, and who else needs some."""

import dataclasses
from collections.abc import Sequence

from ..errors import Error
from ..size import format_size
from .machine import Gpu, Machine, Tier

MIB = 1 << 20
GIB = 1 << 30
LEAST_FOR_SYSTEM = 4 * GIB
SYSTEM_PART = 16
FOR_WORKER = 4 * GIB

RULE = (
    f"Kept back: a {SYSTEM_PART}th of the memory, at least {format_size(LEAST_FOR_SYSTEM)}, for the system, "
    f"and {format_size(FOR_WORKER)} for each of vLLM's workers"
)


@dataclasses.dataclass(frozen=True)
class Share:
    """Bytes for one GPU, whole MiB, and what bounds them, in words."""

    bytes: int
    bound: str
    bounds: tuple[str, ...] = ()
    """Every bound that was looked at, that one included."""


def reserve(total: int, workers: int) -> int:
    """Bytes of host memory that no KV cache gets: RULE."""
    return max(LEAST_FOR_SYSTEM, total // SYSTEM_PART) + FOR_WORKER * workers


def nearest_tier(machine: Machine, gpu: Gpu) -> Tier:
    """The host memory that a GPU reads on the shortest way. Refuses a machine that does not say which."""
    tiers = machine.host_tiers()
    for tier in tiers:
        if tier.node == gpu.nearest_node:
            return tier
    if len(tiers) == 1:
        return tiers[0]
    raise Error(
        f"GPU {gpu.ordinal} does not say which of {len(tiers)} NUMA nodes is nearest to it, so no host "
        "memory can be chosen for it; pass --recipe 'device | stats' to keep the KV cache in its own memory"
    )


def share(machine: Machine, gpus: Sequence[Gpu], source: str) -> Share:
    """What each of the GPUs may take by a source: the same for all, so the least that any of them finds."""
    nearest = {gpu.ordinal: nearest_tier(machine, gpu) for gpu in gpus}
    shares = []
    for gpu in gpus:
        tier = nearest[gpu.ordinal]
        sharing = sum(1 for each in nearest.values() if each == tier)
        free = _free(machine, tier)
        reached = machine.reach(source, tier).total
        usable = min(free, reached)
        what = f"{format_size(free)} of the {format_size(tier.total)} in {tier.name} are free now"
        if reached < free:
            what = f"{source} reaches {format_size(reached)} of {tier.name}"
        shares.append(_share(usable, tier.total, sharing, what))
    shares += _of_all(machine, len(gpus))
    least = min(shares, key=lambda each: each.bytes)
    return dataclasses.replace(least, bounds=tuple(dict.fromkeys(each.bound for each in shares)))


def _of_all(machine: Machine, workers: int) -> list[Share]:
    """Bounds that hold for all GPUs together: what the system and the control group have left."""
    found = []
    now = machine.now
    if now.available is not None:
        left = now.available
        total = sum(tier.total for tier in machine.host_tiers())
        if now.total is not None:
            total = min(total, now.total)  # of a container, where the nodes are those of its host
        found.append(
            _share(left, total, workers, f"the kernel has {format_size(left)} of host memory available now")
        )
    if now.limit is not None:
        uses = "how much it uses is unknown" if now.used is None else f"uses {format_size(now.used)} now"
        what = f"the container may use {format_size(now.limit)} of host memory and {uses}"
        found.append(_share(now.left_in_group, now.limit, workers, what))
    return found


def _share(usable: int, total: int, sharing: int, what: str) -> Share:
    kept = reserve(total, sharing)
    each = max(0, usable - kept) // sharing // MIB * MIB
    split = f", shared by {sharing} GPUs" if sharing > 1 else ""
    return Share(each, f"{what}{split}; {format_size(kept)} are kept back")


def _free(machine: Machine, tier: Tier) -> int:
    if tier.total > machine.node_bytes.get(tier.node, 0) and machine.now.available is not None:
        return machine.now.available  # a node that shows less than the system has
    return min(tier.total, machine.node_free.get(tier.node, 0) + machine.now.cache.get(tier.node, 0))
