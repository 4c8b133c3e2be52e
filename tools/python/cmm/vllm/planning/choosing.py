"""Which memory holds the KV cache beyond HBM, by which recipe, and how much of it."""

import dataclasses
import re
from collections.abc import Sequence

from ...errors import Error
from ...kv_recipe import IN_HBM, managed_recipe, pinned_recipe
from ...size import format_size
from ..machine.description import Gpu, Machine
from ..machine.peculiarities import carve_out, carve_out_warnings, modes
from ..settings import RECIPE, TIERED, places_blocks
from .recipe_bounds import bounds, devices, nodes
from .shares import MIB, Place, nearest_tier, place_of, preferred_host, reach_of, share

HOST_SOURCES = ("managed", "egm", "managed_pool", "system")
"""Sources that reach host memory."""
SHARED = "CPU and GPU share one memory, so there is no second one to spill to: the KV cache has what is free"


@dataclasses.dataclass(frozen=True)
class Choice:
    """Bytes are for each GPU. `bound` says what limits them, reasons are pairs of how and text."""

    recipe: str
    large_bytes: int
    tier: str
    bound: str
    reasons: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    memory: str = "recipe"
    """Where the worker takes memory from: "tiered" or "recipe"."""


def choose(
    machine: Machine,
    gpus: Sequence[Gpu],
    asked: str | None,
    hbm: int,
    taken: int,
    anywhere: bool = False,
    budget: int | None = None,
) -> Choice:
    """The recipe asked for, else the best for this machine.

    vLLM uses `hbm` bytes of each GPU, and for each `taken` bytes of host memory for other things. `anywhere`
    takes of all nodes what the recipe allows. `budget` is CMM_LIMIT.
    """
    if asked is not None:
        _check_names(machine, asked)
    if any(gpu.integrated for gpu in gpus):
        reasons = [("asked", "this recipe")] if asked else []
        return Choice(asked or IN_HBM, 0, "", SHARED, (*reasons, ("reported", SHARED)))
    if asked is not None:
        return _asked(machine, gpus, asked, hbm, taken, anywhere, budget)
    recipe = managed_recipe("host" if anywhere else preferred_host(machine, gpus))
    places = [place_of(machine, gpu, recipe, anywhere) for gpu in gpus]
    managed = reach_of(machine, "managed", places[0])
    if managed.total:
        return _beyond(machine, recipe, "managed", places, hbm, taken)
    near = [tier for tier in (nearest_tier(machine, gpu) for gpu in gpus) if tier is not None]
    pinned = [Place((tier,)) for tier in near] if len(near) == len(gpus) else []
    egm = reach_of(machine, "egm", pinned[0] if pinned else Place(()))
    if egm.total:
        recipe = pinned_recipe(max(gpu.total for gpu in gpus) - hbm)
        return _beyond(machine, recipe, "egm", pinned, hbm, taken)
    where = "WSL: nothing" if machine.wsl else "nothing"
    why = f"{where} reaches {managed.tier}: {managed.evidence}; {egm.evidence}"
    return Choice(IN_HBM, 0, "", why, ((managed.how, why),), (f"The KV cache stays in HBM, for {why}",))


def _check_names(machine: Machine, recipe: str) -> None:
    """Refuse NUMA nodes and GPUs that this machine does not have."""
    there = sorted(tier.node for tier in machine.host_tiers() if tier.node >= 0) or [0]
    for node in nodes(recipe):
        if node not in there:
            is_hbm = f"NUMA node {node} is HBM" if node in machine.hbm_nodes else f"there is no node {node}"
            raise Error(
                f"the recipe names host_numa:{node}, and host memory is on {_listed('node', there)} here: "
                f"{is_hbm}; name another, or write host"
            )
    gpus = [gpu.ordinal for gpu in machine.gpus]
    for ordinal in devices(recipe):
        if ordinal not in gpus:
            raise Error(
                f"the recipe names device:{ordinal}, and this machine has {_listed('GPU', gpus)}; name "
                "another, or write device for the GPU of each worker"
            )


def _listed(what: str, numbers: Sequence[int]) -> str:
    return f"{what}{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _asked(
    machine: Machine,
    gpus: Sequence[Gpu],
    asked: str,
    hbm: int,
    taken: int,
    anywhere: bool,
    budget: int | None,
) -> Choice:
    found = re.match(r"[\s(]*(\w*)", asked)
    name = found[1] if found else ""
    if name in ("device", "device_pool"):
        why = f"the recipe takes from {name}, which is HBM alone"
        return Choice(asked, 0, "", why, (("asked", why),))
    if name not in HOST_SOURCES:
        raise Error(
            f"the recipe {asked!r} has no source that can hold a KV cache; begin it with one of "
            f"{', '.join(HOST_SOURCES)}, device or device_pool, such as {RECIPE}"
        )
    places = [place_of(machine, gpu, asked, anywhere) for gpu in gpus]
    reach = reach_of(machine, name, places[0])
    if not reach.total:
        raise Error(
            f"the recipe takes from {name}, which does not reach {reach.tier} here: {reach.evidence}; leave "
            "--recipe out, and cmm serve chooses one"
        )
    return _beyond(machine, asked, name, places, hbm, taken, asked=True, budget=budget)


def _beyond(
    machine: Machine,
    recipe: str,
    source: str,
    places: Sequence[Place],
    hbm: int,
    taken: int,
    asked: bool = False,
    budget: int | None = None,
) -> Choice:
    """With as much of the larger memory as its GPUs may have."""
    found = share(machine, places, source)
    large = max(0, found.bytes - taken)
    reasons = [("asked", "this recipe")] if asked else []
    for place in dict.fromkeys(places):
        near = reach_of(machine, source, place)
        evidence = f"{near.source} reaches {format_size(near.total)} of {near.tier}: {near.evidence}"
        reasons.append((near.how, evidence))
    reasons += [*modes(machine), *(("reported", each) for each in found.bounds)]
    if taken:
        reasons.append(("asked", f"other options of vLLM take {format_size(taken)} of it for each GPU"))
    limits = bounds(recipe, budget)
    if limits.large is not None and limits.large < large:
        large = limits.large
        reasons.append(("asked", f"{limits.named} before the recipe's spill is {format_size(limits.large)}"))
    tier = "the host memory nearest to each GPU" if len(set(places)) > 1 else places[0].name
    warnings = []
    if large and not places_blocks(recipe):
        large = max(0, large - hbm)
        whole = f"this recipe places whole tensors, and the KV cache may be one: {tier} must hold all"
        reasons.append(("rule", whole))
        if "spill" in recipe and not re.search(r"headroom|budget", recipe):
            warnings.append(
                "The recipe's spill has neither .headroom nor .budget and may fill HBM that vLLM needs for "
                "activations; write such as spill{device, .headroom = 16GiB}"
            )
    large = large // MIB * MIB
    others = f"; other options of vLLM take {format_size(taken)}" if taken else ""
    bound = f"{found.bound}{others}{carve_out(machine)}"
    if not large:
        warnings.append(f"No host memory is left for a KV cache, so it stays in HBM: {found.bound}{others}")
    return Choice(
        recipe if large or asked else IN_HBM,
        large,
        tier,
        bound,
        tuple(reasons),
        (*warnings, *carve_out_warnings(machine)),
        _memory(recipe, places, asked),
    )


def _memory(recipe: str, places: Sequence[Place], asked: bool) -> str:
    """Handles of host memory are those of one node; a recipe that was asked for is obeyed."""
    one_node = all(len(place.tiers) == 1 for place in places)
    return TIERED if one_node and places_blocks(recipe) and not asked else "recipe"
