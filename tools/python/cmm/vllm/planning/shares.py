"""How much host memory each GPU may take for its KV cache, and who else needs some."""

import dataclasses
from collections.abc import Sequence

from ...errors import Error
from ...size import format_size
from ..machine.description import Gpu, Machine, Reach, Tier
from .recipe_bounds import bound_to_a_node, nodes

MIB = 1 << 20
GIB = 1 << 30
LEAST_FOR_SYSTEM = 4 * GIB
SYSTEM_PART = 16
FOR_WORKER = 4 * GIB
SMALLEST_PART = 3
"""A node with less than such a part of what is free, as a slice of a socket has, is no place of its own."""

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


def nearest_tier(machine: Machine, gpu: Gpu) -> Tier | None:
    """The host memory that a GPU reads on the shortest way; None where nothing says which, or it is empty."""
    tiers = machine.host_tiers()
    for tier in tiers:
        if tier.node == gpu.nearest_node:
            return tier
    return tiers[0] if len(tiers) == 1 else None


def preferred_host(machine: Machine, gpus: Sequence[Gpu]) -> str:
    """The nearest node where there are several and the driver obeys a node, else the host as a whole."""
    several = len(machine.host_tiers()) > 1
    near = [nearest_tier(machine, gpu) for gpu in gpus]
    obeyed = all(gpu.addressing == "ATS" for gpu in gpus) and all(
        each and is_open(machine, each) for each in near
    )
    return "nearest_numa" if several and gpus and obeyed else "host"


@dataclasses.dataclass(frozen=True)
class Place:
    """Host memory that the KV cache of a GPU may be in."""

    tiers: tuple[Tier, ...]
    whole: bool = False
    """All host memory there is."""

    @property
    def total(self) -> int:
        """Bytes of all its tiers."""
        return sum(tier.total for tier in self.tiers)

    @property
    def name(self) -> str:
        """As messages name it."""
        if len(self.tiers) == 1:
            return self.tiers[0].name
        return f"host memory of {len(self.tiers)} nodes" if self.tiers else "host memory"


def place_of(machine: Machine, gpu: Gpu, recipe: str, anywhere: bool = False) -> Place:
    """Where a recipe takes host memory for a GPU. Refuses one that needs to know the nearest node and cannot.

    A recipe that names no node is bound to none: the kernel takes of the nearest first. The plan stays there
    where that has a large part of what is free, unless `anywhere` is asked for.
    """
    tiers = machine.host_tiers()
    if named := nodes(recipe):
        return Place(tuple(tier for tier in tiers if tier.node in named or len(tiers) == 1))
    nearest = nearest_tier(machine, gpu)
    if bound_to_a_node(recipe):
        if nearest is None:
            raise Error(
                f"the recipe takes from the node nearest to GPU {gpu.ordinal}, and nothing says which of "
                f"{len(tiers)} NUMA nodes with memory that is; write prefer{{host}}, or name a node, such as "
                "host_numa:0"
            )
        if not is_open(machine, nearest):
            raise Error(
                f"the recipe takes from the node nearest to GPU {gpu.ordinal}, {nearest.name}, which may not "
                "be used by this process or is full; write prefer{host}, or allow the node (cpuset.mems)"
            )
        return Place((nearest,))
    open_to_us = tuple(tier for tier in tiers if is_open(machine, tier))
    whole = Place(open_to_us, len(open_to_us) == len(tiers))
    free = sum(_free(machine, tier) for tier in open_to_us)
    if nearest not in open_to_us or anywhere or _free(machine, nearest) * SMALLEST_PART < free:
        return whole
    return Place((nearest,))


def is_open(machine: Machine, tier: Tier) -> bool:
    """Whether this process may take of it, and it has anything to take."""
    return tier.node < 0 or bool(_free(machine, tier))


def reach_of(machine: Machine, source: str, place: Place) -> Reach:
    """How much of a place a source hands out."""
    each = [machine.reach(source, tier) for tier in place.tiers]
    if not each:
        return Reach(source, place.name, 0, "unknown", "the probe found no host memory")
    told = max(each, key=lambda one: one.total)
    return dataclasses.replace(told, tier=place.name, total=sum(one.total for one in each))


def share(machine: Machine, places: Sequence[Place], source: str) -> Share:
    """What the GPUs of these places may take by a source: the same for all, so the least that any finds."""
    shares = []
    for place in places:
        sharing = sum(1 for each in places if each == place)
        reached = reach_of(machine, source, place).total
        counted = place.whole and machine.now.available is not None
        free = place.total if counted else sum(_free(machine, tier) for tier in place.tiers)
        if reached < free:
            what = f"{source} reaches {format_size(reached)} of {place.name}"
        elif counted:
            continue  # by the kernel's own figure, below
        else:
            what = f"{format_size(free)} of the {format_size(place.total)} in {place.name} are free now"
        shares.append(_share(min(free, reached), place.total, sharing, what))
    shares += _of_all(machine, len(places))
    least = min(shares, key=lambda each: each.bytes)
    return dataclasses.replace(least, bounds=tuple(dict.fromkeys(each.bound for each in shares)))


def _of_all(machine: Machine, workers: int) -> list[Share]:
    """Bounds that hold for all GPUs together: what the system and the control group have left."""
    found = []
    now = machine.now
    if now.available is not None:
        left = now.available
        total = sum(tier.total for tier in machine.host_tiers() if is_open(machine, tier))
        if now.total is not None:
            total = min(total, now.total)  # of a container, where the nodes are those of its host
        found.append(
            _share(left, total, workers, f"the kernel has {format_size(left)} of host memory available now")
        )
    if now.limit is not None:
        uses = "how much it uses is unknown" if now.used is None else f"uses {format_size(now.used)} now"
        what = f"the control group of this process may use {format_size(now.limit)} of host memory and {uses}"
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
